#include "workspace.hpp"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <set>
#include <system_error>
#include <thread>

#include "flowkeep_engine.hpp"
#include "generated_sessions.hpp"

namespace flowkeep::bench {

namespace fs = std::filesystem;

namespace {

constexpr const char* store_file = "generated.flowkeep";
constexpr const char* write_file = "written.flowkeep";
constexpr const char* bare_file = "bare.mdb";
#ifdef FLOWKEEP_BENCH_SQLITE
constexpr const char* sqlite_database = "peer.sqlite";
#endif
constexpr std::uint64_t batch_rows = 5000;
constexpr std::size_t moved_sessions = 500;
// The store makes a checkpoint one second after its last write.
constexpr std::chrono::milliseconds idle_time{1200};

std::atomic<bool> something_wrong{false};

struct FileSystem {
  long magic;
  const char* name;
  bool disk;
};
constexpr std::array file_systems{
    FileSystem{0xEF53, "ext4", true},       FileSystem{0x58465342, "xfs", true},
    FileSystem{0x9123683E, "btrfs", true},  FileSystem{0x01021994, "tmpfs", false},
    FileSystem{0x858458F6, "ramfs", false}, FileSystem{0x794C7630, "overlayfs", true},
};

std::optional<FileSystem> file_system_of(const fs::path& path) {
  struct statfs info {};
  if (::statfs(path.c_str(), &info) != 0) return std::nullopt;
  const auto found = std::find_if(file_systems.begin(), file_systems.end(), [&](const FileSystem& known) {
    return known.magic == static_cast<long>(info.f_type);
  });
  if (found == file_systems.end()) return std::nullopt;
  return *found;
}

Result<Store> open_store(const std::string& path, std::uint64_t map_bytes) {
  OpenOptions options;
  options.map_bytes = map_bytes;
  return Store::open(path, std::move(options));
}

Result<void> import_generated(const Store& store, std::uint64_t sessions) {
  std::vector<Session> batch;
  for (std::uint64_t number = 0; number < sessions;) {
    batch.clear();
    for (; batch.size() < batch_rows && number < sessions; ++number) {
      batch.push_back(past_session(number));
      place_binaries(batch.back(), binaries_of(number));
    }
    if (auto stored = store.import_sessions(batch); !stored) return fail(stored.error().error);
  }
  return {};
}

std::vector<WriteTarget::Mover> open_sessions(std::uint64_t sessions) {
  std::vector<WriteTarget::Mover> found;
  std::set<std::uint64_t> numbers;
  for (std::uint64_t i = 0; found.size() < moved_sessions && i < 100 * moved_sessions; ++i) {
    const std::uint64_t number = mixed(i, lookup_salt + 2) % sessions;
    if (is_terminal(statuscode_of(number)) || !numbers.insert(number).second) continue;
    found.push_back({session_id(number), statuscode_of(number)});
  }
  return found;
}

#ifdef FLOWKEEP_BENCH_SQLITE
Result<void> fill(SqliteFile& file, std::uint64_t sessions) {
  auto connection = SqliteConnection::open(file);
  if (!connection) return fail(connection.error());
  for (std::uint64_t number = 0; number < sessions;) {
    if (auto ok = (*connection)->begin(); !ok) return ok;
    for (std::uint64_t i = 0; i < batch_rows && number < sessions; ++i, ++number) {
      if (auto id = (*connection)->insert(make_past(number)); !id) return fail(id.error());
    }
    if (auto ok = (*connection)->commit(); !ok) return ok;
  }
  return {};
}
#endif

}  // namespace

Result<std::unique_ptr<Workspace>> Workspace::make(const fs::path& parent, std::uint64_t sessions) {
  std::error_code code;
  const bool parent_made = fs::create_directories(parent, code);
  std::string name = (parent / "run-XXXXXX").string();
  if (code || ::mkdtemp(name.data()) == nullptr) {
    return fail(Errc::io, "cannot make a directory in " + parent.string() + ": " +
                              (code ? code.message() : std::generic_category().message(errno)));
  }
  const std::uint64_t groups = (sessions + correlation_group - 1) / correlation_group;
  return std::unique_ptr<Workspace>(
      new Workspace(name, parent_made ? std::optional(parent) : std::nullopt, groups * correlation_group));
}

Workspace::~Workspace() {
  read_store_.reset();
  targets_.clear();
  bare_.reset();
  std::error_code ignored;
  fs::remove_all(directory_, ignored);
  if (parent_) fs::remove(*parent_, ignored);  // where it is empty
}

std::string Workspace::file_system() const {
  const auto known = file_system_of(directory_);
  return known ? known->name : "unknown";
}

bool Workspace::on_disk() const {
  const auto known = file_system_of(directory_);
  return !known || known->disk;
}

Result<void> Workspace::make_files() {
  if (files_made_) return {};
  {
    auto store = open_store(path(store_file), map_bytes());
    if (!store) return fail(store.error());
    if (auto ok = import_generated(*store, sessions_); !ok) return ok;
  }
  std::error_code code;
  if (!fs::copy_file(path(store_file), path(write_file), fs::copy_options::overwrite_existing, code)) {
    return fail(Errc::io, "cannot copy " + path(store_file) + ": " + code.message());
  }
  auto bare = BareLmdb::copy(path(store_file), path(bare_file), map_bytes());
  if (!bare) return fail(bare.error());
  bare_ = std::make_unique<BareLmdb>(std::move(*bare));
  files_made_ = true;
  return {};
}

Result<ReadStore*> Workspace::read_store() {
  if (read_store_) return read_store_.get();
  if (auto ok = make_files(); !ok) return fail(ok.error());
  auto store = open_store(path(store_file), map_bytes());
  if (!store) return fail(store.error());
  auto snapshot = store->snapshot();
  if (!snapshot) return fail(snapshot.error());

  std::vector<ReadStore::Lookup> lookups;
  lookups.reserve(sessions_);
  for (std::uint64_t i = 0; i < sessions_; ++i) {
    const std::uint64_t number = mixed(i, lookup_salt) % sessions_;
    lookups.push_back({session_id(number), poll_sum(number)});
  }
  read_store_ = std::make_unique<ReadStore>(ReadStore{std::move(*store), std::move(*snapshot), std::move(lookups)});
  return read_store_.get();
}

Result<std::unique_ptr<Engine>> Workspace::make_engine(EngineKind kind) {
  if (kind == EngineKind::flowkeep) {
    if (auto ok = make_files(); !ok) return fail(ok.error());
    auto store = open_store(path(write_file), map_bytes());
    if (!store) return fail(store.error());
    return std::unique_ptr<Engine>(std::make_unique<FlowkeepEngine>(std::move(*store)));
  }
#ifdef FLOWKEEP_BENCH_SQLITE
  if (!sqlite_file_) {
    sqlite_file_ = std::make_unique<SqliteFile>();
    sqlite_file_->path = path(sqlite_database);
    if (auto ok = fill(*sqlite_file_, sessions_); !ok) return fail(ok.error());
  }
  const auto sharing =
      kind == EngineKind::sqlite ? SqliteEngine::Sharing::connection_each : SqliteEngine::Sharing::one_behind_mutex;
  auto engine = SqliteEngine::open(*sqlite_file_, sharing);
  if (!engine) return fail(engine.error());
  return std::unique_ptr<Engine>(std::move(*engine));
#else
  return fail(Errc::internal, "built without SQLite");
#endif
}

Result<WriteTarget*> Workspace::write_target(EngineKind kind) {
  const std::lock_guard lock(targets_mutex_);
  if (const auto found = targets_.find(kind); found != targets_.end()) return &found->second;
  auto engine = make_engine(kind);
  if (!engine) return fail(engine.error());
  auto& target = targets_.emplace(kind, WriteTarget{std::move(*engine), open_sessions(sessions_)}).first->second;
  settle();  // what the making left to be written is not the workload's
  return &target;
}

void Workspace::settle() const {
  std::this_thread::sleep_for(idle_time);
  const int descriptor = ::open(directory_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) return;
  ::syncfs(descriptor);
  ::close(descriptor);
}

Result<BareLmdb*> Workspace::bare() {
  if (auto ok = make_files(); !ok) return fail(ok.error());
  return bare_.get();
}

void wrong(benchmark::State& state, const std::string& why) {
  something_wrong = true;
  state.SkipWithError(why.c_str());
}

bool anything_wrong() noexcept {
  return something_wrong;
}

}  // namespace flowkeep::bench

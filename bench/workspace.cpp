#include "workspace.hpp"

#include <stdlib.h>
#include <sys/vfs.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>

#include "generated_sessions.hpp"

namespace flowkeep::bench {

namespace fs = std::filesystem;

namespace {

constexpr const char* store_file = "generated.flowkeep";
constexpr const char* write_file = "written.flowkeep";
constexpr const char* bare_file = "bare.mdb";
constexpr std::uint64_t batch_rows = 5000;

bool something_wrong = false;

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
    for (; batch.size() < batch_rows && number < sessions; ++number) batch.push_back(past_session(number));
    if (auto stored = store.import_sessions(batch); !stored) return fail(stored.error().error);
  }
  return {};
}

}  // namespace

Result<Workspace> Workspace::make(const fs::path& parent, std::uint64_t sessions) {
  std::error_code code;
  const bool parent_made = fs::create_directories(parent, code);
  std::string name = (parent / "run-XXXXXX").string();
  if (code || ::mkdtemp(name.data()) == nullptr) {
    return fail(Errc::io, "cannot make a directory in " + parent.string() + ": " +
                              (code ? code.message() : std::generic_category().message(errno)));
  }
  const std::uint64_t groups = (sessions + correlation_group - 1) / correlation_group;
  return Workspace(name, parent_made ? std::optional(parent) : std::nullopt, groups * correlation_group);
}

Workspace::~Workspace() {
  if (directory_.empty()) return;
  read_store_.reset();
  write_store_.reset();
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

Result<WriteStore*> Workspace::write_store() {
  if (write_store_) return write_store_.get();
  if (auto ok = make_files(); !ok) return fail(ok.error());
  auto store = open_store(path(write_file), map_bytes());
  if (!store) return fail(store.error());
  write_store_ = std::make_unique<WriteStore>(WriteStore{std::move(*store), sessions_, sessions_});
  return write_store_.get();
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

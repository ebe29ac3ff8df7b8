#include "workspace.hpp"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <set>
#include <system_error>
#include <thread>

#include "generated_sessions.hpp"

namespace flowkeep::bench {

namespace fs = std::filesystem;

namespace {

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

std::vector<Target::Mover> open_sessions(std::uint64_t sessions) {
  std::vector<Target::Mover> found;
  std::set<std::uint64_t> numbers;
  for (std::uint64_t i = 0; found.size() < moved_sessions && i < 100 * moved_sessions; ++i) {
    // The oldest are deleted at the end.
    const std::uint64_t number = sessions / 2 + mixed(i, lookup_salt + 2) % (sessions / 2);
    if (is_terminal(statuscode_of(number)) || !numbers.insert(number).second) continue;
    found.push_back({session_id(number), statuscode_of(number)});
  }
  return found;
}

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
  targets_.clear();
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

Result<std::string> Workspace::empty_directory(const std::string& name) const {
  const std::string directory = path(name);
  std::error_code code;
  fs::remove_all(directory, code);
  if (!code) fs::create_directory(directory, code);
  if (code) return fail(Errc::io, "cannot make " + directory + ": " + code.message());
  return directory;
}

Result<Target*> Workspace::target(const EngineInfo& info) {
  const std::lock_guard lock(targets_mutex_);
  Target& target = targets_[info.name];
  if (target.engine) return &target;
  if (target.directory.empty()) {
    auto directory = empty_directory(info.name);
    if (!directory) return fail(directory.error());
    auto engine = info.open(*directory);
    if (!engine) return fail(engine.error());
    auto writer = (*engine)->writer();
    if (!writer) return fail(writer.error());
    if (auto ok = load(**writer, 0, sessions_); !ok) return fail(ok.error());
    if (auto ok = (*engine)->tidy(); !ok) return fail(ok.error());
    target.info = info;
    target.directory = *directory;
    target.movers = open_sessions(sessions_);
  }
  auto engine = info.open(target.directory);
  if (!engine) return fail(engine.error());
  target.engine = std::move(*engine);
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

Result<void> load(Writer& writer, std::uint64_t first, std::uint64_t last) {
  std::vector<NewSession> batch;
  for (std::uint64_t number = first; number < last;) {
    batch.clear();
    for (; batch.size() < batch_rows && number < last; ++number) batch.push_back(make_past(number));
    if (auto stored = writer.create_batch(batch); !stored) return fail(stored.error());
  }
  return {};
}

Result<Opened> open_to_first_answer(const EngineInfo& info, const std::string& directory) {
  const auto began = std::chrono::steady_clock::now();
  auto engine = info.open(directory);
  if (!engine) return fail(engine.error());
  const auto reader = (*engine)->reader();
  if (!reader) return fail(reader.error());
  const auto seen = (*reader)->poll(session_id(0));
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
  if (!seen) return fail(seen.error());
  if (*seen != poll_sum(0)) return fail(Errc::corrupt, "the first session reads wrong");
  return Opened{std::move(*engine), took};
}

std::uint64_t bytes_in(const std::string& directory) {
  std::uint64_t bytes = 0;
  std::error_code ignored;
  for (const auto& entry : fs::recursive_directory_iterator(directory, ignored)) {
    struct stat facts {};
    if (entry.is_regular_file() && ::stat(entry.path().c_str(), &facts) == 0) {
      bytes += static_cast<std::uint64_t>(facts.st_blocks) * 512;
    }
  }
  return bytes;
}

void wrong(benchmark::State& state, const std::string& why) {
  something_wrong = true;
  state.SkipWithError(why.c_str());
}

bool anything_wrong() noexcept {
  return something_wrong;
}

}  // namespace flowkeep::bench

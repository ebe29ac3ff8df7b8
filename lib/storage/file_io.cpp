#include "storage/file_io.hpp"

#include <fcntl.h>
#include <pthread.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <climits>
#include <cstdlib>
#include <mutex>
#include <set>
#include <utility>

#include "base/error.hpp"

namespace flowkeep::storage {

namespace {

// The descriptors that a forked child must not keep: locks live as long as anybody has them open.
struct Descriptors {
  std::mutex mutex{};
  std::set<int> open{};
  std::atomic<std::uint64_t> generation{0};
};

// Never destroyed: stores may be closed by static destructors.
Descriptors& descriptors() {
  static Descriptors& instance = *[] {
    auto* made = new Descriptors;
    ::pthread_atfork([] { descriptors().mutex.lock(); }, [] { descriptors().mutex.unlock(); },
                     [] {
                       Descriptors& mine = descriptors();
                       mine.generation.fetch_add(1, std::memory_order_relaxed);
                       for (const int descriptor : mine.open) ::close(descriptor);
                       mine.open.clear();
                       mine.mutex.unlock();
                     });
    return made;
  }();
  return instance;
}

}  // namespace

std::uint64_t fork_generation() noexcept {
  return descriptors().generation.load(std::memory_order_relaxed);
}

Descriptor::Descriptor(int descriptor) noexcept : descriptor_(descriptor), generation_(fork_generation()) {}

Result<Descriptor> Descriptor::open(const std::string& path, int flags) {
  Descriptors& all = descriptors();
  const std::lock_guard lock(all.mutex);  // no fork() between open() and the entry
  const int descriptor = ::open(path.c_str(), flags | O_CLOEXEC, 0600);
  if (descriptor < 0) return fail(base::errno_error(Errc::io, "cannot open " + path, errno));
  all.open.insert(descriptor);
  return Descriptor(descriptor);
}

Descriptor::Descriptor(Descriptor&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)), generation_(other.generation_) {}

Descriptor& Descriptor::operator=(Descriptor&& other) noexcept {
  std::swap(descriptor_, other.descriptor_);
  std::swap(generation_, other.generation_);
  return *this;
}

Descriptor::~Descriptor() {
  if (!*this) return;
  Descriptors& all = descriptors();
  const std::lock_guard lock(all.mutex);
  all.open.erase(descriptor_);
  ::close(descriptor_);
}

Result<FileIdentity> FileIdentity::of(const std::string& path) {
  struct stat facts {};
  if (::stat(path.c_str(), &facts) != 0) return fail(base::errno_error(Errc::io, "cannot examine " + path, errno));
  return FileIdentity(path, facts.st_dev, facts.st_ino);
}

bool FileIdentity::is_still_there() const noexcept {
  struct stat facts {};
  return ::stat(path_.c_str(), &facts) == 0 && facts.st_dev == device_ && facts.st_ino == inode_;
}

Result<void> write_all(int descriptor, std::span<const char> bytes, std::uint64_t offset, const std::string& name) {
  while (!bytes.empty()) {
    const ssize_t written = ::pwrite(descriptor, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return fail(base::errno_error(Errc::io, "cannot write " + name, errno));
    if (written == 0) return fail(base::errno_error(Errc::io, "cannot write " + name, EIO));
    bytes = bytes.subspan(static_cast<std::size_t>(written));
    offset += static_cast<std::uint64_t>(written);
  }
  return {};
}

Result<std::size_t> read_all(int descriptor, std::span<char> out, std::uint64_t offset, const std::string& name) {
  std::size_t done = 0;
  while (done < out.size()) {
    const ssize_t got = ::pread(descriptor, out.data() + done, out.size() - done, static_cast<off_t>(offset + done));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return fail(base::errno_error(Errc::io, "cannot read " + name, errno));
    if (got == 0) break;
    done += static_cast<std::size_t>(got);
  }
  return done;
}

namespace {

// Never "full", whatever the system says: nothing is known of what was written before.
Result<void> sync_failed(const std::string& what) {
  Error error = base::errno_error(Errc::io, "cannot sync " + what, errno);
  error.code = Errc::io;
  return fail(std::move(error));
}

}  // namespace

Result<void> sync_data(int descriptor, const std::string& name) {
  return ::fdatasync(descriptor) == 0 ? Result<void>() : sync_failed(name);
}

// Not by fstat() where there is another way: to whom a file's times were told, Linux (6.13 and later) tells another
// time after the next write, and has to write the inode for that: a second write in each sync of the journal.
bool has_name(int descriptor) noexcept {
  struct statx asked {};
  if (::statx(descriptor, "", AT_EMPTY_PATH, STATX_NLINK, &asked) == 0) return asked.stx_nlink > 0;
  struct stat facts {};  // some containers do not know statx()
  return ::fstat(descriptor, &facts) == 0 && facts.st_nlink > 0;
}

std::string directory_of(const std::string& path) {
  const std::size_t slash = path.find_last_of('/');
  return slash == std::string::npos ? std::string(".") : path.substr(0, slash == 0 ? 1 : slash);
}

Result<std::string> real_path(const std::string& path) {
  char resolved[PATH_MAX];
  if (::realpath(path.c_str(), resolved) != nullptr) return std::string(resolved);
  return fail(base::errno_error(Errc::io, "cannot open " + path, errno));
}

Result<void> sync_directory_of(const std::string& path) {
  auto opened = Descriptor::open(directory_of(path), O_RDONLY | O_DIRECTORY);
  if (!opened) return fail(std::move(opened.error()));
  return ::fsync(opened->get()) == 0 ? Result<void>() : sync_failed("the directory of " + path);
}

Result<void> remove_file(const std::string& path) {
  if (::unlink(path.c_str()) == 0 || errno == ENOENT) return {};
  return fail(base::errno_error(Errc::io, "cannot remove " + path, errno));
}

}  // namespace flowkeep::storage

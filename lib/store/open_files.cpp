#include "store/open_files.hpp"

#include <pthread.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <mutex>
#include <set>
#include <utility>

#include "base/error.hpp"

namespace flowkeep::store {

namespace {

struct Register {
  std::mutex mutex{};
  std::set<std::pair<dev_t, ino_t>> files{};
};

// Never destroyed: stores may be closed by static destructors.
Register& the_register() {
  static Register& instance = *[] {
    auto* made = new Register;
    // A child starts with an empty register and an unlocked mutex.
    ::pthread_atfork([] { the_register().mutex.lock(); }, [] { the_register().mutex.unlock(); },
                     [] {
                       the_register().files.clear();
                       the_register().mutex.unlock();
                     });
    return made;
  }();
  return instance;
}

}  // namespace

Result<OpenFile> OpenFile::enter(const std::string& path) {
  struct stat facts {};
  if (::stat(path.c_str(), &facts) != 0) return fail(base::errno_error(Errc::io, "cannot open " + path, errno));
  Register& open = the_register();
  const std::lock_guard lock(open.mutex);
  if (!open.files.emplace(facts.st_dev, facts.st_ino).second) {
    return fail(Errc::busy, path + " is open in this process already: share that Store, or close it first");
  }
  return OpenFile(facts.st_dev, facts.st_ino);
}

OpenFile::OpenFile(dev_t device, ino_t inode) noexcept : device_(device), inode_(inode), process_(::getpid()) {}

OpenFile::OpenFile(OpenFile&& other) noexcept
    : device_(other.device_), inode_(other.inode_), process_(std::exchange(other.process_, 0)) {}

OpenFile::~OpenFile() {
  // In a forked child the entry was the parent's, and the child may have made one of its own for the same file.
  if (process_ != ::getpid()) return;
  Register& open = the_register();
  const std::lock_guard lock(open.mutex);
  open.files.erase({device_, inode_});
}

}  // namespace flowkeep::store

#include "storage/file_lock.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <cerrno>
#include <thread>
#include <utility>

#include "base/error.hpp"

namespace flowkeep::storage {

namespace {

constexpr off_t lock_offset = off_t{1} << 61;

struct flock lock_of(FileLock::Byte byte, short type) noexcept {
  struct flock lock {};
  lock.l_type = type;
  lock.l_whence = SEEK_SET;
  lock.l_start = lock_offset + static_cast<off_t>(byte);
  lock.l_len = 1;
  return lock;
}

Result<bool> same_file(int descriptor, const std::string& path) {
  struct stat locked {};
  struct stat named {};
  if (::fstat(descriptor, &locked) != 0) return fail(base::errno_error(Errc::io, "cannot examine " + path, errno));
  if (::stat(path.c_str(), &named) != 0) return fail(base::errno_error(Errc::io, "cannot open " + path, errno));
  return locked.st_dev == named.st_dev && locked.st_ino == named.st_ino;
}

}  // namespace

Result<FileLock> FileLock::open(const std::string& path, Access access) {
  auto file = Descriptor::open(path, access == Access::read_only ? O_RDONLY : O_RDWR);
  if (!file) return fail(std::move(file.error()));
  return FileLock(std::move(*file));
}

FileLock::~FileLock() {
  if (!file_) return;
  unlock(Byte::turn);
  unlock(Byte::open);
}

Result<bool> FileLock::try_lock(Byte byte, Kind kind) noexcept {
  struct flock lock = lock_of(byte, kind == Kind::shared ? F_RDLCK : F_WRLCK);
  while (::fcntl(file_.get(), F_OFD_SETLK, &lock) != 0) {
    if (errno == EAGAIN || errno == EACCES) return false;
    if (errno != EINTR) return fail(base::errno_error(Errc::io, "cannot lock the store", errno));
  }
  return true;
}

void FileLock::unlock(Byte byte) noexcept {
  struct flock lock = lock_of(byte, F_UNLCK);
  ::fcntl(file_.get(), F_OFD_SETLK, &lock);
}

Result<bool> FileLock::held_by_others(Byte byte) noexcept {
  struct flock lock = lock_of(byte, F_WRLCK);
  if (::fcntl(file_.get(), F_OFD_GETLK, &lock) != 0) {
    return fail(base::errno_error(Errc::io, "cannot examine the locks of the store", errno));
  }
  return lock.l_type != F_UNLCK;
}

Result<OpeningLock> OpeningLock::take(const std::string& path, std::chrono::milliseconds timeout) {
  const auto deadline = std::chrono::steady_clock::now() + timeout;
  for (;;) {
    auto file = Descriptor::open(path, O_RDONLY | O_NONBLOCK);
    if (!file) return fail(std::move(file.error()));
    OpeningLock lock(std::move(*file));
    while (::flock(lock.file_.get(), LOCK_EX | LOCK_NB) != 0) {
      if (errno != EWOULDBLOCK && errno != EINTR) {
        return fail(base::errno_error(Errc::io, "cannot lock " + path, errno));
      }
      if (std::chrono::steady_clock::now() >= deadline) {
        return fail(Errc::busy, path + " has been opened or closed by another process for " +
                                    std::to_string(timeout.count()) +
                                    " ms (busy_timeout), which does not come to an end: try again");
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    // A compaction may have put another file in its place meanwhile.
    const auto same = same_file(lock.file_.get(), path);
    if (!same) return fail(same.error());
    if (*same) return lock;
  }
}

OpeningLock::~OpeningLock() {
  if (file_) ::flock(file_.get(), LOCK_UN);
}

}  // namespace flowkeep::storage

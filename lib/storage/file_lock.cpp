#include "storage/file_lock.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "base/error.hpp"

namespace flowkeep::storage {

namespace {

constexpr off_t lock_offset = off_t{1} << 61;

int set_lock(int descriptor, short type) noexcept {
  struct flock lock {};
  lock.l_type = type;
  lock.l_whence = SEEK_SET;
  lock.l_start = lock_offset;
  lock.l_len = 1;
  return ::fcntl(descriptor, F_OFD_SETLK, &lock);
}

}  // namespace

Result<FileLock> FileLock::open(const std::string& path) {
  const int descriptor = ::open(path.c_str(), O_RDWR | O_CLOEXEC);
  if (descriptor < 0) return fail(base::errno_error(Errc::io, "cannot open " + path, errno));
  return FileLock(descriptor);
}

FileLock::FileLock(FileLock&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}

FileLock& FileLock::operator=(FileLock&& other) noexcept {
  std::swap(descriptor_, other.descriptor_);
  return *this;
}

FileLock::~FileLock() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

Result<bool> FileLock::try_lock() noexcept {
  while (set_lock(descriptor_, F_WRLCK) != 0) {
    if (errno == EAGAIN || errno == EACCES) return false;
    if (errno != EINTR) return fail(base::errno_error(Errc::io, "cannot lock the store for writing", errno));
  }
  return true;
}

void FileLock::unlock() noexcept {
  set_lock(descriptor_, F_UNLCK);
}

}  // namespace flowkeep::storage

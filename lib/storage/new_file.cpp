#include "storage/new_file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <utility>

#include <flowkeep/guid.hpp>

#include "base/error.hpp"

namespace flowkeep::storage {

namespace {

constexpr int most_attempts = 100;

// As rename(), but a file that has the name already stays: EEXIST.
int rename_without_replacing(const char* from, const char* to) {
  const int code = ::renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE);
  if (code == 0 || (errno != EINVAL && errno != ENOSYS && errno != ENOTSUP)) return code;
  // The file system does not know the flag. Meanwhile the file has two names.
  if (::link(from, to) != 0) return -1;
  ::unlink(from);
  return 0;
}

}  // namespace

Result<NewFile> NewFile::make(const std::string& place) {
  const std::size_t slash = place.find_last_of('/');
  const std::size_t name = slash == std::string::npos ? 0 : slash + 1;
  for (int attempt = 0;; ++attempt) {
    const std::string suffix = Guid::make().str().substr(28);
    std::string path = place.substr(0, name) + "." + place.substr(name) + "." + suffix;
    auto file = Descriptor::open(path, O_RDWR | O_CREAT | O_EXCL);
    if (file) return NewFile(std::move(*file), std::move(path), place);
    if (file.error().cause != EEXIST || attempt == most_attempts) return fail(std::move(file.error()));
  }
}

NewFile::NewFile(NewFile&& other) noexcept
    : file_(std::move(other.file_)), path_(std::exchange(other.path_, {})), place_(std::move(other.place_)) {}

NewFile::~NewFile() {
  if (!path_.empty()) ::unlink(path_.c_str());
}

Result<void> NewFile::put() {
  if (auto ok = sync_data(descriptor(), path_); !ok) return ok;
  const int code = rename_without_replacing(path_.c_str(), place_.c_str());
  auto done = moved(code, errno);
  if (!done && path_.empty()) ::unlink(place_.c_str());
  return done;
}

Result<void> NewFile::replace() {
  if (auto ok = sync_data(descriptor(), path_); !ok) return ok;
  const int code = ::rename(path_.c_str(), place_.c_str());
  return moved(code, errno);
}

Result<void> NewFile::moved(int code, int error) {
  if (code != 0 && error == EEXIST) return fail(Errc::already_exists, place_ + " exists already");
  if (code != 0) return fail(base::errno_error(Errc::io, "cannot make " + place_, error));
  path_.clear();
  return sync_directory_of(place_);
}

}  // namespace flowkeep::storage

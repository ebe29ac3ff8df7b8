#include "disk.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <system_error>
#include <utility>

namespace flowkeep::bench {

namespace {

constexpr std::size_t block_bytes = 4096;
constexpr std::uint64_t file_bytes = 16ULL << 20;

Result<void> write_block(int descriptor, const std::vector<char>& block, std::uint64_t offset) {
  if (::pwrite(descriptor, block.data(), block.size(), static_cast<off_t>(offset)) ==
      static_cast<ssize_t>(block.size())) {
    return {};
  }
  return fail(Errc::io, "disk: write: " + std::generic_category().message(errno));
}

Result<void> sync_file(int descriptor) {
  if (::fdatasync(descriptor) == 0) return {};
  return fail(Errc::io, "disk: fdatasync: " + std::generic_category().message(errno));
}

}  // namespace

Result<DiskFile> DiskFile::make(const std::string& path) {
  const int descriptor = ::open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (descriptor < 0) return fail(Errc::io, "disk: cannot make " + path);
  DiskFile file(descriptor);
  file.block_.assign(block_bytes, '\0');
  for (std::uint64_t at = 0; at < file_bytes; at += block_bytes) {
    if (auto ok = write_block(descriptor, file.block_, at); !ok) return fail(ok.error());
  }
  if (::fsync(descriptor) != 0) return fail(Errc::io, "disk: fsync: " + std::generic_category().message(errno));
  return file;
}

DiskFile::DiskFile(DiskFile&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)),
      next_(other.next_),
      appended_(other.appended_),
      block_(std::move(other.block_)) {}

DiskFile::~DiskFile() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

Result<void> DiskFile::append() {
  ++appended_;
  for (std::size_t at = 0; at < block_bytes; at += 512) std::memcpy(block_.data() + at, &appended_, sizeof appended_);
  if (next_ == file_bytes) next_ = 0;
  if (auto ok = write_block(descriptor_, block_, next_); !ok) return ok;
  next_ += block_bytes;
  return sync_file(descriptor_);
}

bool DiskFile::verify() const {
  std::vector<char> read(block_bytes);
  const auto got = ::pread(descriptor_, read.data(), read.size(), static_cast<off_t>(next_ - block_bytes));
  return got == static_cast<ssize_t>(read.size()) && read == block_;
}

}  // namespace flowkeep::bench

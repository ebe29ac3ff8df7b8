// Files beside LMDB's: whole writes, syncs, directory entries.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include <flowkeep/result.hpp>

namespace flowkeep::storage {

/// How many fork()s lie between this process and the one that loaded the library.
[[nodiscard]] std::uint64_t fork_generation() noexcept;

/// A descriptor with an owner. In a forked child it is closed at once, so that no lock lives on in it.
class Descriptor {
 public:
  Descriptor() = default;
  /// Opens with O_CLOEXEC added; files that are made get mode 0600. Errors: of errno.
  [[nodiscard]] static Result<Descriptor> open(const std::string& path, int flags);
  Descriptor(Descriptor&& other) noexcept;
  Descriptor& operator=(Descriptor&& other) noexcept;
  ~Descriptor();

  [[nodiscard]] int get() const noexcept { return descriptor_; }
  /// Whether it is open, in this process.
  [[nodiscard]] explicit operator bool() const noexcept { return descriptor_ >= 0 && generation_ == fork_generation(); }

 private:
  explicit Descriptor(int descriptor) noexcept;
  int descriptor_ = -1;
  std::uint64_t generation_ = 0;  // of forks: a child's copy is closed already
};

/// Which file a name led to.
class FileIdentity {
 public:
  /// Errors: not_found, io.
  [[nodiscard]] static Result<FileIdentity> of(const std::string& path);
  /// Whether the name still leads to it.
  [[nodiscard]] bool is_still_there() const noexcept;
  [[nodiscard]] const std::string& path() const noexcept { return path_; }

 private:
  FileIdentity(std::string path, dev_t device, ino_t inode) noexcept
      : path_(std::move(path)), device_(device), inode_(inode) {}
  std::string path_;
  dev_t device_;
  ino_t inode_;
};

/// Writes all of it. Errors: full, io.
[[nodiscard]] Result<void> write_all(int descriptor, std::span<const char> bytes, std::uint64_t offset,
                                     const std::string& name);
/// Reads until `out` is full or the file ends; answers how much. Errors: io.
[[nodiscard]] Result<std::size_t> read_all(int descriptor, std::span<char> out, std::uint64_t offset,
                                           const std::string& name);
/// fdatasync(). An error is final: what was written before it may be lost, whatever a later sync says.
[[nodiscard]] Result<void> sync_data(int descriptor, const std::string& name);
/// Whether an open file has a name still; false also where that cannot be told.
[[nodiscard]] bool has_name(int descriptor) noexcept;
/// The directory that a path lies in.
[[nodiscard]] std::string directory_of(const std::string& path);
/// The one name of a file that is there, without links. Errors: not_found, access_denied, io.
[[nodiscard]] Result<std::string> real_path(const std::string& path);
/// Makes the entries of the file's directory durable.
[[nodiscard]] Result<void> sync_directory_of(const std::string& path);
/// Removes a file; it need not be there.
[[nodiscard]] Result<void> remove_file(const std::string& path);

}  // namespace flowkeep::storage

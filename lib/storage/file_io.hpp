// Files beside LMDB's: whole writes, syncs, directory entries.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include <flowkeep/result.hpp>

namespace flowkeep::storage {

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
  [[nodiscard]] explicit operator bool() const noexcept { return descriptor_ >= 0; }

 private:
  explicit Descriptor(int descriptor) noexcept;
  int descriptor_ = -1;
  std::uint64_t generation_ = 0;  // of forks: a child's copy is closed already
};

/// How many fork()s lie between this process and the one that loaded the library.
[[nodiscard]] std::uint64_t fork_generation() noexcept;

/// Writes all of it. Errors: full, io.
[[nodiscard]] Result<void> write_all(int descriptor, std::span<const char> bytes, std::uint64_t offset,
                                     const std::string& name);
/// Reads until `out` is full or the file ends; answers how much. Errors: io.
[[nodiscard]] Result<std::size_t> read_all(int descriptor, std::span<char> out, std::uint64_t offset,
                                           const std::string& name);
/// fdatasync(). An error is final: what was written before it may be lost, whatever a later sync says.
[[nodiscard]] Result<void> sync_data(int descriptor, const std::string& name);
/// Makes the entries of the file's directory durable.
[[nodiscard]] Result<void> sync_directory_of(const std::string& path);
/// Removes a file; it need not be there.
[[nodiscard]] Result<void> remove_file(const std::string& path);

}  // namespace flowkeep::storage

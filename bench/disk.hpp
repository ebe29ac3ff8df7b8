// The disk by itself: what a durable write costs when nothing is stored.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <flowkeep/result.hpp>

namespace flowkeep::bench {

/// A file that is appended to, 4 KB and one fdatasync at a time: 16 MiB of zeros, written and synced, then written over
/// round and round. The best that there is.
class DiskFile {
 public:
  /// Makes the file anew.
  [[nodiscard]] static Result<DiskFile> make(const std::string& path);
  DiskFile(DiskFile&& other) noexcept;
  DiskFile& operator=(DiskFile&&) = delete;
  ~DiskFile();

  /// Durable when it returns.
  [[nodiscard]] Result<void> append();
  /// Whether the last block reads back as it was written.
  [[nodiscard]] bool verify() const;

 private:
  explicit DiskFile(int descriptor) noexcept : descriptor_(descriptor) {}
  int descriptor_;
  std::uint64_t next_ = 0;
  std::uint64_t appended_ = 0;
  std::vector<char> block_{};
};

}  // namespace flowkeep::bench

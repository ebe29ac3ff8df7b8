// A lock on the data file that waits no longer than it is told to.
#pragma once

#include <string>

#include <flowkeep/result.hpp>

namespace flowkeep::storage {

/// One byte beyond every file's end, locked through a descriptor of its own (an open-file-description lock: nothing
/// else that the process opens or closes releases it). The system releases it when the process ends; a child forked
/// meanwhile keeps it as long as it lives without exec().
class FileLock {
 public:
  /// Opens the file for it. Errors: access_denied, io.
  [[nodiscard]] static Result<FileLock> open(const std::string& path);
  FileLock() = default;
  FileLock(FileLock&& other) noexcept;
  FileLock& operator=(FileLock&& other) noexcept;
  ~FileLock();

  /// Takes the lock; false where another process has it. Errors: io.
  [[nodiscard]] Result<bool> try_lock() noexcept;
  void unlock() noexcept;

 private:
  explicit FileLock(int descriptor) noexcept : descriptor_(descriptor) {}
  int descriptor_ = -1;
};

}  // namespace flowkeep::storage

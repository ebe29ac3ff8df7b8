// Which files this process has open, so that none is opened twice: LMDB's locks would not survive it.
#pragma once

#include <sys/types.h>
#include <string>

#include <flowkeep/result.hpp>

namespace flowkeep::store {

/// One file's place in the register of the process, given back on destruction. Files are told apart by device and
/// inode, so that links count as the same. What the parent of a forked process has open does not count.
class OpenFile {
 public:
  /// Errors: busy (open already), io.
  [[nodiscard]] static Result<OpenFile> enter(const std::string& path);
  OpenFile(OpenFile&& other) noexcept;
  OpenFile& operator=(OpenFile&&) = delete;
  ~OpenFile();

 private:
  OpenFile(dev_t device, ino_t inode) noexcept;
  dev_t device_;
  ino_t inode_;
  pid_t process_;  // whose register it is in; 0: none
};

}  // namespace flowkeep::store

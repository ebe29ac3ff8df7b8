// Locks on the data file that wait no longer than they are told to.
#pragma once

#include <chrono>
#include <string>

#include <flowkeep/result.hpp>

#include "storage/file_io.hpp"

namespace flowkeep::storage {

/// Open-file-description locks on bytes beyond every file's end, through a descriptor of their own: nothing else that
/// the process opens or closes releases them. The system releases them when the process ends; a forked child's copy of
/// the descriptor is closed at once.
class FileLock {
 public:
  enum class Byte : std::uint8_t {
    open,     ///< shared: this process has the store open; exclusive: nobody else has
    turn,     ///< exclusive: this process writes
    writers,  ///< shared: this process has the store open for writing
  };
  enum class Kind : std::uint8_t { shared, exclusive };
  enum class Access : std::uint8_t { read_only, read_write };  ///< exclusive locks need read_write

  /// Opens the file for it. Errors: not_found, access_denied, io.
  [[nodiscard]] static Result<FileLock> open(const std::string& path, Access access);
  FileLock() = default;
  FileLock(FileLock&&) noexcept = default;
  FileLock& operator=(FileLock&&) noexcept = default;  // of what was there, the other one disposes
  /// Gives back what it holds. Not left to the closing of the descriptor: a child that was just forked may have a copy.
  ~FileLock();

  /// Takes the lock, or changes its kind; false where others' locks forbid it, and then nothing is changed.
  /// Errors: io.
  [[nodiscard]] Result<bool> try_lock(Byte byte, Kind kind) noexcept;
  void unlock(Byte byte) noexcept;
  /// Whether others hold this lock, of either kind. Errors: io.
  [[nodiscard]] Result<bool> held_by_others(Byte byte) noexcept;
  /// The data file, for reading.
  [[nodiscard]] int descriptor() const noexcept { return file_.get(); }

 private:
  explicit FileLock(Descriptor file) noexcept : file_(std::move(file)) {}
  Descriptor file_{};
};

/// Lets one process at a time open or close a file: a lock (flock) on the whole of it, which a reader may take too.
class OpeningLock {
 public:
  /// Also makes sure that the name still leads to the file that is locked. Errors: busy (another process has it
  /// longer than `timeout`), not_found, access_denied, io.
  [[nodiscard]] static Result<OpeningLock> take(const std::string& path, std::chrono::milliseconds timeout);
  OpeningLock(OpeningLock&&) noexcept = default;
  OpeningLock& operator=(OpeningLock&&) = delete;
  ~OpeningLock();

 private:
  explicit OpeningLock(Descriptor file) noexcept : file_(std::move(file)) {}
  Descriptor file_;
};

}  // namespace flowkeep::storage

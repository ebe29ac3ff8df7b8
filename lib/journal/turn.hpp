// The turn: one process writes at a time.
#pragma once

#include <chrono>
#include <string>

#include <flowkeep/result.hpp>

#include "journal/shared_page.hpp"
#include "storage/file_lock.hpp"

namespace flowkeep::journal {

/// The turn of this process. Between taking and giving it, nobody else appends to the journal, commits to LMDB or
/// writes a header. It is never taken away from a process that lives. One thread at a time.
class Turn {
 public:
  Turn(std::string path, storage::FileLock& lock, SharedPage& page) noexcept
      : path_(std::move(path)), lock_(lock), page_(page) {}

  /// What happened since this process's last turn.
  enum class Since : std::uint8_t {
    nothing,  ///< nobody else has written
    others,   ///< others have, and have applied everything
    died,     ///< a process died in its turn: there may be changes in the journal that are not applied
  };
  /// Polls for it. Errors: busy (another process has it until the time-out; says which, and whether it is stopped), io.
  [[nodiscard]] Result<Since> take(std::chrono::milliseconds timeout);
  /// Everything in the journal has to be applied.
  void give() noexcept;
  /// Gives the lock back and leaves the sign that the turn did not end well.
  void abandon() noexcept;
  [[nodiscard]] bool is_held() const noexcept { return held_; }

  /// Whether another process is polling for it, and this one has had it long enough for its groups of commits.
  [[nodiscard]] bool is_to_pass_on() const noexcept;
  /// After give(): lets a process that was polling have it before this one asks again.
  void let_others_in() const;
  /// Whether another process has had the turn since this one did.
  [[nodiscard]] bool others_wrote() const noexcept;

 private:
  std::string path_;
  storage::FileLock& lock_;
  SharedPage& page_;
  std::uint64_t my_turn_ = 0;
  std::int64_t taken_at_ = 0;
  bool held_ = false;
};

/// Whether a process does not run until somebody lets it go on.
[[nodiscard]] bool is_stopped(std::int64_t pid);
/// "process 17", or "process 17, which is stopped".
[[nodiscard]] std::string describe_process(std::int64_t pid);

}  // namespace flowkeep::journal

// flowkeep-bench-child, or this program again, run.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include <flowkeep/result.hpp>

namespace flowkeep::bench {

/// A process whose standard output is read. Killed, where it still runs, with the object.
class ChildProcess {
 public:
  enum class Program : std::uint8_t {
    child,  ///< flowkeep-bench-child, which lies beside this program
    self,
  };
  [[nodiscard]] static Result<ChildProcess> start(std::vector<std::string> arguments, Program program = Program::child);
  ChildProcess(ChildProcess&& other) noexcept;
  ChildProcess& operator=(ChildProcess&&) = delete;
  ~ChildProcess();

  /// Reads until it ends; fails unless it ends well. What it printed.
  [[nodiscard]] Result<std::string> finish();
  /// Reads until it has printed nothing for so long, then kills it (SIGKILL). What it printed.
  [[nodiscard]] Result<std::string> kill_when_silent(std::chrono::milliseconds silence);
  /// Reads until it has printed so many bytes, then kills it (SIGKILL). How many it printed.
  [[nodiscard]] Result<std::uint64_t> kill_when_printed(std::uint64_t bytes);

 private:
  ChildProcess(pid_t pid, int output) noexcept : pid_(pid), output_(output) {}
  int wait() noexcept;
  pid_t pid_;
  int output_;
};

}  // namespace flowkeep::bench

// flowkeep-bench-child, run.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <string>
#include <vector>

#include <flowkeep/result.hpp>

namespace flowkeep::bench {

/// A process whose standard output is read. Killed, where it still runs, with the object.
class ChildProcess {
 public:
  /// Starts flowkeep-bench-child, which lies beside this program.
  [[nodiscard]] static Result<ChildProcess> start(std::vector<std::string> arguments);
  ChildProcess(ChildProcess&& other) noexcept;
  ChildProcess& operator=(ChildProcess&&) = delete;
  ~ChildProcess();

  /// Reads until it ends; fails unless it ends well. What it printed.
  [[nodiscard]] Result<std::string> finish();
  /// Reads until it has printed nothing for so long, then kills it (SIGKILL). What it printed.
  [[nodiscard]] Result<std::string> kill_when_silent(std::chrono::milliseconds silence);

 private:
  ChildProcess(pid_t pid, int output) noexcept : pid_(pid), output_(output) {}
  int wait() noexcept;
  pid_t pid_;
  int output_;
};

}  // namespace flowkeep::bench

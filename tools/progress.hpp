// How far a long piece of work is, on a terminal.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include <flowkeep/index.hpp>

namespace flowkeep::tool {

/// One line on stderr that is written over, a few times a second, once the work has taken a second; cleared at
/// the end. Silent where stderr is no terminal.
class ProgressLine {
 public:
  /// `what` follows the number: "sessions imported".
  explicit ProgressLine(std::string what);
  ~ProgressLine();
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;

  /// Whether it is time to call show().
  [[nodiscard]] bool due() const;
  /// Shows `rows`, their rate, and the time left by `part` of `whole` (0: not known).
  void show(std::uint64_t rows, std::uint64_t part, std::uint64_t whole);
  /// Shows the work of a library call that reports rows.
  [[nodiscard]] Progress callback();

 private:
  using Clock = std::chrono::steady_clock;
  std::string what_;
  bool terminal_;
  bool shown_ = false;
  Clock::time_point began_ = Clock::now();
  Clock::time_point next_;
};

}  // namespace flowkeep::tool

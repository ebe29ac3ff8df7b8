// Closing what agents that are gone have left open.
#pragma once

#include <cstdint>

#include <flowkeep/index.hpp>
#include <flowkeep/timestamp.hpp>

namespace flowkeep {

/// errorcode of sessions that a sweep has closed. Where they had no errormessage, they get one that names the process.
inline constexpr const char* agent_process_ended = "AgentProcessEnded";

struct SweepOptions {
  enum class Mode : std::uint8_t { close, dry_run } mode = Mode::close;
  Progress progress{};  ///< `done`: sessions looked at; `total` is 0
};

struct SweepResult {
  std::uint64_t open = 0;     ///< sessions without a terminal status, when it looked
  std::uint64_t running = 0;  ///< of these, sessions of agents that live
  std::uint64_t aborted = 0;  ///< or, by a dry run, would be
  std::uint64_t refused = 0;  ///< left by agents that are gone, but the state model does not let them become Aborted
  bool is_complete = true;    ///< else `progress` said so
};

}  // namespace flowkeep

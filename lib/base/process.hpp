// What the system says of processes.
#pragma once

#include <cstdint>
#include <optional>

#include <flowkeep/guid.hpp>

namespace flowkeep::base {

/// A process, as /proc/PID/stat shows it.
struct ProcessState {
  char state = '?';           ///< 'R' runs, 'T' or 't' is stopped, 'Z' has ended, …
  std::uint64_t started = 0;  ///< clock ticks from the system's boot to its start
  [[nodiscard]] bool is_stopped() const noexcept { return state == 'T' || state == 't'; }
  [[nodiscard]] bool has_ended() const noexcept { return state == 'Z' || state == 'X' || state == 'x'; }
};

/// std::nullopt: there is none, or nobody can tell.
[[nodiscard]] std::optional<ProcessState> read_process(std::int64_t pid);

/// The id that the system drew when it booted; std::nullopt: nobody can tell.
[[nodiscard]] std::optional<Guid> read_boot_id();

}  // namespace flowkeep::base

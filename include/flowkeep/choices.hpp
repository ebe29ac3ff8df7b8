// The option sets of the entity, their labels, and what they mean for a run.
// Source: the flowsession reference page and Dataverse's public metadata.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include <flowkeep/export.hpp>

namespace flowkeep {

/// statecode. It is not "finished or not": a failed, completed run is active. See is_terminal().
enum class StateCode : std::int32_t { active = 0, inactive = 1 };

/// statuscode.
enum class StatusCode : std::int32_t {
  not_specified = 0,
  paused = 1,
  running = 2,
  waiting = 3,
  succeeded = 4,
  skipped = 5,
  suspended = 6,
  cancelled = 7,
  failed = 8,
  faulted = 9,
  timed_out = 10,
  aborted = 11,
  ignored = 12,
  deleted = 13,
  terminated = 14,
};

enum class RunMode : std::int32_t { local = 0, attended = 1, unattended = 2 };
enum class RunSessionMode : std::int32_t { unapplicable = 0, default_mode = 1, picture_in_picture = 2 };
enum class Subcategory : std::int32_t { default_category = 0, test = 1 };
enum class TriggerType : std::int32_t {
  api_flow = 0,
  desktop_flow = 1,
  local = 2,
  run_desktop_flow_dataverse_api = 3,
  cua = 4,
};

inline constexpr int state_count = 2;
inline constexpr int status_count = 15;

/// One legal value of an option set.
struct Choice {
  std::int32_t value;
  std::string_view label;
};

/// The legal values in rising order; labels as Dataverse prints them ("Active", "Timed Out" is "TimedOut").
[[nodiscard]] FLOWKEEP_API std::span<const Choice> statecode_choices() noexcept;
[[nodiscard]] FLOWKEEP_API std::span<const Choice> statuscode_choices() noexcept;
[[nodiscard]] FLOWKEEP_API std::span<const Choice> runmode_choices() noexcept;
[[nodiscard]] FLOWKEEP_API std::span<const Choice> runsessionmode_choices() noexcept;
[[nodiscard]] FLOWKEEP_API std::span<const Choice> subcategory_choices() noexcept;
[[nodiscard]] FLOWKEEP_API std::span<const Choice> triggertype_choices() noexcept;

/// The label of a code; "" for a number outside the option set.
[[nodiscard]] FLOWKEEP_API std::string_view label(StateCode state) noexcept;
[[nodiscard]] FLOWKEEP_API std::string_view label(StatusCode status) noexcept;

/// Finds a code by its label, ignoring the case of ASCII letters, or by its decimal number.
[[nodiscard]] FLOWKEEP_API std::optional<StateCode> parse_statecode(std::string_view text) noexcept;
[[nodiscard]] FLOWKEEP_API std::optional<StatusCode> parse_statuscode(std::string_view text) noexcept;

/// The one state a status belongs to: inactive for NotSpecified, Deleted and Terminated, active for the rest.
[[nodiscard]] FLOWKEEP_API StateCode state_of(StatusCode status) noexcept;

/// Whether a run with this status has ended (our reading: Succeeded, Skipped, Cancelled, Failed, Faulted,
/// TimedOut, Aborted, Ignored, Deleted, Terminated).
[[nodiscard]] FLOWKEEP_API bool is_terminal(StatusCode status) noexcept;

/// The statuses of runs that have not ended and are known to have begun or to wait: Paused, Running, Waiting,
/// Suspended. (NotSpecified is not terminal either, but nobody asks for it by "what is open now".)
inline constexpr std::array<StatusCode, 4> open_statuses{StatusCode::paused, StatusCode::running, StatusCode::waiting,
                                                         StatusCode::suspended};

}  // namespace flowkeep

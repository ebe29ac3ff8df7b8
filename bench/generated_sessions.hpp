// The sessions that the benchmarks work on. Each is a pure function of its number, so every answer is known.
// Shape: a record of about 1.1 KB, File columns of 0.9 KB that do not compress, one session in ten open, 200
// machines, two sessions per correlation id. A greater number is newer.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include <flowkeep/session.hpp>
#include <flowkeep/session_view.hpp>

namespace flowkeep::bench {

inline constexpr std::uint64_t machine_count = 200;
/// Whole groups of so many sessions have their correlation ids in pairs.
inline constexpr std::uint64_t correlation_group = 16;

[[nodiscard]] Guid session_id(std::uint64_t number);
[[nodiscard]] std::uint64_t machine_of(std::uint64_t number);
[[nodiscard]] Guid machine_id(std::uint64_t machine);
[[nodiscard]] std::string correlationid_of(std::uint64_t number);
/// The other session of the same correlation id.
[[nodiscard]] constexpr std::uint64_t partner_of(std::uint64_t number) {
  return number ^ (correlation_group / 2);
}
[[nodiscard]] StatusCode statuscode_of(std::uint64_t number);
[[nodiscard]] std::int64_t runduration_of(std::uint64_t number);

/// As an agent creates it: without id, read-only columns and File columns.
[[nodiscard]] Session new_session(std::uint64_t number);
/// What its three File columns hold: inputs, outputs, additionalcontext.
[[nodiscard]] std::array<std::string, 3> binaries_of(std::uint64_t number);
/// Gives it the three File columns, hashed and compressed as a store keeps them.
void place_binaries(Session& session, const std::array<std::string, 3>& binaries);
/// As an import brings it, without File columns.
[[nodiscard]] Session past_session(std::uint64_t number);

/// The four columns that a polling caller reads, in one number.
[[nodiscard]] inline std::uint64_t poll_sum(StatusCode status, StateCode state,
                                            const std::optional<Timestamp>& startedon,
                                            const std::optional<Timestamp>& completedon) {
  const auto ticks = [](const std::optional<Timestamp>& time) {
    return time ? static_cast<std::uint64_t>(time->time_since_epoch().count()) : 0;
  };
  return static_cast<std::uint64_t>(status) + 16 * static_cast<std::uint64_t>(state) + ticks(startedon) +
         3 * ticks(completedon);
}
[[nodiscard]] inline std::uint64_t poll_sum(const SessionView& session) {
  return poll_sum(session.statuscode(), session.statecode(), session.startedon(), session.completedon());
}
/// The same of session `number` as past_session() makes it.
[[nodiscard]] std::uint64_t poll_sum(std::uint64_t number);

/// For the choice of what is looked up.
inline constexpr std::uint64_t lookup_salt = 200;
/// A pseudo-random number: a pure function of `number` and `salt`.
[[nodiscard]] std::uint64_t mixed(std::uint64_t number, std::uint64_t salt);

}  // namespace flowkeep::bench

// Points in time as the entity keeps them: UTC, in steps of 100 ns.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <ratio>
#include <string>
#include <string_view>

#include <flowkeep/export.hpp>

namespace flowkeep {

using Ticks = std::chrono::duration<std::int64_t, std::ratio<1, 10'000'000>>;

/// A UTC time; the legal range is 0001-01-01T00:00:00Z to 9999-12-31T23:59:59.9999999Z.
using Timestamp = std::chrono::time_point<std::chrono::system_clock, Ticks>;

inline constexpr Timestamp min_timestamp{Ticks{-621'355'968'000'000'000}};
inline constexpr Timestamp max_timestamp{Ticks{2'534'023'007'999'999'999}};

/// Reads ISO 8601: a date ("2022-06-16", midnight UTC), or a date and time with "T" (or one space) between
/// them, seconds and up to seven decimals optional, then "Z", "+hh:mm", "-hh:mm" or nothing (UTC).
[[nodiscard]] FLOWKEEP_API std::optional<Timestamp> parse_timestamp(std::string_view text) noexcept;

/// Writes "2022-06-16T12:54:40Z", with the decimals that are needed where the fraction is not zero.
[[nodiscard]] FLOWKEEP_API std::string format_timestamp(Timestamp time);

/// The present time of the system clock, cut to 100 ns.
[[nodiscard]] FLOWKEEP_API Timestamp now() noexcept;

}  // namespace flowkeep

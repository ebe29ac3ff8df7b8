// Whether a policy can be meant.
#pragma once

#include <cstdint>

#include <flowkeep/result.hpp>
#include <flowkeep/retention.hpp>

namespace flowkeep::retention {

/// The most sessions that one transaction of a long deletion may delete.
inline constexpr std::uint64_t most_batch = 100'000;

/// Errors: invalid_argument (no limit, an age of less than nothing, a status that is open or none).
[[nodiscard]] Result<void> check_policy(const RetentionPolicy& policy);

}  // namespace flowkeep::retention

// Whether a policy can be meant.
#pragma once

#include <cstdint>

#include <flowkeep/result.hpp>
#include <flowkeep/retention.hpp>

namespace flowkeep::retention {

/// Whether one transaction of a long deletion may delete so many sessions. Errors: invalid_argument.
[[nodiscard]] Result<void> check_batch(std::uint64_t batch);

/// Errors: invalid_argument (no limit, an age of less than nothing, a status that is open or none).
[[nodiscard]] Result<void> check_policy(const RetentionPolicy& policy);

}  // namespace flowkeep::retention

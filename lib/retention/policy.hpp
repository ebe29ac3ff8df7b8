// Whether a policy can be meant.
#pragma once

#include <flowkeep/result.hpp>
#include <flowkeep/retention.hpp>

namespace flowkeep::retention {

/// Errors: invalid_argument (no limit, an age of less than nothing, a status that is open or none).
[[nodiscard]] Result<void> check_policy(const RetentionPolicy& policy);

}  // namespace flowkeep::retention

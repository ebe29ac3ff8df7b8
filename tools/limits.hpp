// The limits of a retention policy on the command line.
#pragma once

#include "arguments.hpp"

namespace flowkeep::tool {

/// Adds the options that say which closed sessions go. `policy` lives as long as `command`.
void add_limits(CLI::App& command, RetentionPolicy& policy);
/// Errors: usage (none is given).
[[nodiscard]] Try<void> check_limits(const RetentionPolicy& policy);

}  // namespace flowkeep::tool

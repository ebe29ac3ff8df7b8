#include "retention/policy.hpp"

#include <string>

namespace flowkeep::retention {

Result<void> check_batch(std::uint64_t batch) {
  if (batch >= 1 && batch <= 100'000) return {};
  return fail(Errc::invalid_argument, "batch: " + std::to_string(batch) + " is not between 1 and 100000");
}

Result<void> check_policy(const RetentionPolicy& policy) {
  if (!policy.max_age && !policy.keep && !policy.keep_per_flow && !policy.max_bytes) {
    return fail(Errc::invalid_argument, "a retention policy needs a limit: max_age, keep, keep_per_flow or max_bytes");
  }
  if (policy.max_age && policy.max_age->count() < 0) {
    return fail(Errc::invalid_argument,
                "max_age: " + std::to_string(policy.max_age->count()) + " ms is less than nothing");
  }
  for (const StatusCode status : policy.statuscodes) {
    if (label(status).empty()) {
      return fail(Errc::invalid_argument,
                  "statuscodes: " + std::to_string(static_cast<int>(status)) + " is not a status: 0 to 14 are");
    }
    if (is_terminal(status)) continue;
    return fail(Errc::invalid_argument, "statuscodes: " + std::string(label(status)) +
                                            " is open, and only closed sessions are deleted: terminal statuses are "
                                            "Succeeded, Skipped, Cancelled, Failed, Faulted, TimedOut, Aborted, "
                                            "Ignored, Deleted and Terminated");
  }
  return {};
}

}  // namespace flowkeep::retention

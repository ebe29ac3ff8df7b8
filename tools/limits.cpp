#include "limits.hpp"

namespace flowkeep::tool {

void add_limits(CLI::App& command, RetentionPolicy& policy) {
  add_argument(command, "--older-than", policy.max_age, age_argument,
               "those that were completed longer ago (s, m, h, d, w)");
  add_argument(command, "--keep", policy.keep, count_argument, "all but the newest N");
  add_argument(command, "--keep-per-flow", policy.keep_per_flow, count_argument, "all but the newest N of each flow");
  add_argument(command, "--max-bytes", policy.max_bytes, bytes_argument,
               "the oldest, until no more bytes of the file are in use (K, M, G, T)");
  add_arguments(command, "--status", policy.statuscodes, status_argument,
                "only sessions of this status, by name or number; may be given again");
  add_argument(command, "--flow", policy.regardingobjectid, guid_argument, "only sessions of this flow");
}

Try<void> check_limits(const RetentionPolicy& policy) {
  if (policy.max_age || policy.keep || policy.keep_per_flow || policy.max_bytes) return {};
  return failed(Exit::usage, "what may go is missing: --older-than, --keep, --keep-per-flow or --max-bytes");
}

}  // namespace flowkeep::tool

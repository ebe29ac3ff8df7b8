// Errors of the operating system as Errors of ours.
#pragma once

#include <flowkeep/result.hpp>
#include <string>

namespace flowkeep::base {

/// Makes an Error of an errno: "what: strerror", with the errno as its cause. EACCES, EPERM and EROFS are
/// access_denied; ENOSPC, EDQUOT and EFBIG full; ENOMEM no_memory; ENOENT not_found; EEXIST already_exists; any
/// other is `fallback`.
[[nodiscard]] Error errno_error(Errc fallback, std::string what, int err);

}  // namespace flowkeep::base

#include "base/error.hpp"

#include <cerrno>
#include <system_error>

namespace flowkeep {

const char* errc_name(Errc code) noexcept {
  switch (code) {
    case Errc::not_found:
      return "not_found";
    case Errc::already_exists:
      return "already_exists";
    case Errc::version_mismatch:
      return "version_mismatch";
    case Errc::invalid_transition:
      return "invalid_transition";
    case Errc::invalid_argument:
      return "invalid_argument";
    case Errc::access_denied:
      return "access_denied";
    case Errc::busy:
      return "busy";
    case Errc::full:
      return "full";
    case Errc::corrupt:
      return "corrupt";
    case Errc::not_a_store:
      return "not_a_store";
    case Errc::newer_format:
      return "newer_format";
    case Errc::io:
      return "io";
    case Errc::no_memory:
      return "no_memory";
    case Errc::forked:
      return "forked";
    case Errc::needs_recovery:
      return "needs_recovery";
    case Errc::in_use:
      return "in_use";
    case Errc::expired:
      return "expired";
    case Errc::internal:
      return "internal";
  }
  return "unknown";
}

namespace base {
namespace {

Errc errc_of(int err, Errc fallback) noexcept {
  switch (err) {
    case EACCES:
    case EPERM:
    case EROFS:
      return Errc::access_denied;
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
      return Errc::full;
    case ENOMEM:
      return Errc::no_memory;
    case ENOENT:
      return Errc::not_found;
    case EEXIST:
      return Errc::already_exists;
    default:
      return fallback;
  }
}

}  // namespace

Error errno_error(Errc fallback, std::string what, int err) {
  what += ": ";
  what += std::generic_category().message(err);
  return Error{errc_of(err, fallback), std::move(what), DataverseCode::none, err};
}

}  // namespace base
}  // namespace flowkeep

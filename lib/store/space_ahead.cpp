#include "store/space_ahead.hpp"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>

#include "base/error.hpp"
#include "store/applier.hpp"

namespace flowkeep::store {

namespace {

// Pages that are copied on the way from the root to what changes, whatever that is.
constexpr std::uint64_t slack_bytes = 1U << 20;
// Bytes of the file that a byte of a change may take.
constexpr std::uint64_t growth = 3;
// Pages of the trees that one row may change, each of which is written to another place: its record, its id, an entry
// of each index, a block of the summary or two.
constexpr std::uint64_t pages_of_row = 14;
// Kept back for deletions, by the size of the file.
constexpr std::uint64_t least_ballast_bytes = 256U << 10;
constexpr std::uint64_t most_ballast_bytes = 4U << 20;
// Reserved at once.
constexpr std::uint64_t step_bytes = 4U << 20;

}  // namespace

Result<void> SpaceAhead::reserve(const Need& need, Purpose purpose, std::chrono::milliseconds timeout) {
  const storage::EnvironmentInfo info = environment_.info();
  // No batch changes more pages than there are.
  const std::uint64_t batches = need.bytes / Applier::batch_bytes + 1;
  const std::uint64_t scattered = std::min(need.rows * pages_of_row, batches * (info.last_page + 1));
  const std::uint64_t end = (info.last_page + 1 + scattered) * info.page_bytes + growth * need.bytes + slack_bytes;
  if (end > info.map_bytes) {
    if (auto ok = environment_.grow_map(std::max(end, 2 * info.map_bytes), timeout); !ok) return ok;
  }
  const std::uint64_t ballast = std::clamp(end / 4, least_ballast_bytes, most_ballast_bytes);
  const std::uint64_t wanted = purpose == Purpose::adding ? end + ballast : end;
  if (!is_supported_ || wanted <= reserved_end_) return {};
  struct stat facts {};
  if (::fstat(environment_.descriptor(), &facts) != 0) {
    return fail(base::errno_error(Errc::io, "cannot examine " + environment_.path(), errno));
  }
  // What the process may not write is not seen by a reservation behind the end of the file.
  rlimit allowed{};
  if (::getrlimit(RLIMIT_FSIZE, &allowed) != 0) allowed.rlim_cur = RLIM_INFINITY;
  for (const std::uint64_t target : {wanted + step_bytes, wanted}) {
    if (allowed.rlim_cur != RLIM_INFINITY && target > allowed.rlim_cur) {
      errno = EFBIG;
      continue;
    }
    const std::uint64_t from = std::max(reserved_end_, static_cast<std::uint64_t>(facts.st_size));
    if (from >= target) {
      reserved_end_ = target;
      return {};
    }
    int code = 0;
    do {
      code = ::fallocate(environment_.descriptor(), FALLOC_FL_KEEP_SIZE, static_cast<off_t>(from),
                         static_cast<off_t>(target - from));
    } while (code != 0 && errno == EINTR);
    if (code == 0) {
      reserved_end_ = target;
      return {};
    }
    if (errno == EOPNOTSUPP || errno == ENOSYS) {
      is_supported_ = false;
      return {};
    }
  }
  return fail(base::errno_error(Errc::io,
                                environment_.path() + " cannot grow by " +
                                    std::to_string(wanted - std::min(wanted, reserved_end_)) +
                                    " bytes (free some space, or delete sessions)",
                                errno));
}

}  // namespace flowkeep::store

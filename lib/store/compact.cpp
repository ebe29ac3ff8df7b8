#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "base/error.hpp"
#include "journal/recovery.hpp"
#include "journal/stamp.hpp"
#include "storage/new_file.hpp"
#include "store/backup.hpp"

namespace flowkeep {

namespace {

using storage::FileLock;

// Recovers the store where it was not closed, and leaves it whole unless somebody else has it open.
Result<void> open_and_close(const std::string& path, const CompactOptions& options) {
  OpenOptions how;
  how.mode = OpenMode::existing;
  how.busy_timeout = options.busy_timeout;
  auto engine = store::Engine::open(path, std::move(how));
  if (!engine) return fail(std::move(engine.error()));
  return {};
}

// A copy has the owner and the mode of what it replaces: whoever uses the store is to be able to go on.
Result<void> take_over(const struct stat& from, const storage::NewFile& copy) {
  struct stat mine {};
  bool same = ::fstat(copy.descriptor(), &mine) == 0;
  if (same && (mine.st_uid != from.st_uid || mine.st_gid != from.st_gid)) {
    same = ::fchown(copy.descriptor(), from.st_uid, from.st_gid) == 0;
  }
  if (same && ::fchmod(copy.descriptor(), from.st_mode & 07777) == 0) return {};
  return fail(base::errno_error(Errc::io, "cannot give " + copy.path() + " the owner and mode of the store", errno));
}

Result<void> write_copy(const std::string& path, storage::NewFile& copy) {
  {
    storage::EnvironmentOptions options;
    options.map_bytes = OpenOptions().map_bytes;
    options.max_readers = OpenOptions().max_readers;
    options.access = storage::EnvironmentOptions::Access::read_only;
    auto environment = storage::Environment::open(path, options);
    if (!environment) return fail(std::move(environment.error()));
    if (auto ok = (*environment)->copy_used_pages(copy.descriptor()); !ok) return ok;
  }
  return journal::write_stamp(copy.descriptor(), copy.path(), std::nullopt);
}

}  // namespace

Result<CompactReport> compact(std::string_view store_path, const CompactOptions& options) {
  const std::string path(store_path);
  if (auto ok = open_and_close(path, options); !ok) return fail(std::move(ok.error()));
  // From here on nobody opens it: whoever waits for this lock finds that the name leads to another file.
  auto opening = storage::OpeningLock::take(path, options.busy_timeout);
  if (!opening) return fail(std::move(opening.error()));
  auto resolved = storage::real_path(path);
  if (!resolved) return fail(std::move(resolved.error()));
  const std::string& real_path = *resolved;
  auto entry = store::OpenFile::enter(real_path);
  if (!entry) return fail(std::move(entry.error()));
  auto lock = FileLock::open(real_path, FileLock::Access::read_write);
  if (!lock) return fail(std::move(lock.error()));
  auto alone = lock->try_lock(FileLock::Byte::open, FileLock::Kind::exclusive);
  if (!alone) return fail(std::move(alone.error()));
  if (!*alone) return fail(Errc::busy, path + " is open in another process, and can be compacted only when it is not");

  auto old = storage::Descriptor::open(real_path, O_RDONLY);
  if (!old) return fail(std::move(old.error()));
  auto stamp = journal::read_stamp(old->get(), real_path);
  if (!stamp) return fail(std::move(stamp.error()));
  if (*stamp) return fail(Errc::busy, path + " was opened by another process meanwhile: try again");
  struct stat before {};
  if (::fstat(old->get(), &before) != 0) return fail(base::errno_error(Errc::io, "cannot examine " + path, errno));
  if (before.st_nlink != 1) {
    return fail(Errc::invalid_argument, path + " has a second name (hard link), which would keep the old file");
  }

  auto copy = storage::NewFile::make(real_path);
  if (!copy) return fail(std::move(copy.error()));
  if (auto ok = write_copy(real_path, *copy); !ok) return fail(std::move(ok.error()));
  if (auto ok = take_over(before, *copy); !ok) return fail(std::move(ok.error()));
  if (auto ok = store::verify_copy(copy->path(), options.progress); !ok) return fail(std::move(ok.error()));
  struct stat after {};
  if (::fstat(copy->descriptor(), &after) != 0) {
    return fail(base::errno_error(Errc::io, "cannot examine " + copy->path(), errno));
  }
  // Before the name leads to the copy: whoever opens that makes such files of his own.
  for (const auto& left_over :
       {journal::journal_path(real_path), journal::shared_page_path(real_path), journal::lock_path(real_path)}) {
    if (auto ok = storage::remove_file(left_over); !ok) return fail(std::move(ok.error()));
  }
  if (auto ok = copy->replace(); !ok) return fail(std::move(ok.error()));
  return CompactReport{static_cast<std::uint64_t>(before.st_size), static_cast<std::uint64_t>(after.st_size)};
}

}  // namespace flowkeep

#include "journal/recovery.hpp"

#include <sys/stat.h>

#include <cerrno>

#include "base/error.hpp"
#include "journal/journal_file.hpp"
#include "journal/stamp.hpp"
#include "storage/meta_image.hpp"
#include "storage/page_walk.hpp"

namespace flowkeep::journal {

Result<std::optional<Header>> examine(int descriptor, const std::string& path) {
  auto stamp = read_stamp(descriptor, path);
  if (!stamp) return fail(std::move(stamp.error()));
  if (!*stamp) return std::nullopt;
  const std::string name = journal_path(path);
  auto journal = JournalFile::open(name, JournalFile::Access::read_only);
  if (!journal && journal.error().code == Errc::not_found) {
    return fail(Errc::corrupt, path + " was not closed, and its journal " + name +
                                   " is missing: put it back, or restore a backup (a copy of a store that is open has "
                                   "to be made by a backup)");
  }
  if (!journal) return fail(std::move(journal.error()));
  auto header = journal->read_header();
  if (!header) return fail(std::move(header.error()));
  if (!*header) return fail(Errc::corrupt, name + " is damaged: neither of its headers is whole; restore a backup");
  if ((*header)->epoch != **stamp) {
    return fail(Errc::corrupt, name + " belongs to another file or to an earlier time of " + path +
                                   ": put the right one back, or restore a backup; nothing was changed");
  }
  return header;
}

Result<bool> holds_later_changes(const std::string& path, const Guid& store_id, const std::optional<Applied>& applied) {
  auto journal = JournalFile::open(journal_path(path), JournalFile::Access::read_only);
  if (!journal) {
    if (journal.error().code == Errc::not_found) return false;
    return fail(std::move(journal.error()));
  }
  auto header = journal->read_header();
  // A header that is torn is of a journal that was being made.
  if (!header || !*header || (*header)->store_id != store_id) return false;
  const bool is_same = applied && applied->epoch == (*header)->epoch;
  // The journal's own file was synced beyond this one.
  if (is_same && (*header)->start.lsn > applied->next.lsn) return true;
  const Position from = is_same ? applied->next : (*header)->start;
  const auto pass = [](const Position&, std::string_view, const Position&) { return Result<void>(); };
  auto end = journal->scan(from, (*header)->capacity_bytes, pass);
  if (!end) return fail(std::move(end.error()));
  return end->lsn != from.lsn;
}

Result<bool> is_at_checkpoint(const Header& header, int descriptor, const std::string& path) {
  auto present = storage::read_meta_image(descriptor, path);
  if (!present) return fail(std::move(present.error()));
  if (present->sectors != header.image.sectors || present->roots_hash != header.image.roots_hash) return false;
  auto journal = JournalFile::open(journal_path(path), JournalFile::Access::read_only);
  if (!journal) return fail(std::move(journal.error()));
  const auto pass = [](const Position&, std::string_view, const Position&) { return Result<void>(); };
  auto end = journal->scan(header.start, header.capacity_bytes, pass);
  if (!end) return fail(std::move(end.error()));
  return end->lsn == header.start.lsn;
}

Result<void> restore_checkpoint(const Header& header, int descriptor, const std::string& path) {
  auto fits = storage::matches(header.image, descriptor, path);
  if (!fits) return fail(std::move(fits.error()));
  if (!*fits) {
    return fail(Errc::corrupt, path +
                                   " does not hold the checkpoint that its journal continues: one of the two has been "
                                   "replaced or damaged; nothing was changed");
  }
  struct stat facts {};
  if (::fstat(descriptor, &facts) != 0) return fail(base::errno_error(Errc::io, "cannot examine " + path, errno));
  if (facts.st_ino != header.file_inode) {
    std::optional<storage::PageFinding> first;
    const storage::PageFile file = storage::PageFile::borrow(descriptor, path);
    const auto keep = [&](const storage::PageFinding& finding) {
      if (!first) first = finding;
    };
    const auto walked = storage::walk_pages(file, header.image.newest(), keep, {});
    if (!walked) return fail(walked.error());
    if (first) {
      return fail(Errc::corrupt, path + " and its journal are copies that do not fit together: " + first->where + ": " +
                                     first->what + "; nothing was changed");
    }
  }
  if (auto ok = storage::restore(header.image, descriptor, path); !ok) return ok;
  return storage::sync_data(descriptor, path);
}

}  // namespace flowkeep::journal

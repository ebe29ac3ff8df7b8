#include "store/backup.hpp"

#include <sys/stat.h>

#include <cerrno>
#include <utility>

#include "base/error.hpp"
#include "journal/recovery.hpp"
#include "journal/stamp.hpp"
#include "storage/new_file.hpp"
#include "storage/page_copy.hpp"
#include "store/maintenance.hpp"

namespace flowkeep::store {

namespace {

constexpr int most_attempts = 1000;

// A backup under the name of one of the store's own files would be taken for that, and removed.
Result<void> check_destination(const std::string& store, const std::string& destination) {
  struct stat facts {};
  if (::lstat(destination.c_str(), &facts) == 0) return fail(Errc::already_exists, destination + " exists already");
  if (errno != ENOENT) return fail(base::errno_error(Errc::io, "cannot make " + destination, errno));
  const std::string name = destination.substr(destination.find_last_of('/') + 1);  // all of it where there is none
  if (name.empty()) return fail(Errc::invalid_argument, "'" + destination + "' is no name of a file");
  auto folder = storage::real_path(storage::directory_of(destination));
  if (!folder) {
    folder.error().message = "cannot make " + destination + ": " + folder.error().message;
    return fail(std::move(folder.error()));
  }
  const std::string real = (*folder == "/" ? "" : *folder) + "/" + name;
  for (const auto& own : {journal::journal_path(store), journal::shared_page_path(store), journal::lock_path(store)}) {
    if (real != own) continue;
    return fail(Errc::invalid_argument, destination + " is the name of a file that " + store + " itself uses");
  }
  return {};
}

Result<void> copy_all_pages(Engine& engine, storage::NewFile& copy, const Progress& progress) {
  for (int attempt = 0; attempt < most_attempts; ++attempt) {
    auto transaction = engine.begin_read();
    if (!transaction) return fail(std::move(transaction.error()));
    auto meta = storage::read_meta_sector(*transaction);
    if (!meta) return fail(std::move(meta.error()));
    if (*meta) return storage::copy_pages(*transaction, **meta, copy.descriptor(), copy.path(), progress);
  }
  return fail(Errc::busy, engine.path() + " is committed to faster than its meta pages can be read: try again");
}

}  // namespace

Result<CheckReport> verify_copy(const std::string& path, const Progress& progress) {
  OpenOptions options;
  options.mode = OpenMode::read_only;
  auto report = [&]() -> Result<CheckReport> {
    auto engine = Engine::open(path, options);
    if (!engine) return fail(std::move(engine.error()));
    return check(**engine, progress);
  }();
  if (auto ok = storage::remove_file(journal::lock_path(path)); !ok) return fail(std::move(ok.error()));
  if (!report || report->clean()) return report;
  const Finding& first = report->findings.front();
  return fail(Errc::corrupt,
              "the copy is damaged as the store is (flowkeep check says more): " + first.where + ": " + first.what);
}

Result<BackupReport> backup(Engine& engine, const std::string& destination, const BackupOptions& options) {
  if (auto ok = engine.environment().check_process(); !ok) return fail(std::move(ok.error()));
  if (auto ok = check_destination(engine.environment().path(), destination); !ok) return fail(std::move(ok.error()));
  if (auto ok = engine.wait_for_writers(); !ok) return fail(std::move(ok.error()));
  auto copy = storage::NewFile::make(destination);
  if (!copy) return fail(std::move(copy.error()));

  const bool all = options.pages == BackupOptions::Pages::all;
  auto done =
      all ? copy_all_pages(engine, *copy, options.progress) : engine.environment().copy_used_pages(copy->descriptor());
  // A copy needs no journal, and says so.
  if (done) done = journal::write_stamp(copy->descriptor(), copy->path(), std::nullopt);
  if (!done) return fail(std::move(done.error()));
  BackupReport report;
  if (options.verify == BackupOptions::Verify::yes) {
    auto verified = verify_copy(copy->path(), options.progress);
    if (!verified) return fail(std::move(verified.error()));
    report.sessions = verified->sessions;
  }
  struct stat facts {};
  if (::fstat(copy->descriptor(), &facts) != 0) {
    return fail(base::errno_error(Errc::io, "cannot examine " + copy->path(), errno));
  }
  report.bytes = static_cast<std::uint64_t>(facts.st_size);
  if (auto ok = copy->put(); !ok) return fail(std::move(ok.error()));
  return report;
}

}  // namespace flowkeep::store

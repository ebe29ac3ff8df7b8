#include "store/opening.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <thread>
#include <utility>

#include "base/error.hpp"
#include "journal/recovery.hpp"
#include "journal/sidecars.hpp"
#include "journal/stamp.hpp"
#include "storage/file_check.hpp"
#include "storage/page_file.hpp"
#include "store/committer.hpp"

namespace flowkeep::store {

using storage::FileLock;

namespace {

bool may_create(const OpenOptions& options) noexcept {
  return options.mode == OpenMode::open_or_create || options.mode == OpenMode::create_new;
}

// Makes an empty file where there is none, so that it has an identity before LMDB sees it.
Result<void> ensure_file(const std::string& path, OpenMode mode) {
  int flags = O_RDWR | O_CREAT | O_CLOEXEC;
  if (mode == OpenMode::create_new) flags |= O_EXCL;
  const int descriptor = ::open(path.c_str(), flags, 0600);
  if (descriptor < 0) {
    if (errno == EEXIST) return fail(Errc::already_exists, path + " exists already");
    return fail(base::errno_error(Errc::io, "cannot create " + path, errno));
  }
  ::close(descriptor);
  return {};
}

Result<void> prepare_file(const std::string& path, const OpenOptions& options) {
  if (auto ok = storage::refuse_network_filesystem(path); !ok) return ok;
  struct stat facts {};
  const bool exists = ::stat(path.c_str(), &facts) == 0;
  if (!exists && errno != ENOENT) return fail(base::errno_error(Errc::io, "cannot open " + path, errno));
  if (!exists && !may_create(options)) {
    return fail(base::errno_error(Errc::not_found, "cannot open " + path, ENOENT));
  }
  if (!exists || options.mode == OpenMode::create_new) return ensure_file(path, options.mode);
  return {};
}

Result<void> refuse_second_name(const std::string& path) {
  struct stat facts {};
  if (::stat(path.c_str(), &facts) != 0) return fail(base::errno_error(Errc::io, "cannot open " + path, errno));
  if (facts.st_nlink <= 1) return {};
  return fail(Errc::invalid_argument, path + " has " + std::to_string(facts.st_nlink) +
                                          " names (hard links): a process that opened another one would not see the "
                                          "locks of this one; leave it one name");
}

Result<void> check_file(const std::string& path, const OpenOptions& options) {
  auto checked = storage::check_file_before_open(path);
  if (!checked) return fail(std::move(checked.error()));
  if (checked->empty && !may_create(options)) {
    return fail(Errc::not_a_store, path + " is empty: not a Flowkeep store");
  }
  return {};
}

Result<bool> is_alone(FileLock& lock, const OpenOptions& options) {
  if (options.mode != OpenMode::read_only) return lock.try_lock(FileLock::Byte::open, FileLock::Kind::exclusive);
  auto others = lock.held_by_others(FileLock::Byte::open);
  if (!others) return others;
  return !*others;
}

// What the last process to have the store open left. Only while nobody else has it open.
// A file of another kind is not told that its journal is damaged.
Result<std::optional<journal::Header>> examine(int descriptor, const StoreFiles& files) {
  auto header = journal::examine(descriptor, files.real_path);
  if (header || header.error().code != Errc::corrupt) return header;
  if (auto known = storage::check_file_before_open(files.real_path); !known) return fail(std::move(known.error()));
  return header;
}

// A reader can make nothing whole. Writers that went before the last reader have left a checkpoint of all they did.
Result<void> check_readable(const journal::Header& header, int descriptor, const StoreFiles& files) {
  auto is_readable = journal::is_at_checkpoint(header, descriptor, files.real_path);
  if (!is_readable) return fail(std::move(is_readable.error()));
  return *is_readable ? Result<void>() : fail(needs_recovery(files.path));
}

Result<std::optional<std::uint64_t>> put_checkpoint_back(const StoreFiles& files, const OpenOptions& options) {
  const bool reads_only = options.mode == OpenMode::read_only;
  auto file = storage::Descriptor::open(files.real_path, reads_only ? O_RDONLY : O_RDWR);
  if (!file) return fail(std::move(file.error()));
  auto header = examine(file->get(), files);
  if (!header) return fail(std::move(header.error()));
  if (!*header) return std::nullopt;
  if (reads_only) {
    if (auto ok = check_readable(**header, file->get(), files); !ok) return fail(std::move(ok.error()));
    return std::nullopt;
  }
  if (auto ok = journal::restore_checkpoint(**header, file->get(), files.real_path); !ok) return fail(ok.error());
  return (*header)->image.newest().txnid;
}

// Others have the store open, but perhaps only to read: the writer may have died in its turn.
Result<void> join_writers(StoreFiles& files) {
  const std::string name = journal::shared_page_path(files.real_path);
  if (::access(name.c_str(), R_OK | W_OK) != 0) return {};
  auto page = journal::SharedPage::open(name, journal::SharedPage::Content::kept);
  if (!page) return fail(std::move(page.error()));
  if (!files.page) files.page.emplace(std::move(*page));
  const journal::SharedState& state = files.page->state();
  if (state.in_turn == 0) return {};
  auto writes = files.lock.held_by_others(FileLock::Byte::turn);
  if (!writes) return fail(std::move(writes.error()));
  // A turn that ended between the two looks has left 0 behind.
  if (*writes || state.in_turn == 0) return {};
  auto header = examine(files.lock.descriptor(), files);
  if (!header) return fail(std::move(header.error()));
  return *header ? check_readable(**header, files.lock.descriptor(), files) : Result<void>();
}

// Opens the page that writers share. Of those that others use, none is made anew.
Result<void> share_page(Opened& opened) {
  using Content = journal::SharedPage::Content;
  StoreFiles& files = opened.files;
  const std::string name = journal::shared_page_path(files.real_path);
  Content content = opened.is_alone ? Content::fresh : Content::kept;
  if (!opened.is_alone && ::access(name.c_str(), F_OK) != 0) {
    auto others = files.lock.held_by_others(FileLock::Byte::writers);
    if (!others) return fail(std::move(others.error()));
    if (*others) return fail(journal::removed_while_open(name));
    auto stamp = journal::read_stamp(files.lock.descriptor(), files.real_path);
    if (!stamp) return fail(std::move(stamp.error()));
    opened.is_left_by_dead = stamp->has_value();
    content = Content::fresh;
  }
  auto page = journal::SharedPage::open(name, content);
  if (!page) return fail(std::move(page.error()));
  files.page.emplace(std::move(*page));
  auto locked = files.lock.try_lock(FileLock::Byte::writers, FileLock::Kind::shared);
  return locked ? Result<void>() : fail(std::move(locked.error()));
}

Result<void> open_environment(Opened& opened, const OpenOptions& options) {
  StoreFiles& files = opened.files;
  storage::EnvironmentOptions storage_options;
  storage_options.map_bytes = options.map_bytes;
  // What a writer holds, it takes from nobody's snapshots.
  storage_options.max_readers = options.max_readers;
  storage_options.reserved_readers =
      Committer::reader_slots + (options.on_slow_reader ? 1 : 0) + (options.role == Role::agent ? 1 : 0);
  storage_options.max_tables = 64;
  storage_options.grow_timeout = options.busy_timeout;
  storage_options.commits = storage::EnvironmentOptions::Commits::unsynced;
  if (options.mode == OpenMode::read_only) storage_options.access = storage::EnvironmentOptions::Access::read_only;
  const std::string lock_name = journal::lock_path(files.real_path);
  // Where no lock file can be made, LMDB does without.
  if (!opened.is_alone && ::access(lock_name.c_str(), F_OK) != 0 && errno == ENOENT &&
      ::access(storage::directory_of(files.real_path).c_str(), W_OK) == 0) {
    return fail(journal::removed_while_open(lock_name));
  }
  struct stat before {};
  const bool is_new = ::stat(files.real_path.c_str(), &before) == 0 && before.st_size == 0;
  auto environment = storage::Environment::open(files.real_path, storage_options);
  if (!environment) {
    // A new file whose first pages were cut short is empty again, not damaged.
    if (is_new && opened.is_alone && options.mode != OpenMode::read_only) {
      static_cast<void>(::truncate(files.real_path.c_str(), 0));
    }
    return fail(std::move(environment.error()));
  }
  files.environment = std::move(*environment);
  // A foreign reader that was there before keeps LMDB on the commit that it knew.
  if (opened.checkpoint && files.environment->info().last_transaction != *opened.checkpoint) {
    return fail(Errc::busy,
                files.path + " needs recovery, but another program than Flowkeep has it open: close it first");
  }
  if (is_new && options.mode != OpenMode::read_only) return storage::sync_directory_of(files.real_path);
  return {};
}

}  // namespace

Error needs_recovery(const std::string& path) {
  return Error{Errc::needs_recovery,
               path +
                   " was not closed by the process that wrote it, which cannot be put right while it is opened for "
                   "reading only: open it for writing once"};
}

Result<bool> wait_for_writer(StoreFiles& files, std::chrono::milliseconds timeout) {
  std::optional<journal::SharedPage> found;
  if (!files.page) {
    // The first writer may have come after this store was opened for reading.
    const std::string name = journal::shared_page_path(files.real_path);
    if (::access(name.c_str(), R_OK | W_OK) != 0) return false;
    auto page = journal::SharedPage::open(name, journal::SharedPage::Content::kept);
    if (!page) return fail(std::move(page.error()));
    found.emplace(std::move(*page));
  }
  const journal::SharedState& state = (found ? *found : *files.page).state();
  if (state.poisoned != 0) {
    return fail(Errc::io, files.path +
                              ": a write has failed, and what the system holds of the file may not be what is "
                              "on the disk; close the store in every process and open it again");
  }
  const std::uint64_t accepted = state.accepted;
  const auto deadline = std::chrono::steady_clock::now() + timeout;
  for (;;) {
    const std::int64_t writer = state.in_turn;
    if (writer == 0 || state.applied >= accepted) return false;
    if (writer != ::getpid()) {
      auto lives = files.lock.held_by_others(FileLock::Byte::turn);
      if (!lives) return fail(std::move(lives.error()));
      if (!*lives && state.in_turn == writer) return true;
    }
    if (std::chrono::steady_clock::now() >= deadline) {
      return fail(Errc::busy, files.path + ": " + journal::describe_process(writer) +
                                  " does not catch up with what it has acknowledged within " +
                                  std::to_string(timeout.count()) + " ms (busy_timeout): try again");
    }
    std::this_thread::sleep_for(std::chrono::microseconds(200));
  }
}

// What is wrong with the other one shows later.
bool has_dead_writer(StoreFiles& files) {
  if (!files.page) return false;
  const bool is_hopeless = journal::is_stopped(files.page->state().in_turn);
  return wait_for_writer(files, std::chrono::milliseconds(is_hopeless ? 0 : 1000)).value_or(false);
}

Result<Opened> open_files(const std::string& path, const OpenOptions& options) {
  if (auto ok = prepare_file(path, options); !ok) return fail(std::move(ok.error()));
  auto opening = storage::OpeningLock::take(path, options.busy_timeout);
  if (!opening) return fail(std::move(opening.error()));
  // The one name under which every process opens the file: those beside it are named after it.
  auto real_path = storage::real_path(path);
  if (!real_path) return fail(std::move(real_path.error()));
  if (auto regular = storage::PageFile::open(path); !regular) return fail(std::move(regular.error()));
  auto file = OpenFile::enter(path);
  if (!file) return fail(std::move(file.error()));
  if (auto ok = refuse_second_name(path); !ok) return fail(std::move(ok.error()));

  const bool reads_only = options.mode == OpenMode::read_only;
  Opened opened{{path, std::move(*real_path), std::move(*file)}, std::move(*opening)};
  StoreFiles& files = opened.files;
  auto lock = FileLock::open(files.real_path, reads_only ? FileLock::Access::read_only : FileLock::Access::read_write);
  if (!lock) return fail(std::move(lock.error()));
  files.lock = std::move(*lock);
  auto alone = is_alone(files.lock, options);
  if (!alone) return fail(std::move(alone.error()));
  opened.is_alone = *alone;
  if (opened.is_alone) {
    auto put_back = put_checkpoint_back(files, options);
    if (!put_back) return fail(std::move(put_back.error()));
    opened.checkpoint = *put_back;
  } else {
    if (auto ok = show_presence(files); !ok) return fail(std::move(ok.error()));
    if (auto ok = reads_only ? join_writers(files) : Result<void>(); !ok) return fail(std::move(ok.error()));
  }
  if (auto ok = check_file(files.real_path, options); !ok) return fail(std::move(ok.error()));
  if (!reads_only) {
    if (auto ok = share_page(opened); !ok) return fail(std::move(ok.error()));
  }
  if (reads_only && !opened.is_alone && has_dead_writer(files)) {
    if (auto ok = join_writers(files); !ok) return fail(std::move(ok.error()));
  }
  if (auto ok = open_environment(opened, options); !ok) return fail(std::move(ok.error()));
  return opened;
}

Result<void> show_presence(StoreFiles& files) {
  auto locked = files.lock.try_lock(FileLock::Byte::open, FileLock::Kind::shared);
  if (!locked) return fail(std::move(locked.error()));
  if (*locked) return {};
  return fail(Errc::busy, files.path + " is held by another process for itself alone: try again");
}

void give_up_opening(StoreFiles& files, bool is_alone) {
  const bool has_page = files.page.has_value();
  files.environment.reset();
  if (is_alone && has_page) {
    static_cast<void>(storage::remove_file(journal::shared_page_path(files.real_path)));
    static_cast<void>(storage::remove_file(journal::lock_path(files.real_path)));
  }
  files.lock = storage::FileLock();
}

namespace {

// The stamp goes when all that it protects is on the disk.
Result<void> make_whole(const StoreFiles& files) {
  const int descriptor = files.environment->descriptor();
  auto stamp = journal::read_stamp(descriptor, files.real_path);
  if (!stamp) return fail(std::move(stamp.error()));
  if (!*stamp) return {};
  if (auto ok = files.environment->sync(); !ok) return ok;
  struct stat facts {};
  // Cutting a file where it ends frees what was reserved behind its end.
  if (::fstat(descriptor, &facts) == 0) static_cast<void>(::ftruncate(descriptor, facts.st_size));
  return journal::write_stamp(descriptor, files.real_path, std::nullopt);
}

}  // namespace

Result<void> close_files(StoreFiles& files, const OpenOptions& options, bool is_settled) {
  auto opening = storage::OpeningLock::take(files.real_path, options.busy_timeout);
  auto alone = opening ? is_alone(files.lock, options) : Result<bool>(false);
  const bool reads_only = options.mode == OpenMode::read_only;
  Result<void> done;
  if (!opening) done = fail(std::move(opening.error()));
  if (done && !alone) done = fail(std::move(alone.error()));
  bool is_whole = false;
  if (done && *alone && is_settled && !reads_only && files.page->state().in_turn == 0 &&
      files.page->state().poisoned == 0) {
    done = make_whole(files);
    is_whole = done.has_value();
  }
  files.environment.reset();
  if (is_whole) {
    for (const auto& name : {journal::journal_path(files.real_path), journal::shared_page_path(files.real_path),
                             journal::lock_path(files.real_path)}) {
      if (auto ok = storage::remove_file(name); !ok && done) done = ok;
    }
  } else if (done && *alone && reads_only) {
    // What it made itself; a reader may not be allowed to remove it.
    static_cast<void>(storage::remove_file(journal::lock_path(files.real_path)));
  }
  files.lock = storage::FileLock();
  return done;
}

}  // namespace flowkeep::store

#include "store/engine.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <cstdlib>
#include <thread>
#include <utility>

#include "base/error.hpp"
#include "index/index_table.hpp"
#include "storage/file_check.hpp"

namespace flowkeep::store {

using codec::MetaRow;
using storage::TableKind;

namespace {

constexpr std::uint32_t format_major = 1;
constexpr std::uint32_t format_minor = 0;
constexpr std::chrono::seconds tend_interval{30};
constexpr std::uint64_t smallest_map = 1ULL << 20;

Result<void> check_options(const OpenOptions& options) {
  if (options.map_bytes < smallest_map) {
    return fail(Errc::invalid_argument, "map_bytes: " + std::to_string(options.map_bytes) +
                                            " is too small, at least 1048576 (1 MiB) are needed");
  }
  if (options.quota_bytes > options.map_bytes) {
    return fail(Errc::invalid_argument, "quota_bytes: " + std::to_string(options.quota_bytes) +
                                            " is more than map_bytes, " + std::to_string(options.map_bytes));
  }
  if (options.max_readers == 0 || options.max_readers > 100'000) {
    return fail(Errc::invalid_argument,
                "max_readers: " + std::to_string(options.max_readers) + " is not between 1 and 100000");
  }
  return {};
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
  const bool may_create = options.mode == OpenMode::open_or_create || options.mode == OpenMode::create_new;
  struct stat facts {};
  const bool exists = ::stat(path.c_str(), &facts) == 0;
  if (!exists && errno != ENOENT) return fail(base::errno_error(Errc::io, "cannot open " + path, errno));
  if (!exists && !may_create) {
    return fail(base::errno_error(Errc::not_found, "cannot open " + path, ENOENT));
  }
  if (!exists || options.mode == OpenMode::create_new) return ensure_file(path, options.mode);
  return {};
}

// Lets one process at a time check and open a file, so that none sees what another has half made.
class OpeningLock {
 public:
  [[nodiscard]] static Result<OpeningLock> take(const std::string& path, std::chrono::milliseconds timeout) {
    OpeningLock lock(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
    if (lock.file_ < 0) return fail(base::errno_error(Errc::io, "cannot open " + path, errno));
    const auto deadline = std::chrono::steady_clock::now() + timeout;
    while (::flock(lock.file_, LOCK_EX | LOCK_NB) != 0) {
      if (errno != EWOULDBLOCK && errno != EINTR) {
        return fail(base::errno_error(Errc::io, "cannot lock " + path, errno));
      }
      if (std::chrono::steady_clock::now() >= deadline) {
        return fail(Errc::busy, path + " has been opened by another process for " + std::to_string(timeout.count()) +
                                    " ms (busy_timeout), which does not come to an end: try again");
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    return lock;
  }
  OpeningLock(OpeningLock&& other) noexcept : file_(std::exchange(other.file_, -1)) {}
  OpeningLock& operator=(OpeningLock&&) = delete;
  ~OpeningLock() {
    if (file_ < 0) return;
    ::flock(file_, LOCK_UN);  // a forked child may have the descriptor too
    ::close(file_);
  }

 private:
  explicit OpeningLock(int file) noexcept : file_(file) {}
  int file_;
};

Result<void> check_file(const std::string& path, const OpenOptions& options) {
  const bool may_create = options.mode == OpenMode::open_or_create || options.mode == OpenMode::create_new;
  auto checked = storage::check_file_before_open(path);
  if (!checked) return fail(std::move(checked.error()));
  if (checked->empty && !may_create) return fail(Errc::not_a_store, path + " is empty: not a Flowkeep store");
  return {};
}

}  // namespace

std::array<TableInfo, 7 + index_count> table_infos(Tables& tables) {
  std::array<TableInfo, 7 + index_count> infos{{
      {"meta", TableKind::integer, &tables.meta},
      {"sessions", TableKind::bytes, &tables.sessions},
      {"ids", TableKind::bytes, &tables.ids},
      {"deletions", TableKind::integer, &tables.deletions},
      {"blobs", TableKind::integer, &tables.blobs.blobs},
      {"chunks", TableKind::bytes, &tables.blobs.chunks},
      {"blob_hashes", TableKind::integer_sets, &tables.blobs.blob_hashes},
  }};
  for (std::size_t i = 0; i < index_count; ++i) {
    infos[7 + i] = {index::definitions()[i].table, TableKind::sorted_sets, &tables.indexes[i]};
  }
  return infos;
}

Result<void> WriterTurn::take(std::chrono::milliseconds timeout) {
  const auto deadline = Clock::now() + timeout;
  {
    std::unique_lock lock(mutex_);
    if (taken_ && owner_ == std::this_thread::get_id()) {
      return fail(Errc::busy, "this thread has a write transaction open already: commit or destroy it first");
    }
    if (!given_.wait_until(lock, deadline, [this] { return !taken_; })) {
      return fail(Errc::busy, "another thread of this process has been writing for " + std::to_string(timeout.count()) +
                                  " ms (busy_timeout): try again");
    }
    taken_ = true;
    owner_ = std::this_thread::get_id();
  }
  auto taken = take_file(timeout, deadline);
  if (!taken) give_thread();
  return taken;
}

Result<void> WriterTurn::take_file(std::chrono::milliseconds timeout, Clock::time_point deadline) {
  for (;;) {
    auto locked = file_.try_lock();
    if (!locked) return fail(std::move(locked.error()));
    if (*locked) return {};
    if (Clock::now() >= deadline) {
      return fail(Errc::busy, "another process has been writing for " + std::to_string(timeout.count()) +
                                  " ms (busy_timeout): try again");
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
}

void WriterTurn::give() noexcept {
  file_.unlock();
  give_thread();
}

void WriterTurn::give_thread() noexcept {
  {
    const std::lock_guard lock(mutex_);
    taken_ = false;
    owner_ = {};
  }
  given_.notify_one();
}

namespace {

// The one name under which every process opens the file: LMDB's lock file is named after it.
Result<std::string> resolve(const std::string& path) {
  char resolved[PATH_MAX];
  if (::realpath(path.c_str(), resolved) == nullptr) {
    return fail(base::errno_error(Errc::io, "cannot open " + path, errno));
  }
  return std::string(resolved);
}

Result<void> refuse_second_name(const std::string& path) {
  struct stat facts {};
  if (::stat(path.c_str(), &facts) != 0) return fail(base::errno_error(Errc::io, "cannot open " + path, errno));
  if (facts.st_nlink <= 1) return {};
  return fail(Errc::invalid_argument, path + " has " + std::to_string(facts.st_nlink) +
                                          " names (hard links): a process that opened another one would not see the "
                                          "locks of this one; leave it one name");
}

}  // namespace

Result<std::shared_ptr<Engine>> Engine::open(std::string path, OpenOptions options) {
  if (auto ok = check_options(options); !ok) return fail(std::move(ok.error()));
  if (auto ok = prepare_file(path, options); !ok) return fail(std::move(ok.error()));
  const auto lock = OpeningLock::take(path, options.busy_timeout);
  if (!lock) return fail(lock.error());
  if (auto ok = check_file(path, options); !ok) return fail(std::move(ok.error()));
  auto real_path = resolve(path);
  if (!real_path) return fail(std::move(real_path.error()));
  auto file = OpenFile::enter(path);
  if (!file) return fail(std::move(file.error()));
  if (auto ok = refuse_second_name(path); !ok) return fail(std::move(ok.error()));

  storage::EnvironmentOptions storage_options;
  storage_options.map_bytes = options.map_bytes;
  storage_options.max_readers = options.max_readers;
  storage_options.max_tables = 64;
  storage_options.grow_timeout = options.busy_timeout;
  if (options.mode == OpenMode::read_only) storage_options.access = storage::EnvironmentOptions::Access::read_only;
  auto turn_file =
      options.mode == OpenMode::read_only ? Result<storage::FileLock>() : storage::FileLock::open(*real_path);
  if (!turn_file) return fail(std::move(turn_file.error()));
  auto environment = storage::Environment::open(*real_path, storage_options);
  if (!environment) return fail(std::move(environment.error()));

  std::shared_ptr<Engine> engine(new Engine(std::move(path), std::move(options), std::move(*file)));
  engine->environment_ = std::move(*environment);
  engine->turn_.use(std::move(*turn_file));
  engine->quota_bytes_ =
      engine->options_.quota_bytes != 0 ? engine->options_.quota_bytes : engine->options_.map_bytes / 8 * 7;
  if (auto ok = engine->open_tables(); !ok) return fail(std::move(ok.error()));
  if (auto ok = engine->read_format(); !ok) return fail(std::move(ok.error()));
  return engine;
}

Result<void> Engine::open_tables() {
  const auto infos = table_infos(tables_);
  auto meta = environment_->open_table("meta", TableKind::integer);
  if (!meta && meta.error().code == Errc::not_found) {
    const bool may_create = options_.mode == OpenMode::open_or_create || options_.mode == OpenMode::create_new;
    if (may_create && environment_->is_fresh()) return create_tables();
  }
  for (const TableInfo& info : infos) {
    auto table = environment_->open_table(info.name, info.kind);
    if (!table) {
      const Errc code = table.error().code;
      if (code != Errc::not_found && code != Errc::corrupt) return fail(std::move(table.error()));
      return fail(Errc::not_a_store, path_ + " is an LMDB file, but not a Flowkeep store: it has no table \"" +
                                         std::string(info.name) + "\" of the right kind");
    }
    *info.table = *table;
  }
  return {};
}

Result<void> Engine::create_tables() {
  auto transaction = environment_->begin_write();
  if (!transaction) return fail(std::move(transaction.error()));
  for (const TableInfo& info : table_infos(tables_)) {
    auto table = transaction->open_table(info.name, info.kind);
    if (!table) return fail(std::move(table.error()));
    *info.table = *table;
  }
  auto present = read_meta(*transaction, tables_.meta, MetaRow::format);
  if (!present) return fail(std::move(present.error()));
  if (*present) return transaction->commit();  // another process was faster

  codec::IndexStates indexes{};
  for (const IndexInfo& index : flowkeep::indexes()) {
    if (index.by_default) indexes[static_cast<std::size_t>(index.id)].status = IndexStatus::active;
  }
  for (const IndexId index : options_.indexes) indexes[static_cast<std::size_t>(index)].status = IndexStatus::active;
  const codec::FormatRow format{format_major, format_minor, Guid::make(), now()};
  const codec::CountersRow counters{0, 0, 0, 1};
  const std::array<std::pair<MetaRow, std::string>, 4> rows{{{MetaRow::format, codec::encode(format)},
                                                             {MetaRow::model, codec::encode(options_.model)},
                                                             {MetaRow::indexes, codec::encode(indexes)},
                                                             {MetaRow::counters, codec::encode(counters)}}};
  for (const auto& [row, payload] : rows) {
    if (auto ok = write_meta(*transaction, tables_.meta, row, payload); !ok) return ok;
  }
  return transaction->commit();
}

Result<void> Engine::read_format() {
  auto transaction = environment_->begin_read();
  if (!transaction) return fail(std::move(transaction.error()));
  auto payload = read_meta(*transaction, tables_.meta, MetaRow::format);
  if (!payload) return fail(std::move(payload.error()));
  if (!*payload)
    return fail(Errc::not_a_store, path_ + " is an LMDB file, but not a Flowkeep store: it has no format row");
  auto format = codec::decode_format(**payload);
  if (!format) return fail(std::move(format.error()));
  if (format->major > format_major || (format->major == format_major && format->minor > format_minor)) {
    return fail(Errc::newer_format, path_ + " has format " + std::to_string(format->major) + "." +
                                        std::to_string(format->minor) + "; this Flowkeep reads up to " +
                                        std::to_string(format_major) + "." + std::to_string(format_minor));
  }
  format_ = *format;
  return {};
}

Result<std::shared_ptr<const Catalogue>> Engine::catalogue(const storage::Transaction& transaction) {
  auto counters = read_counters(transaction, tables_.meta);
  if (!counters) return fail(std::move(counters.error()));
  {
    const std::lock_guard lock(catalogue_mutex_);
    if (catalogue_ && catalogue_->number == counters->catalogue) return catalogue_;
  }
  auto read = read_catalogue(transaction, tables_.meta, counters->catalogue);
  if (!read) return fail(std::move(read.error()));
  auto fresh = std::make_shared<const Catalogue>(std::move(*read));
  const std::lock_guard lock(catalogue_mutex_);
  if (!catalogue_ || catalogue_->number < fresh->number) catalogue_ = fresh;
  return fresh;
}

void Engine::tend_readers() {
  const auto present = std::chrono::steady_clock::now().time_since_epoch();
  auto last = tended_.load(std::memory_order_relaxed);
  if (present - last < tend_interval || !environment_->check_process()) return;
  if (tended_.compare_exchange_strong(last, present)) environment_->clear_stale_readers();
}

}  // namespace flowkeep::store

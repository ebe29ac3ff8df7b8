#include "storage/environment.hpp"

#include <fcntl.h>
#include <lmdb.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <thread>
#include <utility>

#include "storage/cursor.hpp"
#include "storage/error.hpp"
#include "storage/file_io.hpp"

namespace flowkeep::storage {

namespace {

constexpr std::size_t pool_limit = 64;

Errc code_of(int code) noexcept {
  switch (code) {
    case MDB_NOTFOUND:
    case ENOENT:
      return Errc::not_found;
    case MDB_KEYEXIST:
    case EEXIST:
      return Errc::already_exists;
    case MDB_CORRUPTED:
    case MDB_PAGE_NOTFOUND:
    case MDB_INCOMPATIBLE:
    case MDB_BAD_RSLOT:
      return Errc::corrupt;
    case MDB_INVALID:
      return Errc::not_a_store;
    case MDB_VERSION_MISMATCH:
      return Errc::newer_format;
    case MDB_MAP_FULL:
    case MDB_TXN_FULL:
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
      return Errc::full;
    case MDB_READERS_FULL:
    case MDB_MAP_RESIZED:
    case EAGAIN:
    case EBUSY:
      return Errc::busy;
    case EACCES:
    case EPERM:
    case EROFS:
      return Errc::access_denied;
    case ENOMEM:
      return Errc::no_memory;
    case MDB_PANIC:
    case EIO:
      return Errc::io;
    default:
      return code < 0 || code == EINVAL ? Errc::internal : Errc::io;
  }
}

}  // namespace

Error lmdb_error(std::string what, int code) {
  what += ": ";
  what +=
      code == MDB_PANIC ? "an earlier write failed half-way; close the store and open it again" : ::mdb_strerror(code);
  return Error{code_of(code), std::move(what), DataverseCode::none, code};
}

Result<std::unique_ptr<Environment>> Environment::open(const std::string& path, const EnvironmentOptions& options) {
  std::unique_ptr<Environment> environment(new Environment);
  environment->path_ = path;
  environment->options_ = options;
  environment->generation_ = fork_generation();
  const auto failed = [&](int code) {
    const bool own_file = code != EACCES || ::access(path.c_str(), R_OK) != 0;
    return fail(
        lmdb_error("cannot open " + path + (own_file ? "" : " (or make its lock file " + path + "-lock)"), code));
  };

  if (const int code = ::mdb_env_create(&environment->env_); code != 0) {
    environment->env_ = nullptr;
    return failed(code);
  }
  MDB_env* env = environment->env_;
  ::mdb_env_set_maxreaders(env, options.max_readers + options.reserved_readers);
  ::mdb_env_set_maxdbs(env, options.max_tables);
  unsigned flags = MDB_NOSUBDIR | MDB_NOTLS | MDB_NORDAHEAD;
  if (options.access == EnvironmentOptions::Access::read_only) flags |= MDB_RDONLY;
  if (options.commits == EnvironmentOptions::Commits::unsynced) flags |= MDB_NOSYNC;
  if (const int code = ::mdb_env_set_mapsize(env, options.map_bytes); code != 0) return failed(code);
  if (const int code = ::mdb_env_open(env, path.c_str(), flags, 0600); code != 0) return failed(code);

  // LMDB 0.9.24 leaves this descriptor open across exec().
  int descriptor = -1;
  ::mdb_env_get_fd(env, &descriptor);
  if (::fcntl(descriptor, F_SETFD, FD_CLOEXEC) != 0) return failed(errno);
  environment->pool_.reserve(pool_limit);
  environment->clear_stale_readers();
  return environment;
}

Environment::~Environment() {
  if (env_ == nullptr || !check_process()) return;
  for (MDB_txn* txn : pool_) ::mdb_txn_abort(txn);
  ::mdb_env_close(env_);
}

Result<void> Environment::check_process() const {
  if (fork_generation() == generation_) return {};
  return fail(Errc::forked, path_ + " was opened before fork(); the child process has to open it itself");
}

int Environment::descriptor() const noexcept {
  int descriptor = -1;
  ::mdb_env_get_fd(env_, &descriptor);
  return descriptor;
}

void Environment::enter() {
  for (;;) {
    inside_.fetch_add(1);
    if (!moving_.load()) return;
    inside_.fetch_sub(1);
    std::unique_lock lock(moving_mutex_);
    moved_.wait(lock, [this] { return !moving_.load(); });
  }
}

void Environment::leave() noexcept {
  inside_.fetch_sub(1);
}

Result<void> Environment::follow_map() {
  auto moved = move_map(0, options_.grow_timeout);
  if (moved || moved.error().code != Errc::busy) return moved;
  return fail(Errc::busy, path_ +
                              " was grown by another process beyond the map of this one, which cannot follow while " +
                              "its snapshots are open: release or renew them, and try again");
}

Result<void> Environment::grow_map(std::uint64_t bytes, std::chrono::milliseconds timeout) {
  auto moved = move_map(bytes, timeout);
  if (moved || moved.error().code != Errc::busy) return moved;
  return fail(Errc::busy, path_ +
                              " has to be mapped anew to grow, which cannot be while snapshots of this process are " +
                              "open: release or renew them, and try again");
}

Result<void> Environment::move_map(std::uint64_t bytes, std::chrono::milliseconds timeout) {
  const auto deadline = std::chrono::steady_clock::now() + timeout;
  {
    std::unique_lock lock(moving_mutex_);
    if (moving_.load()) {
      if (!moved_.wait_until(lock, deadline, [this] { return !moving_.load(); })) {
        return fail(Errc::busy, "the map is in use");
      }
      if (bytes == 0 || info().map_bytes >= bytes) return {};
    }
    moving_.store(true);
  }
  bool empty = inside_.load() == 0;
  while (!empty && std::chrono::steady_clock::now() < deadline) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
    empty = inside_.load() == 0;
  }
  int code = 0;
  if (empty && (bytes == 0 || bytes > info().map_bytes)) {
    const std::lock_guard lock(map_mutex_);
    code = ::mdb_env_set_mapsize(env_, bytes);
  }
  {
    const std::lock_guard lock(moving_mutex_);
    moving_.store(false);
  }
  moved_.notify_all();
  if (!empty) return fail(Errc::busy, "the map is in use");
  if (code != 0) return fail(lmdb_error("cannot map " + path_ + " anew", code == ENOMEM ? MDB_MAP_FULL : code));
  return {};
}

Result<Pin> Environment::reserve_pin() {
  enter();
  MDB_txn* txn = nullptr;
  int code = ::mdb_txn_begin(env_, nullptr, MDB_RDONLY, &txn);
  if (code == MDB_READERS_FULL && clear_stale_readers() > 0) code = ::mdb_txn_begin(env_, nullptr, MDB_RDONLY, &txn);
  if (code == 0) ::mdb_txn_reset(txn);
  leave();
  if (code != 0) return fail(begin_error(code, "cannot write"));
  return Pin(*this, txn);
}

Result<void> Environment::sync() {
  const int code = ::mdb_env_sync(env_, 1);
  if (code == 0) return {};
  Error error = lmdb_error("cannot sync " + path_, code);
  error.code = Errc::io;  // also where the disk is full: nothing is known of what was written before
  return fail(std::move(error));
}

void Environment::set_commits(EnvironmentOptions::Commits commits) noexcept {
  ::mdb_env_set_flags(env_, MDB_NOSYNC, commits == EnvironmentOptions::Commits::unsynced ? 1 : 0);
}

Pin::~Pin() {
  if (txn_ != nullptr && environment_->check_process()) ::mdb_txn_abort(txn_);
}

Result<void> Pin::hold() {
  for (int attempt = 0;; ++attempt) {
    environment_->enter();
    const int code = ::mdb_txn_renew(txn_);
    environment_->leave();  // it is never read through, so that the map may move meanwhile
    held_ = code == 0;
    if (held_) return {};
    if (code != MDB_MAP_RESIZED || attempt == 100) return fail(environment_->begin_error(code, "cannot write"));
    if (auto ok = environment_->follow_map(); !ok) return ok;
  }
}

void Pin::drop() noexcept {
  if (held_) ::mdb_txn_reset(txn_);
  held_ = false;
}

std::uint64_t Pin::id() const noexcept {
  return ::mdb_txn_id(txn_);
}

Error Environment::begin_error(int code, const char* what) {
  if (code == MDB_READERS_FULL) {
    return Error{Errc::busy,
                 std::string(what) + " " + path_ + ": all " + std::to_string(options_.max_readers) +
                     " reader slots are taken; release snapshots, or open the store with a larger max_readers",
                 DataverseCode::none, code};
  }
  return lmdb_error(std::string(what) + " " + path_, code);
}

Result<ReadTransaction> Environment::begin_read() {
  if (auto ok = check_process(); !ok) return fail(std::move(ok.error()));
  MDB_txn* txn = nullptr;
  {
    const std::lock_guard lock(pool_mutex_);
    if (!pool_.empty()) {
      txn = pool_.back();
      pool_.pop_back();
    }
  }
  for (int attempt = 0;; ++attempt) {
    enter();
    const bool pooled = txn != nullptr;
    const int code = pooled ? ::mdb_txn_renew(txn) : ::mdb_txn_begin(env_, nullptr, MDB_RDONLY, &txn);
    if (code == 0) return ReadTransaction(*this, txn);
    leave();
    if (!pooled) txn = nullptr;
    if (code == MDB_MAP_RESIZED && attempt < 100) {
      if (auto ok = follow_map(); !ok) {
        if (txn != nullptr) recycle(txn);
        return fail(std::move(ok.error()));
      }
      continue;
    }
    if (code == MDB_READERS_FULL && attempt == 0 && clear_stale_readers() > 0) continue;
    if (txn != nullptr) ::mdb_txn_abort(txn);
    return fail(begin_error(code, "cannot read"));
  }
}

Result<WriteTransaction> Environment::begin_write() {
  if (auto ok = check_process(); !ok) return fail(std::move(ok.error()));
  for (int attempt = 0;; ++attempt) {
    enter();
    MDB_txn* txn = nullptr;
    const int code = ::mdb_txn_begin(env_, nullptr, 0, &txn);
    if (code == 0) return WriteTransaction(*this, txn);
    leave();
    if (code == MDB_MAP_RESIZED && attempt < 100) {
      if (auto ok = follow_map(); !ok) return fail(std::move(ok.error()));
      continue;
    }
    return fail(begin_error(code, "cannot write"));
  }
}

void Environment::recycle(MDB_txn* txn) noexcept {
  ::mdb_txn_reset(txn);
  {
    const std::lock_guard lock(pool_mutex_);
    if (pool_.size() < pool_limit) {
      pool_.push_back(txn);  // reserved at open: never allocates
      return;
    }
  }
  ::mdb_txn_abort(txn);
}

bool Environment::is_fresh() const noexcept {
  const std::lock_guard lock(map_mutex_);
  MDB_stat stat{};
  return ::mdb_env_stat(env_, &stat) == 0 && stat.ms_entries == 0;
}

EnvironmentInfo Environment::info() const {
  const std::lock_guard lock(map_mutex_);
  MDB_envinfo info{};
  ::mdb_env_info(env_, &info);
  MDB_stat stat{};
  ::mdb_env_stat(env_, &stat);
  return {info.me_mapsize, info.me_last_pgno, info.me_last_txnid, stat.ms_psize};
}

Result<std::uint64_t> Environment::free_pages(const ReadTransaction& transaction) {
  auto list = free_list(transaction);
  if (!list) return fail(std::move(list.error()));
  std::uint64_t pages = 0;
  for (const FreedPages& freed : *list) pages += freed.pages;
  return pages;
}

Result<std::vector<FreedPages>> Environment::free_list(const ReadTransaction& transaction, std::uint64_t after) {
  constexpr Table table{0};
  auto cursor = Cursor::open(transaction, table);
  if (!cursor) return fail(std::move(cursor.error()));
  std::vector<FreedPages> list;
  auto found = cursor->seek(IntegerKey(after + 1).bytes());
  for (; found && *found; found = cursor->next()) {
    // The value begins with how many pages it lists.
    if (cursor->value().size() < sizeof(std::uint64_t)) continue;
    list.push_back({IntegerKey::value_of(cursor->key()), IntegerKey::value_of(cursor->value().substr(0, 8))});
  }
  if (!found) return fail(std::move(found.error()));
  return list;
}

std::vector<ReaderSlot> Environment::readers() const {
  std::string text;
  ::mdb_reader_list(
      env_,
      [](const char* line, void* context) {
        static_cast<std::string*>(context)->append(line);
        return 0;
      },
      &text);
  // Lines "pid thread txnid"; a slot without a transaction shows "-".
  std::vector<ReaderSlot> slots;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    const std::string line = text.substr(at, end - at);
    at = end + 1;
    long long pid = 0;
    unsigned long long transaction = 0;
    if (std::sscanf(line.c_str(), "%lld %*s %llu", &pid, &transaction) == 2) slots.push_back({pid, transaction});
  }
  return slots;
}

int Environment::clear_stale_readers() noexcept {
  int dead = 0;
  ::mdb_reader_check(env_, &dead);
  return dead;
}

}  // namespace flowkeep::storage

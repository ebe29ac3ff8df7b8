// Storage: LMDB with owners instead of rules.
// Owns: the file, its map, transactions, tables, cursors, and our own reading of pages (page_walk.hpp).
// Promises: every LMDB and errno code comes back as an Error; a transaction aborts unless committed; nothing
// here is used after fork(); the map follows a file that another process has grown.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include <flowkeep/result.hpp>

#include "storage/transaction.hpp"

struct MDB_env;
struct MDB_txn;

namespace flowkeep::storage {

struct EnvironmentOptions {
  std::uint64_t map_bytes = 0;
  unsigned max_readers = 0;
  /// Further reader slots, which the error of too many readers does not speak of.
  unsigned reserved_readers = 0;
  unsigned max_tables = 0;
  enum class Access : std::uint8_t { read_write, read_only } access = Access::read_write;
  /// Whether a commit is on the disk when it returns. Unsynced ones have to be made good by somebody: after a power cut
  /// the file may be in pieces.
  enum class Commits : std::uint8_t { synced, unsynced } commits = Commits::synced;
  /// How long a map that must follow a grown file waits for this process's transactions to end.
  std::chrono::milliseconds grow_timeout{10'000};
};

struct ReaderSlot {
  std::int64_t pid = 0;
  std::uint64_t transaction = 0;
};

/// A reading transaction that is never read through: it keeps the pages of its commit from being used again. Its slot
/// is reserved when it is made, so that hold() cannot fail for want of one. Dies before its Environment.
class Pin {
 public:
  Pin(Pin&& other) noexcept : environment_(other.environment_), txn_(std::exchange(other.txn_, nullptr)) {}
  Pin& operator=(Pin&&) = delete;
  ~Pin();
  /// Holds the newest commit; not while it holds one. Errors: io (an earlier write failed half-way).
  [[nodiscard]] Result<void> hold();
  void drop() noexcept;
  [[nodiscard]] bool is_held() const noexcept { return held_; }
  /// The commit it holds.
  [[nodiscard]] std::uint64_t id() const noexcept;

 private:
  friend class Environment;
  Pin(Environment& environment, MDB_txn* txn) noexcept : environment_(&environment), txn_(txn) {}
  Environment* environment_;
  MDB_txn* txn_;
  bool held_ = false;
};

/// An entry of the free list.
struct FreedPages {
  std::uint64_t transaction = 0;  ///< that freed them: snapshots of earlier ones still show them
  std::uint64_t pages = 0;
};

struct EnvironmentInfo {
  std::uint64_t map_bytes = 0;
  std::uint64_t last_page = 0;
  std::uint64_t last_transaction = 0;
  std::uint64_t page_bytes = 0;
};

/// An LMDB file that is open. All members may be called by any thread. Transactions must not outlive it.
class Environment {
 public:
  [[nodiscard]] static Result<std::unique_ptr<Environment>> open(const std::string& path,
                                                                 const EnvironmentOptions& options);
  Environment(const Environment&) = delete;
  Environment& operator=(const Environment&) = delete;
  /// In a forked child: leaves everything as it is, for it is the parent's.
  ~Environment();

  [[nodiscard]] Result<ReadTransaction> begin_read();
  /// Waits for the writers of other processes without limit.
  [[nodiscard]] Result<WriteTransaction> begin_write();
  /// Opens a table that exists, inside a transaction of its own; not_found where it is missing.
  [[nodiscard]] Result<Table> open_table(const char* name, TableKind kind);

  /// A pin that holds nothing yet. Errors: busy (no reader slot is free).
  [[nodiscard]] Result<Pin> reserve_pin();
  /// Makes every commit so far durable. An error is final. Errors: io.
  [[nodiscard]] Result<void> sync();
  void set_commits(EnvironmentOptions::Commits commits) noexcept;
  /// Writes the newest commit, without its free pages and in the order of its trees, to the empty file behind
  /// `descriptor`: LMDB's compacting copy. It reads through the map. Errors: busy (no reader slot is free), full, io.
  [[nodiscard]] Result<void> copy_used_pages(int descriptor);
  /// Enlarges the map to at least so many bytes, once this process's transactions have ended. Errors: busy (they do
  /// not end within `timeout`), full (no address space), io.
  [[nodiscard]] Result<void> grow_map(std::uint64_t bytes, std::chrono::milliseconds timeout);

  /// Whether the file has no tables at all.
  [[nodiscard]] bool is_fresh() const noexcept;
  [[nodiscard]] EnvironmentInfo info() const;
  /// Pages that the free list holds, as this transaction sees it.
  [[nodiscard]] static Result<std::uint64_t> free_pages(const ReadTransaction& transaction);
  /// The same by the commits that freed them, oldest first; of those behind `after` only.
  [[nodiscard]] static Result<std::vector<FreedPages>> free_list(const ReadTransaction& transaction,
                                                                 std::uint64_t after = 0);
  /// The reader slots in use now, those of idle pooled transactions left out.
  [[nodiscard]] std::vector<ReaderSlot> readers() const;
  /// Clears the slots of dead processes; returns how many.
  int clear_stale_readers() noexcept;

  /// Fails with `forked` in a child of the process that opened the environment.
  [[nodiscard]] Result<void> check_process() const;
  [[nodiscard]] const std::string& path() const noexcept { return path_; }
  /// The open data file, for reading pages beside the map.
  [[nodiscard]] int descriptor() const noexcept;

 private:
  friend class Pin;
  friend class ReadTransaction;
  friend class WriteTransaction;
  Environment() = default;

  // A transaction begins only between enter() and leave(); the map moves only when nobody is inside.
  void enter();
  void leave() noexcept;
  [[nodiscard]] Result<void> follow_map();
  /// Maps the file anew, once nobody is inside. 0 bytes: as large as another process has made it.
  [[nodiscard]] Result<void> move_map(std::uint64_t bytes, std::chrono::milliseconds timeout);
  [[nodiscard]] Error begin_error(int code, const char* what);
  void recycle(MDB_txn* txn) noexcept;

  std::string path_{};
  MDB_env* env_ = nullptr;
  std::uint64_t generation_ = 0;
  EnvironmentOptions options_{};

  mutable std::mutex map_mutex_{};  // while the map moves, and while somebody outside reads what lies in it
  std::atomic<std::int64_t> inside_{0};
  std::atomic<bool> moving_{false};
  std::mutex moving_mutex_{};
  std::condition_variable moved_{};

  std::mutex pool_mutex_{};
  std::vector<MDB_txn*> pool_{};
};

}  // namespace flowkeep::storage

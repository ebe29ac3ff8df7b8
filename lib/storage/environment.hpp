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
#include <vector>

#include <flowkeep/result.hpp>

#include "storage/transaction.hpp"

struct MDB_env;
struct MDB_txn;

namespace flowkeep::storage {

struct EnvironmentOptions {
  std::uint64_t map_bytes = 0;
  unsigned max_readers = 0;
  unsigned max_tables = 0;
  enum class Access : std::uint8_t { read_write, read_only } access = Access::read_write;
  /// How long a map that must follow a grown file waits for this process's transactions to end.
  std::chrono::milliseconds grow_timeout{10'000};
};

struct ReaderSlot {
  std::int64_t pid = 0;
  std::uint64_t transaction = 0;
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

  /// Whether the file has no tables at all.
  [[nodiscard]] bool is_fresh() const noexcept;
  [[nodiscard]] EnvironmentInfo info() const;
  /// Pages that the free list holds, as this transaction sees it.
  [[nodiscard]] static Result<std::uint64_t> free_pages(const ReadTransaction& transaction);
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
  friend class ReadTransaction;
  friend class WriteTransaction;
  Environment() = default;

  // A transaction begins only between enter() and leave(); the map moves only when nobody is inside.
  void enter();
  void leave() noexcept;
  [[nodiscard]] Result<void> follow_map();
  [[nodiscard]] Error begin_error(int code, const char* what);
  void recycle(MDB_txn* txn) noexcept;

  std::string path_{};
  MDB_env* env_ = nullptr;
  std::uint64_t generation_ = 0;
  EnvironmentOptions options_{};

  std::atomic<std::int64_t> inside_{0};
  std::atomic<bool> moving_{false};
  std::mutex moving_mutex_{};
  std::condition_variable moved_{};

  std::mutex pool_mutex_{};
  std::vector<MDB_txn*> pool_{};
};

}  // namespace flowkeep::storage

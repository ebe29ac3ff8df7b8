// Store: one open file, and the path of every change through it.
// A change goes: caller -> write_rules (validate against the stored row) -> Change, a value -> apply() -> codec,
// index, blob -> storage. Nothing else writes rows.
// Promises: a change is applied whole or not at all; what many processes must agree on (model, indexes) is read
// inside the transaction that uses it.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include <flowkeep/store.hpp>

#include "blob/blob_store.hpp"
#include "codec/rows.hpp"
#include "storage/environment.hpp"
#include "storage/file_lock.hpp"
#include "store/catalogue.hpp"
#include "store/open_files.hpp"

namespace flowkeep::store {

/// The tables of a store, all of them made when it is created.
struct Tables {
  storage::Table meta{};       ///< integer: MetaRow -> row
  storage::Table sessions{};   ///< bytes: RowKey -> record
  storage::Table ids{};        ///< bytes: flowsessionid in key order -> RowKey
  storage::Table deletions{};  ///< integer: versionnumber -> Deletion
  blob::Tables blobs{};
  std::array<storage::Table, index_count> indexes{};  ///< sorted sets: index key -> RowKeys
};

/// Name and kind of every table, and where its handle goes.
struct TableInfo {
  const char* name;
  storage::TableKind kind;
  storage::Table* table;
};
[[nodiscard]] std::array<TableInfo, 7 + index_count> table_infos(Tables& tables);

/// Lets one thread of one process write at a time. LMDB's own lock, taken behind it, waits without limit; this one
/// ends at a time-out.
class WriterTurn {
 public:
  void use(storage::FileLock file) noexcept { file_ = std::move(file); }
  /// Errors: busy, io.
  [[nodiscard]] Result<void> take(std::chrono::milliseconds timeout);
  void give() noexcept;

 private:
  using Clock = std::chrono::steady_clock;
  [[nodiscard]] Result<void> take_file(std::chrono::milliseconds timeout, Clock::time_point deadline);
  void give_thread() noexcept;

  std::mutex mutex_{};
  std::condition_variable given_{};
  bool taken_ = false;
  std::thread::id owner_{};
  storage::FileLock file_{};
};

/// A store's file while it is open. Shared by the Store, its snapshots and its transactions; any thread.
class Engine {
 public:
  [[nodiscard]] static Result<std::shared_ptr<Engine>> open(std::string path, OpenOptions options);

  [[nodiscard]] const OpenOptions& options() const noexcept { return options_; }
  [[nodiscard]] storage::Environment& environment() noexcept { return *environment_; }
  [[nodiscard]] const Tables& tables() const noexcept { return tables_; }
  [[nodiscard]] const codec::FormatRow& format() const noexcept { return format_; }
  [[nodiscard]] std::uint64_t quota_bytes() const noexcept { return quota_bytes_; }
  [[nodiscard]] const std::string& path() const noexcept { return path_; }
  [[nodiscard]] WriterTurn& turn() noexcept { return turn_; }

  /// The catalogue that a transaction sees. Read anew only when another one has changed it.
  [[nodiscard]] Result<std::shared_ptr<const Catalogue>> catalogue(const storage::Transaction& transaction);
  /// Now and then, clears the reader slots of processes that died.
  void tend_readers();

 private:
  Engine(std::string path, OpenOptions options, OpenFile file)
      : path_(std::move(path)), options_(std::move(options)), file_(std::move(file)) {}
  [[nodiscard]] Result<void> open_tables();
  [[nodiscard]] Result<void> create_tables();
  [[nodiscard]] Result<void> read_format();

  std::string path_;
  OpenOptions options_;
  OpenFile file_;  // given back after the environment is closed
  std::uint64_t quota_bytes_ = 0;
  std::unique_ptr<storage::Environment> environment_{};
  Tables tables_{};
  codec::FormatRow format_{};
  WriterTurn turn_{};

  std::mutex catalogue_mutex_{};
  std::shared_ptr<const Catalogue> catalogue_{};
  std::atomic<std::chrono::steady_clock::duration> tended_{std::chrono::steady_clock::duration::zero()};
};

}  // namespace flowkeep::store

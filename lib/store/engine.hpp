// Store: one open file, and the path of every change through it.
// A change goes: caller -> write_rules (validate against the row as it is) -> Change, a value -> Committer (journal,
// group commit) -> Applier -> Application -> codec, index, blob -> storage. Nothing else writes rows.
// Promises: a change is applied whole or not at all; what many processes must agree on (model, indexes) is read
// inside the transaction that uses it.
#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>
#include <string>

#include <flowkeep/store.hpp>

#include "store/cancel_watch.hpp"
#include "store/catalogue.hpp"
#include "store/change_builder.hpp"
#include "store/committer.hpp"
#include "store/dictionary_maker.hpp"
#include "store/opening.hpp"
#include "store/slow_readers.hpp"
#include "store/tables.hpp"

namespace flowkeep::store {

/// A store's file while it is open. Shared by the Store, its snapshots and its transactions; any thread.
class Engine {
 public:
  [[nodiscard]] static Result<std::shared_ptr<Engine>> open(const std::string& path, OpenOptions options);
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;
  /// Closes the store. In a forked child: leaves everything as it is, for it is the parent's.
  ~Engine();

  [[nodiscard]] const OpenOptions& options() const noexcept { return options_; }
  [[nodiscard]] storage::Environment& environment() noexcept { return *files_.environment; }
  [[nodiscard]] const Tables& tables() const noexcept { return tables_; }
  [[nodiscard]] const codec::FormatRow& format() const noexcept { return format_; }
  [[nodiscard]] const std::string& path() const noexcept { return files_.path; }
  /// Errors: access_denied (opened for reading only), forked.
  [[nodiscard]] Result<Committer*> committer();
  /// The committer, or nullptr where the store was opened for reading only.
  [[nodiscard]] Committer* find_committer() const noexcept { return committer_.get(); }

  /// What processes tell each other; nullptr: nobody has it open for writing.
  [[nodiscard]] const journal::SharedPage* shared_page() const noexcept {
    return files_.page ? &*files_.page : nullptr;
  }

  /// A snapshot that shows whatever this process was told is stored.
  [[nodiscard]] Result<storage::ReadTransaction> begin_read();
  /// The same, for one session, which may be ahead of the tables.
  struct SessionRead {
    std::optional<PendingRow> pending{};
    storage::ReadTransaction transaction;
  };
  [[nodiscard]] Result<SessionRead> begin_read(const Guid& id);
  /// Waits until the tables show whatever any process was told is stored. Errors: busy (the writer does not catch up
  /// within busy_timeout), needs_recovery (it died, and this store only reads), io (a write has failed: the pages
  /// cannot be relied on).
  [[nodiscard]] Result<void> wait_for_writers();
  /// The catalogue that a transaction sees. Read anew only when another one has changed it.
  [[nodiscard]] Result<std::shared_ptr<const Catalogue>> catalogue(const storage::Transaction& transaction);
  /// Whether the store's format has packed records, and dictionaries.
  [[nodiscard]] bool has_packing() const noexcept {
    return minor_.load(std::memory_order_acquire) >= codec::packed_since_minor;
  }
  /// Whether it has side rows, and the schedule of retention.
  [[nodiscard]] bool has_side_rows() const noexcept {
    return minor_.load(std::memory_order_acquire) >= codec::side_rows_since_minor;
  }
  /// The form of string keys in an index that is made now.
  [[nodiscard]] codec::KeyForm key_form() const noexcept {
    return has_packing() ? codec::newest_key_form : codec::KeyForm::text;
  }
  /// How rows are written by a transaction that sees this catalogue.
  [[nodiscard]] Result<Forms> forms(const storage::Transaction& transaction, const Catalogue& catalogue);
  [[nodiscard]] DictionaryMaker& dictionary_maker() noexcept { return *dictionary_maker_; }
  /// Ends the threads that call the user back, once they have returned. Not in a forked child.
  void stop_watching() noexcept;
  [[nodiscard]] CancelWatch& cancel_watch() noexcept { return *cancel_watch_; }
  /// This process's number among those that run sessions; 0: it has none yet, or is a visitor. With the writer's lock.
  [[nodiscard]] std::uint32_t process_number() const noexcept { return process_number_; }
  void set_process_number(std::uint32_t number) noexcept { process_number_ = number; }
  /// Whether this process runs a session. Errors: not_found, corrupt, io.
  [[nodiscard]] Result<bool> is_run_here(const Guid& id);
  /// Now and then, clears the reader slots of processes that died.
  void tend_readers();

 private:
  Engine(StoreFiles files, OpenOptions options) : options_(std::move(options)), files_(std::move(files)) {}
  [[nodiscard]] static Result<std::shared_ptr<Engine>> open_once(const std::string& path, OpenOptions options);
  [[nodiscard]] Result<void> start(bool is_alone, bool recover);
  [[nodiscard]] Result<void> open_tables(bool may_create);
  [[nodiscard]] Result<void> create_tables();
  [[nodiscard]] Result<void> write_tables();
  [[nodiscard]] Result<void> read_format();
  /// Errors: corrupt (the file is a backup, and the journal beside it is that of a later time).
  [[nodiscard]] Result<void> refuse_later_journal();
  /// Brings a store of an older format to the present one; false: somebody else has it open, or is opening it.
  [[nodiscard]] Result<bool> upgrade_format();

  OpenOptions options_;
  StoreFiles files_;
  Tables tables_{};
  codec::FormatRow format_{};
  bool was_recovered_ = false;
  std::atomic<unsigned> minor_{0};  // of the format: the first write brings an older store to the present one
  Dictionaries dictionaries_{};
  std::unique_ptr<Committer> committer_{};  // none: opened for reading only
  std::unique_ptr<DictionaryMaker> dictionary_maker_{};
  std::unique_ptr<SlowReaders> slow_readers_{};  // none: nobody wants to be told
  std::unique_ptr<CancelWatch> cancel_watch_ = std::make_unique<CancelWatch>(*this);
  std::atomic<std::uint32_t> process_number_{0};

  std::mutex catalogue_mutex_{};
  std::shared_ptr<const Catalogue> catalogue_{};
  std::atomic<std::chrono::steady_clock::duration> tended_{std::chrono::steady_clock::duration::zero()};
};

}  // namespace flowkeep::store

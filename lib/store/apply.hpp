// The one place where rows are written.
#pragma once

#include <array>
#include <optional>
#include <utility>
#include <vector>

#include "blob/blob_store.hpp"
#include "storage/transaction.hpp"
#include "store/catalogue.hpp"
#include "store/change.hpp"
#include "store/reading.hpp"
#include "store/summary_table.hpp"
#include "store/tables.hpp"

namespace flowkeep::store {

/// Applies changes inside a transaction, one after the other: records, ids, every maintained index, binaries,
/// deletions, counters. What lies in an order of its own (ids, index entries) is written by finish(), sorted: each page
/// is touched once, and those that a table changes get places next to each other, which a disk writes many times as
/// fast as scattered ones. After an error the transaction holds a part and has to be aborted. Ends before the
/// transaction.
class Application {
 public:
  /// All changes see the same catalogue, but for extra columns.
  Application(storage::WriteTransaction& transaction, const Tables& tables, const Catalogue& catalogue)
      : transaction_(transaction), tables_(tables), catalogue_(catalogue) {}
  Application(const Application&) = delete;
  Application& operator=(const Application&) = delete;

  /// The changes outlive finish(). Errors: full, io, corrupt.
  [[nodiscard]] Result<void> add(const Changes& changes);
  /// Writes what is left. Answers how many index entries were found not to agree with the records; they are left to a
  /// check, since the changes are promised already. Errors: full, io, corrupt.
  [[nodiscard]] Result<std::uint64_t> finish();

 private:
  struct IndexMove {
    std::uint64_t beginning;  ///< of the key, as a number in the order of keys
    std::string_view key;     ///< in keys_
    index::RowKey row;
    enum class Kind : std::uint8_t { remove, add } kind;
  };
  using IndexMoves = std::vector<IndexMove>;

  [[nodiscard]] Result<void> add(const Change& change);
  [[nodiscard]] IndexMove move_of(const index::Key& key, const index::RowKey& row, IndexMove::Kind kind);
  [[nodiscard]] Result<void> collect(const StoredRow* before, const StoredRow* after);
  void collect_summary(const StoredRow* before, const StoredRow* after);
  [[nodiscard]] Result<void> write_row(const RowChange& row);
  [[nodiscard]] Result<void> write_record(const RowChange& row);
  [[nodiscard]] Result<void> write_contents(const RowChange& row);
  [[nodiscard]] Result<void> write_deletion(const RowChange& row);
  [[nodiscard]] Result<void> write_binaries(const Change& change);
  [[nodiscard]] Result<void> write_side_rows(const Change& change);
  [[nodiscard]] Result<void> write_new_binaries();
  [[nodiscard]] Result<void> write_ids();
  [[nodiscard]] Result<void> write_meta_rows();
  [[nodiscard]] static IndexMoves net(IndexMoves moves);
  [[nodiscard]] Result<std::uint64_t> write_index(storage::Table table, const IndexMoves& moves);
  [[nodiscard]] Result<std::uint64_t> write_indexes();
  [[nodiscard]] Result<storage::TableWriter*> sessions();

  storage::WriteTransaction& transaction_;
  const Tables& tables_;
  const Catalogue& catalogue_;
  std::optional<storage::TableWriter> sessions_{};
  std::string value_{};
  std::optional<storage::TableWriter> contents_{};
  std::vector<blob::NewBlob> new_blobs_{};
  std::vector<std::pair<index::Key, std::optional<index::RowKey>>> ids_{};  // none: it goes
  std::array<IndexMoves, index_count> moves_{};
  base::Arena keys_{};
  std::vector<SummaryMove> summary_moves_{};
  const std::vector<std::string>* extra_columns_ = nullptr;
  const codec::CountersRow* counters_ = nullptr;
};

}  // namespace flowkeep::store

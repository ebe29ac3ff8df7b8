// What is accepted but not yet in the tables.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <memory_resource>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "store/change.hpp"
#include "store/reading.hpp"

namespace flowkeep::store {

/// Tells, without a lock, which sessions something accepted may be about. A filter: of the others it calls one in a
/// hundred pending, or fewer, where a thousand are.
class PendingIds {
 public:
  void add(const Guid& id) noexcept { slots_[slot_of(id)].fetch_add(1, std::memory_order_release); }
  void remove(const Guid& id) noexcept { slots_[slot_of(id)].fetch_sub(1, std::memory_order_release); }
  /// Any thread.
  [[nodiscard]] bool may_hold(const Guid& id) const noexcept {
    return slots_[slot_of(id)].load(std::memory_order_acquire) != 0;
  }

 private:
  static constexpr std::size_t slot_count = 1U << 17;
  [[nodiscard]] static std::size_t slot_of(const Guid& id) noexcept { return std::hash<Guid>()(id) % slot_count; }
  std::vector<std::atomic<std::uint32_t>> slots_ = std::vector<std::atomic<std::uint32_t>>(slot_count);
};

/// What the last change on a session made of it.
struct PendingRow {
  std::uint64_t lsn = 0;
  std::optional<index::RowKey> key{};  ///< none: it went
  std::string value{};                 ///< its record, as it will be stored
};

/// Rows and binaries as they are after a series of changes, over what the tables say. All numbers are absolute, so that
/// it does no harm when the tables have got there already. Guarded by the writer's lock, but for copy_row().
class Overlay {
 public:
  /// `ids`, where it is wanted, is kept up to date. It outlives the overlay.
  explicit Overlay(PendingIds* ids = nullptr) noexcept : ids_(ids) {}

  /// Puts changes on top. They are part of record `lsn` of the journal.
  void add(const std::shared_ptr<const Changes>& changes, std::uint64_t lsn);
  /// Puts a change of a transaction that has no record yet on top; `change` stays where it is.
  void add(const Change& change) {
    const std::lock_guard lock(mutex_);
    add(change, 0);
  }
  /// Forgets what the tables hold: records up to `lsn`.
  void prune(std::uint64_t lsn);

  [[nodiscard]] const RowChange* find_row(const Guid& id) const;
  /// Any thread.
  [[nodiscard]] std::optional<PendingRow> copy_row(const Guid& id) const;
  /// What the last of the changes that touched a session's small contents made of them; std::nullopt: none did.
  [[nodiscard]] std::optional<std::string_view> find_contents(const Guid& id) const;
  /// The last deletion record that a change has let go, of those that go oldest first; 0: none. Also after prune().
  [[nodiscard]] std::uint64_t expired() const noexcept { return expired_; }
  /// How many columns refer to a binary; std::nullopt: as the tables say.
  [[nodiscard]] std::optional<std::uint64_t> references(std::uint64_t blob_id) const;
  /// A binary that has exactly this content, of those that are shared.
  [[nodiscard]] std::optional<std::uint64_t> find_equal(const blob::PreparedView& content) const;

  /// What the last change of a side row made of it (none: it goes); std::nullopt: none touched it.
  [[nodiscard]] std::optional<std::optional<std::string_view>> find_side_row(codec::SideTable table,
                                                                             std::string_view key) const;
  /// Adds those whose keys begin with `prefix` to `rows`, or puts them in their places.
  using SideRows = std::map<std::string_view, std::optional<std::string_view>>;
  void put_side_rows(codec::SideTable table, std::string_view prefix, SideRows& rows) const;

 private:
  struct Row {
    const RowChange* change = nullptr;
    std::uint64_t lsn = 0;
    // Of the last change that touched them, which may be an earlier one.
    std::optional<std::string_view> contents{};
    std::uint64_t contents_lsn = 0;
  };
  struct References {
    std::uint64_t count = 0;
    std::uint64_t lsn = 0;
  };
  void add(const Change& change, std::uint64_t lsn);
  void forget(const Change& change, std::uint64_t lsn);
  [[nodiscard]] const BlobChange* find_new_blob(std::uint64_t id) const;
  struct PendingSide {
    std::optional<std::string_view> value;
    std::uint64_t lsn;
  };
  using SideKey = std::pair<codec::SideTable, std::string_view>;  // in the memory of the change that the value is of

  PendingIds* ids_;
  mutable std::mutex mutex_{};  // writes of rows_, and reads of it without the writer's lock
  std::uint64_t expired_ = 0;
  // In the order in which they came, so by the ids of their binaries too.
  std::deque<const Change*> changes_{};
  std::deque<std::pair<std::uint64_t, std::shared_ptr<const Changes>>> records_{};
  std::pmr::unsynchronized_pool_resource nodes_{};
  std::pmr::unordered_map<Guid, Row> rows_{&nodes_};
  std::pmr::unordered_map<std::uint64_t, References> references_{&nodes_};  // of binaries that were there before
  std::pmr::map<SideKey, PendingSide> side_rows_{&nodes_};
  std::pmr::unordered_multimap<std::uint64_t, const BlobChange*> by_hash_{&nodes_};  // new ones that are shared
};

/// What a validation reads: the tables, under what is accepted, under the transaction's own changes.
class Basis {
 public:
  /// `own` may be nullptr.
  Basis(const storage::Transaction& transaction, const Tables& tables, const Overlay& accepted, const Overlay* own)
      : transaction_(transaction), tables_(tables), overlays_{own != nullptr ? own : &accepted, &accepted} {}

  // As their namesakes in reading.hpp and blob_store.hpp.
  [[nodiscard]] Result<std::optional<index::RowKey>> find_row_key(const Guid& id) const;
  [[nodiscard]] Result<std::optional<StoredRow>> find_row(const Guid& id) const;
  [[nodiscard]] Result<std::optional<std::uint64_t>> find_equal(const blob::PreparedView& content) const;
  [[nodiscard]] Result<std::uint64_t> references(std::uint64_t blob_id) const;
  /// The small contents of a session that has some, there or in `buffer`. Errors: corrupt.
  [[nodiscard]] Result<codec::Slots> contents(const StoredRow& row, std::string& buffer) const;
  /// A side row's payload, verified; std::nullopt: there is none. It lives as long as the transaction and what the
  /// overlays hold. Errors: corrupt.
  [[nodiscard]] Result<std::optional<std::string_view>> find_side_row(codec::SideTable table,
                                                                      std::string_view key) const;
  /// Tells `use(key, payload)` of every side row whose key begins with `prefix`, in order, until it answers false.
  using UseSideRow = std::function<Result<bool>(std::string_view key, std::string_view payload)>;
  [[nodiscard]] Result<void> for_each_side_row(codec::SideTable table, std::string_view prefix,
                                               const UseSideRow& use) const;
  /// Whether the store's format has side rows.
  [[nodiscard]] bool has_side_rows() const noexcept { return tables_.side.front().is_open(); }

  /// As Overlay::expired().
  [[nodiscard]] std::uint64_t expired() const noexcept {
    return std::max(overlays_.front()->expired(), overlays_.back()->expired());
  }
  [[nodiscard]] const storage::Transaction& transaction() const noexcept { return transaction_; }
  [[nodiscard]] const Tables& tables() const noexcept { return tables_; }

 private:
  [[nodiscard]] const RowChange* pending(const Guid& id) const;
  const storage::Transaction& transaction_;
  const Tables& tables_;
  std::array<const Overlay*, 2> overlays_;
};

}  // namespace flowkeep::store

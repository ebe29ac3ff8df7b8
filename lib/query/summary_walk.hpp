// The way through the blocks of the summary.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>

#include <flowkeep/query.hpp>
#include <flowkeep/session_summary.hpp>

#include "codec/summary.hpp"
#include "query/filter.hpp"
#include "query/walk.hpp"
#include "storage/cursor.hpp"
#include "store/snapshot_impl.hpp"

namespace flowkeep::query {

/// Yields the summaries of all rows within bounds, in the order of row keys. Dies before its transaction.
class SummaryWalk {
 public:
  [[nodiscard]] static Result<SummaryWalk> open(const storage::Transaction& transaction, storage::Table summary,
                                                Order order, const Bounds& bounds);
  /// Goes on to the next block that has rows within the bounds; false: there is none. Errors: corrupt, io.
  [[nodiscard]] Result<bool> load();
  /// Whether all rows of the block were taken, so that it has to go on.
  [[nodiscard]] bool is_through() const noexcept { return at_ == end_; }
  /// The next row of the block, where it is not through; good until it goes on.
  [[nodiscard]] SessionSummary take() noexcept { return (*block_)[order_ == Order::oldest_first ? at_++ : --at_]; }

 private:
  SummaryWalk(storage::Cursor cursor, Order order, const Bounds& bounds)
      : cursor_(std::move(cursor)), order_(order), bounds_(bounds) {}
  [[nodiscard]] Result<bool> move();

  storage::Cursor cursor_;
  Order order_;
  Bounds bounds_;
  std::unique_ptr<codec::SummaryBlock> block_ = std::make_unique<codec::SummaryBlock>();  // where rows point to
  std::size_t at_ = 0;   // oldest first: of the next; newest first: behind the next
  std::size_t end_ = 0;  // where at_ is when the block is through
  bool is_started_ = false;
  bool is_last_ = false;  // no later block has rows within the bounds
};

/// A walk of the summary that answers a query, rows not yet checked against its filter; nothing where there is no
/// summary, it does not have what the query asks for, or an index leads to fewer rows.
[[nodiscard]] Result<std::optional<SummaryWalk>> walk_summary(Snapshot::Impl& snapshot, const Query& query);
/// The same for counting, in no order; `rows` is how many sessions would have to be read otherwise.
[[nodiscard]] Result<std::optional<SummaryWalk>> walk_summary_to_count(Snapshot::Impl& snapshot, const Filter& filter,
                                                                       std::uint64_t rows);

}  // namespace flowkeep::query

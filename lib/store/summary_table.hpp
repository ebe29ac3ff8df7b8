// The table of the index `summary`: blocks of rows, in the order of their keys.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "codec/summary.hpp"
#include "index/index_table.hpp"
#include "storage/cursor.hpp"
#include "storage/transaction.hpp"
#include "store/tables.hpp"

namespace flowkeep::store {

/// The key of the session that a summary is of.
[[nodiscard]] inline index::RowKey row_key_of(const codec::SummaryRow& summary) noexcept {
  return {summary.createdon, summary.arrival};
}

[[nodiscard]] inline index::RowKey row_key_of(const SessionSummary& summary) noexcept {
  return {summary.createdon(), summary.arrival()};
}

/// What the summary is to say of a row; nothing: the row goes.
struct SummaryMove {
  index::RowKey key{};
  std::optional<codec::SummaryRow> summary{};
  bool was_there = false;  ///< the row, before
};

/// Brings the blocks to what the moves say; of several for one row the last counts. A block is written anew for all
/// moves that meet it; one that no longer fits is cut in two, one that has become small takes in the next. One that is
/// damaged is made anew from table `sessions`, where the moves have been made already. Answers how many rows, or whole
/// blocks, were not as they should have been. Errors: corrupt (a key), full, io.
[[nodiscard]] Result<std::uint64_t> write_summaries(storage::WriteTransaction& transaction, const Tables& tables,
                                                    std::vector<SummaryMove> moves);

}  // namespace flowkeep::store

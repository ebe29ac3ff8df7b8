// Which walk answers a query.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "query/filter.hpp"
#include "query/walk.hpp"
#include "store/snapshot_impl.hpp"

namespace flowkeep::query {

/// One way into the rows: an index and its keys, what somebody owns or was given a share of, or all of table
/// `sessions`.
struct Access {
  std::optional<IndexId> index{};
  std::vector<index::Key> keys{};
  std::uint64_t rows = 0;  ///< how many it leads to, the window aside; 0 where nobody asked
  index::KeyForm form{};   ///< of the keys
  /// Whose sessions it leads to, and those shared with him.
  const store::Viewer* viewer = nullptr;
  /// Whether a row under the keys satisfies their condition for certain: not so for keys that were cut and hashed.
  [[nodiscard]] bool exact() const noexcept;
};

/// The access with the fewest rows. Where there is one only, its rows are counted on demand. Errors: corrupt, io.
enum class Counting : std::uint8_t { to_choose, always };
[[nodiscard]] Result<Access> best_access(Snapshot::Impl& snapshot, const Filter& filter, Counting counting);

/// The order's bounds that a query's window and its token (where the caller has decoded one) leave.
[[nodiscard]] Bounds bounds_of(const Query& query, const std::optional<Position>& after);

/// A walk, and what led to it.
struct Plan {
  WalkPtr walk{};
  Access access{};  ///< whose keys the walk's rows are under, where it walks keys
};

/// Checks what an index claims of a row on the row itself: that it has one of the keys it was found under, and
/// that it is sorted by the number it was found at. Errors: corrupt.
[[nodiscard]] Result<void> check_claim(const Access& access, const SessionView& session);
[[nodiscard]] Result<void> check_claim(const Filter& filter, const Position& position, const SessionView& session);

/// The walk of a query, rows not yet checked against its filter. Sorts candidates where no index has the order.
[[nodiscard]] Result<Plan> plan(Snapshot::Impl& snapshot, const Filter& filter, const std::optional<Position>& after);

/// Counts a query's rows: from index counts where they tell, else by walking.
[[nodiscard]] Result<std::uint64_t> count(Snapshot::Impl& snapshot, const Filter& filter);

}  // namespace flowkeep::query

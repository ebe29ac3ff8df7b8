// The ways through the tables that yield rows in order.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include <flowkeep/access.hpp>
#include <flowkeep/query.hpp>

#include "index/index_table.hpp"
#include "storage/cursor.hpp"

namespace flowkeep::query {

/// Where a row stands in an order: the number it is sorted by first (ticks of a time, a versionnumber; 0 where the row
/// key alone sorts), then its row key.
struct Position {
  std::int64_t first = 0;
  index::RowKey key{};

  friend bool operator==(const Position&, const Position&) noexcept = default;
  friend bool operator<(const Position& a, const Position& b) noexcept {
    return a.first != b.first ? a.first < b.first : a.key < b.key;
  }
};

/// The part of an order that a walk covers: from <= position < to; none: open.
struct Bounds {
  std::optional<Position> from{};
  std::optional<Position> to{};
};

/// What a walk knows of the right of the one who looks to see its present row.
struct Sight {
  AccessRights shared{};  ///< rights that shares give, from the rows of the shares themselves
  bool is_owned = false;  ///< an index says that it is his; the record has to bear that out
  bool is_known = false;  ///< else the walk says nothing of it
};

/// Yields positions in an order, each once; std::nullopt at the end.
class Walk {
 public:
  Walk() = default;
  Walk(const Walk&) = delete;
  Walk& operator=(const Walk&) = delete;
  virtual ~Walk() = default;
  [[nodiscard]] virtual Result<std::optional<Position>> next() = 0;
  /// The value of the row that next() answered with, where the walk stands on it.
  [[nodiscard]] virtual std::optional<std::string_view> row_value() const noexcept { return std::nullopt; }
  [[nodiscard]] virtual Sight sight() const noexcept { return {}; }
  /// Whether going on from a position later costs no more than going on now.
  [[nodiscard]] virtual bool can_pause() const noexcept { return true; }
};

using WalkPtr = std::unique_ptr<Walk>;

/// Every row of table `sessions`.
[[nodiscard]] Result<WalkPtr> walk_table(const storage::Transaction& transaction, storage::Table sessions, Order order,
                                         const Bounds& bounds);
/// The rows under some keys of an index, merged; `sight` goes for all of them.
[[nodiscard]] Result<WalkPtr> walk_keys(const storage::Transaction& transaction, storage::Table index, Order order,
                                        const Bounds& bounds, const std::vector<index::Key>& keys,
                                        const Sight& sight = {});
/// The rows of an index whose keys are ordered numbers (times, versionnumbers), by that number.
[[nodiscard]] Result<WalkPtr> walk_numbers(const storage::Transaction& transaction, storage::Table index, Order order,
                                           const Bounds& bounds);
/// The rows that are shared with a principal, of table `shared_with`.
[[nodiscard]] Result<WalkPtr> walk_shared(const storage::Transaction& transaction, storage::Table shared_with,
                                          Order order, const Bounds& bounds, const index::Key& principal);
/// The rows of several walks of one order, each once.
[[nodiscard]] WalkPtr walk_all(std::vector<WalkPtr> walks, Order order);
/// Positions that were gathered before.
[[nodiscard]] WalkPtr walk_sorted(std::vector<Position> positions);

}  // namespace flowkeep::query

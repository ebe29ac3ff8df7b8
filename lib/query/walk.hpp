// The ways through the tables that yield rows in order.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

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
  /// Whether going on from a position later costs no more than going on now.
  [[nodiscard]] virtual bool can_pause() const noexcept { return true; }
};

using WalkPtr = std::unique_ptr<Walk>;

/// Every row of table `sessions`.
[[nodiscard]] Result<WalkPtr> walk_table(const storage::Transaction& transaction, storage::Table sessions, Order order,
                                         const Bounds& bounds);
/// The rows under some keys of an index, merged.
[[nodiscard]] Result<WalkPtr> walk_keys(const storage::Transaction& transaction, storage::Table index, Order order,
                                        const Bounds& bounds, const std::vector<index::Key>& keys);
/// The rows of an index whose keys are ordered numbers (times, versionnumbers), by that number.
[[nodiscard]] Result<WalkPtr> walk_numbers(const storage::Transaction& transaction, storage::Table index, Order order,
                                           const Bounds& bounds);
/// The rows that stand behind a prefix of keys, in a table whose keys are prefix and row key.
[[nodiscard]] Result<WalkPtr> walk_behind(const storage::Transaction& transaction, storage::Table table, Order order,
                                          const Bounds& bounds, std::string_view prefix);
/// The rows of several walks of one order, each once.
[[nodiscard]] WalkPtr walk_all(std::vector<WalkPtr> walks, Order order);
/// Positions that were gathered before.
[[nodiscard]] WalkPtr walk_sorted(std::vector<Position> positions);

}  // namespace flowkeep::query

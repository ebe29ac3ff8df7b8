// What to select, in which order, and how a result is walked.
#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <flowkeep/choices.hpp>
#include <flowkeep/column.hpp>
#include <flowkeep/export.hpp>
#include <flowkeep/guid.hpp>
#include <flowkeep/result.hpp>
#include <flowkeep/session_summary.hpp>
#include <flowkeep/session_view.hpp>
#include <flowkeep/timestamp.hpp>

namespace flowkeep {

/// Newest and oldest mean createdon; of equal ones, the one that came into the store later is newer. A query by
/// another column is ordered by that column first, then so.
enum class Order : std::uint8_t { newest_first, oldest_first };
inline constexpr Order newest_first = Order::newest_first;
inline constexpr Order oldest_first = Order::oldest_first;

/// The most rows a query returns.
struct Limit {
  std::uint64_t rows = std::numeric_limits<std::uint64_t>::max();
};
[[nodiscard]] constexpr Limit limit(std::uint64_t rows) noexcept {
  return Limit{rows};
}

/// The column that a query's window and order are about.
enum class OrderBy : std::uint8_t { createdon, startedon, completedon, versionnumber };

/// That a lookup leads to a row.
struct LookupCondition {
  Column column = Column::flowsessionid;  ///< a lookup
  Guid id{};
};

/// A selection: sessions that satisfy every part that is set. Strings compare without regard to case (simple
/// case folding of Unicode 14, docs/FORMAT.md).
/// Cost: the store walks the index with the fewest candidates (known without scanning) and checks the rest on
/// the rows. Ordering by startedon without its index, or by completedon together with a narrow filter, sorts
/// the candidates first (24 bytes each, at most `limit` of them kept).
struct Query {
  std::vector<StatusCode> statuscodes{};  ///< any of these; empty: every status
  std::optional<StateCode> statecode{};
  std::optional<Guid> machineid{};
  std::optional<Guid> machinegroupid{};
  std::optional<Guid> regardingobjectid{};  ///< the flow
  std::optional<Guid> ownerid{};
  std::optional<Guid> parentdesktopflowrunid{};
  std::optional<std::string> correlationid{};
  std::optional<std::string> clienttrackingid{};
  std::optional<std::string> errorcode{};
  /// Of any lookup; for those above it finds no index. Sessions are looked at one by one.
  std::optional<LookupCondition> lookup{};
  /// The window and the order are about this column. By startedon or completedon, sessions without that time are
  /// left out.
  OrderBy by = OrderBy::createdon;
  /// The window since <= time < until; not by versionnumber.
  std::optional<Timestamp> since{};
  std::optional<Timestamp> until{};
  /// By versionnumber only: those that are greater.
  std::optional<std::int64_t> changed_since{};
  Order order = Order::newest_first;
  Limit limit{};
  /// Goes on behind the row that SessionRange::token() stood at; "" starts at the front. The token belongs to
  /// this query (its limit aside) in this store; it stays good while the store is written to, also when its row is
  /// gone.
  std::string after{};
  /// Ends the range after so many rows were looked at, whether they matched or not, so that a long walk for rare rows
  /// can let go of its snapshot: SessionRange::is_paused() then answers true, and token() where to go on. A query
  /// that has to sort looks at its candidates all the same.
  std::uint64_t pause_after = std::numeric_limits<std::uint64_t>::max();
};

struct NavigationInfo;
/// The query for the sessions that lead to a row by a navigation property; see Snapshot::sessions_by().
[[nodiscard]] FLOWKEEP_API Query query_by_parent(const NavigationInfo& navigation, const Guid& id);

template <class Row>
class RowSource;  // internal: not published

/// The answer to a query: one pass over its rows, which are sessions or summaries of them.
///   for (const Result<SessionView>& row : snapshot.select(query)) { if (!row) return fail(row.error()); … }
/// A damaged row ends the range: the last element is then the error, so it cannot be overlooked; nothing is skipped.
/// Lifetime: made only by a Snapshot, dies with it (or with its next renew()). Used by one thread at a time.
template <class Row>
class FLOWKEEP_API RowRange {
 public:
  using Impl = RowSource<Row>;

  class iterator {
   public:
    using iterator_category = std::input_iterator_tag;
    using value_type = Result<Row>;
    using difference_type = std::ptrdiff_t;
    using pointer = const value_type*;
    using reference = const value_type&;

    reference operator*() const noexcept { return *range_->current_; }
    pointer operator->() const noexcept { return &*range_->current_; }
    iterator& operator++() {
      range_->advance();
      return *this;
    }
    void operator++(int) { range_->advance(); }
    friend bool operator==(const iterator& it, std::default_sentinel_t) noexcept { return it.at_end(); }

   private:
    friend class RowRange;
    explicit iterator(RowRange* range) noexcept : range_(range) {}
    [[nodiscard]] bool at_end() const noexcept { return !range_->current_; }
    RowRange* range_;
  };

  RowRange(RowRange&&) noexcept;
  RowRange& operator=(RowRange&&) noexcept;
  ~RowRange();

  /// Moves to the first row (at the first call; later calls stay where the range is).
  [[nodiscard]] iterator begin() &;
  [[nodiscard]] std::default_sentinel_t end() const noexcept { return {}; }
  // A range in a for statement is kept alive by the statement; elsewhere it needs a name.
  [[nodiscard]] iterator begin() && = delete;

  /// The row just shown (of a paused range: the row last looked at) as an opaque token for Query::after: printable
  /// ASCII, under 1000 bytes. "" before the first row, after the last and after an error.
  [[nodiscard]] std::string token() const;
  /// Whether the range ended because of Query::pause_after: there may be more rows behind token().
  [[nodiscard]] bool is_paused() const noexcept;

  explicit RowRange(std::unique_ptr<Impl> impl) noexcept;  // internal

 private:
  void advance();
  std::unique_ptr<Impl> impl_;
  std::optional<Result<Row>> current_{};
  bool started_ = false;
};

/// Sessions.
using SessionRange = RowRange<SessionView>;
extern template class RowRange<SessionView>;
/// Summaries of sessions, each of which dies when the range moves on. Order, tokens and errors are those of a
/// SessionRange for the same query; a token of either is good for the other.
using SummaryRange = RowRange<SessionSummary>;
extern template class RowRange<SessionSummary>;

}  // namespace flowkeep

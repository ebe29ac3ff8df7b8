#include "query/summary_walk.hpp"

#include <algorithm>
#include <utility>

#include "query/plan.hpp"
#include "query/token.hpp"
#include "store/summary_table.hpp"

namespace flowkeep::query {

namespace {

// To read a session costs as much as so many rows of the summary.
constexpr std::uint64_t rows_for_one_session = 32;
// Where an index is not all that a query asks for, one session in so many is taken to match.
constexpr std::uint64_t sessions_for_one_match = 64;

// Whether the summary is the faster way, instead of reading so many sessions. (A window of createdon makes both
// shorter.)
Result<bool> is_faster(Snapshot::Impl& snapshot, std::uint64_t sessions) {
  auto stat = snapshot.transaction().stat(snapshot.tables().sessions);
  if (!stat) return fail(std::move(stat.error()));
  return sessions > stat->entries / rows_for_one_session;
}

// Of the sessions that an index leads to, how many are read until as many match as are wanted. Where the index is all
// that the query asks for, each does.
std::uint64_t sessions_until(const Filter& filter, std::uint64_t rows) {
  const std::uint64_t for_each = filter.conditions() == 1 ? 1 : sessions_for_one_match;
  const std::uint64_t wanted = filter.query().limit.rows;
  return wanted < rows / for_each ? wanted * for_each : rows;
}

Result<bool> has_summary(Snapshot::Impl& snapshot) {
  auto catalogue = snapshot.catalogue();
  if (!catalogue) return fail(std::move(catalogue.error()));
  return (*catalogue)->is_active(IndexId::summary);
}

Result<std::optional<SummaryWalk>> open_walk(Snapshot::Impl& snapshot, Order order, const Bounds& bounds) {
  auto walk = SummaryWalk::open(snapshot.transaction(), snapshot.tables().summary(), order, bounds);
  if (!walk) return fail(std::move(walk.error()));
  return std::optional(std::move(*walk));
}

}  // namespace

Result<std::optional<SummaryWalk>> walk_summary(Snapshot::Impl& snapshot, const Query& query) {
  if (auto ok = snapshot.check_process(); !ok) return fail(std::move(ok.error()));
  const Filter filter(query, snapshot);
  // In another order the rows would have to be sorted.
  if (query.by != OrderBy::createdon || !filter.is_summarized() || contradiction(query)) return std::nullopt;
  auto present = has_summary(snapshot);
  if (!present) return fail(std::move(present.error()));
  if (!*present) return std::nullopt;
  std::optional<Position> after;
  if (!query.after.empty()) {
    const auto position = decode_token(fingerprint(snapshot.token_id(), filter.query()), query.after);
    if (!position) return fail(position.error());
    after = *position;
  }
  auto access = best_access(snapshot, filter, Counting::always);
  if (!access) return fail(std::move(access.error()));
  if (access->index) {
    auto faster = is_faster(snapshot, sessions_until(filter, access->rows));
    if (!faster) return fail(std::move(faster.error()));
    if (!*faster) return std::nullopt;
  }
  return open_walk(snapshot, query.order, bounds_of(query, after));
}

Result<std::optional<SummaryWalk>> walk_summary_to_count(Snapshot::Impl& snapshot, const Filter& filter,
                                                         std::uint64_t rows) {
  if (!filter.is_summarized()) return std::nullopt;
  auto present = has_summary(snapshot);
  if (!present) return fail(std::move(present.error()));
  if (!*present) return std::nullopt;
  auto faster = is_faster(snapshot, rows);
  if (!faster) return fail(std::move(faster.error()));
  if (!*faster) return std::nullopt;
  const bool is_window_in_order = filter.query().by == OrderBy::createdon;
  return open_walk(snapshot, Order::oldest_first,
                   is_window_in_order ? bounds_of(filter.query(), std::nullopt) : Bounds{});
}

Result<SummaryWalk> SummaryWalk::open(const storage::Transaction& transaction, storage::Table summary, Order order,
                                      const Bounds& bounds) {
  auto cursor = storage::Cursor::open(transaction, summary);
  if (!cursor) return fail(std::move(cursor.error()));
  return SummaryWalk(std::move(*cursor), order, bounds);
}

// To the next block; at first to the one that holds the edge.
Result<bool> SummaryWalk::move() {
  const bool forward = order_ == Order::oldest_first;
  if (std::exchange(is_started_, true)) return forward ? cursor_.next() : cursor_.previous();
  if (!forward) return bounds_.to ? cursor_.seek_before(bounds_.to->key.bytes()) : cursor_.last();
  if (!bounds_.from) return cursor_.first();
  auto found = cursor_.seek(bounds_.from->key.bytes());
  if (!found || (*found && cursor_.key() == bounds_.from->key.bytes())) return found;
  found = *found ? cursor_.previous() : cursor_.last();
  return found && !*found ? cursor_.first() : std::move(found);
}

Result<bool> SummaryWalk::load() {
  const bool forward = order_ == Order::oldest_first;
  while (!is_last_) {
    auto found = move();
    if (!found || !*found) return found;
    if (auto ok = block_->open(cursor_.key(), cursor_.value()); !ok) return fail(std::move(ok.error()));
    // How many rows of the block are before an edge.
    const auto place_of = [this](const Position& edge) {
      std::size_t begin = 0;
      std::size_t end = block_->size();
      while (begin < end) {
        const std::size_t middle = (begin + end) / 2;
        if (store::row_key_of((*block_)[middle]) < edge.key) {
          begin = middle + 1;
        } else {
          end = middle;
        }
      }
      return begin;
    };
    const std::size_t first = bounds_.from ? place_of(*bounds_.from) : 0;
    const std::size_t behind = std::max(first, bounds_.to ? place_of(*bounds_.to) : block_->size());
    is_last_ = forward ? behind < block_->size() : first > 0;
    at_ = forward ? first : behind;
    end_ = forward ? behind : first;
    if (at_ != end_) return true;
  }
  return false;
}

}  // namespace flowkeep::query

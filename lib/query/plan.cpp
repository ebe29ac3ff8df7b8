#include "query/plan.hpp"

#include <algorithm>
#include <array>
#include <limits>

#include "query/summary_walk.hpp"
#include "store/reading.hpp"

namespace flowkeep::query {

using index::RowKey;
using storage::Cursor;

namespace {

// A window is guessed to hold one row in so many.
constexpr std::uint64_t window_guess = 20;

storage::Table table_of(Snapshot::Impl& snapshot, IndexId index) {
  return snapshot.tables().indexes[static_cast<std::size_t>(index)];
}

Result<std::uint64_t> count_keys(Snapshot::Impl& snapshot, IndexId index, const std::vector<index::Key>& keys) {
  auto cursor = Cursor::open(snapshot.transaction(), table_of(snapshot, index));
  if (!cursor) return fail(std::move(cursor.error()));
  std::uint64_t rows = 0;
  for (const index::Key& key : keys) {
    auto found = cursor->find(key);
    if (!found) return fail(std::move(found.error()));
    if (!*found) continue;
    auto members = cursor->members();
    if (!members) return fail(std::move(members.error()));
    rows += *members;
  }
  return rows;
}

std::uint64_t times(std::uint64_t a, std::uint64_t b) noexcept {
  std::uint64_t product = 0;
  return __builtin_mul_overflow(a, b, &product) ? std::numeric_limits<std::uint64_t>::max() : product;
}

// About how many, if they are few: counting shares takes a step each.
Result<std::uint64_t> count_visible(Snapshot::Impl& snapshot, const store::Viewer& viewer) {
  constexpr std::uint64_t most_shares = 1000;
  auto owned = count_keys(snapshot, IndexId::owner, viewer.keys());
  if (!owned) return owned;
  std::uint64_t rows = *owned;
  for (const index::Key& key : viewer.keys()) {
    const storage::Table table = snapshot.tables().of(codec::SideTable::shared_with);
    if (!table.is_open()) break;
    auto walk = walk_shared(snapshot.transaction(), table, Order::oldest_first, {}, key);
    if (!walk) return fail(std::move(walk.error()));
    for (std::uint64_t shares = 0; shares < most_shares; ++shares, ++rows) {
      auto position = (*walk)->next();
      if (!position) return fail(std::move(position.error()));
      if (!*position) break;
    }
  }
  return rows;
}

Result<WalkPtr> walk_visible(Snapshot::Impl& snapshot, const store::Viewer& viewer, Order order, const Bounds& bounds) {
  std::vector<WalkPtr> walks;
  if (!viewer.principal().privileges.has(AccessRight::read)) return walk_all(std::move(walks), order);
  auto owned = walk_keys(snapshot.transaction(), table_of(snapshot, IndexId::owner), order, bounds, viewer.keys(),
                         {{}, true, true});
  if (!owned) return owned;
  walks.push_back(std::move(*owned));
  for (const index::Key& key : viewer.keys()) {
    const storage::Table table = snapshot.tables().of(codec::SideTable::shared_with);
    if (!table.is_open()) break;
    auto shared = walk_shared(snapshot.transaction(), table, order, bounds, key);
    if (!shared) return shared;
    walks.push_back(std::move(*shared));
  }
  return walk_all(std::move(walks), order);
}

Result<WalkPtr> walk_access(Snapshot::Impl& snapshot, const Access& access, Order order, const Bounds& bounds) {
  if (access.viewer != nullptr) return walk_visible(snapshot, *access.viewer, order, bounds);
  if (!access.index) return walk_table(snapshot.transaction(), snapshot.tables().sessions, order, bounds);
  return walk_keys(snapshot.transaction(), table_of(snapshot, *access.index), order, bounds, access.keys);
}

// Reads every row of an access and sorts those that match in the query's order.
Result<WalkPtr> gather(Snapshot::Impl& snapshot, const Filter& filter, const Access& access, const Bounds& bounds) {
  const Query& query = filter.query();
  auto walk = walk_access(snapshot, access, Order::oldest_first, {});
  if (!walk) return fail(std::move(walk.error()));
  const auto before = [&](const Position& a, const Position& b) {
    return query.order == Order::oldest_first ? a < b : b < a;
  };
  const std::uint64_t most = query.limit.rows;
  std::vector<Position> positions;
  const auto trim = [&] {
    if (positions.size() <= most) return;
    const auto end = positions.begin() + static_cast<std::ptrdiff_t>(most);
    std::nth_element(positions.begin(), end, positions.end(), before);
    positions.resize(most);
  };
  for (;;) {
    auto position = (*walk)->next();
    if (!position) return fail(std::move(position.error()));
    if (!*position) break;
    auto row = store::read_row(snapshot.transaction(), snapshot.tables(), (*position)->key.bytes());
    if (!row) return fail(std::move(row.error()));
    const auto rank = filter.rank_of(row->session);
    const auto matches = filter.matches(row->session, (*walk)->sight());
    if (!matches) return fail(matches.error());
    if (!rank || !*matches) {
      if (auto ok = check_claim(access, row->session); !ok) return fail(std::move(ok.error()));
      continue;
    }
    const Position place{*rank, row->key};
    if ((bounds.from && place < *bounds.from) || (bounds.to && !(place < *bounds.to))) continue;
    positions.push_back(place);
    if (most < (1ULL << 40) && positions.size() >= 2 * most + 4096) trim();
  }
  trim();
  std::sort(positions.begin(), positions.end(), before);
  return walk_sorted(std::move(positions));
}

}  // namespace

namespace {

tl::unexpected<Error> wrong_entry(const SessionView& session) {
  return fail(Errc::corrupt,
              "an index leads to session " + session.flowsessionid().str() + ", which has another key: run a check");
}

}  // namespace

Result<void> check_claim(const Access& access, const SessionView& session) {
  if (!access.index) return {};
  const auto key = index::key_of(index::definition(*access.index), session, access.form);
  if (!key) return fail(key.error());
  if (*key && std::find(access.keys.begin(), access.keys.end(), **key) != access.keys.end()) return {};
  return wrong_entry(session);
}

Result<void> check_claim(const Filter& filter, const Position& position, const SessionView& session) {
  if (filter.rank_of(session) == position.first) return {};
  return wrong_entry(session);
}

bool Access::exact() const noexcept {
  return std::none_of(keys.begin(), keys.end(), [this](const index::Key& key) {
    const bool is_text =
        index == IndexId::correlation || index == IndexId::clienttracking || index == IndexId::errorcode;
    return is_text && index::is_hashed(key);
  });
}

Result<Access> best_access(Snapshot::Impl& snapshot, const Filter& filter, Counting counting) {
  auto catalogue = snapshot.catalogue();
  if (!catalogue) return fail(std::move(catalogue.error()));
  std::vector<Access> candidates;
  const auto consider = [&](IndexId index, std::vector<index::Key> keys) {
    if ((*catalogue)->is_active(index)) {
      candidates.push_back({index, std::move(keys), 0, (*catalogue)->key_form(index), nullptr});
    }
  };
  for (const IndexId index : keyed_indexes) {
    if (auto key = filter.key_for(index, (*catalogue)->key_form(index))) consider(index, {std::move(*key)});
  }
  if (auto keys = filter.state_keys()) consider(IndexId::statecode, std::move(*keys));

  if (const store::Viewer* viewer = filter.viewer(); viewer != nullptr) {
    const bool sees_nothing = !viewer->principal().privileges.has(AccessRight::read);
    if (sees_nothing) return Access{std::nullopt, {}, 0, {}, viewer};
    if ((*catalogue)->is_active(IndexId::owner)) candidates.push_back({std::nullopt, {}, 0, {}, viewer});
  }

  if (candidates.empty()) {
    auto sessions = snapshot.transaction().stat(snapshot.tables().sessions);
    if (!sessions) return fail(std::move(sessions.error()));
    return Access{std::nullopt, {}, sessions->entries, {}, nullptr};
  }
  if (candidates.size() > 1 || counting == Counting::always) {
    for (Access& access : candidates) {
      auto rows = access.viewer != nullptr ? count_visible(snapshot, *access.viewer)
                                           : count_keys(snapshot, *access.index, access.keys);
      if (!rows) return fail(std::move(rows.error()));
      access.rows = *rows;
    }
  }
  return std::move(*std::min_element(candidates.begin(), candidates.end(),
                                     [](const Access& a, const Access& b) { return a.rows < b.rows; }));
}

Bounds bounds_of(const Query& query, const std::optional<Position>& after) {
  Bounds bounds;
  const auto edge = [&](Timestamp time) {
    if (query.by == OrderBy::createdon) return Position{0, index::first_row_at(time)};
    return Position{time.time_since_epoch().count(), RowKey()};
  };
  if (query.since) bounds.from = edge(*query.since);
  if (query.until) bounds.to = edge(*query.until);
  // Versions are unique: the row key behind every other stands for "greater".
  if (query.changed_since) bounds.from = Position{*query.changed_since, index::last_row_key()};
  if (!after) return bounds;
  if (query.order == Order::newest_first) {
    if (!bounds.to || *after < *bounds.to) bounds.to = *after;
  } else {
    // The place right behind the row: no other row has its arrival.
    Position next = *after;
    next.key = RowKey(after->key.createdon(), after->key.arrival() + 1);
    if (!bounds.from || *bounds.from < next) bounds.from = next;
  }
  return bounds;
}

Result<Plan> plan(Snapshot::Impl& snapshot, const Filter& filter, const std::optional<Position>& after) {
  const Query& query = filter.query();
  const Bounds bounds = bounds_of(query, after);
  const auto ordering = filter.order_index();
  auto access = best_access(snapshot, filter, ordering ? Counting::always : Counting::to_choose);
  if (!access) return fail(std::move(access.error()));
  const auto made = [](Result<WalkPtr> walk, Access from) -> Result<Plan> {
    if (!walk) return fail(std::move(walk.error()));
    return Plan{std::move(*walk), std::move(from)};
  };
  if (!ordering) return made(walk_access(snapshot, *access, query.order, bounds), *access);

  auto catalogue = snapshot.catalogue();
  if (!catalogue) return fail(std::move(catalogue.error()));
  if (!(*catalogue)->is_active(*ordering)) {
    return made(gather(snapshot, filter, *access, bounds), {});
  }
  auto stat = snapshot.transaction().stat(table_of(snapshot, *ordering));
  if (!stat) return fail(std::move(stat.error()));
  const std::uint64_t in_order =
      filter.is_windowed()
          ? stat->entries / window_guess
          : std::min(stat->entries,
                     times(query.limit.rows, stat->entries / std::max<std::uint64_t>(access->rows, 1) + 1));
  if ((access->index || access->viewer != nullptr) && access->rows < in_order) {
    return made(gather(snapshot, filter, *access, bounds), {});
  }
  return made(walk_numbers(snapshot.transaction(), table_of(snapshot, *ordering), query.order, bounds), {});
}

namespace {

Result<std::uint64_t> count_summaries(SummaryWalk& walk, const Filter& filter) {
  std::uint64_t rows = 0;
  for (;;) {
    auto more = walk.load();
    if (!more) return fail(std::move(more.error()));
    if (!*more) return rows;
    while (!walk.is_through()) rows += filter.matches(walk.take()) ? 1 : 0;
  }
}

}  // namespace

Result<std::uint64_t> count(Snapshot::Impl& snapshot, const Filter& filter) {
  const auto ordering = filter.order_index();
  auto access = best_access(snapshot, filter, Counting::always);
  if (!access) return fail(std::move(access.error()));
  const bool covered = filter.conditions() == (access->index ? 1 : 0) && access->exact();
  if (covered && !ordering && !filter.is_windowed()) return access->rows;

  auto catalogue = snapshot.catalogue();
  if (!catalogue) return fail(std::move(catalogue.error()));
  // Index entries tell where the order's own index, or the keys of the one condition, decide alone.
  const bool order_tells = ordering && (*catalogue)->is_active(*ordering) && filter.conditions() == 0;
  const bool keys_tell = covered && !ordering;
  if (order_tells && !filter.is_windowed()) {
    auto stat = snapshot.transaction().stat(table_of(snapshot, *ordering));
    if (!stat) return fail(std::move(stat.error()));
    return stat->entries;
  }
  const Bounds bounds = bounds_of(filter.query(), std::nullopt);
  if (!order_tells && !keys_tell) {
    auto summary = walk_summary_to_count(snapshot, filter, access->rows);
    if (!summary) return fail(std::move(summary.error()));
    if (*summary) return count_summaries(**summary, filter);
  }
  auto walk = order_tells
                  ? walk_numbers(snapshot.transaction(), table_of(snapshot, *ordering), Order::oldest_first, bounds)
                  : walk_access(snapshot, *access, Order::oldest_first, ordering ? Bounds{} : bounds);
  if (!walk) return fail(std::move(walk.error()));
  std::uint64_t rows = 0;
  for (;;) {
    auto position = (*walk)->next();
    if (!position) return fail(std::move(position.error()));
    if (!*position) return rows;
    if (!order_tells && !keys_tell) {
      auto row = store::read_row(snapshot.transaction(), snapshot.tables(), (*position)->key.bytes());
      if (!row) return fail(std::move(row.error()));
      const auto matches = filter.matches(row->session, (*walk)->sight());
      if (!matches) return fail(matches.error());
      if (!*matches) {
        if (auto ok = check_claim(*access, row->session); !ok) return fail(std::move(ok.error()));
        continue;
      }
    }
    ++rows;
  }
}

}  // namespace flowkeep::query

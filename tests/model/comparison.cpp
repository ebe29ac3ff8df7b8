#include "comparison.hpp"

#include <algorithm>
#include <functional>
#include <set>
#include <unordered_map>

namespace flowkeep::model {
namespace {

// Smaller content is stored for each column that has it (docs/FORMAT.md).
constexpr std::uint64_t shared_from_bytes = 1024;

bool equal(const ValueView& left, const ValueView& right) {
  if (left.index() != right.index()) return false;
  return std::visit(
      [&right](const auto& view) {
        using View = std::decay_t<decltype(view)>;
        if constexpr (std::is_same_v<View, BinaryView>) {
          const auto& other = std::get<BinaryView>(right);
          return view.name == other.name && view.reference == other.reference;
        } else {
          return view == std::get<View>(right);
        }
      },
      left);
}

std::string describe(const Query& query) {
  std::string text;
  const auto add = [&text](const char* name, const std::string& value) {
    text.append(text.empty() ? "" : ", ").append(name).append("=").append(value.substr(0, 40));
  };
  for (const StatusCode status : query.statuscodes) add("statuscode", std::string(label(status)));
  if (query.statecode) add("statecode", std::string(label(*query.statecode)));
  if (query.machineid) add("machine", query.machineid->str());
  if (query.machinegroupid) add("machinegroup", query.machinegroupid->str());
  if (query.regardingobjectid) add("flow", query.regardingobjectid->str());
  if (query.ownerid) add("owner", query.ownerid->str());
  if (query.parentdesktopflowrunid) add("parentrun", query.parentdesktopflowrunid->str());
  if (query.correlationid) add("correlation", *query.correlationid);
  if (query.clienttrackingid) add("clienttracking", *query.clienttrackingid);
  if (query.errorcode) add("errorcode", *query.errorcode);
  constexpr const char* columns[] = {"createdon", "startedon", "completedon", "versionnumber"};
  add("by", columns[static_cast<std::size_t>(query.by)]);
  if (query.since) add("since", format_timestamp(*query.since));
  if (query.until) add("until", format_timestamp(*query.until));
  if (query.changed_since) add("changed_since", std::to_string(*query.changed_since));
  add("order", query.order == newest_first ? "newest" : "oldest");
  if (query.limit.rows != Limit{}.rows) add("limit", std::to_string(query.limit.rows));
  return "query {" + text + "}";
}

void compare_range(SessionRange range, const State& state, const std::vector<Guid>& expected,
                   const std::function<std::string()>& what) {
  std::size_t rows = 0;
  for (const Result<SessionView>& row : range) {
    if (!row) throw Mismatch(what() + ": " + row.error().message);
    require(rows < expected.size(), what() + ": more than the " + std::to_string(expected.size()) + " rows expected");
    const Guid id = row->flowsessionid();
    if (id != expected[rows]) {
      throw Mismatch(what() + ": row " + std::to_string(rows) + " is " + id.str() + ", expected was " +
                     expected[rows].str());
    }
    require(row->versionnumber() == *state.find(id)->session.versionnumber, what() + ": an old version of " + id.str());
    ++rows;
  }
  require(rows == expected.size(),
          what() + ": " + std::to_string(rows) + " rows, expected were " + std::to_string(expected.size()));
}

// The summaries of the same rows; each leads to its session.
void compare_summaries(const Snapshot& snapshot, const State& state, const Query& query,
                       const std::vector<Guid>& expected) {
  const auto what = [&query] { return "summaries of " + describe(query); };
  std::size_t rows = 0;
  for (const Result<SessionSummary>& row : snapshot.summaries(query)) {
    if (!row) throw Mismatch(what() + ": " + row.error().message);
    require(rows < expected.size(), what() + ": more than the " + std::to_string(expected.size()) + " rows expected");
    const Session& session = state.find(expected[rows])->session;
    const auto id_of = [](const std::optional<Reference>& to) { return to ? std::optional(to->id) : std::nullopt; };
    const bool is_same = row->createdon() == session.createdon && row->statuscode() == session.statuscode &&
                         row->statecode() == session.statecode && row->runmode() == session.runmode &&
                         row->startedon() == session.startedon && row->completedon() == session.completedon &&
                         row->runduration() == session.runduration && row->machineid() == id_of(session.machineid) &&
                         row->regardingobjectid() == id_of(session.regardingobjectid);
    require(is_same, what() + ": row " + std::to_string(rows) + " is not what session " + expected[rows].str() + " is");
    require(take(snapshot.get(*row), "get by summary").flowsessionid() == expected[rows],
            what() + ": row " + std::to_string(rows) + " leads to another session");
    ++rows;
  }
  require(rows == expected.size(),
          what() + ": " + std::to_string(rows) + " rows, expected were " + std::to_string(expected.size()));
}

std::vector<Guid> ids_of(const std::vector<Place>& places, std::size_t from, std::uint64_t limit) {
  std::vector<Guid> ids;
  for (std::size_t i = from; i < places.size() && ids.size() < limit; ++i) ids.push_back(places[i].id);
  return ids;
}

// The token of the row at `position` of the query.
std::string token_at(const Snapshot& snapshot, const Query& query, std::size_t position, const std::string& what) {
  SessionRange range = snapshot.select(query);
  auto at = range.begin();
  for (std::size_t i = 0; i < position && at != range.end(); ++i) ++at;
  require(at != range.end(), what + ": ends before row " + std::to_string(position));
  const std::string token = range.token();
  require(!token.empty() && token.size() < 1000, what + ": a token of " + std::to_string(token.size()) + " bytes");
  return token;
}

// Where the store says that contents are: those beside their session, and the blobs.
struct Places {
  std::uint64_t sessions_with_contents = 0;
  std::uint64_t contents_beside = 0;
  std::uint64_t small_blobs = 0;
  std::set<std::uint64_t> shared_blobs{};
};

Places places_of(const Store& store) {
  constexpr std::uint64_t beside_its_session = std::uint64_t{1} << 63;  // lib/codec/contents.hpp
  Places places;
  const Snapshot snapshot = take(store.snapshot(), "snapshot");
  for (const Result<SessionView>& row : snapshot.select({})) {
    require(row.has_value(), "a row");
    bool has_contents = false;
    for (const BinaryView& binary : {row->inputs(), row->outputs(), row->additionalcontext()}) {
      if (!binary.stored) continue;
      if ((binary.stored->blob_id & beside_its_session) != 0) {
        has_contents = true;
        ++places.contents_beside;
      } else if (binary.stored->size < shared_from_bytes) {
        ++places.small_blobs;
      } else {
        places.shared_blobs.insert(binary.stored->blob_id);
      }
    }
    places.sessions_with_contents += has_contents ? 1U : 0U;
  }
  return places;
}

void compare_statistics(const Store& store, const State& state) {
  const StoreStats stats = take(store.stats(), "stats");
  std::array<std::uint64_t, status_count> by_status{};
  std::uint64_t active = 0;
  std::set<std::string_view> contents;
  std::uint64_t small = 0;
  for (const auto& [id, row] : state.rows) {
    ++by_status[static_cast<std::size_t>(*row->session.statuscode)];
    active += row->session.statecode == StateCode::active ? 1U : 0U;
    for (const auto& content : row->contents) {
      if (content == nullptr) continue;
      if (content->size() < shared_from_bytes) {
        ++small;
      } else {
        contents.insert(*content);
      }
    }
  }
  require(stats.sessions == state.rows.size() && stats.by_status == by_status, "stats: sessions by status");
  require(stats.active == active && stats.inactive == state.rows.size() - active, "stats: sessions by state");
  require(stats.last_version == state.version, "stats: last version " + std::to_string(stats.last_version) +
                                                   ", expected was " + std::to_string(state.version));
  require(stats.deletions == state.deletions, "stats: deletions");
  const auto entries = [&](std::string_view name) {
    const auto table = std::find_if(stats.tables.begin(), stats.tables.end(),
                                    [&](const StoreStats::Table& one) { return one.name == name; });
    require(table != stats.tables.end(), "stats: no table " + std::string(name));
    return table->entries;
  };
  const Places places = places_of(store);
  require(places.shared_blobs.size() == contents.size() && places.contents_beside + places.small_blobs == small,
          "stats: equal contents are not stored once");
  require(entries("blobs") == contents.size() + places.small_blobs, "stats: blobs that nobody has, or lost ones");
  require(entries("contents") == places.sessions_with_contents, "stats: contents that nobody has, or lost ones");
}

// The same rows, the walk let go of after every few that it looked at.
void compare_in_pieces(const Snapshot& snapshot, Query query, const std::vector<Guid>& expected, std::uint64_t piece) {
  query.pause_after = piece;
  query.limit = {};
  std::vector<Guid> ids;
  for (bool more = true; more;) {
    SessionRange range = snapshot.select(query);
    for (const Result<SessionView>& row : range) {
      if (!row) throw Mismatch(describe(query) + " in pieces: " + row.error().message);
      ids.push_back(row->flowsessionid());
    }
    more = range.is_paused();
    query.after = range.token();
    require(query.after.empty() != more, describe(query) + " in pieces: a pause without a token");
  }
  require(ids == expected, describe(query) + " in pieces of " + std::to_string(piece) + ": its rows");
}

// A query on every key that the model holds for one index, and on one that it does not.
std::vector<Query> queries_on_keys(const State& state) {
  std::vector<Query> queries(1);
  const auto lookups = [&](std::optional<Reference> Session::*member, std::optional<Guid> Query::*key) {
    std::set<Guid> keys{Guid{}};
    for (const auto& [id, row] : state.rows) {
      if (row->session.*member) keys.insert((row->session.*member)->id);
    }
    for (const Guid& one : keys) queries.emplace_back().*key = one;
  };
  const auto texts = [&](std::optional<std::string> Session::*member, std::optional<std::string> Query::*key) {
    std::set<std::string> keys{"no such key"};
    for (const auto& [id, row] : state.rows) {
      if (row->session.*member) keys.emplace(folded(*(row->session.*member)));
    }
    for (const std::string& one : keys) queries.emplace_back().*key = one;
  };
  lookups(&Session::machineid, &Query::machineid);
  lookups(&Session::machinegroupid, &Query::machinegroupid);
  lookups(&Session::regardingobjectid, &Query::regardingobjectid);
  lookups(&Session::ownerid, &Query::ownerid);
  lookups(&Session::parentdesktopflowrunid, &Query::parentdesktopflowrunid);
  texts(&Session::correlationid, &Query::correlationid);
  texts(&Session::clienttrackingid, &Query::clienttrackingid);
  texts(&Session::errorcode, &Query::errorcode);
  for (const Choice& status : statuscode_choices()) {
    queries.emplace_back().statuscodes = {static_cast<StatusCode>(status.value)};
  }
  queries.emplace_back().statecode = StateCode::active;
  queries.emplace_back().statecode = StateCode::inactive;
  queries.emplace_back().statuscodes.assign(open_statuses.begin(), open_statuses.end());
  queries.emplace_back().by = OrderBy::startedon;
  queries.emplace_back().by = OrderBy::completedon;
  queries.emplace_back().by = OrderBy::versionnumber;
  return queries;
}

}  // namespace

void compare_row(const Snapshot& snapshot, const Row& row, Bytes bytes) {
  const Guid id = *row.session.flowsessionid;
  const auto where = [&id](std::string_view what) { return "session " + id.str() + ": " + std::string(what); };
  const SessionView view = take(snapshot.get(id), "get");
  for (const ColumnInfo& column : columns()) {
    const ValueView stored = view.value(column.column);
    if (column.kind != ColumnKind::binary) {
      if (!equal(stored, value(row.session, column.column))) throw Mismatch(where(column.name));
      continue;
    }
    const auto place = static_cast<std::size_t>(std::find(binary_columns.begin(), binary_columns.end(), column.column) -
                                                binary_columns.begin());
    const auto* binary = std::get_if<BinaryView>(&stored);
    const auto& expected = row.session.*binary_members[place];
    if (binary == nullptr || !expected) {
      if ((binary == nullptr) == expected.has_value()) throw Mismatch(where(column.name));
      continue;
    }
    const bool same_name =
        binary->name == (expected->name ? std::optional<std::string_view>(*expected->name) : std::nullopt);
    if (!same_name || binary->reference != expected->reference) throw Mismatch(where(column.name));
    const auto& content = row.contents[place];
    if (binary->stored.has_value() != (content != nullptr)) throw Mismatch(where(column.name));
    if (content == nullptr) continue;
    if (binary->stored->size != content->size()) throw Mismatch(where(column.name));
    if (bytes == Bytes::content && take(snapshot.read(*binary), "read") != *content) {
      throw Mismatch(where("the content of " + std::string(column.name)));
    }
  }
  ExtraColumns extra;
  for (const auto& [name, json] : view.extra()) extra.emplace(name, json);
  if (extra != row.session.extra) throw Mismatch(where("extra columns"));
}

void compare_query(const Snapshot& snapshot, const State& state, Query query, Generator& random) {
  const auto what = [&query] { return describe(query); };
  const std::vector<Place> expected = select(state, query, std::nullopt);
  compare_range(snapshot.select(query), state, ids_of(expected, 0, query.limit.rows), what);
  compare_summaries(snapshot, state, query, ids_of(expected, 0, query.limit.rows));
  const std::uint64_t count = take(snapshot.count(query), "count");
  require(count == expected.size(),
          what() + ": count is " + std::to_string(count) + ", rows are " + std::to_string(expected.size()));
  if (random.one_in(4)) compare_in_pieces(snapshot, query, ids_of(expected, 0, Limit{}.rows), 1 + random.below(40));
  if (expected.empty()) return;
  const auto shown = static_cast<std::size_t>(std::min<std::uint64_t>(query.limit.rows, expected.size()));
  if (shown == 0) return;
  const std::size_t position = random.below(shown);
  query.after = token_at(snapshot, query, position, what());
  query.limit = limit(1 + random.below(10));
  compare_summaries(snapshot, state, query, ids_of(expected, position + 1, query.limit.rows));
  compare_range(snapshot.select(query), state, ids_of(expected, position + 1, query.limit.rows),
                [&] { return what() + " resumed behind row " + std::to_string(position); });
}

void compare_changes(const Snapshot& snapshot, const State& state, std::int64_t version) {
  Query query;
  query.by = OrderBy::versionnumber;
  query.changed_since = version;
  query.order = oldest_first;
  compare_range(snapshot.changed_since(version), state, ids_of(select(state, query, std::nullopt), 0, Limit{}.rows),
                [version] { return "changed_since " + std::to_string(version); });
}

Query any_query(const State& state, Generator& random) {
  Query query;
  query.order = random.one_in(2) ? newest_first : oldest_first;
  if (random.one_in(4)) query.limit = limit(random.below(20));
  query.by = static_cast<OrderBy>(random.below(random.one_in(2) ? 4 : 1));
  for (std::uint64_t conditions = random.below(4); conditions > 1; --conditions) {
    switch (random.below(10)) {
      case 0:
        query.machineid = random.target(Column::machineid);
        break;
      case 1:
        query.machinegroupid = random.target(Column::machinegroupid);
        break;
      case 2:
        query.regardingobjectid = random.target(Column::regardingobjectid);
        break;
      case 3:
        query.ownerid = random.target(Column::ownerid);
        break;
      case 4:
        query.parentdesktopflowrunid = random.target(Column::parentdesktopflowrunid);
        break;
      case 5:
        query.correlationid = random.spelling(Column::correlationid);
        break;
      case 6:
        query.clienttrackingid = random.spelling(Column::clienttrackingid);
        break;
      case 7:
        query.errorcode = random.spelling(Column::errorcode);
        break;
      case 8:
        query.statecode = static_cast<StateCode>(random.below(state_count));
        break;
      default:
        for (std::uint64_t some = 1 + random.below(5); some > 0; --some) query.statuscodes.push_back(random.status());
        break;
    }
  }
  const auto edge = [&] {
    if (random.one_in(2) || state.rows.empty()) return random.time();
    auto row = state.rows.lower_bound(random.guid());
    if (row == state.rows.end()) row = state.rows.begin();
    return *row->second->session.createdon;
  };
  if (query.by == OrderBy::versionnumber) {
    if (random.one_in(2)) query.changed_since = state.version - static_cast<std::int64_t>(random.below(60));
    return query;
  }
  if (random.one_in(3)) query.since = edge();
  if (random.one_in(3)) query.until = edge();
  if (query.since && query.until && *query.until < *query.since) std::swap(query.since, query.until);
  return query;
}

void compare_all(const Store& store, const State& state, Generator& random) {
  const Snapshot snapshot = take(store.snapshot(), "snapshot");
  require(take(snapshot.size(), "size") == state.rows.size(), "size");
  std::map<std::string_view, std::uint64_t> blobs;
  for (const auto& [id, row] : state.rows) {
    compare_row(snapshot, *row, random.one_in(4) ? Bytes::content : Bytes::sizes);
    const SessionView view = take(snapshot.get(id), "get");
    const std::array stored{view.inputs().stored, view.outputs().stored, view.additionalcontext().stored};
    for (std::size_t i = 0; i < stored.size(); ++i) {
      if (!stored[i]) continue;
      const auto known = blobs.emplace(*row->contents[i], stored[i]->blob_id).first;
      require(known->second == stored[i]->blob_id || stored[i]->size < shared_from_bytes,
              "session " + id.str() + ": its content is stored twice");
    }
  }
  for (Query& query : queries_on_keys(state)) {
    for (const Order order : {newest_first, oldest_first}) {
      query.order = order;
      compare_query(snapshot, state, query, random);
    }
  }
  compare_changes(snapshot, state, 0);
  const std::vector<std::string> extra = take(snapshot.extra_columns(), "extra columns");
  require(std::equal(extra.begin(), extra.end(), state.extra_columns.begin(), state.extra_columns.end()),
          "the names of extra columns");
  compare_statistics(store, state);
}

}  // namespace flowkeep::model

#include "state.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <initializer_list>

namespace flowkeep::model {
namespace {

using enum StatusCode;

bool is_null(const ValueView& value) {
  return std::holds_alternative<std::monostate>(value);
}

bool contains(std::initializer_list<StatusCode> statuses, StatusCode status) {
  return std::find(statuses.begin(), statuses.end(), status) != statuses.end();
}

bool has_ended(StatusCode status) {
  return contains({succeeded, skipped, cancelled, failed, faulted, timed_out, aborted, ignored, deleted, terminated},
                  status);
}

StateCode own_state(StatusCode status) {
  return contains({not_specified, deleted, terminated}, status) ? StateCode::inactive : StateCode::active;
}

std::optional<Reference> user(const std::optional<Guid>& id) {
  if (!id) return std::nullopt;
  return Reference(*id, EntityType::systemuser);
}

void round_percentage(std::optional<double>& value) {
  if (value) value = std::round(*value * 100) / 100;
}

// Lookups without a kind lead to their column's own target; percentages that come through the API have two decimals.
enum class Source : std::uint8_t { api, import };
void normalise(Session& session, Source source) {
  for (const ColumnInfo& column : columns()) {
    const ValueView given = value(session, column.column);
    const auto* reference = std::get_if<Reference>(&given);
    if (reference == nullptr || reference->type != EntityType::none) continue;
    static_cast<void>(set_value(session, column.column, Reference(reference->id, column.target)));
  }
  if (source == Source::import) return;
  round_percentage(session.machinepercentcpuusage);
  round_percentage(session.machinepercentramusage);
}

// What stands in the row of a File column: name and reference; with nothing in it, it is null.
std::optional<Binary> stored_binary(const std::optional<Binary>& given, const Contents& contents, std::size_t place) {
  if (!given || (!given->name && !given->reference && contents[place] == nullptr)) return std::nullopt;
  Binary binary;
  binary.name = given->name;
  binary.reference = given->reference;
  return binary;
}

void set_owner(Session& session, const std::optional<Reference>& owner) {
  session.ownerid = owner;
  const bool is_team = owner && owner->type == EntityType::team;
  session.owningteam = is_team ? owner : std::nullopt;
  session.owninguser = is_team ? std::nullopt : owner;
}

void touch(Session& session, const Caller& caller, Timestamp time) {
  session.modifiedon = time;
  session.modifiedby = user(caller.user);
  session.modifiedonbehalfby = user(caller.on_behalf_of);
}

void enter(Session& session, StatusCode status, Timestamp time) {
  session.statuscode = status;
  session.statecode = own_state(status);
  if (has_ended(status) && !session.completedon) session.completedon = time;
  if (status == running && !session.startedon) session.startedon = time;
}

// The status that a create or an import starts with; none: the codes do not belong together.
std::optional<StatusCode> first_status(const Session& session) {
  const StateCode state = session.statecode.value_or(StateCode::active);
  if (!session.statuscode) return state == StateCode::active ? std::optional(paused) : std::nullopt;
  return own_state(*session.statuscode) == state ? session.statuscode : std::nullopt;
}

bool changes_create_only(const Session& stored, const SessionUpdate& update) {
  for (const ColumnInfo& column : columns()) {
    if (column.access != ColumnAccess::create_only) continue;
    const ValueView before = value(stored, column.column);
    const ValueView after = value(update.set, column.column);
    const bool sets = !is_null(after);
    const bool same = before.index() == after.index() && std::visit(
                                                             [&](const auto& view) {
                                                               using View = std::decay_t<decltype(view)>;
                                                               if constexpr (std::is_same_v<View, BinaryView>) {
                                                                 return false;
                                                               } else {
                                                                 return view == std::get<View>(after);
                                                               }
                                                             },
                                                             before);
    if (sets && !same) return true;
    if (update.clear.count(column.column) != 0 && !is_null(before)) return true;
  }
  return false;
}

bool clears_what_stays(const SessionUpdate& update) {
  for (const Column column : update.clear) {
    const ColumnInfo& about = info(column);
    if (about.access == ColumnAccess::read_only || column == Column::flowsessionid || column == Column::statecode ||
        column == Column::statuscode || !is_null(value(update.set, column))) {
      return true;
    }
  }
  return false;
}

bool matches(const std::optional<Guid>& wanted, const std::optional<Reference>& stored) {
  return !wanted || (stored && stored->id == *wanted);
}

bool matches(const std::optional<std::string>& wanted, const std::optional<std::string>& stored) {
  return !wanted || (stored && folded(*stored) == folded(*wanted));
}

bool matches(const Query& query, const Session& session) {
  const auto& statuses = query.statuscodes;
  if (!statuses.empty() && std::find(statuses.begin(), statuses.end(), *session.statuscode) == statuses.end()) {
    return false;
  }
  return (!query.statecode || session.statecode == query.statecode) && matches(query.machineid, session.machineid) &&
         matches(query.machinegroupid, session.machinegroupid) &&
         matches(query.regardingobjectid, session.regardingobjectid) && matches(query.ownerid, session.ownerid) &&
         matches(query.parentdesktopflowrunid, session.parentdesktopflowrunid) &&
         matches(query.correlationid, session.correlationid) &&
         matches(query.clienttrackingid, session.clienttrackingid) && matches(query.errorcode, session.errorcode);
}

std::optional<std::int64_t> rank_of(const Query& query, const Session& session) {
  if (query.by == OrderBy::versionnumber) {
    const bool is_new = !query.changed_since || *session.versionnumber > *query.changed_since;
    return is_new ? session.versionnumber : std::nullopt;
  }
  const std::optional<Timestamp> time = query.by == OrderBy::startedon     ? session.startedon
                                        : query.by == OrderBy::completedon ? session.completedon
                                                                           : session.createdon;
  if (!time || (query.since && *time < *query.since) || (query.until && *time >= *query.until)) return std::nullopt;
  return time->time_since_epoch().count();
}

}  // namespace

bool allows(Moves moves, StatusCode from, StatusCode to) {
  if (from == to || moves == Moves::platform) return true;
  if (has_ended(from)) return to == deleted && from != deleted;
  switch (from) {
    case not_specified:
      return contains(
          {paused, running, waiting, suspended, skipped, ignored, cancelled, failed, timed_out, aborted, terminated},
          to);
    case waiting:
      return contains(
          {running, paused, suspended, skipped, ignored, cancelled, failed, faulted, timed_out, aborted, terminated},
          to);
    case running:
      return contains(
          {waiting, paused, suspended, succeeded, cancelled, failed, faulted, timed_out, aborted, terminated}, to);
    default:  // Paused, Suspended
      return contains({running, waiting, paused, suspended, cancelled, failed, faulted, timed_out, aborted, terminated},
                      to);
  }
}

const Row* State::find(const Guid& id) const {
  const auto at = rows.find(id);
  return at == rows.end() ? nullptr : at->second.get();
}

void State::put(Row row) {
  row.session.versionnumber = ++version;
  for (const auto& extra : row.session.extra) extra_columns.insert(extra.first);
  const Guid id = *row.session.flowsessionid;
  rows[id] = std::make_shared<const Row>(std::move(row));
}

Refusals State::check(const Guid& id, Precondition precondition) const {
  using Kind = Precondition::Kind;
  const Row* row = find(id);
  if (row == nullptr) {
    const bool wanted = precondition.kind == Kind::if_match || precondition.kind == Kind::if_match_any;
    return wanted ? Refusals{Errc::not_found} : Refusals{};
  }
  const bool stale = precondition.kind == Kind::if_match && precondition.versionnumber != *row->session.versionnumber;
  if (stale || precondition.kind == Kind::if_none_match_any) return {Errc::version_mismatch};
  return {};
}

Refusals State::create(const Guid& id, const Given& given, Timestamp time) {
  Refusals refusals;
  const auto status = first_status(given.session);
  if (given.broken) refusals.insert(Errc::invalid_argument);
  if (!status) refusals.insert(Errc::invalid_transition);
  if (find(id) != nullptr) refusals.insert(Errc::already_exists);
  if (!refusals.empty()) return refusals;

  Row row{given.session, given.contents, ++arrival};
  Session& session = row.session;
  normalise(session, Source::api);
  for (std::size_t i = 0; i < binary_members.size(); ++i) {
    session.*binary_members[i] = stored_binary(session.*binary_members[i], row.contents, i);
  }
  session.flowsessionid = id;
  session.createdon = time;
  if (given.session.overriddencreatedon) {
    session.createdon = given.session.overriddencreatedon;
    session.overriddencreatedon = std::chrono::floor<std::chrono::days>(time);
  }
  if (!session.runsessionmode) session.runsessionmode = RunSessionMode::unapplicable;
  if (!session.subcategory) session.subcategory = Subcategory::default_category;
  session.createdby = user(caller.user);
  session.createdonbehalfby = user(caller.on_behalf_of);
  set_owner(session, session.ownerid ? session.ownerid : user(caller.user));
  if (caller.businessunit) session.owningbusinessunit = Reference(*caller.businessunit, EntityType::businessunit);
  touch(session, caller, time);
  enter(session, *status, time);
  put(std::move(row));
  return {};
}

Refusals State::update(const Guid& id, const GivenUpdate& given, Precondition precondition, Timestamp time) {
  if (Refusals refusals = check(id, precondition); !refusals.empty()) return refusals;
  const Row* before = find(id);
  if (before == nullptr) return {Errc::not_found};
  SessionUpdate update = given.update;
  normalise(update.set, Source::api);

  const StatusCode from = *before->session.statuscode;
  StatusCode to = from;
  std::optional<StateCode> state = update.set.statecode;
  bool is_pair = true;
  if (update.set.statuscode) {
    to = *update.set.statuscode;
    is_pair = own_state(to) == state.value_or(*before->session.statecode);
  } else if (state && *state != *before->session.statecode) {
    to = paused;
    is_pair = *state == StateCode::active;
  }
  Refusals refusals;
  if (given.broken || clears_what_stays(update) || changes_create_only(before->session, update)) {
    refusals.insert(Errc::invalid_argument);
  }
  if (!is_pair || !allows(moves, from, to)) refusals.insert(Errc::invalid_transition);
  if (!refusals.empty()) return refusals;

  Row row = *before;
  Session& session = row.session;
  for (const ColumnInfo& column : columns()) {
    if (column.kind == ColumnKind::binary || column.kind == ColumnKind::binary_name) continue;
    if (update.clear.count(column.column) != 0) {
      static_cast<void>(set_value(session, column.column, std::monostate{}));
    }
    const ValueView set = value(update.set, column.column);
    if (!is_null(set)) static_cast<void>(set_value(session, column.column, set));
  }
  for (std::size_t i = 0; i < binary_members.size(); ++i) {
    const auto& set = update.set.*binary_members[i];
    if (set) {
      if (!set->stored) row.contents[i] = given.contents[i];  // `stored`: the content stays
      session.*binary_members[i] = stored_binary(set, row.contents, i);
    } else if (update.clear.count(binary_columns[i]) != 0) {
      row.contents[i] = nullptr;
      (session.*binary_members[i]).reset();
    }
  }
  for (const std::string& name : update.clear_extra) session.extra.erase(name);
  for (const auto& [name, json] : update.set.extra) session.extra[name] = json;
  if (update.set.ownerid || update.clear.count(Column::ownerid) != 0) set_owner(session, session.ownerid);
  session.statuscode = from;
  session.statecode = own_state(from);
  if (to != from) enter(session, to, time);
  touch(session, caller, time);
  put(std::move(row));
  return {};
}

Refusals State::upsert(const Guid& id, const GivenUpdate& given, Precondition precondition, Timestamp time) {
  if (find(id) != nullptr) return update(id, given, precondition, time);
  if (Refusals refusals = check(id, precondition); !refusals.empty()) return refusals;
  return create(id, {given.update.set, given.contents, given.broken}, time);
}

Refusals State::transition(const Guid& id, StatusCode status, std::optional<StateCode> state, Precondition precondition,
                           Timestamp time) {
  GivenUpdate given;
  given.update.set.statuscode = status;
  given.update.set.statecode = state.value_or(own_state(status));
  return update(id, given, precondition, time);
}

Refusals State::erase(const Guid& id, Precondition precondition) {
  if (Refusals refusals = check(id, precondition); !refusals.empty()) return refusals;
  if (rows.erase(id) == 0) return {Errc::not_found};
  ++version;
  ++deletions;
  return {};
}

Refusals State::import(const Guid& id, const Given& given, OnConflict on_conflict, Timestamp time,
                       ImportResult& result) {
  Refusals refusals;
  const auto status = first_status(given.session);
  const Row* before = find(id);
  if (given.broken) refusals.insert(Errc::invalid_argument);
  if (!status) refusals.insert(Errc::invalid_transition);
  if (before != nullptr && on_conflict == OnConflict::error) refusals.insert(Errc::already_exists);
  if (!refusals.empty()) return refusals;
  if (before != nullptr && on_conflict == OnConflict::skip) {
    ++result.skipped;
    return {};
  }
  ++(before == nullptr ? result.created : result.replaced);
  Row row{given.session, given.contents, before == nullptr ? ++arrival : before->arrival};
  Session& session = row.session;
  normalise(session, Source::import);
  for (std::size_t i = 0; i < binary_members.size(); ++i) {
    session.*binary_members[i] = stored_binary(session.*binary_members[i], row.contents, i);
  }
  session.flowsessionid = id;
  if (!session.createdon) session.createdon = time;
  session.statuscode = *status;
  session.statecode = own_state(*status);
  put(std::move(row));
  return {};
}

std::vector<Place> select(const State& state, const Query& query, const std::optional<Place>& after) {
  std::vector<Place> places;
  for (const auto& [id, row] : state.rows) {
    const auto rank = rank_of(query, row->session);
    if (!rank) continue;
    if (!matches(query, row->session)) continue;
    const Place place{*rank, *row->session.createdon, row->arrival, id};
    if (after && (query.order == newest_first ? !(place < *after) : !(*after < place))) continue;
    places.push_back(place);
  }
  std::sort(places.begin(), places.end());
  if (query.order == newest_first) std::reverse(places.begin(), places.end());
  return places;
}

}  // namespace flowkeep::model

#include "query/filter.hpp"

#include <algorithm>
#include <iterator>

#include "base/guid_key.hpp"
#include "base/text.hpp"
#include "codec/record.hpp"

namespace flowkeep::query {

namespace {

void fold(std::optional<std::string>& text) {
  if (text) text = base::fold_case(*text);
}

bool same(const std::optional<Guid>& wanted, const std::optional<Reference>& stored) noexcept {
  return !wanted || (stored && stored->id == *wanted);
}

bool same(const std::optional<std::string>& folded, const std::optional<std::string_view>& stored) {
  if (!folded) return true;
  return stored && (*stored == *folded || base::fold_case(*stored) == *folded);
}

bool same(const std::optional<LookupCondition>& wanted, const SessionView& session) noexcept {
  if (!wanted) return true;
  const ValueView value = session.value(wanted->column);
  const auto* const reference = std::get_if<Reference>(&value);
  return reference != nullptr && reference->id == wanted->id;
}

// The time that a query's window and order are about.
template <class Row>
std::optional<Timestamp> time_of(const Row& row, OrderBy by) noexcept {
  switch (by) {
    case OrderBy::createdon:
      return row.createdon();
    case OrderBy::startedon:
      return row.startedon();
    case OrderBy::completedon:
      return row.completedon();
    case OrderBy::versionnumber:
      break;
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::string> contradiction(const Query& query) {
  if (query.lookup && info(query.lookup->column).kind != ColumnKind::lookup) {
    return std::string(name_of(query.lookup->column)) + " is not a lookup, which leads to other rows";
  }
  if (query.since && query.until && *query.until < *query.since) {
    return "the window ends before it begins: until " + format_timestamp(*query.until) + " is before since " +
           format_timestamp(*query.since);
  }
  const bool by_version = query.by == OrderBy::versionnumber;
  if (by_version && (query.since || query.until)) {
    return "since and until are times; a query by versionnumber takes changed_since";
  }
  if (!by_version && query.changed_since) return "changed_since goes with a query by versionnumber";
  return std::nullopt;
}

Filter::Filter(const Query& query, Snapshot::Impl& snapshot) : query_(query), snapshot_(snapshot) {
  // A GUID in lower case is folded already.
  if (query_.correlationid) correlation_guid_ = base::canonical_guid(*query_.correlationid);
  if (!correlation_guid_) {
    fold(query_.correlationid);
    if (query_.correlationid) correlation_guid_ = base::canonical_guid(*query_.correlationid);
  }
  fold(query_.clienttrackingid);
  fold(query_.errorcode);
  needs_columns_ = query_.machinegroupid || query_.ownerid || query_.parentdesktopflowrunid ||
                   query_.clienttrackingid || query_.errorcode || query_.lookup;
  any_status_ = query_.statuscodes.empty() && !query_.statecode;
  for (std::int32_t code = 0; code < status_count; ++code) {
    const auto status = static_cast<StatusCode>(code);
    bool wanted = query_.statuscodes.empty();
    for (const StatusCode one : query_.statuscodes) wanted = wanted || one == status;
    if (query_.statecode && state_of(status) != *query_.statecode) wanted = false;
    statuses_[static_cast<std::size_t>(code)] = wanted;
  }
}

Result<bool> Filter::matches(const SessionView& session, const Sight& sight) const {
  auto satisfied = satisfies(session);
  if (!satisfied || !*satisfied || viewer() == nullptr) return satisfied;
  return is_visible(session, sight);
}

// What the way to the row tells spares unpacking it, and looking for its shares.
Result<bool> Filter::is_visible(const SessionView& session, const Sight& sight) const {
  if (!sight.is_known || !viewer()->principal().privileges.has(AccessRight::read)) return may_show(session);
  if (sight.shared.has(AccessRight::read)) return true;
  if (!sight.is_owned) return false;
  if (viewer()->bears_out(session) == true) return true;
  auto owned = viewer()->owns(session);
  if (!owned || *owned) return owned;
  return fail(Errc::corrupt, "index owner leads to session " + session.flowsessionid().str() +
                                 ", which has another owner: run a check");
}

Result<bool> Filter::satisfies(const SessionView& session) const {
  // What stands in the head comes first.
  if (!has_status(session.statuscode())) return false;
  if (!same(query_.machineid, session.machineid()) || !same(query_.regardingobjectid, session.regardingobjectid()) ||
      !in_window(session)) {
    return false;
  }
  bool needs_columns = needs_columns_;
  if (query_.correlationid) {
    const auto guid = codec::RecordView::correlation_guid(session);
    if (guid && guid != correlation_guid_) return false;
    needs_columns = needs_columns || !guid;
  }
  if (!needs_columns) return true;
  if (auto ok = session.unpack(); !ok) return fail(std::move(ok.error()));
  return same(query_.machinegroupid, session.machinegroupid()) && same(query_.ownerid, session.ownerid()) &&
         same(query_.parentdesktopflowrunid, session.parentdesktopflowrunid()) &&
         same(query_.correlationid, session.correlationid()) &&
         same(query_.clienttrackingid, session.clienttrackingid()) && same(query_.errorcode, session.errorcode()) &&
         same(query_.lookup, session);
}

bool Filter::matches(const SessionSummary& summary) const noexcept {
  if (!has_status(summary.statuscode()) || (query_.machineid && query_.machineid != summary.machineid()) ||
      (query_.regardingobjectid && query_.regardingobjectid != summary.regardingobjectid())) {
    return false;
  }
  return in_window(time_of(summary, query_.by));
}

bool Filter::is_summarized() const noexcept {
  return viewer() == nullptr && !needs_columns_ && !query_.correlationid && query_.by != OrderBy::versionnumber;
}

bool Filter::in_window(const SessionView& session) const noexcept {
  if (query_.by != OrderBy::versionnumber) return in_window(time_of(session, query_.by));
  return !query_.changed_since || session.versionnumber() > *query_.changed_since;
}

std::optional<std::int64_t> Filter::rank_of(const SessionView& session) const noexcept {
  if (query_.by == OrderBy::createdon) return 0;
  if (query_.by == OrderBy::versionnumber) return session.versionnumber();
  const auto time = time_of(session, query_.by);
  return time ? std::optional(time->time_since_epoch().count()) : std::nullopt;
}

std::optional<IndexId> Filter::order_index() const noexcept {
  switch (query_.by) {
    case OrderBy::createdon:
      return std::nullopt;
    case OrderBy::startedon:
      return IndexId::startedon;
    case OrderBy::completedon:
      return IndexId::completedon;
    case OrderBy::versionnumber:
      return IndexId::versionnumber;
  }
  return std::nullopt;
}

bool Filter::is_windowed() const noexcept {
  return query_.since || query_.until || query_.changed_since;
}

std::optional<std::vector<index::Key>> Filter::state_keys() const {
  if (any_status_) return std::nullopt;
  std::vector<index::Key> keys;
  for (std::int32_t code = 0; code < status_count; ++code) {
    const auto status = static_cast<StatusCode>(code);
    if (statuses_[static_cast<std::size_t>(code)]) keys.push_back(index::state_key(state_of(status), status));
  }
  return keys;
}

std::optional<index::Key> Filter::key_for(IndexId index, index::KeyForm form) const {
  const auto lookup = [](const std::optional<Guid>& id) -> std::optional<index::Key> {
    if (!id) return std::nullopt;
    return index::guid_key(*id);
  };
  const auto text = [form](const std::optional<std::string>& folded) -> std::optional<index::Key> {
    if (!folded) return std::nullopt;
    return index::string_key(*folded, form);
  };
  switch (index) {
    case IndexId::machine:
      return lookup(query_.machineid);
    case IndexId::machinegroup:
      return lookup(query_.machinegroupid);
    case IndexId::flow:
      return lookup(query_.regardingobjectid);
    case IndexId::owner:
      return lookup(query_.ownerid);
    case IndexId::parentrun:
      return lookup(query_.parentdesktopflowrunid);
    case IndexId::correlation:
      if (correlation_guid_ && form == index::KeyForm::short_guids) return index::short_key(*correlation_guid_);
      return text(query_.correlationid);
    case IndexId::clienttracking:
      return text(query_.clienttrackingid);
    case IndexId::errorcode:
      return text(query_.errorcode);
    case IndexId::statecode:
    case IndexId::completedon:
    case IndexId::startedon:
    case IndexId::versionnumber:
    case IndexId::summary:
      return std::nullopt;
  }
  return std::nullopt;
}

int Filter::conditions() const noexcept {
  const bool conditions[] = {!any_status_,
                             query_.machineid.has_value(),
                             query_.machinegroupid.has_value(),
                             query_.regardingobjectid.has_value(),
                             query_.ownerid.has_value(),
                             query_.parentdesktopflowrunid.has_value(),
                             query_.correlationid.has_value(),
                             query_.clienttrackingid.has_value(),
                             query_.errorcode.has_value(),
                             query_.lookup.has_value(),
                             viewer() != nullptr};
  return static_cast<int>(std::count(std::begin(conditions), std::end(conditions), true));
}

}  // namespace flowkeep::query

// Children and parents, as a snapshot shows them, and sessions by their parents.
#include <flowkeep/snapshot.hpp>

#include <xxhash.h>

#include "base/bytes.hpp"
#include "codec/child_rows.hpp"
#include "codec/value.hpp"
#include "entity/children.hpp"
#include "query/sealed_text.hpp"
#include "storage/cursor.hpp"
#include "store/reading.hpp"
#include "store/snapshot_impl.hpp"

namespace flowkeep {

using codec::SideTable;
using storage::Cursor;

namespace {

// The tokens of queries and of changes begin with others.
constexpr char token_version = 'k';
constexpr std::size_t place_bytes = 8 + 16;  // createdon and id, as they stand in the key
constexpr std::size_t body_bytes = 1 + 8 + place_bytes;

std::uint64_t fingerprint(const Guid& store_id, std::string_view prefix, Order order) {
  std::string text(reinterpret_cast<const char*>(store_id.bytes.data()), store_id.bytes.size());
  text += prefix;
  text += order == Order::newest_first ? 'n' : 'o';
  return XXH3_64bits(text.data(), text.size());
}

std::string token_of(std::uint64_t print, std::string_view key) {
  std::string body(1, token_version);
  base::append_be64(body, print);
  body += key.substr(codec::child_key_bytes - place_bytes);
  return query::seal(std::move(body));
}

Result<std::string> place_of(std::uint64_t print, std::string_view token) {
  const auto body = query::unseal(token, body_bytes);
  if (!body || body->front() != token_version) {
    return fail(Errc::invalid_argument, "the token is not one that a list of children gave");
  }
  if (base::get_be64(body->data() + 1) != print) {
    return fail(Errc::invalid_argument, "the token belongs to another list of children, or to another store");
  }
  return body->substr(9);
}

/// To the first row of a list that has this prefix, or to the one behind `place`.
Result<bool> go_to(Cursor& cursor, const std::string& prefix, std::string_view place, Order order) {
  if (order == Order::newest_first) {
    std::string end = prefix;
    end.append(place.empty() ? std::string(place_bytes, '\xFF') : std::string(place));
    if (!place.empty()) return cursor.seek_before(end);
    auto last = cursor.find(end);
    return !last || *last ? last : cursor.seek_before(end);
  }
  auto found = cursor.seek(prefix + std::string(place));
  if (found && *found && !place.empty() && cursor.key() == prefix + std::string(place)) return cursor.next();
  return found;
}

Result<Child> child_at(const Cursor& cursor) {
  auto value = codec::decode_value(codec::ValueKind::child, cursor.key(), cursor.value());
  if (!value) return fail(std::move(value.error()));
  return codec::decode_child(cursor.key(), value->payload);
}

bool belongs(const Cursor& cursor, std::string_view prefix) {
  return cursor.key().size() == codec::child_key_bytes && cursor.key().substr(0, prefix.size()) == prefix;
}

}  // namespace

Result<ChildPage> Snapshot::children(const Guid& session, Collection collection, Order order, Limit limit,
                                     std::string_view after) const {
  if (auto ok = impl_->check_process(); !ok) return fail(std::move(ok.error()));
  const std::string prefix = codec::children_prefix(session, collection);
  const std::uint64_t print = fingerprint(impl_->token_id(), prefix, order);
  std::string place;
  if (!after.empty()) {
    auto found = place_of(print, after);
    if (!found) return fail(std::move(found.error()));
    place = std::move(*found);
  }
  ChildPage page;
  const storage::Table table = impl_->tables().of(SideTable::children);
  if (!table.is_open() || limit.rows == 0) return page;
  auto visible = impl_->may_read_children(session, collection);
  if (!visible) return fail(std::move(visible.error()));
  if (!*visible) return page;
  auto cursor = Cursor::open(impl_->transaction(), table);
  if (!cursor) return fail(std::move(cursor.error()));
  auto found = go_to(*cursor, prefix, place, order);
  std::string last;
  for (; found && *found && belongs(*cursor, prefix);
       found = order == Order::newest_first ? cursor->previous() : cursor->next()) {
    if (page.children.size() == limit.rows) {
      page.token = token_of(print, last);
      return page;
    }
    auto child = child_at(*cursor);
    if (!child) return fail(std::move(child.error()));
    page.children.push_back(std::move(*child));
    if (page.children.size() == limit.rows) last = cursor->key();
  }
  if (!found) return fail(std::move(found.error()));
  return page;
}

Result<bool> Snapshot::has_children(const Guid& session) const {
  if (auto ok = impl_->check_process(); !ok) return fail(std::move(ok.error()));
  const storage::Table table = impl_->tables().of(SideTable::children);
  if (!table.is_open()) return false;
  auto cursor = Cursor::open(impl_->transaction(), table);
  if (!cursor) return fail(std::move(cursor.error()));
  const std::string prefix = codec::children_prefix(session);
  auto found = cursor->seek(prefix);
  if (!found || !*found || !belongs(*cursor, prefix)) return found && *found ? Result<bool>(false) : std::move(found);
  if (impl_->viewer() == nullptr) return true;
  for (const CollectionInfo& about : collections()) {
    auto visible = children(session, about.collection, oldest_first, flowkeep::limit(1));
    if (!visible) return fail(std::move(visible.error()));
    if (!visible->children.empty()) return true;
  }
  return false;
}

Result<std::optional<Child>> Snapshot::child(Collection collection, const Guid& id) const {
  if (auto ok = impl_->check_process(); !ok) return fail(std::move(ok.error()));
  auto place = store::find_side_row(impl_->transaction(), impl_->tables(), SideTable::child_places,
                                    codec::place_key(collection, id));
  if (!place) return fail(std::move(place.error()));
  if (!*place) return std::nullopt;
  auto row = codec::decode_child_place(**place);
  if (!row) return fail(std::move(row.error()));
  auto visible = impl_->may_read_children(row->flowsessionid, collection);
  if (!visible) return fail(std::move(visible.error()));
  if (!*visible) return std::nullopt;
  const std::string key = codec::child_key(row->flowsessionid, collection, row->createdon, id);
  auto payload = store::find_side_row(impl_->transaction(), impl_->tables(), SideTable::children, key);
  if (!payload) return fail(std::move(payload.error()));
  if (!*payload) {
    return fail(Errc::corrupt, std::string(info(collection).name) + " " + id.str() + " is not where its place says");
  }
  auto child = codec::decode_child(key, **payload);
  if (!child) return fail(std::move(child.error()));
  return std::move(*child);
}

Result<std::optional<Parent>> Snapshot::parent(EntityType type, const Guid& id) const {
  if (auto ok = impl_->check_process(); !ok) return fail(std::move(ok.error()));
  const std::string key = codec::parent_key(type, id);
  auto payload = store::find_side_row(impl_->transaction(), impl_->tables(), SideTable::parents, key);
  if (!payload) return fail(std::move(payload.error()));
  if (!*payload) return std::nullopt;
  auto parent = codec::decode_parent(key, **payload);
  if (!parent) return fail(std::move(parent.error()));
  return std::move(*parent);
}

Result<std::vector<Parent>> Snapshot::parents(std::optional<EntityType> type, const std::optional<Parent>& after,
                                              std::size_t most) const {
  if (auto ok = impl_->check_process(); !ok) return fail(std::move(ok.error()));
  if (impl_->viewer() != nullptr) {
    return fail(Errc::access_denied, "the list of parents is for the system alone, not for a principal",
                DataverseCode::privilege_denied);
  }
  std::vector<Parent> parents;
  std::string begin;
  if (type) begin = codec::number_key(static_cast<std::uint64_t>(*type));
  const std::string behind = after ? codec::parent_key(after->type, after->id) : std::string();
  auto walked =
      store::for_each_side_row_from(impl_->transaction(), impl_->tables(), SideTable::parents, std::max(begin, behind),
                                    [&](std::string_view key, std::string_view payload) -> Result<bool> {
                                      if (parents.size() >= most || (type && key.substr(0, begin.size()) != begin))
                                        return false;
                                      if (key == behind) return true;
                                      auto parent = codec::decode_parent(key, payload);
                                      if (!parent) return fail(std::move(parent.error()));
                                      parents.push_back(std::move(*parent));
                                      return true;
                                    });
  if (!walked) return fail(std::move(walked.error()));
  return parents;
}

Query query_by_parent(const NavigationInfo& navigation, const Guid& id) {
  Query query;
  switch (navigation.column) {
    case Column::machineid:
      query.machineid = id;
      break;
    case Column::machinegroupid:
      query.machinegroupid = id;
      break;
    case Column::regardingobjectid:
      query.regardingobjectid = id;
      break;
    case Column::ownerid:
      query.ownerid = id;
      break;
    default:
      query.lookup = LookupCondition{navigation.column, id};
      break;
  }
  return query;
}

SessionRange Snapshot::sessions_by(std::string_view partner, const Guid& id, Order order, Limit limit) const& {
  const NavigationInfo* const navigation = find_partner(partner);
  Query query;
  if (navigation != nullptr) {
    query = query_by_parent(*navigation, id);
  } else {
    query.lookup = LookupCondition{};  // which is refused
  }
  query.order = order;
  query.limit = limit;
  return select(query);
}

}  // namespace flowkeep

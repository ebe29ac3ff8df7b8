// What a change does to the children of sessions and to their parents.
#include "codec/child_rows.hpp"
#include "entity/children.hpp"
#include "store/change_builder.hpp"

namespace flowkeep::store {

using codec::SideTable;

Result<void> ChangeBuilder::check_session(const Guid& id) const {
  const auto own = positions_.find(id);
  if (own != positions_.end() && !change_.rows[own->second].new_key) return no_such_session(id);
  const bool is_new = own != positions_.end() && !change_.rows[own->second].old_key;
  if (is_new || (own != positions_.end() && viewer_ == nullptr)) return {};
  if (viewer_ != nullptr) {
    auto row = find(id, AccessRight::append_to);
    if (!row) return fail(std::move(row.error()));
    return *row ? Result<void>() : no_such_session(id);
  }
  auto present = basis_.find_row_key(id);
  if (!present) return fail(std::move(present.error()));
  if (!*present) return no_such_session(id);
  return {};
}

Result<bool> ChangeBuilder::may_change_child(Collection collection, const PlacedChild& placed) const {
  if (viewer_ == nullptr) return true;
  const Guid session = codec::guid_in_key(placed.key, 0);
  const auto own = positions_.find(session);
  if (own != positions_.end() && !change_.rows[own->second].old_key) return true;  // he makes it just now
  auto row = find(session, AccessRight::read);
  if (!row) return fail(std::move(row.error()));
  if (!*row) return false;
  if (!info(collection).shares_cascade) {
    auto owned = viewer_->owns((*row)->session);
    if (!owned || !*owned) return owned;
  }
  auto writable = find(session, AccessRight::write);
  if (!writable) return fail(std::move(writable.error()));
  return true;
}

Result<std::optional<ChangeBuilder::PlacedChild>> ChangeBuilder::find_child(Collection collection,
                                                                            const Guid& id) const {
  const std::string place = codec::place_key(collection, id);
  if (const auto own = children_.find(place); own != children_.end()) return own->second;
  auto payload = basis_.find_side_row(SideTable::child_places, place);
  if (!payload) return fail(std::move(payload.error()));
  if (!*payload) return std::nullopt;
  auto row = codec::decode_child_place(**payload);
  if (!row) return fail(std::move(row.error()));
  PlacedChild placed{codec::child_key(row->flowsessionid, collection, row->createdon, id), std::nullopt};
  auto stored = basis_.find_side_row(SideTable::children, placed.key);
  if (!stored) return fail(std::move(stored.error()));
  if (!*stored) {
    return fail(Errc::corrupt, std::string(info(collection).name) + " " + id.str() + " is not where its place says");
  }
  auto child = codec::decode_child(placed.key, **stored);
  if (!child) return fail(std::move(child.error()));
  placed.content = child->file.stored;
  return placed;
}

Result<void> ChangeBuilder::put_child(const Guid& session, const Child& child, const Guid& id) {
  const Timestamp createdon = child.createdon.value_or(time_);
  PlacedChild placed{codec::child_key(session, child.collection, createdon, id), std::nullopt};
  if (const Content& content = child.file.content; content.has_value()) {
    auto blob_id = place_blob(content.prepared());
    if (!blob_id) return fail(std::move(blob_id.error()));
    placed.content = StoredContent{content.size(), content.hash(), *blob_id};
    refer(*blob_id, 1);
  }
  std::string place = codec::place_key(child.collection, id);
  change_.put_side_row(SideTable::children, placed.key, codec::encode(child, placed.content));
  change_.put_side_row(SideTable::child_places, place, codec::encode(codec::ChildPlaceRow{session, createdon}));
  children_.insert_or_assign(std::move(place), std::move(placed));
  return {};
}

void ChangeBuilder::remove_placed(Collection collection, const Guid& id, const PlacedChild& placed) {
  std::string place = codec::place_key(collection, id);
  change_.remove_side_row(SideTable::children, placed.key);
  change_.remove_side_row(SideTable::child_places, place);
  if (placed.content) refer(placed.content->blob_id, -1);
  children_.insert_or_assign(std::move(place), std::nullopt);
}

Result<Guid> ChangeBuilder::add_child(const Guid& session, const Child& child) {
  auto outcome = import_child(session, child, OnConflict::error);
  if (!outcome) return fail(std::move(outcome.error()));
  return child_id_;
}

Result<Outcome> ChangeBuilder::import_child(const Guid& session, const Child& child, OnConflict on_conflict) {
  if (auto ok = entity::check_child(child); !ok) return fail(std::move(ok.error()));
  if (auto ok = need_side_rows(); !ok) return fail(std::move(ok.error()));
  if (auto ok = check_session(session); !ok) return fail(std::move(ok.error()));
  child_id_ = child.id ? *child.id : Guid::make();
  auto present = child.id ? find_child(child.collection, child_id_) : Result<std::optional<PlacedChild>>();
  if (!present) return fail(std::move(present.error()));
  const bool is_hidden = [&] {
    if (!*present || on_conflict != OnConflict::replace) return false;
    const auto may_change = may_change_child(child.collection, **present);
    return !may_change || !*may_change;
  }();
  if (*present && (on_conflict == OnConflict::error || is_hidden)) {
    return fail(Errc::already_exists,
                "there is a " + std::string(info(child.collection).name) + " " + child_id_.str() + " already",
                DataverseCode::duplicate_record);
  }
  if (*present && on_conflict == OnConflict::skip) return Outcome::skipped;
  if (*present) remove_placed(child.collection, child_id_, **present);
  if (auto ok = put_child(session, child, child_id_); !ok) return fail(std::move(ok.error()));
  return *present ? Outcome::replaced : Outcome::created;
}

Result<void> ChangeBuilder::remove_child(Collection collection, const Guid& id) {
  if (!entity::is_collection(static_cast<std::uint64_t>(collection))) {
    return fail(Errc::invalid_argument,
                "collection: " + std::to_string(static_cast<int>(collection)) + " is none of 1 to 8");
  }
  auto present = find_child(collection, id);
  if (!present) return fail(std::move(present.error()));
  auto may_change = *present ? may_change_child(collection, **present) : Result<bool>(false);
  if (!may_change) return fail(std::move(may_change.error()));
  if (!*may_change) {
    return fail(Errc::not_found, "there is no " + std::string(info(collection).name) + " " + id.str(),
                DataverseCode::object_does_not_exist);
  }
  remove_placed(collection, id, **present);
  return {};
}

// An operation that erases sessions adds no children, so what stands in the basis is all there is.
Result<void> ChangeBuilder::erase_children(const Guid& session) {
  return basis_.for_each_side_row(
      SideTable::children, codec::children_prefix(session),
      [&](std::string_view key, std::string_view payload) -> Result<bool> {
        const std::uint64_t number = codec::collection_of_child_key(key);
        if (!entity::is_collection(number)) {
          return fail(Errc::corrupt, "session " + session.str() + " has a child in a collection that is none");
        }
        const auto collection = static_cast<Collection>(number);
        const CollectionInfo& about = info(collection);
        if (about.on_delete == OnSessionDelete::keep) return true;
        change_.remove_side_row(SideTable::children, key);
        change_.remove_side_row(SideTable::child_places, codec::place_key(collection, codec::guid_in_key(key, 32)));
        if (about.content_name.empty()) return true;
        auto child = codec::decode_child(key, payload);
        if (!child) return fail(std::move(child.error()));
        if (child->file.stored) refer(child->file.stored->blob_id, -1);
        return true;
      });
}

Result<bool> ChangeBuilder::put_parent(const Parent& parent) {
  if (viewer_ != nullptr) {
    return fail(Errc::access_denied, "the names of parents are for the system alone, not for a principal",
                DataverseCode::privilege_denied);
  }
  if (auto ok = entity::check_parent(parent); !ok) return fail(std::move(ok.error()));
  if (auto ok = need_side_rows(); !ok) return fail(std::move(ok.error()));
  std::string key = codec::parent_key(parent.type, parent.id);
  const auto own = parents_.find(key);
  if (own != parents_.end() && own->second == parent.name) return false;
  if (own == parents_.end()) {
    auto payload = basis_.find_side_row(SideTable::parents, key);
    if (!payload) return fail(std::move(payload.error()));
    if (*payload) {
      auto present = codec::decode_parent(key, **payload);
      if (!present) return fail(std::move(present.error()));
      if (present->name == parent.name) return false;
    }
  }
  change_.put_side_row(SideTable::parents, key, codec::encode_parent_name(parent.name));
  parents_.insert_or_assign(std::move(key), parent.name);
  return true;
}

Result<bool> ChangeBuilder::import_parent(const Parent& parent) {
  if (!basis_.has_side_rows() || viewer_ != nullptr) return false;
  return put_parent(parent);
}

Result<bool> ChangeBuilder::remove_parent(EntityType type, const Guid& id) {
  const std::string key = codec::parent_key(type, id);
  auto payload = basis_.find_side_row(SideTable::parents, key);
  if (!payload) return fail(std::move(payload.error()));
  if (!*payload) return false;
  change_.remove_side_row(SideTable::parents, key);
  return true;
}

}  // namespace flowkeep::store

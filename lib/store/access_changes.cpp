// What a change does about access: who may do what, shares, owners.
#include "codec/side_rows.hpp"
#include "index/index_table.hpp"
#include "store/change_builder.hpp"
#include "store/reading.hpp"

namespace flowkeep::store {

using codec::SideTable;

namespace {

std::string shared_with_key(std::string_view principal_key, const index::RowKey& row) {
  std::string key(principal_key);
  key += row.bytes();
  return key;
}

std::string share_key(const Guid& id, std::string_view principal_key) {
  std::string key = index::guid_key(id);
  key += principal_key;
  return key;
}

Result<void> check_principal(const Reference& principal) {
  const bool is_one = principal.type == EntityType::none || principal.type == EntityType::systemuser ||
                      principal.type == EntityType::team;
  if (is_one) return {};
  return fail(Errc::invalid_argument, "principal: sessions are shared with a systemuser or a team, not with a " +
                                          std::string(name_of(principal.type)));
}

}  // namespace

Result<std::optional<StoredRow>> ChangeBuilder::find(const Guid& id, AccessRights needed) const {
  auto row = basis_.find_row(id);
  if (viewer_ == nullptr || !row || !*row) return row;
  auto rights = viewer_->rights((*row)->session,
                                [this](std::string_view key) { return basis_.find_side_row(SideTable::shares, key); });
  if (!rights) return fail(std::move(rights.error()));
  if (!rights->has(AccessRight::read)) return std::nullopt;
  if (!rights->has(needed)) return may_not(id, AccessRights::from_bits(needed.bits() & ~rights->bits()));
  return row;
}

Result<void> ChangeBuilder::need_privileges(const Guid& id, AccessRights needed) const {
  if (viewer_ == nullptr) return {};
  const AccessRights missing = AccessRights::from_bits(needed.bits() & ~viewer_->principal().privileges.bits());
  return missing.is_empty() ? Result<void>() : may_not(id, missing);
}

Result<bool> ChangeBuilder::is_taken(const Guid& id) const {
  auto present = basis_.find_row_key(id);
  if (!present) return fail(std::move(present.error()));
  if (*present || viewer_ == nullptr) return present->has_value();
  // A callback that is owed, and children that stay, are not for whoever takes their session's id.
  const index::Key key = index::guid_key(id);
  auto callback = basis_.find_side_row(SideTable::callbacks, key);
  if (!callback) return fail(std::move(callback.error()));
  bool is_left = callback->has_value();
  auto walked =
      basis_.for_each_side_row(SideTable::children, key, [&](std::string_view, std::string_view) -> Result<bool> {
        is_left = true;
        return false;
      });
  if (!walked) return fail(std::move(walked.error()));
  return is_left;
}

Result<void> ChangeBuilder::check_assign(const std::optional<StoredRow>& before) const {
  if (viewer_ == nullptr) return {};
  const Guid& id = *session_.flowsessionid;
  const auto& owner = session_.ownerid;
  if (!before) {
    const bool is_own = owner && viewer_->is(owner->id);
    return is_own ? Result<void>() : need_privileges(id, AccessRight::assign);
  }
  if (auto ok = before->session.unpack(); !ok) return ok;
  if (before->session.ownerid() == owner) return {};
  auto row = find(id, AccessRight::assign);
  if (!row) return fail(std::move(row.error()));
  return {};
}

Result<std::optional<codec::ShareRow>> ChangeBuilder::find_share(const Guid& id, const Guid& principal) const {
  auto payload = basis_.find_side_row(SideTable::shares, share_key(id, index::guid_key(principal)));
  if (!payload) return fail(std::move(payload.error()));
  if (!*payload) return std::nullopt;
  auto share = codec::decode_share(**payload);
  if (!share) return fail(std::move(share.error()));
  return *share;
}

void ChangeBuilder::put_share(const StoredRow& session, const Guid& principal, const codec::ShareRow& share) {
  const index::Key principal_key = index::guid_key(principal);
  const std::string payload = codec::encode(share);
  change_.put_side_row(SideTable::shares, share_key(session.session.flowsessionid(), principal_key), payload);
  change_.put_side_row(SideTable::shared_with, shared_with_key(principal_key, session.key), payload);
}

void ChangeBuilder::remove_share(const Guid& id, const index::RowKey& row, std::string_view principal_key) {
  change_.remove_side_row(SideTable::shares, share_key(id, principal_key));
  change_.remove_side_row(SideTable::shared_with, shared_with_key(principal_key, row));
}

Result<StoredRow> ChangeBuilder::find_to_share(const Guid& id, AccessRights given) const {
  // Nobody gives away what he has not.
  auto row = find(id, given | AccessRight::share);
  if (!row) return fail(std::move(row.error()));
  if (!*row) return no_such_session(id);
  if (auto ok = need_side_rows(); !ok) return fail(std::move(ok.error()));
  return std::move(**row);
}

Result<AccessRights> ChangeBuilder::grant(const Guid& id, const Reference& principal, AccessRights rights) {
  if (auto ok = check_principal(principal); !ok) return fail(std::move(ok.error()));
  if (rights.is_empty()) {
    return fail(Errc::invalid_argument, "rights: none is given; name some, such as ReadAccess");
  }
  auto row = find_to_share(id, rights);
  if (!row) return fail(std::move(row.error()));
  auto before = find_share(id, principal.id);
  if (!before) return fail(std::move(before.error()));
  const AccessRights after = rights | AccessRights::from_bits(*before ? (*before)->rights : 0);
  const EntityType type = principal.type == EntityType::team ? EntityType::team : EntityType::systemuser;
  put_share(*row, principal.id, {after.bits(), type, time_, caller_.user});
  return after;
}

Result<void> ChangeBuilder::modify(const Guid& id, const Reference& principal, AccessRights rights) {
  if (auto ok = check_principal(principal); !ok) return ok;
  auto row = find_to_share(id, rights);
  if (!row) return fail(std::move(row.error()));
  auto before = find_share(id, principal.id);
  if (!before) return fail(std::move(before.error()));
  if (rights.is_empty()) {
    if (*before) remove_share(id, row->key, index::guid_key(principal.id));
    return {};
  }
  const EntityType type = principal.type == EntityType::team ? EntityType::team : EntityType::systemuser;
  put_share(*row, principal.id, {rights.bits(), type, time_, caller_.user});
  return {};
}

Result<bool> ChangeBuilder::revoke(const Guid& id, const Reference& principal) {
  if (auto ok = check_principal(principal); !ok) return fail(std::move(ok.error()));
  auto row = find_to_share(id, {});
  if (!row) return fail(std::move(row.error()));
  auto before = find_share(id, principal.id);
  if (!before) return fail(std::move(before.error()));
  if (*before) remove_share(id, row->key, index::guid_key(principal.id));
  return before->has_value();
}

Result<void> ChangeBuilder::move_shares() {
  if (!basis_.has_side_rows()) return {};
  for (const RowChange& row : change_.rows) {
    if (!row.old_key || !row.new_key || *row.old_key == *row.new_key) continue;
    const index::Key front = index::guid_key(row.id);
    auto moved = basis_.for_each_side_row(
        SideTable::shares, front, [&](std::string_view key, std::string_view payload) -> Result<bool> {
          const std::string_view principal = key.substr(front.size());
          change_.remove_side_row(SideTable::shared_with, shared_with_key(principal, *row.old_key));
          change_.put_side_row(SideTable::shared_with, shared_with_key(principal, *row.new_key), payload);
          return true;
        });
    if (!moved) return moved;
  }
  return {};
}

}  // namespace flowkeep::store

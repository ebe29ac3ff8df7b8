#include "store/viewer.hpp"

#include <algorithm>
#include <utility>

#include "codec/record.hpp"

namespace flowkeep::store {

Viewer::Viewer(Principal principal) : principal_(std::move(principal)) {
  keys_.push_back(index::guid_key(principal_.user));
  for (const Guid& team : principal_.teams) keys_.push_back(index::guid_key(team));
  tags_.set(codec::owner_tag(principal_.user));
  for (const Guid& team : principal_.teams) tags_.set(codec::owner_tag(team));
  std::sort(keys_.begin(), keys_.end());
  keys_.erase(std::unique(keys_.begin(), keys_.end()), keys_.end());
}

bool Viewer::is(const Guid& id) const {
  if (id == principal_.user) return true;
  return std::find(principal_.teams.begin(), principal_.teams.end(), id) != principal_.teams.end();
}

Result<bool> Viewer::owns(const SessionView& session) const {
  // Mostly it is somebody else's, which the tag tells for certain.
  if (bears_out(session) == false) return false;
  if (auto ok = session.unpack(); !ok) return fail(std::move(ok.error()));
  const auto owner = session.ownerid();
  return owner && is(owner->id);
}

std::optional<bool> Viewer::bears_out(const SessionView& session) const noexcept {
  const std::uint8_t tag = codec::RecordView::owner_tag_of(session);
  if (tag == 0) return std::nullopt;
  return tags_[tag];
}

bool Viewer::could_read(const codec::DeletionRow& deletion) const {
  if (!principal_.privileges.has(AccessRight::read)) return false;
  if (deletion.ownerid && is(*deletion.ownerid)) return true;
  return std::any_of(deletion.readers.begin(), deletion.readers.end(), [this](const Guid& one) { return is(one); });
}

tl::unexpected<Error> may_not(const Guid& id, AccessRights missing) {
  return fail(Errc::access_denied, "session " + id.str() + ": the caller lacks " + missing.str() + ", which this needs",
              DataverseCode::privilege_denied);
}

}  // namespace flowkeep::store

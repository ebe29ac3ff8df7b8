#include "store/viewer.hpp"

#include <algorithm>
#include <utility>

namespace flowkeep::store {

Viewer::Viewer(Principal principal) : principal_(std::move(principal)) {
  keys_.push_back(index::guid_key(principal_.user));
  for (const Guid& team : principal_.teams) keys_.push_back(index::guid_key(team));
  std::sort(keys_.begin(), keys_.end());
  keys_.erase(std::unique(keys_.begin(), keys_.end()), keys_.end());
}

bool Viewer::is(const Guid& id) const {
  if (id == principal_.user) return true;
  return std::find(principal_.teams.begin(), principal_.teams.end(), id) != principal_.teams.end();
}

bool Viewer::could_read(const codec::DeletionRow& deletion) const {
  if (!principal_.privileges.has(AccessRight::read)) return false;
  if (deletion.ownerid && is(*deletion.ownerid)) return true;
  return std::any_of(deletion.readers.begin(), deletion.readers.end(), [this](const Guid& one) { return is(one); });
}

tl::unexpected<Error> may_not(const Guid& id, AccessRights needed) {
  return fail(Errc::access_denied, "session " + id.str() + ": needed is " + needed.str() + ", which the caller has not",
              DataverseCode::privilege_denied);
}

}  // namespace flowkeep::store

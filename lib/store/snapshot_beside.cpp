// What a snapshot shows beside sessions: shares, requests to cancel, callbacks.
#include <flowkeep/snapshot.hpp>

#include "base/guid_key.hpp"
#include "codec/side_rows.hpp"
#include "store/reading.hpp"
#include "store/snapshot_impl.hpp"

namespace flowkeep {

using codec::SideTable;

namespace {

Guid guid_of_key(std::string_view key) {
  return base::guid_from_key(reinterpret_cast<const std::uint8_t*>(key.data()));
}

// Whether who looks may see what stands beside a session.
Result<bool> may_see(Snapshot::Impl& snapshot, const Guid& id) {
  if (snapshot.viewer() == nullptr) return true;
  auto row = store::find_row(snapshot.transaction(), snapshot.tables(), id);
  if (!row) return fail(std::move(row.error()));
  if (!*row) return false;
  return snapshot.may_read((*row)->session);
}

}  // namespace

Result<std::optional<CancelRequest>> Snapshot::cancel_request(const Guid& id) const {
  if (auto ok = impl_->check_process(); !ok) return fail(std::move(ok.error()));
  auto visible = may_see(*impl_, id);
  if (!visible) return fail(std::move(visible.error()));
  if (!*visible) return std::nullopt;
  auto payload =
      store::find_side_row(impl_->transaction(), impl_->tables(), SideTable::cancel_requests, index::guid_key(id));
  if (!payload) return fail(std::move(payload.error()));
  if (!*payload) return std::nullopt;
  auto row = codec::decode_cancel_request(**payload);
  if (!row) return fail(std::move(row.error()));
  return CancelRequest{id, row->requestedon, row->requestedby};
}

Result<std::vector<CancelRequest>> Snapshot::cancel_requests() const {
  if (auto ok = impl_->check_process(); !ok) return fail(std::move(ok.error()));
  std::vector<CancelRequest> requests;
  const auto use = [&](std::string_view key, std::string_view payload) -> Result<bool> {
    auto row = codec::decode_cancel_request(payload);
    if (!row) return fail(std::move(row.error()));
    const Guid id = guid_of_key(key);
    auto visible = may_see(*impl_, id);
    if (!visible) return visible;
    if (*visible) requests.push_back({id, row->requestedon, row->requestedby});
    return true;
  };
  auto walked = store::for_each_side_row(impl_->transaction(), impl_->tables(), SideTable::cancel_requests, {}, use);
  if (!walked) return fail(std::move(walked.error()));
  return requests;
}

Result<std::optional<Callback>> Snapshot::callback(const Guid& id) const {
  if (auto ok = impl_->check_process(); !ok) return fail(std::move(ok.error()));
  auto visible = may_see(*impl_, id);
  if (!visible) return fail(std::move(visible.error()));
  if (!*visible) return std::nullopt;
  auto payload = store::find_side_row(impl_->transaction(), impl_->tables(), SideTable::callbacks, index::guid_key(id));
  if (!payload) return fail(std::move(payload.error()));
  if (!*payload) return std::nullopt;
  auto row = codec::decode_callback(**payload);
  if (!row) return fail(std::move(row.error()));
  return std::move(*row);
}

Result<std::vector<Callback>> Snapshot::callbacks(std::optional<CallbackState> state, const std::optional<Guid>& after,
                                                  std::size_t most) const {
  if (auto ok = impl_->check_process(); !ok) return fail(std::move(ok.error()));
  std::vector<Callback> callbacks;
  const std::string begin = after ? index::guid_key(*after) : std::string();
  const auto use = [&](std::string_view key, std::string_view payload) -> Result<bool> {
    if (callbacks.size() >= most) return false;
    auto row = codec::decode_callback(payload);
    if (!row) return fail(std::move(row.error()));
    if (key == begin || (state && row->state != *state)) return true;
    auto visible = may_see(*impl_, row->flowsessionid);
    if (!visible) return visible;
    if (*visible) callbacks.push_back(std::move(*row));
    return true;
  };
  auto walked = store::for_each_side_row_from(impl_->transaction(), impl_->tables(), SideTable::callbacks, begin, use);
  if (!walked) return fail(std::move(walked.error()));
  return callbacks;
}

Result<AccessRights> Snapshot::access(const Guid& id, const Principal& principal) const {
  auto session = get(id);
  if (!session) return fail(std::move(session.error()));
  return impl_->rights(store::Viewer(principal), *session);
}

Result<AccessRights> Snapshot::access(const Guid& id) const {
  auto session = get(id);
  if (!session) return fail(std::move(session.error()));
  if (impl_->viewer() == nullptr) return AccessRights::all();
  return impl_->rights(*impl_->viewer(), *session);
}

Result<std::vector<SharedPrincipal>> Snapshot::shares(const Guid& id) const {
  auto session = get(id);
  if (!session) return fail(std::move(session.error()));
  if (auto ok = session->unpack(); !ok) return fail(std::move(ok.error()));
  const auto owner = session->ownerid();
  std::vector<SharedPrincipal> shares;
  const index::Key front = index::guid_key(id);
  auto walked = store::for_each_side_row(
      impl_->transaction(), impl_->tables(), SideTable::shares, front,
      [&](std::string_view key, std::string_view payload) -> Result<bool> {
        auto share = codec::decode_share(payload);
        if (!share) return fail(std::move(share.error()));
        const Guid principal = guid_of_key(key.substr(front.size()));
        if (owner && owner->id == principal) return true;
        shares.push_back({Reference(principal, share->principal), AccessRights::from_bits(share->rights),
                          share->sharedon, share->sharedby});
        return true;
      });
  if (!walked) return fail(std::move(walked.error()));
  return shares;
}

}  // namespace flowkeep

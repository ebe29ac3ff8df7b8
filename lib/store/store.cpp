#include <flowkeep/store.hpp>

#include <algorithm>

#include "store/backup.hpp"
#include "store/maintenance.hpp"
#include "store/session_read.hpp"
#include "store/snapshot_impl.hpp"
#include "store/store_impl.hpp"

namespace flowkeep {

const char* version() noexcept {
  return FLOWKEEP_VERSION;
}

Store::Store(std::shared_ptr<Impl> impl) noexcept : impl_(std::move(impl)) {}
Store::Store(Store&&) noexcept = default;
Store& Store::operator=(Store&&) noexcept = default;
Store::~Store() = default;

const std::string& Store::path() const& noexcept {
  return impl_->engine->path();
}

Result<Store> Store::as(const Principal& principal) const {
  // Who is a principal stays that one.
  if (auto system = impl_->system(); !system) return fail(std::move(system.error()));
  return Store(std::make_shared<Impl>(impl_->engine, std::make_shared<const store::Viewer>(principal)));
}

Result<Snapshot> Store::snapshot() const {
  const Timestamp time = now();
  auto transaction = impl_->engine->begin_read();
  if (!transaction) return fail(std::move(transaction.error()));
  return Snapshot(std::make_unique<Snapshot::Impl>(impl_->engine, std::move(*transaction), time, impl_->viewer));
}

Result<WriteTransaction> Store::write() const {
  return write(impl_->engine->options().caller);
}

Result<WriteTransaction> Store::write(const Caller& caller) const {
  auto begun = WriteTransaction::Impl::begin(impl_->engine, caller, impl_->viewer);
  if (!begun) return fail(std::move(begun.error()));
  return WriteTransaction(std::move(*begun));
}

Result<Guid> Store::create(const Session& session) const {
  return impl_->write([&](WriteTransaction& transaction) { return transaction.create(session); });
}

Result<std::vector<Guid>> Store::create_multiple(std::span<const Session> sessions) const {
  store::learn_before(*impl_->engine, sessions);
  return impl_->write([&](WriteTransaction& transaction) { return transaction.create_multiple(sessions); });
}

Result<std::int64_t> Store::update(const Guid& id, const SessionUpdate& update, Precondition precondition) const {
  return impl_->write([&](WriteTransaction& transaction) { return transaction.update(id, update, precondition); });
}

Result<std::uint64_t> Store::update_multiple(std::span<const SessionUpdate> updates) const {
  return impl_->write([&](WriteTransaction& transaction) { return transaction.update_multiple(updates); });
}

Result<UpsertResult> Store::upsert(const Guid& id, const SessionUpdate& update, Precondition precondition) const {
  return impl_->write([&](WriteTransaction& transaction) { return transaction.upsert(id, update, precondition); });
}

Result<std::vector<UpsertResult>> Store::upsert_multiple(std::span<const SessionUpdate> updates) const {
  return impl_->write([&](WriteTransaction& transaction) { return transaction.upsert_multiple(updates); });
}

Result<std::int64_t> Store::transition(const Guid& id, StatusCode status, std::optional<StateCode> state,
                                       Precondition precondition) const {
  return impl_->write(
      [&](WriteTransaction& transaction) { return transaction.transition(id, status, state, precondition); });
}

Result<AccessRights> Store::grant_access(const Guid& id, const Reference& principal, AccessRights rights) const {
  return impl_->write([&](WriteTransaction& transaction) { return transaction.grant_access(id, principal, rights); });
}

Result<void> Store::modify_access(const Guid& id, const Reference& principal, AccessRights rights) const {
  return impl_->write([&](WriteTransaction& transaction) { return transaction.modify_access(id, principal, rights); });
}

Result<bool> Store::revoke_access(const Guid& id, const Reference& principal) const {
  return impl_->write([&](WriteTransaction& transaction) { return transaction.revoke_access(id, principal); });
}

Result<std::int64_t> Store::assign(const Guid& id, const Reference& owner) const {
  return impl_->write([&](WriteTransaction& transaction) { return transaction.assign(id, owner); });
}

Result<CancelOutcome> Store::cancel(const Guid& id) const {
  return impl_->write([&](WriteTransaction& transaction) { return transaction.cancel(id); });
}

Result<CancelToken> Store::cancel_token(const Guid& id) const {
  // First the token: a request that comes meanwhile finds it.
  auto state = impl_->engine->cancel_watch().watch(id);
  if (!state) return fail(std::move(state.error()));
  const auto view = snapshot();
  if (!view) return fail(view.error());
  if (const auto session = view->get(id); !session) return fail(session.error());
  auto request = view->cancel_request(id);
  if (!request) return fail(std::move(request.error()));
  if (*request) impl_->engine->cancel_watch().note(**request);
  return CancelToken(std::move(*state));
}

Result<void> Store::trigger_callback(const Guid& id) const {
  return impl_->write([&](WriteTransaction& transaction) { return transaction.trigger_callback(id); });
}

namespace {

// A time from now that keys and rows can hold.
Timestamp from_now(std::chrono::milliseconds time) {
  constexpr std::chrono::milliseconds longest = std::chrono::hours(24 * 365);
  return now() + std::clamp(time, std::chrono::milliseconds(0), longest);
}

}  // namespace

Result<std::vector<Callback>> Store::claim_callbacks(std::size_t most, std::chrono::milliseconds lease) const {
  if (auto system = impl_->system(); !system) return fail(std::move(system.error()));
  return impl_->build([&](store::ChangeBuilder& builder) { return builder.claim_callbacks(most, from_now(lease)); });
}

Result<bool> Store::note_callback(const Callback& claimed, const CallbackAttempt& attempt,
                                  std::chrono::milliseconds again) const {
  if (auto system = impl_->system(); !system) return fail(std::move(system.error()));
  return impl_->build(
      [&](store::ChangeBuilder& builder) { return builder.note_callback(claimed, attempt, from_now(again)); });
}

Result<void> Store::erase(const Guid& id, Precondition precondition) const {
  return impl_->write([&](WriteTransaction& transaction) { return transaction.erase(id, precondition); });
}

Result<std::uint64_t> Store::erase_multiple(std::span<const Guid> ids) const {
  return impl_->write([&](WriteTransaction& transaction) { return transaction.erase_multiple(ids); });
}

tl::expected<ImportResult, ImportFailure> Store::import_sessions(std::span<const Session> sessions,
                                                                 ImportOptions options) const {
  const auto failed = [](Error error) { return tl::unexpected<ImportFailure>(ImportFailure{std::move(error), 0}); };
  store::learn_before(*impl_->engine, sessions);
  auto transaction = write();
  if (!transaction) return failed(std::move(transaction.error()));
  auto imported = transaction->import_sessions(sessions, options);
  if (!imported) return imported;
  if (auto ok = transaction->commit(); !ok) return failed(std::move(ok.error()));
  return imported;
}

namespace {

// Answers use(session) of one session as it is now. To a principal as the tables show it: what was shared a moment
// ago, or is not any more, is in force.
template <class Use>
auto read_session(const Store& store, store::Engine& engine, const store::Viewer* viewer, const Guid& id, Use&& use)
    -> std::invoke_result_t<Use, const SessionView&> {
  if (viewer == nullptr) {
    return store::read_session(engine, id, [&](const SessionView& session, const auto&) { return use(session); });
  }
  const auto snapshot = store.snapshot();
  if (!snapshot) return fail(snapshot.error());
  const auto session = snapshot->get(id);
  if (!session) return fail(session.error());
  return use(*session);
}

}  // namespace

Result<Session> Store::get(const Guid& id) const {
  return read_session(*this, *impl_->engine, impl_->viewer.get(), id,
                      [](const SessionView& session) { return session.copy(); });
}

Result<std::optional<Session>> Store::find(const Guid& id) const {
  auto session = get(id);
  if (session) return std::move(*session);
  if (session.error().code == Errc::not_found) return std::nullopt;
  return fail(std::move(session.error()));
}

Result<SessionStatus> Store::status_of(const Guid& id) const {
  return read_session(*this, *impl_->engine, impl_->viewer.get(), id,
                      [](const SessionView& session) -> Result<SessionStatus> {
                        return SessionStatus{session.statuscode(), session.statecode(), session.startedon(),
                                             session.completedon(), session.versionnumber()};
                      });
}

Result<bool> Store::is_valid_state_transition(const Guid& id, std::string_view new_state,
                                              std::int32_t new_status) const {
  if (impl_->viewer) {
    const auto view = snapshot();
    if (!view) return fail(view.error());
    return view->is_valid_state_transition(id, new_state, new_status);
  }
  return store::read_session(
      *impl_->engine, id, [&](const SessionView& session, const storage::Transaction& transaction) -> Result<bool> {
        auto catalogue = impl_->engine->catalogue(transaction);
        if (!catalogue) return fail(std::move(catalogue.error()));
        return flowkeep::is_valid_state_transition((*catalogue)->model, {session.statecode(), session.statuscode()},
                                                   new_state, new_status);
      });
}

Result<void> Store::set_state_model(const StateModel& model) const {
  auto engine = impl_->system();
  if (!engine) return fail(std::move(engine.error()));
  return store::set_state_model(**engine, model);
}

Result<void> Store::add_index(IndexId index, const Progress& progress) const {
  auto engine = impl_->system();
  if (!engine) return fail(std::move(engine.error()));
  return store::add_index(**engine, index, progress);
}

Result<void> Store::drop_index(IndexId index) const {
  auto engine = impl_->system();
  if (!engine) return fail(std::move(engine.error()));
  return store::drop_index(**engine, index);
}

Result<StoreStats> Store::stats() const {
  auto engine = impl_->system();
  if (!engine) return fail(std::move(engine.error()));
  return store::stats(**engine);
}

Result<CheckReport> Store::check(const Progress& progress) const {
  auto engine = impl_->system();
  if (!engine) return fail(std::move(engine.error()));
  return store::check(**engine, progress);
}

Result<BackupReport> Store::backup(std::string_view destination, const BackupOptions& options) const {
  auto engine = impl_->system();
  if (!engine) return fail(std::move(engine.error()));
  return store::backup(**engine, std::string(destination), options);
}

}  // namespace flowkeep

#include "store/write_transaction_impl.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

#include "store/processes.hpp"
#include "store/reading.hpp"

namespace flowkeep {

using store::ChangeBuilder;

namespace {

// LMDB keeps a transaction's pages in memory, at most 131 071 of them before it spills.
constexpr std::uint64_t max_transaction_bytes = 256ULL << 20;
// What a write needs beyond its rows: pages of the trees that are copied on the way.
std::uint64_t slack_of(std::uint64_t quota) noexcept {
  return std::min<std::uint64_t>(1ULL << 20, quota / 8);
}

bool leaves_transaction_intact(Errc code) noexcept {
  return code == Errc::not_found || code == Errc::already_exists || code == Errc::version_mismatch ||
         code == Errc::invalid_transition || code == Errc::invalid_argument || code == Errc::access_denied ||
         code == Errc::full;
}

Error at(std::string_view what, std::size_t position, Error error) {
  error.message = std::string(what) + " " + std::to_string(position) + ": " + error.message;
  return error;
}

}  // namespace

Result<std::unique_ptr<WriteTransaction::Impl>> WriteTransaction::Impl::begin(
    std::shared_ptr<store::Engine> engine, const Caller& caller, std::shared_ptr<const store::Viewer> viewer) {
  auto committer = engine->committer();
  if (!committer) return fail(std::move(committer.error()));
  std::unique_ptr<Impl> impl(new Impl(std::move(engine), caller, std::move(viewer)));
  impl->engine_->tend_readers();
  if (auto ok = (*committer)->begin(); !ok) return fail(std::move(ok.error()));
  impl->is_writing_ = true;
  impl->catalogue_ = (*committer)->catalogue();
  impl->counters_ = (*committer)->counters();
  impl->arrivals_before_ = impl->counters_.arrival;
  auto forms = impl->engine_->forms((*committer)->base(), *impl->catalogue_);
  if (!forms) return fail(std::move(forms.error()));
  impl->forms_ = *forms;
  if (impl->engine_->options().role == Role::agent && forms->process == 0) {
    if (auto ok = impl->enter_process(); !ok) return fail(std::move(ok.error()));
  }
  return impl;
}

Result<void> WriteTransaction::Impl::enter_process() {
  if (!basis().has_side_rows()) return {};  // of an older format, which others have open: it is for later
  auto present = store::this_process();
  if (!present) return fail(std::move(present.error()));
  auto number = run([&](ChangeBuilder& builder) { return builder.enter_process(*present); });
  if (!number) return fail(std::move(number.error()));
  forms_.process = process_number_ = *number;
  return {};
}

Result<CancelOutcome> WriteTransaction::Impl::cancel(const Guid& id) {
  Timestamp time{};
  auto outcome = run([&](ChangeBuilder& builder) {
    time = builder.time();
    return builder.cancel(id);
  });
  if (outcome && *outcome == CancelOutcome::requested) cancels_.push_back({id, time, caller_.user});
  return outcome;
}

WriteTransaction::Impl::~Impl() {
  end();
}

void WriteTransaction::Impl::end() noexcept {
  // In a forked child the lock is the parent's.
  if (std::exchange(is_writing_, false) && engine_->environment().check_process()) committer().end();
}

Result<void> WriteTransaction::Impl::check() const {
  if (auto ok = engine_->environment().check_process(); !ok) return ok;
  if (dead_) return fail(*dead_);
  if (!is_writing_) return fail(Errc::invalid_argument, "the transaction is over: it was committed");
  if (std::this_thread::get_id() != thread_) {
    return fail(Errc::invalid_argument, "a write transaction is used by another thread than the one that began it");
  }
  return {};
}

void WriteTransaction::Impl::note_failure(const Error& error) {
  if (!leaves_transaction_intact(error.code)) dead_ = error;
}

Result<void> WriteTransaction::Impl::reserve(const store::Change& change) {
  bytes_ += change.bytes();
  if (bytes_ > max_transaction_bytes) {
    bytes_ -= change.bytes();
    return fail(Errc::invalid_argument, "the transaction would write more than " +
                                            std::to_string(max_transaction_bytes) + " bytes (256 MiB): split it");
  }
  if (!change.adds_rows()) return {};
  const std::uint64_t quota = engine_->options().quota_bytes;
  if (quota == 0) return {};
  const auto ahead = [&] {
    const store::Applier& applier = committer().applier();
    return bytes_ + applier.unapplied_bytes() + store::Change::row_overhead * applier.unapplied_rows() +
           slack_of(quota);
  };
  std::uint64_t wanted = ahead();
  const storage::EnvironmentInfo info = engine_->environment().info();
  if ((info.last_page + 1) * info.page_bytes + wanted <= quota) return {};
  auto used = used_bytes(Figures::known);
  if (used && *used + wanted > quota) {
    used = used_bytes(Figures::fresh);
    wanted = ahead();  // what is applied now is in use
  }
  if (!used) return fail(std::move(used.error()));
  if (*used + wanted <= quota) return {};
  bytes_ -= change.bytes();
  return fail(Errc::full, engine_->path() + " is full: " + std::to_string(*used) + " of " + std::to_string(quota) +
                              " bytes (quota) are in use; delete sessions, or open the store with a larger quota");
}

Result<std::uint64_t> WriteTransaction::Impl::used_bytes(Figures figures) {
  if (figures == Figures::known && used_bytes_) return *used_bytes_;
  if (figures == Figures::fresh) {
    if (auto ok = committer().refresh(); !ok) return fail(std::move(ok.error()));
  }
  auto free = storage::Environment::free_pages(committer().base());
  if (!free) return fail(std::move(free.error()));
  const storage::EnvironmentInfo info = engine_->environment().info();
  used_bytes_ = (info.last_page + 1 - std::min(info.last_page + 1, *free)) * info.page_bytes;
  return *used_bytes_;
}

store::Basis WriteTransaction::Impl::basis() {
  if (!own_ && !changes_->empty()) {
    own_.emplace();
    for (const store::Change& change : *changes_) own_->add(change);
  }
  return {committer().base(), engine_->tables(), committer().overlay(), own_ ? &*own_ : nullptr};
}

Result<std::optional<store::StoredRow>> WriteTransaction::Impl::find_row(const Guid& id) {
  const store::Basis basis = this->basis();
  return ChangeBuilder(basis, *catalogue_, forms_, counters_, caller_, viewer_.get()).find(id, AccessRight::read);
}

Result<void> WriteTransaction::Impl::add(ChangeBuilder& builder) {
  auto change = builder.finish();
  if (!change) {
    note_failure(change.error());
    return fail(std::move(change.error()));
  }
  if (auto ok = reserve(*change); !ok) return ok;
  if (change->is_empty()) return {};
  counters_ = change->counters;
  if (!change->extra_columns.empty()) {
    auto catalogue = std::make_shared<store::Catalogue>(*catalogue_);
    catalogue->number = counters_.catalogue;
    catalogue->extra_columns = change->extra_columns;
    catalogue_ = std::move(catalogue);
  }
  changes_->push_back(std::move(*change));
  if (own_) own_->add(changes_->back());
  return {};
}

Result<store::Committer::Ticket> WriteTransaction::Impl::submit(std::optional<Durability> durability) {
  if (auto ok = check(); !ok) return fail(std::move(ok.error()));
  // What the transaction itself has answered needs no telling.
  std::erase_if(cancels_, [this](const CancelRequest& request) {
    const auto row = basis().find_side_row(codec::SideTable::cancel_requests, index::guid_key(request.flowsessionid));
    return row && !*row;
  });
  own_.reset();
  auto ticket = changes_->empty()
                    ? Result<store::Committer::Ticket>(store::Committer::Ticket{})
                    : committer().submit(std::move(changes_), durability.value_or(engine_->options().durability));
  if (ticket && process_number_ != 0) engine_->set_process_number(process_number_);
  end();
  if (!ticket) {
    dead_ = ticket.error();
  } else {
    for (const CancelRequest& request : cancels_) engine_->cancel_watch().note(request);
    engine_->dictionary_maker().note(arrivals_before_, *catalogue_);
  }
  return ticket;
}

Result<void> WriteTransaction::Impl::commit(std::optional<Durability> durability) {
  auto ticket = submit(durability);
  if (!ticket) return fail(std::move(ticket.error()));
  auto stored = committer().wait(*ticket);
  if (!stored) dead_ = stored.error();
  return stored;
}

WriteTransaction::WriteTransaction(std::unique_ptr<Impl> impl) noexcept : impl_(std::move(impl)) {}
WriteTransaction::WriteTransaction(WriteTransaction&&) noexcept = default;
WriteTransaction& WriteTransaction::operator=(WriteTransaction&&) noexcept = default;
WriteTransaction::~WriteTransaction() = default;

Result<std::optional<Session>> WriteTransaction::find(const Guid& id) const {
  if (auto ok = impl_->check(); !ok) return fail(std::move(ok.error()));
  auto row = impl_->find_row(id);
  if (!row) return fail(std::move(row.error()));
  if (!*row) return std::nullopt;
  auto session = (*row)->session.copy();
  if (!session) return fail(std::move(session.error()));
  return std::move(*session);
}

Result<Session> WriteTransaction::get(const Guid& id) const {
  auto found = find(id);
  if (!found) return fail(std::move(found.error()));
  if (!*found) return store::no_such_session(id);
  return std::move(**found);
}

Result<bool> WriteTransaction::is_valid_state_transition(const Guid& id, std::string_view new_state,
                                                         std::int32_t new_status) const {
  auto session = get(id);
  if (!session) return fail(std::move(session.error()));
  return flowkeep::is_valid_state_transition(impl_->catalogue().model, {*session->statecode, *session->statuscode},
                                             new_state, new_status);
}

Result<Guid> WriteTransaction::create(const Session& session) {
  return impl_->run([&](ChangeBuilder& builder) { return builder.create(session); });
}

Result<std::vector<Guid>> WriteTransaction::create_multiple(std::span<const Session> sessions) {
  return impl_->run([&](ChangeBuilder& builder) -> Result<std::vector<Guid>> {
    std::vector<Guid> ids;
    ids.reserve(sessions.size());
    for (const Session& session : sessions) {
      auto id = builder.create(session);
      if (!id) return fail(at("session", ids.size(), std::move(id.error())));
      ids.push_back(*id);
    }
    return ids;
  });
}

Result<std::int64_t> WriteTransaction::update(const Guid& id, const SessionUpdate& update, Precondition precondition) {
  return impl_->run([&](ChangeBuilder& builder) { return builder.update(id, update, precondition); });
}

Result<std::uint64_t> WriteTransaction::update_multiple(std::span<const SessionUpdate> updates) {
  return impl_->run([&](ChangeBuilder& builder) -> Result<std::uint64_t> {
    std::uint64_t applied = 0;
    for (std::size_t i = 0; i < updates.size(); ++i) {
      const auto& id = updates[i].set.flowsessionid;
      if (!id) return fail(Errc::invalid_argument, "update " + std::to_string(i) + ": flowsessionid is missing");
      if (builder.has(*id)) continue;
      auto version = builder.update(*id, updates[i], {});
      if (!version) return fail(at("update", i, std::move(version.error())));
      ++applied;
    }
    return applied;
  });
}

Result<UpsertResult> WriteTransaction::upsert(const Guid& id, const SessionUpdate& update, Precondition precondition) {
  return impl_->run([&](ChangeBuilder& builder) { return builder.upsert(id, update, precondition); });
}

Result<std::vector<UpsertResult>> WriteTransaction::upsert_multiple(std::span<const SessionUpdate> updates) {
  return impl_->run([&](ChangeBuilder& builder) -> Result<std::vector<UpsertResult>> {
    std::vector<UpsertResult> results;
    results.reserve(updates.size());
    for (const SessionUpdate& update : updates) {
      const Guid id = update.set.flowsessionid ? *update.set.flowsessionid : Guid::make();
      if (builder.has(id)) {
        return fail(Errc::already_exists,
                    "upsert " + std::to_string(results.size()) + ": session " + id.str() + " is named twice",
                    DataverseCode::duplicate_record);
      }
      auto result = builder.upsert(id, update, {});
      if (!result) return fail(at("upsert", results.size(), std::move(result.error())));
      results.push_back(*result);
    }
    return results;
  });
}

Result<std::int64_t> WriteTransaction::transition(const Guid& id, StatusCode status, std::optional<StateCode> state,
                                                  Precondition precondition) {
  SessionUpdate update;
  update.set.statuscode = status;
  update.set.statecode = state ? *state : state_of(status);
  return this->update(id, update, precondition);
}

Result<AccessRights> WriteTransaction::grant_access(const Guid& id, const Reference& principal, AccessRights rights) {
  return impl_->run([&](ChangeBuilder& builder) { return builder.grant(id, principal, rights); });
}

Result<void> WriteTransaction::modify_access(const Guid& id, const Reference& principal, AccessRights rights) {
  return impl_->run([&](ChangeBuilder& builder) { return builder.modify(id, principal, rights); });
}

Result<bool> WriteTransaction::revoke_access(const Guid& id, const Reference& principal) {
  return impl_->run([&](ChangeBuilder& builder) { return builder.revoke(id, principal); });
}

Result<std::int64_t> WriteTransaction::assign(const Guid& id, const Reference& owner) {
  SessionUpdate change;
  change.set.ownerid = owner;
  return update(id, change);
}

Result<CancelOutcome> WriteTransaction::cancel(const Guid& id) {
  return impl_->cancel(id);
}

Result<void> WriteTransaction::trigger_callback(const Guid& id) {
  return impl_->run([&](ChangeBuilder& builder) { return builder.trigger_callback(id); });
}

Result<void> WriteTransaction::erase(const Guid& id, Precondition precondition) {
  return impl_->run([&](ChangeBuilder& builder) { return builder.erase(id, precondition); });
}

Result<std::uint64_t> WriteTransaction::erase_multiple(std::span<const Guid> ids) {
  return impl_->run([&](ChangeBuilder& builder) -> Result<std::uint64_t> {
    std::uint64_t erased = 0;
    for (const Guid& id : ids) {
      if (builder.has(id)) continue;
      if (auto ok = builder.erase(id, {}); !ok) return fail(std::move(ok.error()));
      ++erased;
    }
    return erased;
  });
}

tl::expected<ImportResult, ImportFailure> WriteTransaction::import_sessions(std::span<const Session> sessions,
                                                                            ImportOptions options) {
  std::size_t position = 0;
  if (!options.children.empty() && options.children.size() != sessions.size()) {
    return tl::unexpected<ImportFailure>(ImportFailure{
        Error{Errc::invalid_argument, "children are given of " + std::to_string(options.children.size()) +
                                          " sessions, and sessions are " + std::to_string(sessions.size())},
        0});
  }
  auto imported = impl_->run([&](ChangeBuilder& builder) -> Result<ImportResult> {
    ImportResult result;
    for (; position < sessions.size(); ++position) {
      auto outcome = builder.import(sessions[position], options.on_conflict);
      if (!outcome) return fail(std::move(outcome.error()));
      ++(*outcome == Outcome::created    ? result.created
         : *outcome == Outcome::replaced ? result.replaced
                                         : result.skipped);
      if (options.children.empty() || *outcome == Outcome::skipped) continue;
      for (const Child& child : options.children[position]) {
        auto put = builder.import_child(builder.imported_id(), child, options.on_conflict);
        if (!put) return fail(std::move(put.error()));
      }
    }
    position = 0;
    for (const Parent& parent : options.parents) {
      auto put = builder.import_parent(parent);
      if (!put) return fail(std::move(put.error()));
    }
    return result;
  });
  if (!imported) return tl::unexpected<ImportFailure>(ImportFailure{std::move(imported.error()), position});
  return *imported;
}

Result<void> WriteTransaction::commit() {
  return impl_->commit(std::nullopt);
}

Result<void> WriteTransaction::commit(Durability durability) {
  return impl_->commit(durability);
}

Result<Pending> WriteTransaction::submit(std::optional<Durability> durability) {
  auto ticket = impl_->submit(durability);
  if (!ticket) return fail(std::move(ticket.error()));
  return Pending(std::make_shared<const Pending::Impl>(Pending::Impl{impl_->engine(), *ticket}));
}

Result<void> Pending::wait() const {
  auto committer = impl_->engine->committer();
  if (!committer) return fail(std::move(committer.error()));
  return (*committer)->wait(impl_->ticket);
}

bool Pending::is_done() const {
  return impl_->engine->find_committer()->is_done(impl_->ticket);
}

Pending::Pending(std::shared_ptr<const Impl> impl) noexcept : impl_(std::move(impl)) {}
Pending::Pending(const Pending&) noexcept = default;
Pending::Pending(Pending&&) noexcept = default;
Pending& Pending::operator=(const Pending&) noexcept = default;
Pending& Pending::operator=(Pending&&) noexcept = default;
Pending::~Pending() = default;

std::optional<Precondition> parse_etag(std::string_view text) noexcept {
  if (text == "*") return Precondition::if_match_any();
  const bool weak = text.substr(0, 2) == "W/";
  if (weak) text.remove_prefix(2);
  const bool quoted = text.size() >= 2 && text.front() == '"' && text.back() == '"';
  if (weak && !quoted) return std::nullopt;
  if (quoted) text = text.substr(1, text.size() - 2);
  std::int64_t version = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), version);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return Precondition::if_match(version);
}

}  // namespace flowkeep

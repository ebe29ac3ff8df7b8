// What a change does beside the records: requests to cancel, callbacks, the processes that run sessions.
#include <flowkeep/sweep.hpp>

#include "base/guid_key.hpp"
#include "codec/record.hpp"
#include "codec/side_rows.hpp"
#include "index/index_table.hpp"
#include "store/change_builder.hpp"

namespace flowkeep::store {

using codec::SideTable;

namespace {

bool is_open(const std::optional<StoredRow>& row) {
  return row && !is_terminal(row->session.statuscode());
}

}  // namespace

Result<void> ChangeBuilder::need_side_rows() const {
  if (basis_.has_side_rows()) return {};
  return no_place_yet();
}

Result<void> ChangeBuilder::remove_if_there(SideTable table, std::string_view key) {
  auto present = basis_.find_side_row(table, key);
  if (!present) return fail(std::move(present.error()));
  if (*present) change_.remove_side_row(table, key);
  return {};
}

std::uint32_t ChangeBuilder::process_after(const std::optional<StoredRow>& before, Written written) const {
  if (written == Written::elsewhere || is_terminal(*session_.statuscode)) return 0;
  const bool was_running = before && before->session.statuscode() == StatusCode::running;
  if (forms_.process != 0 && session_.statuscode == StatusCode::running && !was_running) return forms_.process;
  return is_open(before) ? codec::RecordView::process_of(before->session) : 0;
}

Result<void> ChangeBuilder::end_run(const std::optional<StoredRow>& before, Written written) {
  if (!is_terminal(*session_.statuscode) || (before && !is_open(before)) || !basis_.has_side_rows()) return {};
  if (auto ok = remove_if_there(SideTable::cancel_requests, index::guid_key(*session_.flowsessionid)); !ok) return ok;
  if (written == Written::elsewhere || !session_.callbackurl) return {};
  return enqueue_callback(session_);
}

Result<void> ChangeBuilder::enqueue_callback(const Session& session) {
  Callback row;
  row.flowsessionid = *session.flowsessionid;
  row.url = *session.callbackurl;
  row.statuscode = *session.statuscode;
  row.startedon = session.startedon;
  row.completedon = session.completedon;
  if (session.regardingobjectid) row.regardingobjectid = session.regardingobjectid->id;
  row.enqueuedon = time_;
  row.dueon = time_;
  return put_callback(row);
}

// With its place among those that are due, in which it stands while it is waiting.
Result<void> ChangeBuilder::put_callback(const Callback& row) {
  const index::Key key = index::guid_key(row.flowsessionid);
  auto before = basis_.find_side_row(SideTable::callbacks, key);
  if (!before) return fail(std::move(before.error()));
  if (*before) {
    auto old = codec::decode_callback(**before);
    if (!old) return fail(std::move(old.error()));
    if (old->state == CallbackState::waiting) {
      change_.remove_side_row(SideTable::callbacks_due, codec::due_key(old->dueon, key));
    }
  }
  if (row.state == CallbackState::waiting) {
    change_.put_side_row(SideTable::callbacks_due, codec::due_key(row.dueon, key), {});
  }
  change_.put_side_row(SideTable::callbacks, key, codec::encode(row));
  return {};
}

Result<void> ChangeBuilder::erase_side_rows(const StoredRow& stored, codec::DeletionRow& deletion) {
  if (const auto owner = stored.session.ownerid()) deletion.ownerid = owner->id;
  if (!basis_.has_side_rows()) return {};
  const index::Key key = index::guid_key(stored.session.flowsessionid());
  if (auto ok = remove_if_there(SideTable::cancel_requests, key); !ok) return ok;
  auto shares = basis_.for_each_side_row(
      SideTable::shares, key, [&](std::string_view share_key, std::string_view payload) -> Result<bool> {
        auto share = codec::decode_share(payload);
        if (!share) return fail(std::move(share.error()));
        const std::string_view principal = share_key.substr(key.size());
        if (AccessRights::from_bits(share->rights).has(AccessRight::read)) {
          deletion.readers.push_back(base::guid_from_key(reinterpret_cast<const std::uint8_t*>(principal.data())));
        }
        remove_share(stored.session.flowsessionid(), stored.key, principal);
        return true;
      });
  if (!shares) return shares;
  if (auto ok = erase_children(stored.session.flowsessionid()); !ok) return ok;
  auto callback = basis_.find_side_row(SideTable::callbacks, key);
  if (!callback) return fail(std::move(callback.error()));
  if (!*callback) return {};
  auto row = codec::decode_callback(**callback);
  if (!row) return fail(std::move(row.error()));
  // One that is owed is delivered all the same.
  if (row->state != CallbackState::waiting) change_.remove_side_row(SideTable::callbacks, key);
  return {};
}

Result<CancelOutcome> ChangeBuilder::cancel(const Guid& id) {
  auto row = find(id, AccessRight::write);
  if (!row) return fail(std::move(row.error()));
  if (!*row) return no_such_session(id);
  const SessionView& session = (*row)->session;
  const StatusCode status = session.statuscode();
  if (is_terminal(status)) {
    return fail(Errc::invalid_transition,
                "session " + id.str() + " is " + std::string(label(status)) +
                    " already: only a run that is queued or running can be cancelled",
                DataverseCode::invalid_state_transition);
  }
  if (!session.startedon()) {
    SessionUpdate update;
    update.set.statuscode = StatusCode::cancelled;
    update.set.statecode = state_of(StatusCode::cancelled);
    auto version = this->update(id, update, {});
    if (!version) return fail(std::move(version.error()));
    return CancelOutcome::cancelled;
  }
  // Its agent could not do as it is asked.
  auto next = next_state(catalogue_.model, {session.statecode(), status}, state_of(StatusCode::cancelled),
                         StatusCode::cancelled);
  if (!next) return fail(std::move(next.error()));
  if (auto ok = need_side_rows(); !ok) return fail(std::move(ok.error()));
  const index::Key key = index::guid_key(id);
  auto before = basis_.find_side_row(SideTable::cancel_requests, key);
  if (!before) return fail(std::move(before.error()));
  if (*before) return CancelOutcome::already_requested;
  change_.put_side_row(SideTable::cancel_requests, key, codec::encode(codec::CancelRequestRow{time_, caller_.user}));
  return CancelOutcome::requested;
}

Result<void> ChangeBuilder::trigger_callback(const Guid& id) {
  auto row = find(id, AccessRight::write);
  if (!row) return fail(std::move(row.error()));
  if (!*row) return no_such_session(id);
  auto session = (*row)->session.copy();
  if (!session) return fail(std::move(session.error()));
  if (!is_terminal(*session->statuscode)) {
    return fail(Errc::invalid_transition,
                "session " + id.str() + " is " + std::string(label(*session->statuscode)) +
                    ": its callback is sent when it has ended",
                DataverseCode::invalid_state_transition);
  }
  if (!session->callbackurl) {
    return fail(Errc::invalid_argument, "session " + id.str() + " has no callbackurl, so nobody is to be told");
  }
  if (auto ok = need_side_rows(); !ok) return ok;
  return enqueue_callback(*session);
}

Result<std::vector<Callback>> ChangeBuilder::claim_callbacks(std::size_t most, Timestamp until) {
  std::vector<Callback> claimed;
  std::vector<Callback> rows;
  auto walked = basis_.for_each_side_row(SideTable::callbacks_due, {},
                                         [&](std::string_view key, std::string_view) -> Result<bool> {
                                           if (rows.size() == most || codec::due_of_key(key) > time_) return false;
                                           auto payload = basis_.find_side_row(SideTable::callbacks, key.substr(8));
                                           if (!payload) return fail(std::move(payload.error()));
                                           if (!*payload)
                                             return fail(Errc::corrupt, "a callback that is due is not there");
                                           auto row = codec::decode_callback(**payload);
                                           if (!row) return fail(std::move(row.error()));
                                           rows.push_back(std::move(*row));
                                           return true;
                                         });
  if (!walked) return fail(std::move(walked.error()));
  for (Callback& row : rows) {
    const index::Key key = index::guid_key(row.flowsessionid);
    change_.remove_side_row(SideTable::callbacks_due, codec::due_key(row.dueon, key));
    row.dueon = until;
    change_.put_side_row(SideTable::callbacks_due, codec::due_key(until, key), {});
    change_.put_side_row(SideTable::callbacks, key, codec::encode(row));
    claimed.push_back(std::move(row));
  }
  return claimed;
}

Result<bool> ChangeBuilder::note_callback(const Callback& claimed, const CallbackAttempt& attempt, Timestamp next) {
  constexpr std::size_t most_error_bytes = 4096;
  if (static_cast<int>(attempt.state) >= callback_state_count || attempt.error.size() > most_error_bytes) {
    return fail(Errc::invalid_argument, "attempt: its state is none there is, or its error is longer than 4096 bytes");
  }
  const index::Key key = index::guid_key(claimed.flowsessionid);
  auto payload = basis_.find_side_row(SideTable::callbacks, key);
  if (!payload) return fail(std::move(payload.error()));
  if (!*payload) return false;
  auto row = codec::decode_callback(**payload);
  if (!row) return fail(std::move(row.error()));
  // Enqueued again meanwhile, or claimed by another whose turn came when this one took too long.
  if (row->state != CallbackState::waiting || row->enqueuedon != claimed.enqueuedon || row->dueon != claimed.dueon) {
    return false;
  }
  row->dueon = next;
  if (attempt.attempts == 0) {
    if (auto ok = put_callback(*row); !ok) return fail(std::move(ok.error()));
    return true;
  }
  row->state = attempt.state;
  row->attempts += attempt.attempts;
  row->last_status = attempt.status;
  row->last_attempt = time_;
  row->last_error = attempt.error;
  if (auto ok = put_callback(*row); !ok) return fail(std::move(ok.error()));
  if (row->state == CallbackState::waiting) return true;
  // What is told of a session goes with it.
  auto present = basis_.find_row_key(row->flowsessionid);
  if (!present) return fail(std::move(present.error()));
  if (!*present) change_.remove_side_row(SideTable::callbacks, key);
  return true;
}

Result<std::uint32_t> ChangeBuilder::enter_process(const codec::ProcessRow& process) {
  if (auto ok = need_side_rows(); !ok) return fail(std::move(ok.error()));
  std::uint32_t found = 0;
  std::uint32_t free = 1;  // the least number that nobody has
  auto walked = basis_.for_each_side_row(SideTable::processes, {},
                                         [&](std::string_view key, std::string_view payload) -> Result<bool> {
                                           auto row = codec::decode_process(payload);
                                           if (!row) return fail(std::move(row.error()));
                                           const auto number = static_cast<std::uint32_t>(codec::number_of_key(key));
                                           if (number == free) ++free;
                                           if (!row->is_same_process(process)) return true;
                                           found = number;
                                           return false;
                                         });
  if (!walked) return fail(std::move(walked.error()));
  if (found != 0) return found;
  if (free > codec::most_processes) {
    return fail(Errc::full, "the store has met " + std::to_string(codec::most_processes) +
                                " processes that run sessions: sweep it, to forget those that have ended");
  }
  change_.put_side_row(SideTable::processes, codec::number_key(free), codec::encode(process));
  return free;
}

Result<bool> ChangeBuilder::is_entered(std::uint32_t number, const codec::ProcessRow& process) const {
  auto payload = basis_.find_side_row(SideTable::processes, codec::number_key(number));
  if (!payload) return fail(std::move(payload.error()));
  if (!*payload) return false;
  auto row = codec::decode_process(**payload);
  if (!row) return fail(std::move(row.error()));
  return *row == process;
}

// Another sweep may have been faster, and the number be another process's by now.
Result<void> ChangeBuilder::forget_process(std::uint32_t number, const codec::ProcessRow& process) {
  auto entered = is_entered(number, process);
  if (!entered) return fail(std::move(entered.error()));
  if (*entered) change_.remove_side_row(SideTable::processes, codec::number_key(number));
  return {};
}

Result<bool> ChangeBuilder::sweep(const Guid& id, std::uint32_t number, const codec::ProcessRow& process) {
  auto row = basis_.find_row(id);
  if (!row) return fail(std::move(row.error()));
  if (!is_open(*row) || codec::RecordView::process_of((*row)->session) != number) return false;
  auto entered = is_entered(number, process);
  if (!entered || !*entered) return entered;
  auto has_message = (*row)->session.copy();
  if (!has_message) return fail(std::move(has_message.error()));
  SessionUpdate update;
  update.set.statuscode = StatusCode::aborted;
  update.set.statecode = state_of(StatusCode::aborted);
  update.set.errorcode = agent_process_ended;
  if (!has_message->errormessage) {
    update.set.errormessage = "The process that ran this session (" + std::to_string(process.pid) + ", known since " +
                              format_timestamp(process.since) + ") ended without closing it.";
  }
  auto version = this->update(id, update, {});
  if (!version) return fail(std::move(version.error()));
  return true;
}

}  // namespace flowkeep::store

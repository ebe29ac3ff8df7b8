#include "codec/side_rows.hpp"

#include "base/bytes.hpp"
#include "binary_generated.h"
#include "codec/flat_rows.hpp"
#include "side_generated.h"

namespace flowkeep::codec {

const SideTableInfo& info(SideTable table) noexcept {
  static constexpr std::array<SideTableInfo, side_table_count> infos{{
      {"processes", ValueKind::process, 8},
      {"cancel_requests", ValueKind::cancel_request, 16},
      {"callbacks", ValueKind::callback, 16},
      {"callbacks_due", ValueKind::callback_due, 24},
      {"shares", ValueKind::share, 32},
      {"shared_with", ValueKind::share, 32},
      {"children", ValueKind::child, 48},
      {"child_places", ValueKind::child_place, 24},
      {"parents", ValueKind::parent, 24},
  }};
  return infos[static_cast<std::size_t>(table)];
}

std::string number_key(std::uint64_t number) {
  std::string key(8, '\0');
  base::put_be64(key.data(), number);
  return key;
}

std::uint64_t number_of_key(std::string_view key) noexcept {
  return key.size() < 8 ? 0 : base::get_be64(key.data());
}

std::string due_key(Timestamp due, std::string_view session_key) {
  std::string key = number_key(base::ordered(due.time_since_epoch().count()));
  key += session_key;
  return key;
}

Timestamp due_of_key(std::string_view key) noexcept {
  return Timestamp(Ticks(base::from_ordered(number_of_key(key))));
}

std::string encode(const ProcessRow& row) {
  auto& builder = fresh_builder();
  const fb::Guid boot = guid_to(row.boot);
  return finished(builder,
                  fb::CreateProcess(builder, &boot, row.pid, row.started, row.since.time_since_epoch().count()));
}

std::string encode(const ShareRow& row) {
  auto& builder = fresh_builder();
  const fb::Guid by = guid_to(row.sharedby.value_or(Guid()));
  return finished(builder, fb::CreateShare(builder, row.rights, static_cast<std::uint8_t>(row.principal),
                                           row.sharedon.time_since_epoch().count(), row.sharedby ? &by : nullptr));
}

std::string encode(const CancelRequestRow& row) {
  auto& builder = fresh_builder();
  const fb::Guid by = guid_to(row.requestedby.value_or(Guid()));
  return finished(builder, fb::CreateCancelRequest(builder, row.requestedon.time_since_epoch().count(),
                                                   row.requestedby ? &by : nullptr));
}

std::string encode(const Callback& row) {
  auto& builder = fresh_builder();
  const fb::Guid id = guid_to(row.flowsessionid);
  const fb::Guid flow = guid_to(row.regardingobjectid.value_or(Guid()));
  const auto url = builder.CreateString(row.url.data(), row.url.size());
  flatbuffers::Offset<flatbuffers::String> error;
  if (!row.last_error.empty()) error = builder.CreateString(row.last_error.data(), row.last_error.size());
  return finished(
      builder, fb::CreateCallback(builder, &id, url, static_cast<std::uint8_t>(row.statuscode), ticks_of(row.startedon),
                                  ticks_of(row.completedon), row.regardingobjectid ? &flow : nullptr,
                                  row.enqueuedon.time_since_epoch().count(), row.dueon.time_since_epoch().count(),
                                  static_cast<std::uint8_t>(row.state), row.attempts, row.last_status,
                                  ticks_of(row.last_attempt), error));
}

Result<ProcessRow> decode_process(std::string_view payload) {
  auto row = verified<fb::Process>(payload, "process");
  if (!row) return fail(std::move(row.error()));
  return ProcessRow{guid_of(*(*row)->boot()), (*row)->pid(), (*row)->started(), Timestamp(Ticks((*row)->since()))};
}

Result<ShareRow> decode_share(std::string_view payload) {
  auto row = verified<fb::Share>(payload, "share");
  if (!row) return fail(std::move(row.error()));
  const fb::Share& stored = **row;
  const auto principal = static_cast<EntityType>(stored.principal());
  if (principal != EntityType::systemuser && principal != EntityType::team) {
    return damaged(ValueKind::share, "who it is with is neither a user nor a team");
  }
  return ShareRow{stored.rights(), principal, Timestamp(Ticks(stored.sharedon())), guid_at(stored.sharedby())};
}

Result<CancelRequestRow> decode_cancel_request(std::string_view payload) {
  auto row = verified<fb::CancelRequest>(payload, "cancel request");
  if (!row) return fail(std::move(row.error()));
  return CancelRequestRow{Timestamp(Ticks((*row)->requestedon())), guid_at((*row)->requestedby())};
}

Result<Callback> decode_callback(std::string_view payload) {
  auto verified_row = verified<fb::Callback>(payload, "callback");
  if (!verified_row) return fail(std::move(verified_row.error()));
  const fb::Callback& stored = **verified_row;
  if (stored.state() >= callback_state_count) return damaged(ValueKind::callback, "its state is none there is");
  Callback row;
  row.flowsessionid = guid_of(*stored.flowsessionid());
  row.url = stored.url()->str();
  row.statuscode = static_cast<StatusCode>(stored.statuscode());
  row.startedon = time_of(stored.startedon());
  row.completedon = time_of(stored.completedon());
  row.regardingobjectid = guid_at(stored.regardingobjectid());
  row.enqueuedon = Timestamp(Ticks(stored.enqueuedon()));
  row.dueon = Timestamp(Ticks(stored.dueon()));
  row.state = static_cast<CallbackState>(stored.state());
  row.attempts = stored.attempts();
  row.last_status = stored.last_status();
  row.last_attempt = time_of(stored.last_attempt());
  if (stored.last_error() != nullptr) row.last_error = stored.last_error()->str();
  return row;
}

}  // namespace flowkeep::codec

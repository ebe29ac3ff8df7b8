#include "sending.hpp"

#include <ostream>
#include <utility>

namespace flowkeep::callbacks {

void Sending::SetUp() {
  names_.set("receiver.example", {{"127.0.0.1"}});
  static_cast<void>(receiver_.take());
}

void Sending::TearDown() {
  static_cast<void>(receiver_.take());
}

SenderOptions Sending::options() const {
  return {.allowed_hosts = {"receiver.example"}, .ca_file = receiver_.ca_file(), .pause = 0ms};
}

Callback Sending::callback(std::string url) {
  Callback callback;
  callback.url = std::move(url);
  callback.flowsessionid = *Guid::parse("d9687093-d0c0-ec11-983e-0022480b428a");
  callback.regardingobjectid = Guid::parse("3219b349-858c-557f-8825-517ad49b41b4");
  callback.statuscode = StatusCode::succeeded;
  callback.startedon = parse_timestamp("2022-06-16T12:54:40Z");
  callback.completedon = parse_timestamp("2022-06-16T12:55:01Z");
  return callback;
}

Outcome Sending::send(std::string_view path, const SenderOptions& options) {
  return send_to(receiver_.url(path), options);
}

Outcome Sending::send_to(const std::string& url, const SenderOptions& options) {
  const auto sender = Sender::make(options);
  if (!sender) {
    ADD_FAILURE() << sender.error().message;
    return {};
  }
  const auto outcome = sender->send(callback(url));
  if (!outcome) {
    ADD_FAILURE() << outcome.error().message;
    return {};
  }
  return *outcome;
}

void PrintTo(const Outcome& outcome, std::ostream* out) {
  *out << "kind " << static_cast<int>(outcome.kind) << ", status " << outcome.http_status << ", tries " << outcome.tries
       << ": " << outcome.reason;
}

}  // namespace flowkeep::callbacks

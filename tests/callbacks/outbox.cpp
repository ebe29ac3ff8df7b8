#include "outbox.hpp"

#include <cstdlib>
#include <ostream>
#include <thread>
#include <utility>

namespace flowkeep::callbacks {
namespace {

template <class T>
T value_of(Result<T> result) {
  if (result) return std::move(*result);
  ADD_FAILURE() << result.error().message;
  std::abort();
}

}  // namespace

DelivererOptions Outbox::quick() const {
  DelivererOptions quick;
  quick.sender = options();
  quick.sender.tries = 1;
  quick.interval = 5ms;
  quick.slack = 0ms;
  return quick;
}

DelivererOptions Outbox::with_short_leases() const {
  DelivererOptions options = quick();
  options.sender.total_timeout = 1s;
  return options;
}

Deliverer Outbox::make_deliverer(const DelivererOptions& options) const {
  return value_of(Deliverer::make(store_, options));
}

DeliveryFigures Outbox::deliver(const DelivererOptions& options) const {
  return value_of(make_deliverer(options).deliver_due());
}

Guid Outbox::owe_to(const Store& store, std::string url) {
  Session session;
  session.statuscode = StatusCode::waiting;
  session.callbackurl = std::move(url);
  session.regardingobjectid = Reference(*Guid::parse("3219b349-858c-557f-8825-517ad49b41b4"));
  const Guid id = value_of(store.create(session));
  value_of(store.transition(id, StatusCode::running));
  value_of(store.transition(id, StatusCode::succeeded));
  return id;
}

Callback Outbox::callback_of(const Guid& id) const {
  const auto found = value_of(value_of(store_.snapshot()).callback(id));
  if (!found) ADD_FAILURE() << "there is no callback of " << id.str();
  return found.value_or(Callback{});
}

std::multiset<std::string> Outbox::told() const {
  constexpr std::string_view name = "x-ms-run-id: ";
  std::multiset<std::string> told;
  for (const Request& request : receiver_.take().requests) {
    for (const std::string& header : request.headers) {
      if (header.starts_with(name)) told.insert(header.substr(name.size()));
    }
  }
  return told;
}

bool Outbox::await(const Guid& id, CallbackState state) const {
  const auto deadline = std::chrono::steady_clock::now() + 20s;
  while (callback_of(id).state != state) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(2ms);
  }
  return true;
}

void PrintTo(const DeliveryFigures& figures, std::ostream* out) {
  *out << figures.delivered << " delivered, " << figures.failed << " failed, " << figures.refused << " refused, "
       << figures.later << " later";
}

}  // namespace flowkeep::callbacks

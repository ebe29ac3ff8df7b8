// What the tests of delivering share: a store that owes callbacks to the receiver.
#pragma once

#include <set>
#include <string>
#include <string_view>

#include <flowkeep/callbacks/deliverer.hpp>
#include <flowkeep/flowkeep.hpp>

#include "fixture.hpp"
#include "sending.hpp"

namespace flowkeep::callbacks {

class Outbox : public Sending {
 protected:
  /// As options(), with one try; nothing of the lease is slack.
  [[nodiscard]] DelivererOptions quick() const;
  /// The same; sends end by themselves within a second, and leases within three.
  [[nodiscard]] DelivererOptions with_short_leases() const;
  [[nodiscard]] Deliverer make_deliverer(const DelivererOptions& options) const;
  [[nodiscard]] Deliverer make_deliverer() const { return make_deliverer(quick()); }
  /// Delivers what is due with a deliverer of its own.
  DeliveryFigures deliver(const DelivererOptions& options) const;
  DeliveryFigures deliver() const { return deliver(quick()); }

  /// A run that has ended, whose callback goes to this path of the receiver, or to this URL.
  Guid owe(std::string_view path) const { return owe_to(receiver_.url(path)); }
  [[nodiscard]] Guid owe_to(std::string url) const { return owe_to(store_, std::move(url)); }
  static Guid owe_to(const Store& store, std::string url);
  [[nodiscard]] Callback callback_of(const Guid& id) const;
  /// The sessions that the receiver was told of since the last time, as often as it was.
  [[nodiscard]] std::multiset<std::string> told() const;
  /// Returns true once a callback is in that state.
  [[nodiscard]] bool await(const Guid& id, CallbackState state) const;

  fault::TemporaryDirectory directory_{};
  const std::string path_ = directory_.file();
  Store store_ = fault::open_store(path_);
};

void PrintTo(const DeliveryFigures& figures, std::ostream* out);

}  // namespace flowkeep::callbacks

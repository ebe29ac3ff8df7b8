#include "deliver.hpp"

#include <fmt/format.h>
#include <pthread.h>
#include <signal.h>
#include <algorithm>
#include <chrono>
#include <mutex>

#include <flowkeep/callbacks/deliverer.hpp>

#include "output.hpp"
#include "text.hpp"

namespace flowkeep::tool {

namespace {

using callbacks::Deliverer;
using callbacks::DelivererOptions;
using callbacks::DeliveryFigures;

Try<Deliverer> make_deliverer(const Store& store, const DeliverArguments& arguments, DelivererOptions options) {
  constexpr std::uint64_t most_seconds = 1'000'000'000;  // more than is taken
  options.sender.allowed_hosts = arguments.allowed_hosts;
  options.sender.ca_file = arguments.ca_file;
  if (arguments.connect_timeout) {
    options.sender.connect_timeout = std::chrono::seconds(std::min(*arguments.connect_timeout, most_seconds));
  }
  if (arguments.timeout)
    options.sender.total_timeout = std::chrono::seconds(std::min(*arguments.timeout, most_seconds));
  auto deliverer = Deliverer::make(store, std::move(options));
  if (deliverer) return std::move(*deliverer);
  const Error& error = deliverer.error();
  const bool is_of_file = error.code == Errc::not_found || error.code == Errc::access_denied || error.code == Errc::io;
  return is_of_file ? failed(Exit::bad_input, error.message) : failed(error, Doing::selecting);
}

Try<void> tell(const DeliveryFigures& figures, const DeliverArguments& arguments) {
  if (arguments.json) {
    return print(fmt::format("{{\"delivered\":{},\"failed\":{},\"refused\":{},\"later\":{}}}\n", figures.delivered,
                             figures.failed, figures.refused, figures.later));
  }
  print_note(fmt::format("{} delivered, {} failed, {} refused, {} put off", counted(figures.delivered, "callback"),
                         grouped(figures.failed), grouped(figures.refused), grouped(figures.later)));
  return {};
}

/// SIGINT and SIGTERM, which wait until they are asked for: in this thread and those that it starts.
class EndSignals {
 public:
  EndSignals() noexcept {
    ::sigemptyset(&signals_);
    ::sigaddset(&signals_, SIGINT);
    ::sigaddset(&signals_, SIGTERM);
    ::pthread_sigmask(SIG_BLOCK, &signals_, nullptr);
  }
  void await() const noexcept {
    int signal = 0;
    ::sigwait(&signals_, &signal);
  }
  /// Ends await(). Any thread.
  void send() const noexcept { ::pthread_kill(waiter_, SIGTERM); }

 private:
  sigset_t signals_{};
  pthread_t waiter_ = ::pthread_self();
};

/// What keeps a deliverer from its work: what passes is told, the rest ends it.
class Troubles {
 public:
  explicit Troubles(const EndSignals& signals) noexcept : signals_(signals) {}

  void meet(const Error& error) {
    const std::lock_guard lock(mutex_);
    Failure failure = failed(error, Doing::opening).value();
    if (failure.exit != Exit::busy) {
      if (!last_) last_ = std::move(failure);
      signals_.send();
    } else if (failure.message != told_) {
      print_note("flowkeep: " + failure.message);
      told_ = std::move(failure.message);
    }
  }
  /// The one that has ended it.
  [[nodiscard]] std::optional<Failure> last() const {
    const std::lock_guard lock(mutex_);
    return last_;
  }

 private:
  const EndSignals& signals_;
  mutable std::mutex mutex_{};
  std::optional<Failure> last_{};
  std::string told_{};
};

}  // namespace

Try<Exit> deliver_once(const DeliverArguments& arguments) {
  const auto store = open_store(arguments.file, OpenMode::existing);
  if (!store) return failed(store.error());
  auto deliverer = make_deliverer(*store, arguments, {});
  if (!deliverer) return failed(deliverer.error());
  const auto figures = deliverer->deliver_due();
  if (!figures) return failed(figures.error(), Doing::opening);
  if (const auto told = tell(*figures, arguments); !told) return failed(told.error());
  return figures->failed + figures->refused + figures->later == 0 ? Exit::done : Exit::no;
}

Try<Exit> deliver_for_ever(const DeliverArguments& arguments) {
  const EndSignals signals;
  const auto store = open_store(arguments.file, OpenMode::existing);
  if (!store) return failed(store.error());
  Troubles troubles(signals);
  DelivererOptions options;
  options.on_error = [&troubles](const Error& error) { troubles.meet(error); };
  auto deliverer = make_deliverer(*store, arguments, std::move(options));
  if (!deliverer) return failed(deliverer.error());
  if (const auto started = deliverer->start(); !started) return failed(started.error(), Doing::opening);
  print_note("delivering callbacks until SIGINT or SIGTERM");
  signals.await();
  deliverer->stop();
  if (auto last = troubles.last()) return failed(std::move(*last));
  if (const auto told = tell(deliverer->figures(), arguments); !told) return failed(told.error());
  return Exit::done;
}

}  // namespace flowkeep::tool

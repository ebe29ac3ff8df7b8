#include <flowkeep/callbacks/deliverer.hpp>

#include <pthread.h>
#include <unistd.h>

#include <algorithm>
#include <list>
#include <mutex>
#include <new>
#include <optional>
#include <random>
#include <string_view>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include <flowkeep/callbacks/callback_url.hpp>

#include "delivery_work.hpp"
#include "receivers.hpp"

namespace flowkeep::callbacks {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;

constexpr int most_threads = 64;
const CallbackAttempt no_attempt{.attempts = 0};

Result<void> check_time(std::string_view name, milliseconds time, milliseconds least, milliseconds most) {
  if (time >= least && time <= most) return {};
  return fail(Errc::invalid_argument, std::string(name) + " of a deliverer is " + std::to_string(time.count()) +
                                          " ms, " + std::to_string(least.count()) + " to " +
                                          std::to_string(most.count()) + " are allowed");
}

Result<void> check(const DelivererOptions& options) {
  if (options.threads < 1 || options.threads > most_threads)
    return fail(Errc::invalid_argument, "threads of a deliverer is " + std::to_string(options.threads) + ", 1 to " +
                                            std::to_string(most_threads) + " are allowed");
  constexpr milliseconds none{0};
  constexpr milliseconds least{1};
  if (auto ok = check_time("interval", options.interval, least, hours(1)); !ok) return ok;
  if (auto ok = check_time("slack", options.slack, none, hours(1)); !ok) return ok;
  if (auto ok = check_time("longest_back_off", options.longest_back_off, least, hours(24 * 7)); !ok) return ok;
  if (auto ok = check_time("back_off", options.back_off, least, options.longest_back_off); !ok) return ok;
  return check_time("give_up_after", options.give_up_after, none, hours(24 * 365));
}

/// How an outcome is noted; the send was one attempt, however often it tried.
CallbackAttempt attempt_of(Outcome&& outcome) {
  CallbackAttempt attempt;
  attempt.status = static_cast<std::uint16_t>(std::clamp(outcome.http_status, 0, 999));
  attempt.error = std::move(outcome.reason);
  switch (outcome.kind) {
    case Outcome::Kind::delivered:
      attempt.state = CallbackState::delivered;
      attempt.error.clear();
      break;
    case Outcome::Kind::refused:
      attempt.state = CallbackState::refused;
      break;
    case Outcome::Kind::failed:
      attempt.state = CallbackState::failed;
      break;
    case Outcome::Kind::later:
      attempt.state = CallbackState::waiting;
      break;
    case Outcome::Kind::stopped:
      return no_attempt;
  }
  return attempt;
}

std::uint64_t DeliveryFigures::*figure_of(CallbackState state) noexcept {
  switch (state) {
    case CallbackState::delivered:
      return &DeliveryFigures::delivered;
    case CallbackState::failed:
      return &DeliveryFigures::failed;
    case CallbackState::refused:
      return &DeliveryFigures::refused;
    case CallbackState::waiting:
      break;
  }
  return &DeliveryFigures::later;
}

std::string host_of(const Callback& callback, const SenderOptions& options) {
  auto url = check_callback_url(callback.url, options.allowed_hosts);
  return url ? std::move(url->host) : std::string();
}

}  // namespace

struct Deliverer::Impl {
  Impl(const Store& its_store, DelivererOptions given, Sender its_sender) noexcept
      : store(its_store), options(std::move(given)), sender(std::move(its_sender)) {}
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;
  ~Impl() { stop(); }

  [[nodiscard]] milliseconds lease() const noexcept {
    const SenderOptions& its = options.sender;
    return its.tries * its.total_timeout + (its.tries - 1) * its.pause + Receivers::patience + options.slack;
  }

  [[nodiscard]] Result<DeliveryFigures> deliver_due() {
    DeliveryWork work(store, options, lease(), DeliveryWork::Until::nothing_is_due);
    const Listed listed(*this, work);
    if (auto first = work.next()) {
      std::vector<std::thread> others = make_threads(work, options.threads - 1);
      run(work, std::move(first));
      for (std::thread& other : others) other.join();
    }
    if (auto failure = work.failure()) return fail(std::move(*failure));
    return work.figures();
  }

  [[nodiscard]] Result<void> start() {
    const std::lock_guard lock(mutex);
    if (is_stopped || endless) return fail(Errc::invalid_argument, "a deliverer is started once");
    endless.emplace(store, options, lease(), DeliveryWork::Until::it_is_stopped);
    works.push_back(&*endless);
    threads = make_threads(*endless, options.threads);
    if (threads.empty()) return fail(Errc::no_memory, "cannot start a thread that delivers callbacks");
    return {};
  }

  void stop() noexcept {
    std::vector<std::thread> ending;
    {
      const std::lock_guard lock(mutex);
      is_stopped = true;
      for (DeliveryWork* const work : works) work->stop();
      ending.swap(threads);
    }
    sender.stop();
    receivers.stop();
    for (std::thread& thread : ending) thread.join();
  }

  [[nodiscard]] DeliveryFigures figures() const {
    const std::lock_guard lock(mutex);
    DeliveryFigures all = done;
    for (const DeliveryWork* const work : works) add(all, work->figures());
    return all;
  }

  const Store& store;
  const DelivererOptions options;
  Sender sender;
  Receivers receivers{options.threads};
  const pid_t process = ::getpid();

 private:
  /// A work among those that stop() ends and figures() counts.
  class Listed {
   public:
    Listed(Impl& impl, DeliveryWork& work) : impl_(impl), work_(work) {
      const std::lock_guard lock(impl_.mutex);
      impl_.works.push_back(&work_);
      if (impl_.is_stopped) work_.stop();
    }
    Listed(const Listed&) = delete;
    Listed& operator=(const Listed&) = delete;
    ~Listed() {
      const std::lock_guard lock(impl_.mutex);
      impl_.works.remove(&work_);
      add(impl_.done, work_.figures());
    }

   private:
    Impl& impl_;
    DeliveryWork& work_;
  };

  static void add(DeliveryFigures& sum, const DeliveryFigures& more) noexcept {
    sum.delivered += more.delivered;
    sum.failed += more.failed;
    sum.refused += more.refused;
    sum.later += more.later;
  }

  /// As many as there can be.
  [[nodiscard]] std::vector<std::thread> make_threads(DeliveryWork& work, int count) {
    std::vector<std::thread> made;
    try {
      made.reserve(static_cast<std::size_t>(count));
      while (made.size() < static_cast<std::size_t>(count)) {
        made.emplace_back([this, &work] { run(work); });
        ::pthread_setname_np(made.back().native_handle(), "flowkeep-send");
      }
    } catch (const std::system_error&) {
      // Fewer do the same work.
    } catch (const std::bad_alloc&) {
    }
    return made;
  }

  void run(DeliveryWork& work, std::optional<Callback> callback = {}) noexcept {
    for (;;) {
      try {
        if (!callback) callback = work.next();
        if (!callback) return;
        deliver(work, *std::exchange(callback, std::nullopt));
      } catch (const std::bad_alloc&) {
        work.meet(Error{Errc::no_memory, "no memory"});
      }
    }
  }

  void deliver(DeliveryWork& work, const Callback& callback) {
    std::string host = host_of(callback, options.sender);
    std::optional<Receivers::Visit> visit;
    if (!host.empty() && !visit.emplace(receivers, std::move(host)).is_granted()) {
      note(work, callback, no_attempt, options.sender.total_timeout);
      return;
    }
    auto outcome = sender.send(callback);
    visit.reset();
    if (!outcome) {
      work.meet(outcome.error());
      note(work, callback, no_attempt, options.back_off);
      return;
    }
    const auto retry_after = outcome->retry_after;
    CallbackAttempt attempt = attempt_of(std::move(*outcome));
    milliseconds again{0};
    if (attempt.attempts != 0 && attempt.state == CallbackState::waiting) {
      if (now() - callback.enqueuedon >= options.give_up_after) {
        attempt.state = CallbackState::failed;
        attempt.error += "; it is given up, having been owed since " + format_timestamp(callback.enqueuedon);
      } else {
        again = back_off(callback.attempts, retry_after);
      }
    }
    note(work, callback, attempt, again);
  }

  // Where it cannot be noted, or was enqueued anew, the callback comes again.
  void note(DeliveryWork& work, const Callback& callback, const CallbackAttempt& attempt, milliseconds again) {
    const auto noted = store.note_callback(callback, attempt, again);
    if (!noted) {
      work.meet(noted.error());
    } else if (*noted && (attempt.attempts != 0 || again > milliseconds(0))) {
      work.count(figure_of(attempt.state));
    }
  }

  [[nodiscard]] milliseconds back_off(std::uint32_t attempts_before, std::optional<std::chrono::seconds> retry_after) {
    const milliseconds longest = options.longest_back_off;
    milliseconds time = options.back_off;
    for (std::uint32_t i = 0; i < attempts_before && time < longest; ++i) time *= 2;
    time = std::min(time, longest);
    {
      const std::lock_guard lock(mutex);
      time -= std::uniform_int_distribution<std::int64_t>(0, time.count() / 5)(random) * milliseconds(1);
    }
    return retry_after ? std::clamp<milliseconds>(*retry_after, time, longest) : time;
  }

  mutable std::mutex mutex{};
  bool is_stopped = false;
  std::list<DeliveryWork*> works{};
  std::optional<DeliveryWork> endless{};
  std::vector<std::thread> threads{};  // of endless
  DeliveryFigures done{};              // by works that are at their end
  std::minstd_rand random{static_cast<std::minstd_rand::result_type>(
      std::chrono::steady_clock::now().time_since_epoch().count() ^ process)};
};

Deliverer::Deliverer(std::unique_ptr<Impl, Free> impl) noexcept : impl_(std::move(impl)) {}
Deliverer::Deliverer(Deliverer&&) noexcept = default;
Deliverer& Deliverer::operator=(Deliverer&&) noexcept = default;
Deliverer::~Deliverer() = default;

// A child of fork() has none of the threads, which wait in it for ever.
void Deliverer::Free::operator()(Impl* impl) const noexcept {
  if (impl->process == ::getpid()) delete impl;
}

Result<Deliverer> Deliverer::make(const Store& store, DelivererOptions options) try {
  if (auto ok = check(options); !ok) return fail(std::move(ok.error()));
  auto sender = Sender::make(options.sender);
  if (!sender) return fail(std::move(sender.error()));
  return Deliverer(std::unique_ptr<Impl, Free>(new Impl(store, std::move(options), std::move(*sender))));
} catch (const std::bad_alloc&) {
  return fail(Errc::no_memory, "no memory");
}

Result<DeliveryFigures> Deliverer::deliver_due() try {
  if (impl_->process != ::getpid())
    return fail(Errc::forked, "the deliverer of callbacks was made before fork(), make a new one in the child");
  return impl_->deliver_due();
} catch (const std::bad_alloc&) {
  return fail(Errc::no_memory, "no memory");
}

Result<void> Deliverer::start() try {
  if (impl_->process != ::getpid())
    return fail(Errc::forked, "the deliverer of callbacks was made before fork(), make a new one in the child");
  return impl_->start();
} catch (const std::bad_alloc&) {
  return fail(Errc::no_memory, "no memory");
}

void Deliverer::stop() noexcept {
  if (impl_->process == ::getpid()) impl_->stop();
}

DeliveryFigures Deliverer::figures() const {
  if (impl_->process != ::getpid()) return {};
  return impl_->figures();
}

milliseconds Deliverer::lease() const noexcept {
  return impl_->lease();
}

}  // namespace flowkeep::callbacks

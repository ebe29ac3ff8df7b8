#include "delivery_work.hpp"

#include <new>
#include <utility>
#include <vector>

namespace flowkeep::callbacks {

DeliveryWork::DeliveryWork(const Store& store, const DelivererOptions& options, std::chrono::milliseconds lease,
                           Until until)
    : store_(store), options_(options), lease_(lease), until_(until) {}

bool DeliveryWork::await_turn(Lock& lock) {
  while (!is_over_) {
    if (is_looking_) {
      changed_.wait(lock);
    } else if (until_ == Until::it_is_stopped && Clock::now() < next_look_) {
      changed_.wait_until(lock, next_look_);
    } else {
      return true;
    }
  }
  return false;
}

Result<std::optional<Callback>> DeliveryWork::claim() const try {
  auto claimed = store_.claim_callbacks(1, lease_);
  if (!claimed) return fail(std::move(claimed.error()));
  if (claimed->empty()) return std::nullopt;
  Callback& callback = claimed->front();
  if (until_ == Until::nothing_is_due && callback.last_attempt && *callback.last_attempt >= began_) {
    // It was put off in the meantime, and all that were due before it have had their turn.
    auto given_back = store_.note_callback(callback, {.attempts = 0}, std::chrono::milliseconds(0));
    if (!given_back) return fail(std::move(given_back.error()));
    return std::nullopt;
  }
  return std::move(callback);
} catch (const std::bad_alloc&) {
  return fail(Errc::no_memory, "no memory");
}

std::optional<Callback> DeliveryWork::next() {
  Lock lock(mutex_);
  while (await_turn(lock)) {
    is_looking_ = true;
    lock.unlock();
    auto found = claim();
    if (!found) meet(found.error());
    lock.lock();
    is_looking_ = false;
    const bool has_found = found && *found;
    if (!has_found) {
      next_look_ = Clock::now() + options_.interval;
      if (until_ == Until::nothing_is_due) is_over_ = true;
    }
    changed_.notify_all();
    // What was taken while the work was stopped is the taker's to give back.
    if (has_found) return std::move(*found);
  }
  return std::nullopt;
}

void DeliveryWork::meet(const Error& error) {
  if (until_ == Until::it_is_stopped) {
    if (options_.on_error) options_.on_error(error);
    return;
  }
  const std::lock_guard lock(mutex_);
  if (!failure_) failure_ = error;
  is_over_ = true;
  changed_.notify_all();
}

void DeliveryWork::count(std::uint64_t DeliveryFigures::*figure) noexcept {
  const std::lock_guard lock(mutex_);
  ++(figures_.*figure);
}

void DeliveryWork::stop() noexcept {
  const std::lock_guard lock(mutex_);
  is_over_ = true;
  changed_.notify_all();
}

DeliveryFigures DeliveryWork::figures() const {
  const std::lock_guard lock(mutex_);
  return figures_;
}

std::optional<Error> DeliveryWork::failure() const {
  const std::lock_guard lock(mutex_);
  return failure_;
}

}  // namespace flowkeep::callbacks

#include "store/writers_lock.hpp"

namespace flowkeep::store {

Result<void> WritersLock::take(std::chrono::milliseconds timeout) {
  std::unique_lock lock(mutex_);
  if (taken_ && owner_ == std::this_thread::get_id()) {
    return fail(Errc::busy, "this thread has a write transaction open already: commit or destroy it first");
  }
  // Without contention no clock is read.
  if (taken_ && !given_.wait_for(lock, timeout, [this] { return !taken_; })) {
    return fail(Errc::busy, "another thread of this process has been writing for " + std::to_string(timeout.count()) +
                                " ms (busy_timeout): try again");
  }
  taken_ = true;
  owner_ = std::this_thread::get_id();
  return {};
}

bool WritersLock::try_take() {
  const std::lock_guard lock(mutex_);
  if (taken_) return false;
  taken_ = true;
  owner_ = std::this_thread::get_id();
  return true;
}

void WritersLock::give() noexcept {
  {
    const std::lock_guard lock(mutex_);
    taken_ = false;
    owner_ = {};
  }
  given_.notify_one();
}

}  // namespace flowkeep::store

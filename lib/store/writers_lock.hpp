// One thread of this process writes at a time.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>

#include <flowkeep/result.hpp>

namespace flowkeep::store {

/// A lock with a time-out that knows its owner.
class WritersLock {
 public:
  /// Errors: busy (another thread has it until the time-out, or this one has it already).
  [[nodiscard]] Result<void> take(std::chrono::milliseconds timeout);
  [[nodiscard]] bool try_take();
  void give() noexcept;

 private:
  std::mutex mutex_{};
  std::condition_variable given_{};
  bool taken_ = false;
  std::thread::id owner_{};
};

}  // namespace flowkeep::store

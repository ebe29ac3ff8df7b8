// A request to stop that ends every wait of every thread.
#pragma once

#include <atomic>
#include <chrono>

#include <flowkeep/result.hpp>

namespace flowkeep::callbacks {

/// Set once, for good. Its descriptor is readable from then on, so that poll() can wait for it beside others.
class StopSignal {
 public:
  /// Without a descriptor yet.
  StopSignal() = default;
  StopSignal(const StopSignal&) = delete;
  StopSignal& operator=(const StopSignal&) = delete;
  ~StopSignal();

  /// Errors: io.
  [[nodiscard]] Result<void> open();
  /// Any thread, also a signal handler.
  void set() noexcept;
  [[nodiscard]] bool is_set() const noexcept { return is_set_.load(); }
  [[nodiscard]] int descriptor() const noexcept { return descriptor_; }
  /// Waits until it is set (true), or as long as `pause`.
  [[nodiscard]] bool wait_for(std::chrono::milliseconds pause) const noexcept;

 private:
  std::atomic<bool> is_set_{false};
  int descriptor_ = -1;
};

}  // namespace flowkeep::callbacks

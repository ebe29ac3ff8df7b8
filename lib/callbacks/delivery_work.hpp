// What the threads of a deliverer share while they deliver: whose turn it is to look, and what has come of it.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>

#include <flowkeep/callbacks/deliverer.hpp>

namespace flowkeep::callbacks {

/// The work of one deliver_due(), or of a started deliverer. Any thread may call any member.
class DeliveryWork {
 public:
  enum class Until { nothing_is_due, it_is_stopped };

  /// Both outlive it. `lease`: how long a callback is taken for.
  DeliveryWork(const Store& store, const DelivererOptions& options, std::chrono::milliseconds lease, Until until);
  DeliveryWork(const DeliveryWork&) = delete;
  DeliveryWork& operator=(const DeliveryWork&) = delete;

  /// Waits for a callback that is due, and takes it. std::nullopt: the work is at its end.
  [[nodiscard]] std::optional<Callback> next();
  /// Notes a failure, which ends what is done once, and of which on_error is told otherwise.
  void meet(const Error& error);
  void count(std::uint64_t DeliveryFigures::*figure) noexcept;
  void stop() noexcept;

  [[nodiscard]] DeliveryFigures figures() const;
  /// The first failure that was met, where that ends the work.
  [[nodiscard]] std::optional<Error> failure() const;

 private:
  using Clock = std::chrono::steady_clock;
  using Lock = std::unique_lock<std::mutex>;

  /// Returns true once it is this thread's turn to look; false: the work is at its end.
  [[nodiscard]] bool await_turn(Lock& lock);
  [[nodiscard]] Result<std::optional<Callback>> claim() const;

  const Store& store_;
  const DelivererOptions& options_;
  const std::chrono::milliseconds lease_;
  const Until until_;
  const Timestamp began_ = now();

  mutable std::mutex mutex_{};
  std::condition_variable changed_{};
  bool is_over_ = false;
  bool is_looking_ = false;        // one thread at a time, so that an idle store is looked at once an interval
  Clock::time_point next_look_{};  // where the last one found nothing
  DeliveryFigures figures_{};
  std::optional<Error> failure_{};
};

}  // namespace flowkeep::callbacks

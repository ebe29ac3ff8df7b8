// Delivers the completion callbacks that a store owes.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>

#include <flowkeep/callbacks/sender.hpp>
#include <flowkeep/export.hpp>
#include <flowkeep/result.hpp>
#include <flowkeep/store.hpp>

namespace flowkeep::callbacks {

struct DelivererOptions {
  SenderOptions sender{};
  /// That send at once, 1 to 64. With more than one, a receiver that is slow to answer never has them all.
  int threads = 4;
  /// How often a started deliverer looks for callbacks that are due, 1 ms to 1 hour. Nothing else tells it of new ones:
  /// other processes enqueue them, too.
  std::chrono::milliseconds interval{1'000};
  /// Up to 1 hour. A callback is taken for as long as sending it may last, by `sender`, and so much more
  /// (Deliverer::lease()); if its deliverer dies, another sends it after that.
  std::chrono::milliseconds slack{30'000};

  // After a send in vain, all its tries included, the callback is put off: by `back_off` at first, 1 ms or more, twice
  // as long each further time, `longest_back_off` (up to 7 days) at most; of that 80 to 100 %, at random. Where the
  // receiver asks for a longer time (Retry-After) it gets it, up to `longest_back_off`.
  std::chrono::milliseconds back_off{std::chrono::minutes(1)};
  std::chrono::milliseconds longest_back_off{std::chrono::hours(6)};
  /// A callback that was enqueued so long ago, up to 365 days, is given up after the next send in vain: it becomes
  /// CallbackState::failed. Store::trigger_callback() enqueues it anew.
  std::chrono::milliseconds give_up_after{std::chrono::hours(72)};

  /// Told of what keeps a started deliverer from its work: errors of the store, and those of Sender::send(). It goes on
  /// after `interval`. Called by its threads, perhaps by several at once, which hold no lock: it must not throw, fork,
  /// or stop or destroy the Deliverer.
  std::function<void(const Error&)> on_error{};
};

/// What has become of callbacks, as it was noted in the store. A callback counts as often as it was taken.
struct DeliveryFigures {
  std::uint64_t delivered = 0;  ///< CallbackState::delivered
  std::uint64_t failed = 0;     ///< CallbackState::failed: refused by the receiver, or given up
  std::uint64_t refused = 0;    ///< CallbackState::refused: not sent, because of its URL
  std::uint64_t later = 0;      ///< put off, after a send in vain, or because its receiver had not answered others yet
  friend bool operator==(const DeliveryFigures&, const DeliveryFigures&) = default;
};

/// Takes callbacks out of a store's outbox, sends them and notes what came of it. Any number of deliverers, of any
/// number of processes, may share the work; all of its members may be called by any thread.
///
/// Each callback is delivered at least once, or ends as failed or refused, whatever dies or fails meanwhile: it is
/// taken with a lease, and whoever has it when that is over starts anew. It comes twice where a deliverer dies, or the
/// store cannot be written to, between the answer and the note of it. One that is enqueued anew while it is sent is
/// sent once more.
///
/// In an agent:
///
///     auto deliverer = callbacks::Deliverer::make(store, {.sender = {.allowed_hosts = {"flows.contoso.com"}}});
///     if (!deliverer) return fail(deliverer.error());
///     if (auto started = deliverer->start(); !started) return started;
class FLOWKEEP_API Deliverer {
 public:
  /// `store` has to be open for writing, and to stay where it is as long as the deliverer lives.
  /// Errors: invalid_argument (an option out of its range), and those of Sender::make().
  [[nodiscard]] static Result<Deliverer> make(const Store& store, DelivererOptions options = {});
  Deliverer(Deliverer&&) noexcept;
  Deliverer& operator=(Deliverer&&) noexcept;
  /// As stop(). No deliver_due() may be running. In a child of fork() it leaves everything as it is.
  ~Deliverer();

  /// Delivers what is due, until nothing is; each callback is sent once. It uses the calling thread and, where there
  /// is more to do, others beside it. After stop(): what was done until then.
  /// Errors: the first of the store's, which ends it (what was taken then, and not noted, comes again when its lease
  /// is over); those of Sender::send().
  [[nodiscard]] Result<DeliveryFigures> deliver_due();

  /// Begins to deliver in threads of its own, until stop(); returns at once.
  /// Errors: invalid_argument (it was started or stopped before), forked, no_memory.
  [[nodiscard]] Result<void> start();
  /// Ends running sends promptly and gives those callbacks back, due at once and without an attempt that counts; waits
  /// for the threads of start(), which wait for the store no longer than its busy_timeout. For good. Not for signal
  /// handlers.
  void stop() noexcept;

  /// Of all that it has done so far.
  [[nodiscard]] DeliveryFigures figures() const;
  /// How long a callback is taken for.
  [[nodiscard]] std::chrono::milliseconds lease() const noexcept;

 private:
  struct Impl;
  struct Free {
    void operator()(Impl* impl) const noexcept;
  };
  explicit Deliverer(std::unique_ptr<Impl, Free> impl) noexcept;
  std::unique_ptr<Impl, Free> impl_;
};

}  // namespace flowkeep::callbacks

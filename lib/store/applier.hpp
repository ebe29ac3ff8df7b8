// What is accepted goes into the tables here, a few milliseconds later.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "journal/group_commit.hpp"
#include "storage/environment.hpp"
#include "store/catalogue.hpp"
#include "store/change.hpp"
#include "store/commit_state.hpp"
#include "store/health.hpp"

namespace flowkeep::store {

/// Applies changes that are in the journal to the tables, in order, by a thread of its own. It commits at once when
/// somebody waits or much is unapplied, every few milliseconds where other processes look on, else a few times a
/// second.
class Applier {
 public:
  /// About as much journal, and as many rows, are applied in one transaction, at most. LMDB holds the pages that they
  /// change in memory until the commit: a small row changes nearly as many as a large one.
  static constexpr std::uint64_t batch_bytes = 4608U << 10;
  static constexpr std::uint64_t batch_rows = 3072;
  using Clock = std::chrono::steady_clock;
  /// Called by the applier's thread, which holds no lock.
  class Listener {
   public:
    virtual ~Listener() = default;
    /// A commit was made; the tables hold record `lsn`, which applied() does not say yet.
    virtual void committed(std::uint64_t lsn) = 0;
    /// There is nothing to apply. Answers when to call again.
    virtual Clock::duration rest() = 0;
    /// What is unapplied has some time. Answers when to call again; zero: apply it now, other processes look on.
    virtual Clock::duration linger() = 0;
  };

  Applier(storage::Environment& environment, const Tables& tables, journal::GroupCommit& group, CommitState& commits,
          Health& health, Listener& listener) noexcept
      : environment_(environment),
        tables_(tables),
        group_(group),
        commits_(commits),
        health_(health),
        listener_(listener) {}
  ~Applier() { stop(); }

  /// Starts the thread, unless it runs. Errors: no_memory.
  [[nodiscard]] Result<void> start();
  /// Ends the thread; what is not applied then stays in the journal.
  void stop() noexcept;

  struct Item {
    std::uint64_t lsn = 0;
    journal::Position behind{};
    std::shared_ptr<const Changes> changes{};
    std::shared_ptr<const Catalogue> catalogue{};
    std::uint64_t bytes = 0;
    std::uint64_t rows = 0;
    /// About what it takes until it is applied, here and in the overlay.
    [[nodiscard]] std::uint64_t memory() const noexcept;
  };
  // By the holder of the writer's lock.
  /// Goes on behind record `lsn`, with nothing to apply.
  void reset(std::uint64_t lsn) noexcept;
  /// From `much_bytes` on (batch_bytes at most), what is unapplied is applied at once.
  void push(Item item, std::uint64_t much_bytes);

  // Any thread.
  /// Waits until the tables hold record `lsn`, which is on its way. Errors: io (applying has failed), busy.
  [[nodiscard]] Result<void> wait(std::uint64_t lsn, std::chrono::milliseconds timeout);
  /// Waits until what is unapplied takes no more than so many bytes of memory. Errors: as wait().
  [[nodiscard]] Result<void> wait_below(std::uint64_t bytes, std::chrono::milliseconds timeout);
  /// Has listener.rest() called soon.
  void wake();
  [[nodiscard]] std::uint64_t applied() const noexcept { return applied_.load(std::memory_order_acquire); }
  [[nodiscard]] std::uint64_t unapplied_bytes() const noexcept { return unapplied_bytes_.load(); }
  [[nodiscard]] std::uint64_t unapplied_memory() const noexcept { return unapplied_memory_.load(); }
  [[nodiscard]] std::uint64_t unapplied_rows() const noexcept { return unapplied_rows_.load(); }
  [[nodiscard]] bool is_idle() const;
  /// Index entries met that did not agree with their records.
  [[nodiscard]] std::uint64_t disagreements() const noexcept { return disagreements_.load(); }

 private:
  void run();
  [[nodiscard]] bool is_urgent() const noexcept;
  void linger(std::unique_lock<std::mutex>& lock, Clock::time_point until);
  [[nodiscard]] std::vector<Item> take_batch(std::unique_lock<std::mutex>& lock);
  [[nodiscard]] Result<void> apply(const std::vector<Item>& batch);
  [[nodiscard]] Result<void> apply_in_time(const std::vector<Item>& batch);
  void finish(const std::vector<Item>& batch, const Result<void>& done);
  template <class Done>
  [[nodiscard]] Result<void> wait_until(Done done, std::chrono::milliseconds timeout);

  storage::Environment& environment_;
  const Tables& tables_;
  journal::GroupCommit& group_;
  CommitState& commits_;
  Health& health_;
  Listener& listener_;

  mutable std::mutex mutex_{};
  std::condition_variable woken_{};     // the thread: there is something to do
  std::condition_variable progress_{};  // who waits: something was applied
  std::deque<Item> queue_{};            // the batch in work is at its front
  std::uint64_t much_bytes_ = batch_bytes;
  unsigned waiting_ = 0;
  bool woken_early_ = false;
  bool stopping_ = false;
  bool failed_ = false;
  std::atomic<std::uint64_t> applied_{0};
  std::atomic<std::uint64_t> unapplied_bytes_{0};
  std::atomic<std::uint64_t> unapplied_rows_{0};
  std::atomic<std::uint64_t> unapplied_memory_{0};
  std::atomic<std::uint64_t> disagreements_{0};
  std::thread thread_{};
};

}  // namespace flowkeep::store

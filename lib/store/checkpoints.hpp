// When checkpoints are made, and by whom.
#pragma once

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "journal/checkpoint.hpp"
#include "journal/group_commit.hpp"
#include "journal/sidecars.hpp"
#include "store/commit_state.hpp"
#include "store/health.hpp"

namespace flowkeep::store {

/// Makes checkpoints one at a time: by a thread of its own when they are asked for, or at once in the caller's. It does
/// so between begin_turn() and end_turn(): without the turn a checkpoint would be another process's commit under this
/// one's header.
class Checkpoints {
 public:
  Checkpoints(journal::Checkpointer checkpointer, journal::JournalFile& journal, journal::GroupCommit& group,
              CommitState& commits, Health& health, journal::SharedPage& page,
              const journal::Sidecars& sidecars) noexcept
      : checkpointer_(std::move(checkpointer)),
        journal_(journal),
        group_(group),
        commits_(commits),
        health_(health),
        page_(page),
        sidecars_(sidecars) {}
  ~Checkpoints() { stop(); }

  /// Starts the thread, unless it runs. Errors: no_memory.
  [[nodiscard]] Result<void> start();
  void stop() noexcept;

  void begin_turn() noexcept;
  /// Waits for a checkpoint that is being made.
  void end_turn() noexcept;
  /// Goes on from a header that is durable.
  void use(const journal::Header& header);
  /// Whether this process holds a pin that lets it commit; see Checkpointer::guard().
  [[nodiscard]] Result<bool> guard();
  /// Whether this process holds any pin.
  [[nodiscard]] bool holds_pins() const noexcept { return holds_pins_.load(); }
  /// Drops the pins; guard() is needed again before the next commit.
  void release() noexcept;

  /// Makes a checkpoint of the last commit, in this thread, and the journal as large as asked for. A failure is noted
  /// in Health. Errors: io, full (the journal cannot grow; nothing was done).
  [[nodiscard]] Result<void> make(std::uint64_t capacity_bytes = 0);
  /// Makes the journal longer, without a checkpoint. A failure is noted in Health. Errors: io, full (the journal is as
  /// it was).
  [[nodiscard]] Result<void> grow(std::uint64_t capacity_bytes);
  /// Has one made.
  void request(std::uint64_t capacity_bytes);
  /// Whether none is being made or asked for.
  [[nodiscard]] bool is_idle() const;
  /// Waits for that.
  void wait_idle();

  // Any thread.
  [[nodiscard]] journal::Header header() const;
  /// How many were made since the store was opened.
  [[nodiscard]] std::uint64_t count() const noexcept { return count_.load(); }
  /// When this process's pin was taken (CLOCK_MONOTONIC, ns), and the last page of the file then: no page given up
  /// since is used again before the next checkpoint.
  [[nodiscard]] std::int64_t pinned_at() const noexcept { return pinned_at_.load(); }
  [[nodiscard]] std::uint64_t pinned_last_page() const noexcept { return pinned_last_page_.load(); }

 private:
  void run();
  // With making_.
  [[nodiscard]] Result<void> check();
  [[nodiscard]] Result<void> extend(const journal::Header& before, std::uint64_t capacity_bytes);
  void note_pin(const journal::Header& header, std::int64_t at) noexcept;
  void publish_pins() noexcept;

  journal::Checkpointer checkpointer_;
  journal::JournalFile& journal_;
  journal::GroupCommit& group_;
  CommitState& commits_;
  Health& health_;
  journal::SharedPage& page_;
  const journal::Sidecars& sidecars_;

  std::mutex making_{};  // held while one is made, and while pins change; guards has_turn_
  bool has_turn_ = false;
  mutable std::mutex mutex_{};  // guards the rest
  std::condition_variable changed_{};
  journal::Header header_{};
  bool requested_ = false;
  bool stopping_ = false;
  std::uint64_t requested_capacity_ = 0;
  std::atomic<std::uint64_t> count_{0};
  std::atomic<std::uint64_t> pinned_last_page_{0};
  std::atomic<std::int64_t> pinned_at_{0};
  std::atomic<bool> holds_pins_{false};
  std::thread thread_{};
};

}  // namespace flowkeep::store

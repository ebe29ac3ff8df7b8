// When checkpoints are made, and by whom.
#pragma once

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "journal/checkpoint.hpp"
#include "journal/group_commit.hpp"
#include "store/commit_state.hpp"
#include "store/health.hpp"

namespace flowkeep::store {

/// Makes checkpoints one at a time: by a thread of its own when they are asked for, or at once in the caller's. Only
/// while this process has the turn.
class Checkpoints {
 public:
  Checkpoints(storage::Environment& environment, journal::Checkpointer checkpointer, journal::JournalFile& journal,
              journal::GroupCommit& group, CommitState& commits, Health& health, journal::SharedPage& page) noexcept
      : environment_(environment),
        checkpointer_(std::move(checkpointer)),
        journal_(journal),
        group_(group),
        commits_(commits),
        health_(health),
        page_(page) {}
  ~Checkpoints() { stop(); }

  /// Starts the thread, unless it runs. Errors: no_memory.
  [[nodiscard]] Result<void> start();
  void stop() noexcept;

  /// Goes on from a header that is durable.
  void use(const journal::Header& header);
  /// Whether this process holds a pin that lets it commit; see Checkpointer::guard().
  [[nodiscard]] Result<bool> guard();
  /// Drops the pins; guard() is needed again before the next commit.
  void release() noexcept;

  /// Makes a checkpoint of the last commit, in this thread, and the journal as large as asked for. A failure is noted
  /// in Health. Errors: io, full (the journal cannot grow; nothing was done).
  [[nodiscard]] Result<void> make(std::uint64_t capacity_bytes = 0);
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
  /// Transaction, last page and time (CLOCK_MONOTONIC, ns) of the last one.
  [[nodiscard]] std::uint64_t transaction() const noexcept { return transaction_.load(); }
  [[nodiscard]] std::uint64_t last_page() const noexcept { return last_page_.load(); }
  [[nodiscard]] std::int64_t made_at() const noexcept { return made_at_.load(); }

 private:
  void run();
  void note(const journal::Header& header);
  void publish_pins() noexcept;

  storage::Environment& environment_;
  journal::Checkpointer checkpointer_;
  journal::JournalFile& journal_;
  journal::GroupCommit& group_;
  CommitState& commits_;
  Health& health_;
  journal::SharedPage& page_;

  std::mutex making_{};         // held while one is made
  mutable std::mutex mutex_{};  // guards the rest
  std::condition_variable changed_{};
  journal::Header header_{};
  bool requested_ = false;
  bool stopping_ = false;
  std::uint64_t requested_capacity_ = 0;
  std::atomic<std::uint64_t> count_{0};
  std::atomic<std::uint64_t> transaction_{0};
  std::atomic<std::uint64_t> last_page_{0};
  std::atomic<std::int64_t> made_at_{0};
  std::thread thread_{};
};

}  // namespace flowkeep::store

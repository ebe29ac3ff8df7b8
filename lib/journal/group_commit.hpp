// Many changes, one write and one sync.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <flowkeep/result.hpp>

#include "journal/journal_file.hpp"

namespace flowkeep::journal {

/// Appends records to the journal. Records are queued one after the other; the first thread that waits for one of them
/// writes and syncs all that are queued, while others queue the next group. Members may be called by any thread,
/// but reset() and enqueue() by one at a time (it holds the writer's lock).
class GroupCommit {
 public:
  explicit GroupCommit(JournalFile& file);

  enum class Level : std::uint8_t {
    synced,   ///< on the disk
    written,  ///< in the system's hands
  };
  struct Ticket {
    std::uint64_t lsn = 0;
    std::uint64_t group = 0;
    Position behind{};  ///< where the next record goes
  };

  /// Begins at `tail`, with nothing queued. Records from `start` on have to stay.
  void reset(const Position& tail, const Position& start, std::uint64_t capacity_bytes);
  /// Records before `start` may be written over from now on.
  void recycle(const Position& start, std::uint64_t capacity_bytes);
  /// Whether there is room for a record now.
  [[nodiscard]] bool fits(std::uint64_t payload_bytes) const;
  /// Queues a record that fits(). Nothing is written yet.
  [[nodiscard]] Ticket enqueue(std::string_view payload, Level level);
  /// Waits until a record's group is written, and synced if any record in it asked for that. An error means that the
  /// outcome is unknown until the store has been recovered, and all later calls answer the same. Errors: io.
  [[nodiscard]] Result<void> wait(const Ticket& ticket);
  /// Whether wait() would not wait.
  [[nodiscard]] bool is_done(const Ticket& ticket) const;
  /// Writes and syncs everything queued so far. Errors: io.
  [[nodiscard]] Result<void> flush();

  /// Does what a waiting thread would do, for records that nobody waits for. Errors: io.
  [[nodiscard]] Result<void> write_queued();

  /// Records up to this lsn are on their way and may be applied.
  [[nodiscard]] std::uint64_t appliable() const noexcept { return appliable_.load(std::memory_order_acquire); }
  /// Records up to this lsn would survive a power cut.
  [[nodiscard]] std::uint64_t durable() const noexcept { return durable_.load(std::memory_order_acquire); }
  [[nodiscard]] Position tail() const;
  [[nodiscard]] std::uint64_t capacity_bytes() const;
  /// Bytes between the oldest record that has to stay and the tail.
  [[nodiscard]] std::uint64_t used_bytes() const;

 private:
  struct Run {
    std::uint64_t offset;
    std::string bytes;
  };
  void lead(std::unique_lock<std::mutex>& lock, Level level);
  void gather(std::unique_lock<std::mutex>& lock);
  /// Waits for something to happen to a group; the lock is held again afterwards, unless the group is done.
  void await(std::unique_lock<std::mutex>& lock, std::uint64_t group);
  enum class Wake : std::uint8_t { one, all };
  void wake(std::uint64_t group, Wake who) noexcept;
  [[nodiscard]] bool fits_at_tail(std::uint64_t bytes) const noexcept;
  [[nodiscard]] bool fits_wrapped(std::uint64_t bytes) const noexcept;
  void append(RecordKind kind, std::string_view payload);

  JournalFile& file_;
  mutable std::mutex mutex_{};
  using Signal = std::atomic<std::uint32_t>;
  Signal signals_[2]{};  // of the group being written, and of the one being queued
  Position tail_{};
  Position start_{};
  std::uint64_t capacity_bytes_ = 0;
  std::vector<Run> queued_{};
  std::vector<std::string> spare_{};  // buffers to use again
  Level queued_level_ = Level::written;
  std::uint64_t group_ = 1;  // the one being queued
  std::atomic<std::uint64_t> groups_done_{0};
  bool leading_ = false;
  // Who was in the last group comes back soon: a group waits for them, for a part of the time that a sync takes.
  std::condition_variable gathered_{};
  std::uint64_t queued_records_ = 0;
  std::uint64_t expected_records_ = 0;
  bool gathering_ = false;
  int gathering_part_ = 2;                 // which part of that time: so many fit into it
  std::chrono::nanoseconds sync_time_{0};  // of the last group that was synced
  std::optional<Error> failed_{};
  std::atomic<std::uint64_t> appliable_{0};
  std::atomic<std::uint64_t> durable_{0};
};

}  // namespace flowkeep::journal

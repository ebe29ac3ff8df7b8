// What processes that have a store open tell each other; gone with the last of them.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include <flowkeep/result.hpp>

#include "storage/file_io.hpp"

namespace flowkeep::journal {

/// The content of NAME-shm. Every member is read and written by many processes at once; a process that dies leaves it
/// as it is, so nothing in it is believed without the lock that guards it.
struct SharedState {
  std::atomic<std::uint64_t> layout;  ///< of this struct
  // Guarded by the turn.
  std::atomic<std::uint64_t> turns;   ///< how often the turn was taken by another process than before
  std::atomic<std::int64_t> in_turn;  ///< process id of the writer; 0 between turns: its changes are all applied
  std::atomic<std::int64_t> last_writer;
  std::atomic<std::uint64_t> pinned[2];  ///< commits that the last writer's pins hold; 0: none
  std::atomic<std::uint64_t> accepted;   ///< the last record that may have been acknowledged
  std::atomic<std::uint64_t> applied;    ///< the last record that the tables hold
  // Anybody's.
  std::atomic<std::uint32_t> poisoned;  ///< not 0: a write or sync failed; nobody writes until all have closed
  std::atomic<std::int64_t> wanted_at;  ///< when a process last asked for the turn in vain, by CLOCK_MONOTONIC in ns

  /// When commits were made: transaction and CLOCK_MONOTONIC in ns, ever wider apart the older they are.
  struct Sample {
    std::atomic<std::uint64_t> transaction;
    std::atomic<std::int64_t> time;
  };
  static constexpr std::size_t sample_count = 128;
  Sample samples[sample_count];
  std::atomic<std::uint32_t> samples_used;

  // For reports only; by whoever has the turn.
  std::atomic<std::uint64_t> journal_capacity;  ///< bytes; 0: nobody has written yet
  std::atomic<std::uint64_t> journal_used;      ///< bytes that a recovery would have to read
  std::atomic<std::uint64_t> checkpoints;       ///< made since this page was
  std::atomic<std::int64_t> checkpoint_at;      ///< when the last of them was, by CLOCK_MONOTONIC in ns
  std::atomic<std::uint32_t> durability;        ///< of who opened the store for writing last, plus 1
};

/// The page, mapped.
class SharedPage {
 public:
  static constexpr std::size_t size_bytes = 4096;
  enum class Content : std::uint8_t { kept, fresh };

  /// Opens it, making it where it is missing. `fresh`: nobody else has the store open, so what is there is void.
  /// Errors: access_denied, full, io.
  [[nodiscard]] static Result<SharedPage> open(const std::string& path, Content content);
  SharedPage(SharedPage&& other) noexcept;
  SharedPage& operator=(SharedPage&&) = delete;
  ~SharedPage();

  [[nodiscard]] SharedState& state() const noexcept { return *state_; }

  // By the one who has the turn.
  /// Forgets everything, as a new journal begins.
  void reset() noexcept;
  /// Notes a commit for ages_of().
  void note_commit(std::uint64_t transaction) noexcept;
  /// About how long ago a commit ceased to be the newest; std::nullopt: not known to have.
  [[nodiscard]] std::optional<std::chrono::milliseconds> superseded_for(std::uint64_t transaction) const noexcept;

 private:
  explicit SharedPage(SharedState* state) noexcept : state_(state) {}
  SharedState* state_;
};

/// CLOCK_MONOTONIC in ns: one clock for all processes of the machine.
[[nodiscard]] std::int64_t monotonic_ns() noexcept;

}  // namespace flowkeep::journal

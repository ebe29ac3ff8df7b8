// What must be in the store: noted by the writers in memory that outlives them.
// A lane is the work of one thread of one writer process. It owns some slots, each a session whose id follows from lane
// and slot; nobody else changes them. Before a lane submits a change it notes what its slots will be (it intends), and
// once the change is acknowledged it notes that. Whenever the writer dies, the store has to show what is acknowledged
// and, behind it, the first so many of the intended changes, each of them wholly.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <string>
#include <vector>

#include <flowkeep/flowkeep.hpp>

namespace flowkeep::torture {

inline constexpr unsigned lanes_per_process = 4;
inline constexpr unsigned most_processes = 8;
inline constexpr unsigned slots_per_lane = 24;
inline constexpr unsigned most_rows = 12;           // of one change
inline constexpr std::uint64_t most_intended = 32;  // a lane has fewer under way at once

/// What a slot holds: nothing, or a session whose columns follow from `value`, which no two writes share, and status.
struct SlotState {
  std::uint64_t value = 0;  ///< 0: no session
  StatusCode status = StatusCode::waiting;

  [[nodiscard]] bool exists() const noexcept { return value != 0; }
  [[nodiscard]] std::uint64_t packed() const noexcept {
    return exists() ? value << 8 | static_cast<std::uint64_t>(status) : 0;
  }
  [[nodiscard]] static SlotState unpack(std::uint64_t bits) noexcept {
    return {bits >> 8, bits == 0 ? StatusCode::waiting : static_cast<StatusCode>(bits & 0xff)};
  }
  friend bool operator==(const SlotState&, const SlotState&) noexcept = default;
};
using LaneState = std::array<SlotState, slots_per_lane>;

struct RowAfter {
  unsigned slot = 0;
  SlotState after{};
};

/// One lane, in shared memory. Written by one thread at a time: its writer's, or, when that is dead, whoever looks
/// after it. Read by all.
class Lane {
 public:
  // By the writer.
  [[nodiscard]] std::uint64_t next_value() noexcept { return values_.fetch_add(1) + 1; }
  void intend(const std::vector<RowAfter>& rows) noexcept;
  /// The oldest change under way has been acknowledged.
  void acknowledge() noexcept;

  // Of a lane whose writer is dead, or by the writer itself.
  /// Changes that may or may not have happened.
  [[nodiscard]] std::uint64_t under_way() const noexcept { return intended_ - acknowledged_; }
  /// The slots after the acknowledged changes and the first `happened` of those under way.
  [[nodiscard]] LaneState state_after(std::uint64_t happened) const noexcept;
  /// Takes the first `happened` changes under way for acknowledged, and forgets the others.
  void settle(std::uint64_t happened) noexcept;

  // By anybody.
  [[nodiscard]] std::uint64_t acknowledged() const noexcept { return acknowledged_; }
  struct Acknowledgement {
    std::uint64_t number = 0;
    unsigned slot = 0;
    SlotState state{};
    std::int64_t at_ns = 0;
  };
  /// The last acknowledged change, by one row of it that it created or renamed. False: there is none to be had now.
  [[nodiscard]] bool last_acknowledged(Acknowledgement& last) const noexcept;

 private:
  struct Change {
    std::atomic<std::uint32_t> rows;
    std::array<std::atomic<std::uint32_t>, most_rows> slots;
    std::array<std::atomic<std::uint64_t>, most_rows> after;
    std::atomic<std::int64_t> acknowledged_at;
  };
  void apply(const Change& change) noexcept;

  std::atomic<std::uint64_t> intended_;
  std::atomic<std::uint64_t> acknowledged_;
  std::atomic<std::uint64_t> applied_;  // to slots_; a killed writer may leave it behind acknowledged_
  std::atomic<std::uint64_t> values_;
  std::array<std::atomic<std::uint64_t>, slots_per_lane> slots_;
  std::array<Change, most_intended> changes_;
};

/// How long acknowledged changes took to be seen by another process.
struct Delays {
  static constexpr std::uint64_t step_us = 250;
  static constexpr std::size_t steps = 400;
  std::array<std::atomic<std::uint64_t>, steps + 1> counts;  // the last: longer
  std::atomic<std::uint64_t> longest_us;

  void note(std::uint64_t microseconds) noexcept;
  /// "… seen elsewhere: median 2.5 ms, …"
  [[nodiscard]] std::string summary() const;
};

/// The shared memory. All zeros is its beginning.
struct Oracle {
  std::array<Lane, std::size_t{most_processes} * lanes_per_process> lanes;
  std::array<std::atomic<std::uint32_t>, most_processes> lives;  // odd: alive
  std::array<std::atomic<std::uint64_t>, most_processes> opens;
  std::atomic<std::uint32_t> is_made;  // the store was opened by somebody
  std::atomic<std::uint32_t> stop;     // writers close and end
  std::atomic<std::uint64_t> bad;
  std::atomic<std::uint64_t> rows_acknowledged;
  Delays delays;

  /// Maps it so that all children share it.
  [[nodiscard]] static Oracle& make();
  void forget_lanes() noexcept;
  [[nodiscard]] std::uint64_t acknowledged() const noexcept;
  [[nodiscard]] std::uint64_t acknowledged_by(unsigned process) const noexcept;
  [[nodiscard]] Lane& lane(unsigned process, unsigned thread) noexcept {
    return lanes[process * lanes_per_process + thread];
  }
  /// Says on stderr what is wrong, and counts it.
  void complain(const std::string& what) noexcept;
};

[[nodiscard]] std::int64_t monotonic_ns() noexcept;

// What follows from lane, slot and value.
[[nodiscard]] Guid id_of(unsigned lane, unsigned slot) noexcept;
[[nodiscard]] std::string name_of(unsigned lane, unsigned slot, std::uint64_t value);
/// The value that a name tells; 0: it is no name of this slot.
[[nodiscard]] std::uint64_t value_of(std::string_view name, unsigned lane, unsigned slot);
[[nodiscard]] std::string correlation_of(unsigned lane);
/// The bytes of `inputs`; "" where the value has none. Some are too large for a small journal.
[[nodiscard]] std::string content_of(std::uint64_t value, unsigned lane);
/// What a session's context says then.
[[nodiscard]] std::string context_of(std::uint64_t value, unsigned lane);

}  // namespace flowkeep::torture

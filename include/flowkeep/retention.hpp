// Which closed sessions a store may let go of.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <vector>

#include <flowkeep/choices.hpp>
#include <flowkeep/guid.hpp>
#include <flowkeep/index.hpp>
#include <flowkeep/timestamp.hpp>

namespace flowkeep {

/// Limits, each of which closed sessions are held to: one goes as soon as any of them wants it to. Oldest and newest
/// mean completedon. Only sessions with a terminal status and a completedon are looked at: one that is open is never
/// deleted, nor is one that was imported without completedon.
struct RetentionPolicy {
  /// Sessions completed longer ago go.
  std::optional<std::chrono::milliseconds> max_age{};
  /// Of more sessions than this the oldest go.
  std::optional<std::uint64_t> keep{};
  /// Of more sessions of one flow (regardingobjectid; none is a flow, too) than this its oldest go.
  std::optional<std::uint64_t> keep_per_flow{};
  /// While more bytes of the file are in use (StoreStats::live_bytes without table `deletions`, which remembers what
  /// was deleted for 8 days), the oldest go. The file itself does not shrink: new sessions take the place. Sessions
  /// that may not go count.
  std::optional<std::uint64_t> max_bytes{};

  // The limits are about these alone, and count only these.
  std::vector<StatusCode> statuscodes{};    ///< any of these, each terminal; empty: every terminal status
  std::optional<Guid> regardingobjectid{};  ///< the flow
};

/// A policy that the agents of a store apply by themselves, one at a time.
struct RetentionSchedule {
  RetentionPolicy policy{};
  /// From one run to the next, a minute to a year.
  std::chrono::milliseconds interval = std::chrono::hours(1);
  std::optional<Timestamp> last_run{};  ///< when it was begun; set by the store
};

struct PruneOptions {
  enum class Mode : std::uint8_t {
    erase,
    dry_run,  ///< nothing is deleted; for max_bytes the number is an estimate
  } mode = Mode::erase;
  /// Sessions deleted in one transaction, 1 to 100 000: other writers wait for no more.
  std::uint64_t batch = 1000;
  /// When to stop, though more would have to go.
  std::optional<std::chrono::milliseconds> time_budget{};
  /// Told after each batch, and now and then while it looks for more; `total` is 0 where it is not known.
  Progress progress{};
};

struct PruneResult {
  std::uint64_t deleted = 0;  ///< or, by a dry run, would be
  /// Of these.
  std::optional<Timestamp> first_completedon{};
  std::optional<Timestamp> last_completedon{};
  bool is_complete = true;  ///< else the time was up, or `progress` said so
  /// In use in the end, as max_bytes counts them, where the policy has that: more than it allows where what may not go
  /// takes so many.
  std::optional<std::uint64_t> live_bytes{};
};

}  // namespace flowkeep

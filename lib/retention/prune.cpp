// Retention: closed sessions go, oldest first.
// Owns: the choice of what goes. Promises: what is deleted was closed, and unchanged since it was chosen, when it was
// deleted; everybody else reads and writes between two batches.
#include <flowkeep/store.hpp>

#include <algorithm>
#include <compare>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "codec/record.hpp"
#include "retention/parts.hpp"
#include "retention/policy.hpp"

namespace flowkeep {

namespace {

using Clock = std::chrono::steady_clock;
using Mode = PruneOptions::Mode;
using retention::Then;
using retention::walk_part;

Result<void> check_options(const PruneOptions& options) {
  if (auto ok = retention::check_batch(options.batch); !ok) return ok;
  if (options.time_budget && options.time_budget->count() < 0) {
    return fail(Errc::invalid_argument,
                "time_budget: " + std::to_string(options.time_budget->count()) + " ms is less than nothing");
  }
  return {};
}

// Deletions are remembered for days: they must not cost more sessions.
std::uint64_t bytes_without_deletions(const StoreStats& stats) {
  std::uint64_t bytes = stats.live_bytes;
  for (const StoreStats::Table& table : stats.tables) {
    if (table.name == "deletions") bytes -= std::min(bytes, table.bytes);
  }
  return bytes;
}

/// Where a session stands among the others, by completedon.
struct Position {
  explicit Position(const SessionView& session)
      : completedon(*session.completedon()),
        createdon(session.createdon()),
        arrival(codec::RecordView::arrival_of(session)) {}
  Timestamp completedon;
  Timestamp createdon;
  std::uint64_t arrival;
  friend auto operator<=>(const Position&, const Position&) = default;
};

Guid flow_of(const SessionView& session) {
  const auto flow = session.regardingobjectid();
  return flow ? flow->id : Guid{};
}

/// What a policy lets go: what stands at a place or before it, so that deletions by others make no difference, and
/// about so many more for the sake of bytes.
class Excess {
 public:
  explicit Excess(const RetentionPolicy& policy) : policy_(policy) {
    if (!policy.max_age) return;
    const Timestamp present = now();
    if (*policy.max_age < std::chrono::floor<std::chrono::milliseconds>(present - min_timestamp)) {
      cutoff_ = present - Ticks(*policy.max_age);
    }
  }

  /// Whether it has to be told of sessions by count() before.
  [[nodiscard]] bool counts_sessions() const noexcept { return policy_.keep || policy_.keep_per_flow; }
  /// The next session, newest first; whether it wants more.
  [[nodiscard]] bool count(const SessionView& session) {
    const Position position(session);
    if (policy_.keep && !last_ && sessions_++ == *policy_.keep) last_ = position;
    if (!policy_.keep_per_flow) return !last_;
    Flow& flow = flows_[flow_of(session)];
    if (!flow.last && flow.sessions++ == *policy_.keep_per_flow) {
      flow.last = position;
      if (!last_of_flows_ || *last_of_flows_ < position) last_of_flows_ = position;
    }
    return true;
  }
  void set_over_bytes(std::uint64_t sessions) noexcept { over_bytes_ = sessions; }

  /// Whether a session has to go, which is then taken to be gone.
  [[nodiscard]] bool take(const SessionView& session) {
    const Position position(session);
    const bool goes = over_bytes_ != 0 || (cutoff_ && position.completedon < *cutoff_) ||
                      (last_ && position <= *last_) || is_beyond_flow(session, position);
    if (goes && over_bytes_ != 0) --over_bytes_;
    return goes;
  }
  /// Whether no younger session than this has to go.
  [[nodiscard]] bool is_met(const SessionView& session) const {
    const Position position(session);
    return over_bytes_ == 0 && (!cutoff_ || position.completedon >= *cutoff_) && (!last_ || position > *last_) &&
           (!last_of_flows_ || position > *last_of_flows_);
  }
  /// The time before which everything that has to go was completed, where the age alone decides.
  [[nodiscard]] std::optional<Timestamp> until() const noexcept {
    return counts_sessions() || policy_.max_bytes ? std::nullopt : cutoff_;
  }

 private:
  struct Flow {
    std::uint64_t sessions = 0;
    std::optional<Position> last{};
  };
  [[nodiscard]] bool is_beyond_flow(const SessionView& session, const Position& position) const {
    if (!last_of_flows_ || position > *last_of_flows_) return false;
    const auto flow = flows_.find(flow_of(session));
    return flow != flows_.end() && flow->second.last && position <= *flow->second.last;
  }

  const RetentionPolicy& policy_;
  std::optional<Timestamp> cutoff_{};
  std::uint64_t sessions_ = 0;
  std::optional<Position> last_{};  // the youngest that `keep` leaves no place for
  std::unordered_map<Guid, Flow> flows_{};
  std::optional<Position> last_of_flows_{};
  std::uint64_t over_bytes_ = 0;  // about as many as are needed to come below `max_bytes`
};

class Pruning {
 public:
  Pruning(const Store& store, const RetentionPolicy& policy, const PruneOptions& options)
      : store_(store), policy_(policy), options_(options), excess_(policy) {
    query_.by = OrderBy::completedon;
    query_.order = oldest_first;
    query_.until = excess_.until();
    query_.regardingobjectid = policy.regardingobjectid;
    query_ = retention::in_parts(std::move(query_));
    statuses_ = policy.statuscodes;
    if (statuses_.empty()) {
      for (int code = 0; code < status_count; ++code) {
        if (is_terminal(static_cast<StatusCode>(code))) statuses_.push_back(static_cast<StatusCode>(code));
      }
    }
  }

  Result<PruneResult> run() {
    if (excess_.counts_sessions()) {
      if (auto ok = count(); !ok) return fail(std::move(ok.error()));
    }
    auto is_over = weigh();
    if (!is_over) return fail(std::move(is_over.error()));
    bool has_deleted = false;  // since the walk began at the oldest
    for (bool more = true; more && !is_stopped_;) {
      auto found = find();
      if (!found) return fail(std::move(found.error()));
      more = *found;
      if (options_.mode == Mode::dry_run) {
        doomed_.clear();
        continue;
      }
      const std::uint64_t before = result_.deleted;
      if (auto ok = erase(); !ok) return fail(std::move(ok.error()));
      has_deleted = has_deleted || result_.deleted != before;
      const bool was_over = *is_over;
      is_over = weigh();
      if (!is_over) return fail(std::move(is_over.error()));
      // Others than the oldest were passed over while the file was not known to be too large.
      if (*is_over && has_deleted && (!more || !was_over)) {
        query_.after.clear();
        more = true;
        has_deleted = false;
      }
    }
    result_.is_complete = !is_stopped_;
    return result_;
  }

 private:
  struct Doomed {
    Guid id;
    std::int64_t versionnumber;
    Timestamp completedon;
  };

  [[nodiscard]] bool is_closed(StatusCode status) const {
    return std::find(statuses_.begin(), statuses_.end(), status) != statuses_.end();
  }

  // Whether it has to stop, though there is more to do: looked at now and then.
  [[nodiscard]] bool has_to_stop() {
    if (is_time_up()) return true;
    if (options_.progress && !options_.progress(result_.deleted, 0)) is_stopped_ = true;
    return is_stopped_;
  }

  [[nodiscard]] Then behind_row() {
    constexpr std::uint64_t rows_between_looks = 1024;
    return ++looked_at_ % rows_between_looks == 0 && has_to_stop() ? Then::pause : Then::go_on;
  }

  [[nodiscard]] bool is_time_up() {
    if (options_.time_budget &&
        std::chrono::floor<std::chrono::milliseconds>(Clock::now() - began_) >= *options_.time_budget)
      is_stopped_ = true;
    return is_stopped_;
  }

  Result<void> count() {
    Query query = query_;
    query.order = newest_first;
    for (bool more = true; more && !is_time_up();) {
      auto rest = walk_part(store_, query, [this](const Snapshot&, const SessionView& session) {
        return is_closed(session.statuscode()) && !excess_.count(session) ? Then::end : behind_row();
      });
      if (!rest) return fail(std::move(rest.error()));
      more = *rest;
    }
    return {};
  }

  // How many sessions the file is too large by, if they are of middle size; whether it is too large.
  Result<bool> weigh() {
    if (!policy_.max_bytes) return false;
    const auto stats = store_.stats();
    if (!stats) return fail(stats.error());
    const std::uint64_t live = bytes_without_deletions(*stats);
    result_.live_bytes = live;
    const bool is_over = live > *policy_.max_bytes && stats->sessions != 0;
    const std::uint64_t too_much = is_over ? live - *policy_.max_bytes : 0;
    const std::uint64_t of_one = std::max<std::uint64_t>(1, is_over ? live / stats->sessions : 1);
    excess_.set_over_bytes((too_much + of_one - 1) / of_one);
    return is_over;
  }

  // Gathers what goes, of the rows of one snapshot; whether there may be more.
  Result<bool> find() {
    return walk_part(store_, query_, [this](const Snapshot& snapshot, const SessionView& session) {
      if (excess_.is_met(session)) return Then::end;
      if (!is_closed(session.statuscode()) || !excess_.take(session)) return behind_row();
      doomed_.push_back({session.flowsessionid(), session.versionnumber(), *session.completedon()});
      if (options_.mode != Mode::dry_run) return behind_row();
      // A principal's leaves what he may not delete.
      const auto rights = snapshot.access(session.flowsessionid());
      if (!rights || rights->has(AccessRight::erase)) note(*session.completedon());
      return behind_row();
    });
  }

  void note(Timestamp completedon) {
    ++result_.deleted;
    if (!result_.first_completedon || completedon < *result_.first_completedon) result_.first_completedon = completedon;
    if (!result_.last_completedon || completedon > *result_.last_completedon) result_.last_completedon = completedon;
  }

  Result<void> erase() {
    for (std::size_t at = 0; at < doomed_.size() && !is_stopped_;) {
      auto transaction = store_.write();
      if (!transaction) return fail(std::move(transaction.error()));
      const std::size_t end = std::min<std::size_t>(doomed_.size(), at + options_.batch);
      std::vector<Timestamp> gone;
      for (; at < end; ++at) {
        const Doomed& one = doomed_[at];
        const auto erased = transaction->erase(one.id, Precondition::if_match(one.versionnumber));
        if (erased) {
          gone.push_back(one.completedon);
        } else if (erased.error().code != Errc::not_found && erased.error().code != Errc::version_mismatch &&
                   erased.error().code != Errc::access_denied) {  // a principal's prune leaves what he may not delete
          return fail(erased.error());
        }
      }
      // The next batch is chosen while this one is on its way to the disk.
      if (auto ok = wait(); !ok) return ok;
      auto pending = transaction->submit();
      if (!pending) return fail(std::move(pending.error()));
      pending_.emplace(std::move(*pending));
      for (const Timestamp completedon : gone) note(completedon);
      static_cast<void>(has_to_stop());
    }
    doomed_.clear();
    return wait();
  }

  // For the batch that was handed over last; the next snapshot shows it then.
  Result<void> wait() {
    if (!pending_) return {};
    return std::exchange(pending_, std::nullopt)->wait();
  }

  const Store& store_;
  const RetentionPolicy& policy_;
  const PruneOptions& options_;
  const Clock::time_point began_ = Clock::now();
  std::vector<StatusCode> statuses_{};
  Excess excess_;
  Query query_{};
  std::vector<Doomed> doomed_{};
  std::optional<Pending> pending_{};
  std::uint64_t looked_at_ = 0;
  bool is_stopped_ = false;
  PruneResult result_{};
};

}  // namespace

Result<PruneResult> Store::prune(const RetentionPolicy& policy, const PruneOptions& options) const {
  if (auto ok = retention::check_policy(policy); !ok) return fail(std::move(ok.error()));
  if (auto ok = check_options(options); !ok) return fail(std::move(ok.error()));
  return Pruning(*this, policy, options).run();
}

}  // namespace flowkeep

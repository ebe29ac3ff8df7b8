// Retention: closed sessions go, oldest first.
// Owns: the choice of what goes. Promises: what is deleted was closed, and unchanged since it was chosen, when it was
// deleted; everybody else reads and writes between two batches.
#include <flowkeep/store.hpp>

#include <algorithm>
#include <string>
#include <unordered_map>
#include <utility>

namespace flowkeep {

namespace {

using Clock = std::chrono::steady_clock;
using Mode = PruneOptions::Mode;

// Rows that one snapshot is kept for.
constexpr std::uint64_t rows_at_once = 20'000;
constexpr std::uint64_t summaries_at_once = 1'000'000;
constexpr std::uint64_t most_batch = 100'000;

Result<void> check_policy(const RetentionPolicy& policy, const PruneOptions& options) {
  if (!policy.max_age && !policy.keep && !policy.keep_per_flow && !policy.max_bytes) {
    return fail(Errc::invalid_argument, "a retention policy needs a limit: max_age, keep, keep_per_flow or max_bytes");
  }
  if (policy.max_age && policy.max_age->count() < 0) {
    return fail(Errc::invalid_argument,
                "max_age: " + std::to_string(policy.max_age->count()) + " ms is less than nothing");
  }
  for (const StatusCode status : policy.statuscodes) {
    if (is_terminal(status)) continue;
    return fail(Errc::invalid_argument, "statuscodes: " + std::string(label(status)) +
                                            " is open, and only closed sessions are deleted: terminal statuses are "
                                            "Succeeded, Skipped, Cancelled, Failed, Faulted, TimedOut, Aborted, "
                                            "Ignored, Deleted and Terminated");
  }
  if (options.batch == 0 || options.batch > most_batch) {
    return fail(Errc::invalid_argument, "batch: " + std::to_string(options.batch) + " is not between 1 and 100000");
  }
  if (options.time_budget && options.time_budget->count() < 0) {
    return fail(Errc::invalid_argument,
                "time_budget: " + std::to_string(options.time_budget->count()) + " ms is less than nothing");
  }
  return {};
}

/// How far a policy is exceeded, and so what has to go.
class Excess {
 public:
  explicit Excess(const RetentionPolicy& policy) : policy_(policy) {
    if (policy.max_age) {
      const auto longest = std::chrono::floor<std::chrono::milliseconds>(now() - min_timestamp);
      cutoff_ = now() - Ticks(std::min(*policy.max_age, longest));
    }
  }

  [[nodiscard]] bool counts_sessions() const noexcept { return policy_.keep || policy_.keep_per_flow; }
  void count(const std::optional<Guid>& flow) {
    ++sessions_;
    if (policy_.keep_per_flow) ++by_flow_[flow.value_or(Guid{})];
  }
  void end_count() {
    if (policy_.keep) over_ = sessions_ - std::min(sessions_, *policy_.keep);
    if (!policy_.keep_per_flow) return;
    for (auto& [flow, sessions] : by_flow_) {
      sessions -= std::min(sessions, *policy_.keep_per_flow);
      over_by_flow_ += sessions;
    }
  }
  void set_over_bytes(std::uint64_t sessions) noexcept { over_bytes_ = sessions; }

  /// Whether a session has to go; none that is younger has to where is_met().
  [[nodiscard]] bool takes(Timestamp completedon, const std::optional<Guid>& flow) const {
    if ((cutoff_ && completedon < *cutoff_) || over_ != 0 || over_bytes_ != 0) return true;
    if (over_by_flow_ == 0) return false;
    const auto of_flow = by_flow_.find(flow.value_or(Guid{}));
    return of_flow != by_flow_.end() && of_flow->second != 0;
  }
  /// What takes() said goes.
  void take(const std::optional<Guid>& flow) {
    if (over_ != 0) --over_;
    if (over_bytes_ != 0) --over_bytes_;
    if (over_by_flow_ == 0) return;
    const auto of_flow = by_flow_.find(flow.value_or(Guid{}));
    if (of_flow == by_flow_.end() || of_flow->second == 0) return;
    --of_flow->second;
    --over_by_flow_;
  }
  [[nodiscard]] bool is_met(Timestamp completedon) const noexcept {
    return (!cutoff_ || completedon >= *cutoff_) && over_ == 0 && over_bytes_ == 0 && over_by_flow_ == 0;
  }
  /// The time before which everything that has to go was completed, where the age alone decides.
  [[nodiscard]] std::optional<Timestamp> until() const noexcept {
    return counts_sessions() || policy_.max_bytes ? std::nullopt : cutoff_;
  }

 private:
  const RetentionPolicy& policy_;
  std::optional<Timestamp> cutoff_{};
  std::uint64_t sessions_ = 0;
  std::uint64_t over_ = 0;        // sessions that `keep` leaves no place for
  std::uint64_t over_bytes_ = 0;  // about as many as are needed to come below `max_bytes`
  std::unordered_map<Guid, std::uint64_t> by_flow_{};
  std::uint64_t over_by_flow_ = 0;
};

class Pruning {
 public:
  Pruning(const Store& store, const RetentionPolicy& policy, const PruneOptions& options)
      : store_(store), policy_(policy), options_(options), excess_(policy) {
    query_.by = OrderBy::completedon;
    query_.order = oldest_first;
    query_.until = excess_.until();
    query_.regardingobjectid = policy.regardingobjectid;
    query_.limit = limit(rows_at_once);
    query_.pause_after = rows_at_once;
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
    bool is_over = false;
    if (auto ok = weigh(is_over); !ok) return fail(std::move(ok.error()));
    for (bool more = true; more && !is_stopped_;) {
      auto found = find();
      if (!found) return fail(std::move(found.error()));
      more = *found;
      if (options_.mode == Mode::dry_run) {
        doomed_.clear();
        continue;
      }
      if (auto ok = erase(); !ok) return fail(std::move(ok.error()));
      const bool has_deleted = std::exchange(has_deleted_, false);
      if (auto ok = weigh(is_over); !ok) return fail(std::move(ok.error()));
      if (!more && is_over && has_deleted) {
        query_.after.clear();  // the estimate was too low; what was passed over counts again
        more = true;
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

  [[nodiscard]] bool is_time_up() {
    if (options_.time_budget && Clock::now() - began_ >= *options_.time_budget) is_stopped_ = true;
    return is_stopped_;
  }

  // All closed sessions, by flow.
  Result<void> count() {
    Query query;
    query.statuscodes = statuses_;
    query.regardingobjectid = policy_.regardingobjectid;
    query.order = oldest_first;
    query.pause_after = summaries_at_once;
    for (bool more = true; more && !is_time_up();) {
      const auto snapshot = store_.snapshot();
      if (!snapshot) return fail(snapshot.error());
      SummaryRange range = snapshot->summaries(query);
      for (const Result<SessionSummary>& row : range) {
        if (!row) return fail(row.error());
        if (row->completedon()) excess_.count(row->regardingobjectid());
      }
      more = range.is_paused();
      query.after = range.token();
    }
    excess_.end_count();
    return {};
  }

  // How many sessions the file is too large by, if they are of middle size.
  Result<void> weigh(bool& is_over) {
    is_over = false;
    if (!policy_.max_bytes) return {};
    const auto stats = store_.stats();
    if (!stats) return fail(stats.error());
    is_over = stats->live_bytes > *policy_.max_bytes && stats->sessions != 0;
    const std::uint64_t too_much = is_over ? stats->live_bytes - *policy_.max_bytes : 0;
    const std::uint64_t of_one = std::max<std::uint64_t>(1, is_over ? stats->live_bytes / stats->sessions : 1);
    excess_.set_over_bytes((too_much + of_one - 1) / of_one);
    return {};
  }

  // Gathers what goes, of so many rows; whether there may be more.
  Result<bool> find() {
    const auto snapshot = store_.snapshot();
    if (!snapshot) return fail(snapshot.error());
    SessionRange range = snapshot->select(query_);
    std::uint64_t rows = 0;
    for (const Result<SessionView>& row : range) {
      if (!row) return fail(row.error());
      if (++rows % 1024 == 0 && is_time_up()) break;
      const Timestamp completedon = *row->completedon();
      if (excess_.is_met(completedon)) return false;
      if (!is_closed(row->statuscode())) continue;
      const auto flow = row->regardingobjectid();
      const std::optional<Guid> flow_id = flow ? std::optional(flow->id) : std::nullopt;
      if (!excess_.takes(completedon, flow_id)) continue;
      excess_.take(flow_id);
      doomed_.push_back({row->flowsessionid(), row->versionnumber(), completedon});
      if (options_.mode == Mode::dry_run) note(completedon);
    }
    if (!range.is_paused() && rows < rows_at_once) return false;
    query_.after = range.token();
    return true;
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
        } else if (erased.error().code != Errc::not_found && erased.error().code != Errc::version_mismatch) {
          return fail(erased.error());
        }
      }
      // The next batch is chosen while this one is on its way to the disk.
      if (auto ok = wait(); !ok) return ok;
      auto pending = transaction->submit();
      if (!pending) return fail(std::move(pending.error()));
      pending_.emplace(std::move(*pending));
      for (const Timestamp completedon : gone) note(completedon);
      has_deleted_ = has_deleted_ || !gone.empty();
      if (options_.progress && !options_.progress(result_.deleted, 0)) is_stopped_ = true;
      static_cast<void>(is_time_up());
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
  bool has_deleted_ = false;
  bool is_stopped_ = false;
  PruneResult result_{};
};

}  // namespace

Result<PruneResult> Store::prune(const RetentionPolicy& policy, const PruneOptions& options) const {
  if (auto ok = check_policy(policy, options); !ok) return fail(std::move(ok.error()));
  return Pruning(*this, policy, options).run();
}

}  // namespace flowkeep

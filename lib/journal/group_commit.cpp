#include "journal/group_commit.hpp"

#include <algorithm>
#include <utility>

namespace flowkeep::journal {

namespace {

// Buffers that have grown beyond this are given back.
constexpr std::size_t spare_bytes = 256U << 10;
constexpr std::size_t spare_count = 4;
// Of the time of a sync, what a group is gathered for: from a half to a 64th.
constexpr int largest_part = 2;
constexpr int smallest_part = 64;
constexpr std::chrono::nanoseconds longest_gathering = std::chrono::milliseconds(1);

}  // namespace

GroupCommit::GroupCommit(JournalFile& file) : file_(file) {
  spare_.reserve(spare_count);  // lead() allocates nothing
}

void GroupCommit::reset(const Position& tail, const Position& start, std::uint64_t capacity_bytes) {
  const std::lock_guard lock(mutex_);
  tail_ = tail;
  start_ = start;
  capacity_bytes_ = capacity_bytes;
  appliable_ = tail.lsn - 1;
  durable_ = tail.lsn - 1;
}

void GroupCommit::recycle(const Position& start, std::uint64_t capacity_bytes) {
  const std::lock_guard lock(mutex_);
  start_ = start;
  capacity_bytes_ = capacity_bytes;
}

// A record leaves room behind it for the one that says "wrap".
bool GroupCommit::fits_at_tail(std::uint64_t bytes) const noexcept {
  const std::uint64_t end = tail_.offset + bytes + record_header_bytes;
  if (end > capacity_bytes_) return false;
  const bool empty = start_.lsn == tail_.lsn;
  return empty || start_.offset <= tail_.offset || end < start_.offset;
}

bool GroupCommit::fits_wrapped(std::uint64_t bytes) const noexcept {
  const std::uint64_t end = records_begin + bytes + record_header_bytes;
  const bool empty = start_.lsn == tail_.lsn;
  if (!empty && start_.offset > tail_.offset) return false;  // wrapped already
  return end < start_.offset;
}

bool GroupCommit::fits(std::uint64_t payload_bytes) const {
  const std::lock_guard lock(mutex_);
  const std::uint64_t bytes = record_bytes(payload_bytes);
  return fits_at_tail(bytes) || fits_wrapped(bytes);
}

void GroupCommit::append(RecordKind kind, std::string_view payload) {
  if (queued_.empty() || queued_.back().offset + queued_.back().bytes.size() != tail_.offset) {
    Run run{tail_.offset, {}};
    if (!spare_.empty()) {
      run.bytes = std::move(spare_.back());
      run.bytes.clear();
      spare_.pop_back();
    }
    queued_.push_back(std::move(run));
  }
  std::string& out = queued_.back().bytes;
  const std::size_t before = out.size();
  out.reserve(before + record_bytes(payload.size()));
  tail_.chain = append_record(out, kind, tail_, payload);
  tail_.offset = kind == RecordKind::wrap ? records_begin : tail_.offset + (out.size() - before);
}

GroupCommit::Ticket GroupCommit::enqueue(std::string_view payload, Level level) {
  const std::lock_guard lock(mutex_);
  if (!fits_at_tail(record_bytes(payload.size()))) append(RecordKind::wrap, {});
  append(RecordKind::change, payload);
  if (level == Level::synced) queued_level_ = Level::synced;
  if (++queued_records_ >= expected_records_ && gathering_) gathered_.notify_one();
  return {tail_.lsn++, group_, tail_};
}

Result<void> GroupCommit::wait(const Ticket& ticket) {
  if (groups_done_.load(std::memory_order_acquire) >= ticket.group) return {};
  std::unique_lock lock(mutex_);
  while (groups_done_.load() < ticket.group) {
    if (failed_) return fail(*failed_);
    if (leading_) {
      await(lock, ticket.group);
    } else {
      leading_ = true;
      gather(lock);
      lead(lock, Level::written);
    }
  }
  return {};
}

// Not a condition variable: its notify_all() waits for whoever it woke the last time to have run, under our lock.
void GroupCommit::await(std::unique_lock<std::mutex>& lock, std::uint64_t group) {
  Signal& signal = signals_[group % 2];
  const std::uint32_t seen = signal.load();
  lock.unlock();
  signal.wait(seen);
  if (groups_done_.load(std::memory_order_acquire) < group) lock.lock();
}

void GroupCommit::gather(std::unique_lock<std::mutex>& lock) {
  if (queued_level_ != Level::synced || queued_records_ >= expected_records_) return;
  gathering_ = true;
  const bool all_came = gathered_.wait_for(lock, std::min(sync_time_ / gathering_part_, longest_gathering),
                                           [this] { return queued_records_ >= expected_records_; });
  gathering_ = false;
  // Threads that have other work between their commits do not come back at once: the less often all come, the less
  // they are waited for.
  gathering_part_ =
      all_came ? std::max(gathering_part_ / 2, largest_part) : std::min(2 * gathering_part_, smallest_part);
}

bool GroupCommit::is_done(const Ticket& ticket) const {
  const std::lock_guard lock(mutex_);
  return groups_done_ >= ticket.group || failed_;
}

Result<void> GroupCommit::flush() {
  std::unique_lock lock(mutex_);
  const std::uint64_t target = tail_.lsn - 1;
  while (durable_ < target) {
    if (failed_) return fail(*failed_);
    if (leading_) {
      // The group that is being written, or is about to be: its end wakes all. That of the one before would wake one
      // of those who wait for the next group, and whoever it is, another is forgotten.
      await(lock, gathering_ ? group_ : group_ - 1);
      if (!lock.owns_lock()) lock.lock();
    } else {
      lead(lock, Level::synced);
    }
  }
  if (failed_) return fail(*failed_);
  return {};
}

Result<void> GroupCommit::write_queued() {
  std::unique_lock lock(mutex_);
  if (!leading_ && !queued_.empty() && !failed_) lead(lock, Level::written);
  if (failed_) return fail(*failed_);
  return {};
}

void GroupCommit::lead(std::unique_lock<std::mutex>& lock, Level level) {
  leading_ = true;
  std::vector<Run> runs = std::exchange(queued_, {});
  const bool sync = std::exchange(queued_level_, Level::written) == Level::synced || level == Level::synced;
  const std::uint64_t last = tail_.lsn - 1;
  const std::uint64_t group = group_++;
  const std::uint64_t records = std::exchange(queued_records_, 0);
  lock.unlock();

  const auto began = std::chrono::steady_clock::now();
  Result<void> done;
  for (std::size_t i = 0; i < runs.size() && done; ++i) done = file_.write(runs[i].offset, runs[i].bytes);
  if (done && sync) done = file_.sync();

  const auto ended = std::chrono::steady_clock::now();

  lock.lock();
  if (sync) sync_time_ = ended - began;
  expected_records_ = queued_records_ + records;
  for (Run& run : runs) {
    if (run.bytes.capacity() <= spare_bytes && spare_.size() < spare_count) spare_.push_back(std::move(run.bytes));
  }
  leading_ = false;
  if (done) {
    appliable_.store(last, std::memory_order_release);
    if (sync) durable_.store(last, std::memory_order_release);
    groups_done_.store(group, std::memory_order_release);  // last: wait() looks at nothing else
    wake(group, Wake::all);
    wake(group + 1, Wake::one);  // somebody of the next group leads it
  } else {
    failed_ = done.error();
    failed_->code = Errc::io;
    failed_->message +=
        "; whether the last changes are stored is not known until the store has been closed by all "
        "and opened again";
    wake(group, Wake::all);
    wake(group + 1, Wake::all);
  }
}

void GroupCommit::wake(std::uint64_t group, Wake who) noexcept {
  Signal& signal = signals_[group % 2];
  signal.fetch_add(1);
  if (who == Wake::all) {
    signal.notify_all();
  } else {
    signal.notify_one();
  }
}

Position GroupCommit::tail() const {
  const std::lock_guard lock(mutex_);
  return tail_;
}

std::uint64_t GroupCommit::capacity_bytes() const {
  const std::lock_guard lock(mutex_);
  return capacity_bytes_;
}

std::uint64_t GroupCommit::used_bytes() const {
  const std::lock_guard lock(mutex_);
  if (tail_.lsn == start_.lsn) return 0;
  if (tail_.offset >= start_.offset) return tail_.offset - start_.offset;
  return capacity_bytes_ - records_begin - (start_.offset - tail_.offset);
}

}  // namespace flowkeep::journal

#include "store/applier.hpp"

#include <algorithm>
#include <utility>

#include "base/thread.hpp"
#include "store/apply.hpp"

namespace flowkeep::store {

namespace {

// Each commit of LMDB writes some 20 pages however little it holds, and each page that it has written before anew: the
// less often, the less there is to write. Other processes see a change so much later at most.
constexpr std::chrono::milliseconds pace{20};
// Where there are none, nobody needs the tables sooner.
constexpr std::chrono::milliseconds lone_pace{250};
constexpr std::chrono::milliseconds retry_interval{20};

}  // namespace

Result<void> Applier::start() {
  if (thread_.joinable()) return {};
  stopping_ = false;
  auto started = base::start_thread("flowkeep-apply", [this] { run(); });
  if (!started) return fail(std::move(started.error()));
  thread_ = std::move(*started);
  return {};
}

void Applier::stop() noexcept {
  if (!thread_.joinable()) return;
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  woken_.notify_all();
  thread_.join();
}

std::uint64_t Applier::Item::memory() const noexcept {
  constexpr std::uint64_t of_a_change = 1024;
  constexpr std::uint64_t of_a_row = 384;
  return bytes + of_a_change * changes->size() + of_a_row * rows;
}

void Applier::reset(std::uint64_t lsn) noexcept {
  const std::lock_guard lock(mutex_);
  queue_.clear();
  unapplied_bytes_ = 0;
  unapplied_rows_ = 0;
  unapplied_memory_ = 0;
  applied_.store(lsn, std::memory_order_release);
}

void Applier::push(Item item, std::uint64_t much_bytes) {
  bool is_news = false;
  {
    const std::lock_guard lock(mutex_);
    const bool was_urgent = is_urgent();
    is_news = queue_.empty();
    much_bytes_ = std::min(much_bytes, batch_bytes);
    unapplied_bytes_ += item.bytes;
    unapplied_rows_ += item.rows;
    unapplied_memory_ += item.memory();
    queue_.push_back(std::move(item));
    is_news = is_news || (is_urgent() && !was_urgent);
  }
  if (is_news) woken_.notify_one();
}

void Applier::wake() {
  {
    const std::lock_guard lock(mutex_);
    woken_early_ = true;
  }
  woken_.notify_one();
}

bool Applier::is_idle() const {
  const std::lock_guard lock(mutex_);
  return queue_.empty();
}

template <class Done>
Result<void> Applier::wait_until(Done done, std::chrono::milliseconds timeout) {
  std::unique_lock lock(mutex_);
  ++waiting_;
  woken_.notify_one();
  progress_.wait_for(lock, timeout, [&] { return failed_ || done(); });
  --waiting_;
  if (done()) return {};
  if (failed_) {
    lock.unlock();
    return health_.check();
  }
  return fail(Errc::busy, environment_.path() + " does not catch up with its journal within " +
                              std::to_string(timeout.count()) + " ms: try again");
}

Result<void> Applier::wait(std::uint64_t lsn, std::chrono::milliseconds timeout) {
  if (applied() >= lsn) return {};
  return wait_until([&] { return applied_.load() >= lsn; }, timeout);
}

Result<void> Applier::wait_below(std::uint64_t bytes, std::chrono::milliseconds timeout) {
  if (unapplied_memory() <= bytes) return {};
  return wait_until([&] { return unapplied_memory_.load() <= bytes; }, timeout);
}

std::vector<Applier::Item> Applier::take_batch(std::unique_lock<std::mutex>& lock) {
  if (group_.appliable() < queue_.front().lsn) {
    // Nobody waits for it, or its group is being written.
    lock.unlock();
    const auto written = group_.write_queued();
    if (!written) health_.note(written.error());
    lock.lock();
    if (!written) {
      failed_ = true;  // nothing more comes that may be applied
      progress_.notify_all();
      return {};
    }
  }
  std::vector<Item> batch;
  const std::uint64_t last = group_.appliable();
  std::uint64_t bytes = 0;
  std::uint64_t rows = 0;
  for (const Item& item : queue_) {
    bytes += item.bytes;
    rows += item.rows;
    if (item.lsn > last || (!batch.empty() && (bytes > batch_bytes || rows > batch_rows))) break;
    batch.push_back(item);
  }
  return batch;
}

Result<void> Applier::apply(const std::vector<Item>& batch) {
  const std::lock_guard commit(commits_.mutex);
  auto transaction = environment_.begin_write();
  if (!transaction) return fail(std::move(transaction.error()));
  {
    // Of the last one's catalogue: indexes come and go only when nothing is unapplied.
    Application application(*transaction, tables_, *batch.back().catalogue);
    for (const Item& item : batch) {
      if (auto ok = application.add(*item.changes); !ok) return ok;
    }
    auto applied = application.finish();
    if (!applied) return fail(std::move(applied.error()));
    disagreements_ += *applied;
  }
  const journal::Position& behind = batch.back().behind;
  if (auto ok = write_applied(*transaction, tables_.meta, commits_.epoch, behind); !ok) return ok;
  if (auto ok = transaction->commit(); !ok) return ok;
  commits_.applied = behind;
  return {};
}

// Applies a batch; what passes by itself (a map that cannot move yet, no memory) is waited for.
Result<void> Applier::apply_in_time(const std::vector<Item>& batch) {
  for (;;) {
    auto done = apply(batch);
    if (done || !is_passing(done.error().code)) return done;
    std::unique_lock lock(mutex_);
    if (woken_.wait_for(lock, retry_interval, [this] { return stopping_; })) return done;
  }
}

void Applier::finish(const std::vector<Item>& batch, const Result<void>& done) {
  // Before anybody can see that it is applied, and give the turn away: a checkpoint may be asked for here.
  if (done) {
    listener_.committed(batch.back().lsn);
  } else if (!is_passing(done.error().code)) {
    health_.note(done.error());
  }
  {
    const std::lock_guard lock(mutex_);
    if (done) {
      for (const Item& item : batch) {
        unapplied_bytes_ -= item.bytes;
        unapplied_rows_ -= item.rows;
        unapplied_memory_ -= item.memory();
      }
      queue_.erase(queue_.begin(), queue_.begin() + static_cast<std::ptrdiff_t>(batch.size()));
      applied_.store(batch.back().lsn, std::memory_order_release);
    } else if (!is_passing(done.error().code)) {
      failed_ = true;
    }
  }
  progress_.notify_all();
}

bool Applier::is_urgent() const noexcept {
  return stopping_ || waiting_ > 0 || unapplied_bytes_.load() >= much_bytes_ || unapplied_rows_.load() >= batch_rows;
}

// Until then, unless it is urgent or others look on.
void Applier::linger(std::unique_lock<std::mutex>& lock, Clock::time_point until) {
  const auto urgent = [this] { return is_urgent(); };
  while (!urgent() && Clock::now() < until) {
    lock.unlock();
    const Clock::duration pause = listener_.linger();
    lock.lock();
    if (pause == Clock::duration::zero()) return;
    woken_.wait_until(lock, std::min(until, Clock::now() + std::min<Clock::duration>(pause, pace)), urgent);
  }
}

void Applier::run() {
  std::unique_lock lock(mutex_);
  Clock::time_point next{};  // when the next commit may be made
  while (!stopping_) {
    if (queue_.empty() || failed_) {
      lock.unlock();
      const Clock::duration rest = listener_.rest();
      lock.lock();
      const auto due = [this] { return stopping_ || woken_early_ || (!queue_.empty() && !failed_); };
      woken_.wait_for(lock, rest, due);
      woken_early_ = false;
      continue;
    }
    woken_.wait_until(lock, next, [this] { return is_urgent(); });
    linger(lock, next + (lone_pace - pace));
    if (stopping_) break;
    const std::vector<Item> batch = take_batch(lock);
    if (batch.empty()) {
      next = Clock::now() + pace;
      // Who waits, waits for something that is written: there is nothing to hurry for.
      woken_.wait_until(lock, Clock::now() + std::chrono::microseconds(200), [this] { return stopping_; });
      continue;
    }
    lock.unlock();
    next = Clock::now() + pace;
    finish(batch, apply_in_time(batch));
    lock.lock();
  }
}

}  // namespace flowkeep::store

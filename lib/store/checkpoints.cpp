#include "store/checkpoints.hpp"

#include <algorithm>
#include <utility>

#include "base/thread.hpp"

namespace flowkeep::store {

Result<void> Checkpoints::start() {
  if (thread_.joinable()) return {};
  stopping_ = false;
  auto started = base::start_thread("flowkeep-checkp", [this] { run(); });
  if (!started) return fail(std::move(started.error()));
  thread_ = std::move(*started);
  return {};
}

void Checkpoints::stop() noexcept {
  if (!thread_.joinable()) return;
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void Checkpoints::begin_turn() noexcept {
  const std::lock_guard making(making_);
  has_turn_ = true;
}

void Checkpoints::end_turn() noexcept {
  const std::lock_guard making(making_);
  has_turn_ = false;
}

void Checkpoints::use(const journal::Header& header) {
  const std::lock_guard lock(mutex_);
  header_ = header;
  page_.state().journal_capacity = header.capacity_bytes;
}

void Checkpoints::note_pin(const journal::Header& header, std::int64_t at) noexcept {
  pinned_last_page_ = header.image.newest().last_page;
  pinned_at_ = at;
}

journal::Header Checkpoints::header() const {
  const std::lock_guard lock(mutex_);
  return header_;
}

Result<bool> Checkpoints::guard() {
  const std::lock_guard making(making_);
  const journal::Header checkpoint = header();
  const auto before = checkpointer_.pinned();
  auto guarded = checkpointer_.guard(checkpoint);
  if (guarded && *guarded && checkpointer_.pinned() != before) note_pin(checkpoint, journal::monotonic_ns());
  publish_pins();
  return guarded;
}

// So that others do not take them for snapshots. Told only of the process that has, or last had, the turn.
void Checkpoints::publish_pins() noexcept {
  const auto pinned = checkpointer_.pinned();
  for (std::size_t i = 0; i < pinned.size(); ++i) page_.state().pinned[i] = pinned[i];
  holds_pins_ = pinned != decltype(pinned){};
}

void Checkpoints::release() noexcept {
  const std::lock_guard making(making_);
  const auto pinned = checkpointer_.pinned();
  checkpointer_.release();
  holds_pins_ = false;
  // Another process may have published its own meanwhile.
  for (std::size_t i = 0; i < pinned.size(); ++i) {
    std::uint64_t mine = pinned[i];
    if (mine != 0) page_.state().pinned[i].compare_exchange_strong(mine, 0);
  }
}

Result<void> Checkpoints::check() {
  if (auto ok = health_.check(); !ok) return ok;
  if (!has_turn_) return fail(Errc::internal, "a checkpoint was asked for without the turn");
  auto whole = sidecars_.check();
  if (whole && !journal_.is_linked()) whole = fail(journal::removed_while_open(journal_.path()));
  if (!whole) health_.note(whole.error());
  return whole;
}

Result<void> Checkpoints::extend(const journal::Header& before, std::uint64_t capacity_bytes) {
  if (capacity_bytes <= before.capacity_bytes) return {};
  auto done = journal_.extend(before.capacity_bytes, capacity_bytes);
  if (done) return done;
  if (done.error().code == Errc::full) {
    // Without the room it wanted the journal goes on as it was.
    journal_.shorten(before.capacity_bytes);
  } else {
    health_.note(done.error());
  }
  return done;
}

Result<void> Checkpoints::grow(std::uint64_t capacity_bytes) {
  const std::lock_guard making(making_);
  if (auto ok = check(); !ok) return ok;
  journal::Header grown = header();
  if (capacity_bytes <= grown.capacity_bytes) return {};
  if (auto ok = extend(grown, capacity_bytes); !ok) return ok;
  grown.capacity_bytes = capacity_bytes;
  if (auto ok = journal_.write_header(grown); !ok) {
    health_.note(ok.error());
    return ok;
  }
  group_.recycle(grown.start, capacity_bytes);
  use(grown);
  return {};
}

Result<void> Checkpoints::make(std::uint64_t capacity_bytes) {
  const std::lock_guard making(making_);
  if (auto ok = check(); !ok) return ok;
  const journal::Header before = header();
  const std::uint64_t capacity = std::max(before.capacity_bytes, capacity_bytes);
  if (auto ok = extend(before, capacity); !ok) return ok;
  const std::int64_t began = journal::monotonic_ns();
  auto job = [&] {
    const std::lock_guard commit(commits_.mutex);
    return checkpointer_.begin(before, commits_.applied);
  }();
  if (!job) {
    // Nothing has happened yet: what passes by itself is tried again when the next one is due.
    if (!is_passing(job.error().code)) health_.note(job.error());
    return fail(std::move(job.error()));
  }
  job->header.capacity_bytes = capacity;
  publish_pins();
  if (auto ok = checkpointer_.finish(*job, journal_); !ok) {
    ok.error().code = Errc::io;  // "full" would say that nothing was done
    health_.note(ok.error());
    return ok;
  }
  publish_pins();
  group_.recycle(job->header.start, capacity);
  note_pin(job->header, began);
  use(job->header);
  ++count_;
  journal::SharedState& state = page_.state();
  state.journal_used = group_.used_bytes();
  state.checkpoint_at = began;
  ++state.checkpoints;
  return {};
}

void Checkpoints::request(std::uint64_t capacity_bytes) {
  {
    const std::lock_guard lock(mutex_);
    if (requested_) return;
    requested_ = true;
    requested_capacity_ = capacity_bytes;
  }
  changed_.notify_all();
}

bool Checkpoints::is_idle() const {
  const std::lock_guard lock(mutex_);
  return !requested_;
}

void Checkpoints::wait_idle() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return !requested_; });
}

void Checkpoints::run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return stopping_ || requested_; });
    if (requested_) {
      const std::uint64_t capacity = requested_capacity_;
      lock.unlock();
      // What fails is noted in Health, or asked for again.
      auto made = health_.is_good() ? make(capacity) : Result<void>();
      if (!made && made.error().code == Errc::full) made = make();
      lock.lock();
      requested_ = false;
      changed_.notify_all();
    } else {
      return;
    }
  }
}

}  // namespace flowkeep::store

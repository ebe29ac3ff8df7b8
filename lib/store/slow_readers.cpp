#include "store/slow_readers.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include "base/thread.hpp"
#include "store/engine.hpp"
#include "store/readers.hpp"

namespace flowkeep::store {

namespace {

constexpr std::chrono::milliseconds shortest_period{10};
constexpr std::chrono::milliseconds longest_period{1'000};
// Before a snapshot that stays open is reported again.
constexpr std::chrono::seconds silence{60};

}  // namespace

Result<void> SlowReaders::start() {
  auto started = base::start_thread("flowkeep-watch", [this] { run(); });
  if (!started) return fail(std::move(started.error()));
  thread_ = std::move(*started);
  return {};
}

void SlowReaders::stop() noexcept {
  if (!thread_.joinable()) return;
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void SlowReaders::run() {
  const auto period = std::clamp(engine_.options().slow_reader_age / 4, shortest_period, longest_period);
  std::unique_lock lock(mutex_);
  while (!changed_.wait_for(lock, period, [this] { return stopping_; })) {
    lock.unlock();
    look();
    lock.lock();
  }
}

void SlowReaders::look() {
  const OpenOptions& options = engine_.options();
  storage::Environment& environment = engine_.environment();
  const std::uint64_t newest = environment.info().last_transaction;
  const auto is_behind = [&](const storage::ReaderSlot& slot) { return slot.transaction < newest; };
  const auto slots = environment.readers();
  if (std::none_of(slots.begin(), slots.end(), is_behind)) {
    seen_.clear();
    return;
  }
  environment.clear_stale_readers();  // the dead hold nothing
  std::vector<StoreStats::Reader> readers;
  {
    auto transaction = environment.begin_read();
    if (!transaction) return;  // no slot is free just now
    auto listed = list_readers(engine_, *transaction);
    if (!listed) return;
    readers = std::move(*listed);
  }
  decltype(seen_) still{};
  for (const StoreStats::Reader& reader : readers) {
    const bool is_old = reader.age && *reader.age >= options.slow_reader_age;
    if (!is_old && reader.held_bytes < options.slow_reader_bytes) continue;
    const Key key(reader.pid, reader.transaction);
    const auto before = seen_.find(key);
    auto& told = still[key];
    if (before == seen_.end()) continue;  // it may be gone at the next look
    told = before->second;
    if (told && Clock::now() - *told < silence) continue;
    options.on_slow_reader(reader);
    told = Clock::now();
  }
  seen_ = std::move(still);
}

}  // namespace flowkeep::store

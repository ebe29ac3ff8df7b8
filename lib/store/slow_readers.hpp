// Watches for snapshots that are open too long.
#pragma once

#include <chrono>
#include <condition_variable>
#include <map>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include <flowkeep/store.hpp>

namespace flowkeep::store {

class Engine;

/// A thread that looks at the readers of every process and tells OpenOptions::on_slow_reader of those that keep pages
/// back, while it holds nothing itself.
class SlowReaders {
 public:
  explicit SlowReaders(Engine& engine) noexcept : engine_(engine) {}
  SlowReaders(const SlowReaders&) = delete;
  SlowReaders& operator=(const SlowReaders&) = delete;
  ~SlowReaders() { stop(); }

  /// Errors: no_memory.
  [[nodiscard]] Result<void> start();
  /// Waits for a callback that is under way.
  void stop() noexcept;

 private:
  using Clock = std::chrono::steady_clock;
  void run();
  void look();

  Engine& engine_;
  using Key = std::pair<std::int64_t, std::uint64_t>;  // process, transaction
  // Of the thread: those that were slow at the last look, and when they were reported.
  std::map<Key, std::optional<Clock::time_point>> seen_{};
  std::mutex mutex_{};
  std::condition_variable changed_{};
  bool stopping_ = false;
  std::thread thread_{};
};

}  // namespace flowkeep::store

// Agent: what a process that runs sessions does by itself while it has a store open.
// Owns: the sweep at opening, and the thread that applies the retention schedule. Promises: both go the way of any
// other caller's reads and writes, and end promptly when the store is closed.
#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>

#include <flowkeep/store.hpp>

#include "base/thread.hpp"
#include "store/retention_schedule.hpp"
#include "store/store_impl.hpp"

namespace flowkeep {

namespace {

/// Looks now and then whether the schedule's next run is due, and prunes.
class Retainer : public Store::Impl::Attendant {
 public:
  using Prune = std::function<Result<PruneResult>(const RetentionPolicy&, const PruneOptions&)>;
  Retainer(store::Engine& engine, Prune prune) : engine_(engine), prune_(std::move(prune)) {}
  Retainer(const Retainer&) = delete;
  Retainer& operator=(const Retainer&) = delete;
  ~Retainer() override {
    if (!thread_.joinable()) return;
    {
      const std::lock_guard lock(mutex_);
      is_stopping_ = true;
    }
    changed_.notify_all();
    thread_.join();
  }

  /// Errors: no_memory.
  Result<void> start() {
    auto started = base::start_thread("flowkeep-retain", [this] { run(); });
    if (!started) return fail(std::move(started.error()));
    thread_ = std::move(*started);
    return {};
  }

 private:
  // A schedule that is set anew is obeyed within this.
  static constexpr std::chrono::seconds period{1};

  void run() {
    std::unique_lock lock(mutex_);
    while (!is_stopping_) {
      lock.unlock();
      tend();
      lock.lock();
      changed_.wait_for(lock, period, [this] { return is_stopping_; });
    }
  }

  // What fails (a full disk, another process that writes for long) is tried again when the next run is due.
  void tend() {
    const auto policy = store::claim_retention_run(engine_);
    if (!policy || !*policy) return;
    PruneOptions options;
    options.progress = [this](std::uint64_t, std::uint64_t) {
      const std::lock_guard lock(mutex_);
      return !is_stopping_;
    };
    static_cast<void>(prune_(**policy, options));
  }

  store::Engine& engine_;
  Prune prune_;
  std::mutex mutex_{};
  std::condition_variable changed_{};
  bool is_stopping_ = false;
  std::thread thread_{};
};

}  // namespace

Result<Store> Store::open(std::string_view path, OpenOptions options) {
  const bool is_agent = options.role == Role::agent;
  auto engine = store::Engine::open(std::string(path), std::move(options));
  if (!engine) return fail(std::move(engine.error()));
  Store store(std::make_shared<Impl>(*engine));
  store.impl_->is_opener = true;
  if (!is_agent) return store;
  // Sessions that are left open are no reason to keep an agent from its work.
  static_cast<void>(store.sweep());
  auto retainer =
      std::make_unique<Retainer>(**engine, [engine = *engine](const RetentionPolicy& policy, const PruneOptions& how) {
        return Store(std::make_shared<Impl>(engine)).prune(policy, how);
      });
  if (auto ok = retainer->start(); !ok) return fail(std::move(ok.error()));
  store.impl_->attendant = std::move(retainer);
  return store;
}

}  // namespace flowkeep

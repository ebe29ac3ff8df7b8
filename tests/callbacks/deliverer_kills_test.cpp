// What is promised of callbacks across crashes: deliverers are killed at any moment, again and again, while runs end.
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <optional>
#include <random>
#include <thread>

#include "outbox.hpp"

namespace flowkeep::callbacks {
namespace {

using fault::Child;
using fault::Shared;

constexpr int kills_wanted = 200;
constexpr std::size_t most_runs = 20'000;

/// What children have done; in memory that outlives them.
struct Done {
  std::atomic<std::size_t> ended;  // runs, as their writer was told
  std::array<Guid, most_runs> runs;
  std::atomic<int> deliverers;  // that have begun
};

class Kills : public Outbox {
 protected:
  Kills() {
    const Store closed = std::move(store_);  // children open it
  }

  [[nodiscard]] DelivererOptions hasty() const {
    DelivererOptions options = with_short_leases();
    options.back_off = 5ms;
    options.longest_back_off = 100ms;
    return options;
  }

  /// Ends runs whose callbacks are answered at once, late, or at the second time.
  int end_runs() {
    const auto store = Store::open(path_);
    if (!store) return 1;
    while (done_->ended < most_runs) {
      const std::string query = "?" + Guid::make().str();
      const std::array<std::string, 3> paths{"/answer/200", "/delay/20/200", "/answer/503/200" + query};
      const Guid id = owe_to(*store, receiver_.url(paths[done_->ended % paths.size()]));
      done_->runs[done_->ended] = id;
      ++done_->ended;
      std::this_thread::sleep_for(8ms);
    }
    return 2;
  }

  int deliver_for_ever() {
    const auto store = Store::open(path_);
    if (!store) return 1;
    auto deliverer = Deliverer::make(*store, hasty());
    if (!deliverer || !deliverer->start()) return 2;
    ++done_->deliverers;
    for (;;) ::pause();
  }

  const unsigned seed_ = std::random_device{}();
  std::mt19937 random_{seed_};
  fault::Watchdog watchdog_{100s};
  Shared<Done> done_{};
};

TEST_F(Kills, TheCallbackOfEveryRunThatEndedIsReceived) {
  SCOPED_TRACE(seed_);
  std::optional<Child> writer;
  for (int kills = 0; kills < kills_wanted; ++kills) {
    if (!writer) writer.emplace([&] { return end_runs(); });
    const int before = done_->deliverers;
    Child deliverer([&] { return deliver_for_ever(); });
    while (done_->deliverers == before) std::this_thread::sleep_for(200us);
    std::this_thread::sleep_for(std::chrono::microseconds(random_() % 40'000));
    deliverer.kill();
    if (random_() % 8 == 0) writer.reset();
  }
  writer.reset();
  store_ = fault::open_store(path_);
  {
    Deliverer last = make_deliverer(hasty());
    ASSERT_TRUE(last.start());
    for (auto stats = store_.stats(); stats && stats->callbacks_waiting != 0; stats = store_.stats()) {
      std::this_thread::sleep_for(5ms);
    }
  }
  const auto received = told();
  const std::size_t ended = done_->ended;
  int repeated = 0;
  for (std::size_t i = 0; i < ended; ++i) {
    const Callback after = callback_of(done_->runs[i]);
    const std::size_t times = received.count(after.flowsessionid.str());
    EXPECT_GE(times, 1U) << after.flowsessionid.str();
    EXPECT_EQ(after.state, CallbackState::delivered) << after.last_error;
    if (times > 1 && after.url.find("503") == std::string::npos) ++repeated;
  }
  EXPECT_GT(ended, kills_wanted);
  EXPECT_GT(repeated, kills_wanted / 20) << "the kills have met no deliverer that was sending";
  RecordProperty("ended", static_cast<int>(ended));
  RecordProperty("repeated", repeated);
  fault::expect_clean(store_);
}

}  // namespace
}  // namespace flowkeep::callbacks

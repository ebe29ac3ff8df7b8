// The file stays near the size of what is in it, however much comes and goes.
#include <algorithm>
#include <cstdlib>
#include <deque>
#include <iostream>
#include <random>

#include "fixture.hpp"

namespace flowkeep::fault {
namespace {

/// How much is written; FLOWKEEP_GROWTH makes it as many times as long and large.
unsigned scale() {
  const char* wanted = std::getenv("FLOWKEEP_GROWTH");
  return wanted == nullptr ? 1 : static_cast<unsigned>(std::max(1, std::atoi(wanted)));
}

/// Sessions that come, run, end and are deleted, the oldest first, so that about as many stay.
class Churn {
 public:
  Churn(const Store& store, std::size_t live) : store_(store), live_(live) {}

  /// One session more, and one that is too many less.
  void turn() {
    Session session = named("churn " + std::to_string(++count_));
    session.correlationid = "run " + std::to_string(count_ % 97);
    session.inputs = Binary{"inputs.bin", Content(noise(binary_bytes(), count_)), {}, {}};
    ids_.push_back(store_.create(session).value());
    ASSERT_TRUE(store_.transition(ids_.back(), StatusCode::running));
    if (count_ % 3 == 0) {
      SessionUpdate outputs;
      outputs.set.outputs = Binary{"outputs.bin", Content(noise(binary_bytes(), ~count_)), {}, {}};
      ASSERT_TRUE(store_.update(ids_.back(), outputs));
    }
    ASSERT_TRUE(store_.transition(ids_.back(), StatusCode::succeeded));
    if (ids_.size() <= live_) return;
    ASSERT_TRUE(store_.erase(ids_.front()));
    ids_.pop_front();
  }

 private:
  // Most are small, some take many pages in a row.
  std::size_t binary_bytes() {
    const std::uint64_t kind = random_() % 100;
    if (kind < 80) return random_() % 2'000;
    return kind < 97 ? 2'000 + random_() % 6'000 : 8'000 + random_() % 32'000;
  }

  const Store& store_;
  std::size_t live_;
  std::uint64_t count_ = 0;
  std::mt19937_64 random_{7};
  std::deque<Guid> ids_{};
};

TEST(Growth, StaysBelowOnePointThreeTimesTheLiveSize) {
  constexpr double most = 1.3;
  // Below, a megabyte or two between checkpoints weighs too much.
  constexpr std::uint64_t smallest = 12U << 20;
  const std::size_t live = 4'000 * std::size_t{scale()};
  const TemporaryDirectory directory;
  const Store store = open_store(directory.file());
  Churn churn(store, live);
  double worst = 0;
  std::uint64_t last_bytes = 0;
  for (std::size_t turn = 1; turn <= 3 * live && !HasFailure(); ++turn) {
    churn.turn();
    if (turn % 100 != 0) continue;
    const StoreStats stats = store.stats().value();
    if (stats.live_bytes < smallest) continue;
    last_bytes = stats.file_bytes;
    worst = std::max(worst, static_cast<double>(stats.file_bytes) / static_cast<double>(stats.live_bytes));
  }
  EXPECT_GT(last_bytes, smallest) << "too small to say anything";
  EXPECT_LT(worst, most);
  RecordProperty("worst", std::to_string(worst));
  std::cout << "file / live size: at most " << worst << ", " << last_bytes / 1024 << " KiB at the end\n";
  expect_clean(store);
}

}  // namespace
}  // namespace flowkeep::fault

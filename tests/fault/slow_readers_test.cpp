// Snapshots that stay open: what they cost is shown, and an agent that wants to know is told.
#include <unistd.h>

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <set>
#include <thread>
#include <utility>

#include "fixture.hpp"

namespace flowkeep::fault {
namespace {

using std::chrono::milliseconds;

/// Waits for reports, which come from a thread of the store.
class Reports {
 public:
  [[nodiscard]] std::function<void(const ReaderStats&)> callback() {
    return [this](const ReaderStats& reader) {
      const std::lock_guard lock(mutex_);
      all_.push_back(reader);
      from_ = std::this_thread::get_id();
      came_.notify_all();
    };
  }
  /// The first report; one that does not come fails the test.
  [[nodiscard]] ReaderStats first() {
    std::unique_lock lock(mutex_);
    if (!came_.wait_for(lock, std::chrono::seconds(30), [this] { return !all_.empty(); })) {
      ADD_FAILURE() << "no report came";
      return {};
    }
    return all_.front();
  }
  /// Snapshots that were reported, and reports.
  [[nodiscard]] std::pair<std::size_t, std::size_t> counts() {
    const std::lock_guard lock(mutex_);
    std::set<std::pair<std::int64_t, std::uint64_t>> different;
    for (const ReaderStats& reader : all_) different.emplace(reader.pid, reader.transaction);
    return {different.size(), all_.size()};
  }
  [[nodiscard]] std::thread::id thread() {
    const std::lock_guard lock(mutex_);
    return from_;
  }

 private:
  std::mutex mutex_{};
  std::condition_variable came_{};
  std::vector<ReaderStats> all_{};
  std::thread::id from_{};
};

/// A process that holds a snapshot until the gate opens.
Child hold_snapshot(const std::string& path, Gate& gate) {
  Child child([&] {
    const Store store = open_store(path, {.mode = OpenMode::read_only});
    const Snapshot held = store.snapshot().value();
    gate.arrive_and_wait();
    return 0;
  });
  gate.await();
  return child;
}

void write_much(const Store& store, int rounds = 200) {
  const Guid id = store.create(bulky(50'000)).value();
  for (int i = 0; i < rounds; ++i) {
    SessionUpdate update;
    update.set.rundetails = std::to_string(i);
    ASSERT_TRUE(store.update(id, update));
  }
}

class SlowReaders : public testing::Test {
 protected:
  /// Told of any reader that holds back a byte; checked for a hundred times a second.
  [[nodiscard]] OpenOptions told() {
    OpenOptions options;
    options.slow_reader_age = milliseconds(40);
    options.slow_reader_bytes = 1;
    options.on_slow_reader = reports.callback();
    return options;
  }
  TemporaryDirectory directory{};
  std::string path = directory.file();
  Reports reports{};
};

TEST_F(SlowReaders, AreShownWithAgeAndPagesHeldBack) {
  const Store store = open_store(path);
  ASSERT_TRUE(store.create(named("first")));
  Gate gate;
  const Child reader = hold_snapshot(path, gate);
  EXPECT_EQ(store.stats()->readers.at(0).held_bytes, 0U);
  EXPECT_EQ(store.stats()->readers.at(0).age, std::nullopt);
  write_much(store);
  const StoreStats stats = store.stats().value();
  ASSERT_EQ(stats.readers.size(), 1U);
  EXPECT_EQ(stats.readers[0].pid, reader.pid());
  EXPECT_GT(stats.readers[0].lag, 0U);
  EXPECT_GT(stats.readers[0].held_bytes, 4'096U);
  EXPECT_LE(stats.readers[0].held_bytes, stats.free_bytes);
}

TEST_F(SlowReaders, AreReportedFromAThreadOfTheStore) {
  const Store store = open_store(path, told());
  Gate gate;
  const Child reader = hold_snapshot(path, gate);
  write_much(store);
  const ReaderStats report = reports.first();
  EXPECT_EQ(report.pid, reader.pid());
  EXPECT_GT(report.lag, 0U);
  EXPECT_TRUE(report.held_bytes > 0 || report.age >= milliseconds(40));
  EXPECT_NE(reports.thread(), std::this_thread::get_id());
}

TEST_F(SlowReaders, OfThisProcessAreReportedToo) {
  const Store store = open_store(path, told());
  const Snapshot held = store.snapshot().value();
  write_much(store);
  EXPECT_EQ(reports.first().pid, ::getpid());
}

TEST_F(SlowReaders, AreReportedByAge) {
  OpenOptions options = told();
  options.slow_reader_bytes = 1ULL << 40;
  const Store store = open_store(path, options);
  const Snapshot held = store.snapshot().value();
  ASSERT_TRUE(store.create(named("later")));
  EXPECT_GE(reports.first().age, milliseconds(40));
}

TEST_F(SlowReaders, AreReportedOnceAMinute) {
  const Store store = open_store(path, told());
  const Snapshot held = store.snapshot().value();
  write_much(store);
  (void)reports.first();
  write_much(store, 400);  // many looks later
  const Snapshot other = store.snapshot().value();
  write_much(store);
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (reports.counts().first < 2 && std::chrono::steady_clock::now() < deadline) std::this_thread::yield();
  const auto [snapshots, told_of] = reports.counts();  // a slow write may be among them: it reads, too
  EXPECT_GE(snapshots, 2U);
  EXPECT_EQ(told_of, snapshots) << "one of each snapshot";
}

TEST_F(SlowReaders, MayBeDealtWithInTheCallback) {
  std::mutex mutex;
  std::condition_variable came;
  bool is_done = false;
  std::optional<Store> store;
  std::mutex opened;
  OpenOptions options = told();
  options.on_slow_reader = [&](const ReaderStats&) {
    const std::lock_guard wait(opened);
    // All that a callback may want: it writes, reads, and looks at the store, while others do.
    const bool all =
        store->create(named("from the callback")) && store->stats() && store->snapshot() && store->write().has_value();
    const std::lock_guard lock(mutex);
    is_done = all;
    came.notify_all();
  };
  {
    const std::lock_guard wait(opened);
    store.emplace(open_store(path, options));
  }
  const Snapshot held = store->snapshot().value();
  write_much(*store);
  std::unique_lock lock(mutex);
  EXPECT_TRUE(came.wait_for(lock, std::chrono::seconds(30), [&] { return is_done; }));
}

TEST_F(SlowReaders, ThatAreDeadAreNotReported) {
  const Store store = open_store(path, told());
  {
    Gate gate;
    Child reader = hold_snapshot(path, gate);
    reader.kill();
  }
  write_much(store);
  const Snapshot held = store.snapshot().value();
  write_much(store);
  EXPECT_EQ(reports.first().pid, ::getpid());
}

TEST_F(SlowReaders, AreWatchedByAStoreThatIsClosedInTheMiddle) {
  for (int round = 0; round < 20; ++round) {
    const Store store = open_store(path, told());
    const Snapshot held = store.snapshot().value();
    write_much(store, round);
  }
  EXPECT_EQ(size_of(open_store(path)), 20U);
}

}  // namespace
}  // namespace flowkeep::fault

// Whoever waits for somebody who waits for him waits for ever: every such pair, each in a test that ends.
#include <unistd.h>

#include <atomic>
#include <thread>

#include "fixture.hpp"

namespace flowkeep::fault {
namespace {

using Clock = std::chrono::steady_clock;

class Deadlocks : public testing::Test {
 protected:
  Watchdog watchdog{};
  TemporaryDirectory directory{};
  std::string path = directory.file();
};

/// Runs `body(thread)` in some threads, to their end.
void in_threads(unsigned count, const std::function<void(unsigned)>& body) {
  std::vector<std::thread> group;
  for (unsigned thread = 0; thread < count; ++thread) group.emplace_back([&body, thread] { body(thread); });
  for (std::thread& thread : group) thread.join();
}

// The journal is full, so writers wait for a checkpoint, for which the applier has to catch up with them.
TEST_F(Deadlocks, JournalFullWhileTheCheckpointNeedsTheWriter) {
  constexpr unsigned threads = 6;
  constexpr unsigned each = 120;
  const Store store = open_store(path, {.journal_bytes = 64U << 10});
  std::atomic<unsigned> failed{0};
  in_threads(threads, [&](unsigned thread) {
    std::vector<Pending> pending;
    for (unsigned i = 0; i < each; ++i) {
      // Up to a fifth of the journal, and now and then more than it takes.
      const std::size_t size = i % 40 == 39 ? 30'000 : 500 + 700 * (i % 20);
      const auto id = store.create(bulky(size, thread * each + i));
      auto transaction = store.write();
      if (!id || !transaction || !transaction->transition(*id, StatusCode::running)) {
        ++failed;
        continue;
      }
      auto submitted = transaction->submit(i % 2 == 0 ? Durability::power_safe : Durability::process_safe);
      if (!submitted) ++failed;
      if (submitted) pending.push_back(*submitted);
    }
    for (const Pending& one : pending) failed += one.wait() ? 0 : 1;
  });
  EXPECT_EQ(failed, 0U);
  EXPECT_EQ(size_of(store), threads * each);
  EXPECT_EQ(store.stats()->by_status[static_cast<std::size_t>(StatusCode::running)], threads * each);
  expect_clean(store);
}

// A map that has to move waits for snapshots; who has one waits for a write.
TEST_F(Deadlocks, ASnapshotAgainstTheGrowthOfTheMap) {
  const Store store = open_store(path, {.map_bytes = 3U << 20, .busy_timeout = std::chrono::milliseconds(200)});
  auto snapshot = std::make_optional(store.snapshot().value());
  std::uint64_t made = 0;
  std::optional<Error> refused;
  while (!refused) {
    const auto began = Clock::now();
    const auto id = store.create(bulky(50'000, made));
    ASSERT_LT(Clock::now() - began, std::chrono::seconds(10));
    if (id) {
      ++made;
    } else {
      refused = id.error();
    }
    ASSERT_LT(made, 1000U) << "the map never had to grow";
  }
  EXPECT_EQ(refused->code, Errc::busy);
  EXPECT_TRUE(is_one_sentence_about(refused->message, path));
  EXPECT_EQ(snapshot->size(), 0U);
  EXPECT_EQ(size_of(store), made) << "a second snapshot of the same thread";
  snapshot.reset();
  for (int i = 0; i < 100; ++i) {
    ASSERT_TRUE(store.create(bulky(50'000, 1000U + static_cast<unsigned>(i))));
  }
  EXPECT_EQ(size_of(store), made + 100);
  expect_clean(store);
}

// A reader waits until its own writes are applied; the applier never waits for readers.
TEST_F(Deadlocks, ReadersThatWaitForTheApplier) {
  const Store store = open_store(path, {.journal_bytes = 64U << 10});
  std::atomic<unsigned> failed{0};
  in_threads(4, [&](unsigned thread) {
    std::vector<Snapshot> held;
    for (unsigned i = 0; i < 200; ++i) {
      if (!store.create(bulky(2'000, thread * 1000 + i))) ++failed;
      auto snapshot = store.snapshot();
      if (!snapshot) {
        ++failed;
        continue;
      }
      held.push_back(std::move(*snapshot));
      if (held.size() > 20) held.clear();
    }
  });
  EXPECT_EQ(failed, 0U);
  EXPECT_EQ(size_of(store), 800U);
}

// One process has the turn and waits for the lock of opening and closing; another has that and wants to write.
TEST_F(Deadlocks, WaitingForAnotherProcessWhileHoldingTheTurn) {
  constexpr int rounds = 40;
  const Store store = open_store(path);
  Gate ready;
  Child opener([&] {
    ready.arrive_and_wait();
    for (int round = 0; round < rounds; ++round) {
      const Store other = open_store(path);  // while the turn is held elsewhere
      if (!other.create(named("opener"))) return 1;
    }
    return 0;
  });
  ready.await();
  ready.open();
  const std::string second = directory.file("second.flowkeep");
  for (int round = 0; round < rounds; ++round) {
    auto transaction = store.write();
    ASSERT_TRUE(transaction) << transaction.error().message;
    // A callee of the one who has the turn opens and closes a store of its own.
    EXPECT_TRUE(open_store(second).create(named("inside")));
    ASSERT_TRUE(transaction->create(named("holder")));
    ASSERT_TRUE(transaction->commit());
  }
  EXPECT_EQ(opener.wait(), 0);
  EXPECT_EQ(size_of(store), std::uint64_t{2 * rounds});
  expect_clean(store);
}

// Callbacks of the library come in nobody's way: they may write, read, and take their time.
TEST_F(Deadlocks, CallbacksThatUseTheStore) {
  const Store store = open_store(path);
  for (int batch = 0; batch < 6; ++batch) {
    ASSERT_TRUE(store.create_multiple(std::vector<Session>(2'000, named("one of many"))));
  }
  std::uint64_t made = 12'000;
  unsigned calls = 0;
  const auto use = [&](std::uint64_t, std::uint64_t) {
    ++calls;
    const auto id = store.create(named("by a callback"));
    made += id ? 1 : 0;
    return id && store.transition(*id, StatusCode::running) && store.get(*id)->name == "by a callback" &&
           store.stats()->sessions == made;
  };
  const auto added = store.add_index(IndexId::startedon, use);
  EXPECT_TRUE(added) << added.error().message;
  EXPECT_GE(calls, 3U);
  calls = 0;
  const auto report = store.check(use);
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_TRUE(report->clean());
  EXPECT_GE(calls, 1U);
  EXPECT_EQ(size_of(store), made);
  expect_clean(store);
}

TEST_F(Deadlocks, CallbacksThatBlock) {
  const Store store = open_store(path);
  for (int batch = 0; batch < 3; ++batch) {
    ASSERT_TRUE(store.create_multiple(std::vector<Session>(2'000, named("one of many"))));
  }
  for (const bool checks : {false, true}) {
    Gate inside;
    Child blocked([&] {
      const Store other = open_store(path);
      bool waited = false;
      const auto block = [&](std::uint64_t, std::uint64_t) {
        if (!std::exchange(waited, true)) inside.arrive_and_wait();
        return true;
      };
      if (checks) return other.check(block) && waited ? 0 : 1;
      return other.add_index(IndexId::startedon, block) && waited ? 0 : 1;
    });
    inside.await();
    for (int i = 0; i < 20; ++i) {
      const auto id = store.create(named("beside it"));
      ASSERT_TRUE(id) << id.error().message;
    }
    inside.open();
    EXPECT_EQ(blocked.wait(), 0);
  }
  EXPECT_EQ(size_of(store), 6'040U);
  expect_clean(store);
}

/// A process whose threads write, and perhaps open and close, while it forks children that never exec and outlive it.
enum class Busy : std::uint8_t { writing, opening };

int fork_until_killed(const std::string& path, Busy busy, Gate& forked, std::atomic<std::uint64_t>& acknowledged) {
  std::optional<Store> store;
  if (busy == Busy::writing) store.emplace(open_store(path));
  const auto work = [&] {
    for (;;) {
      if (busy == Busy::opening) store.emplace(open_store(path));
      if (store->create(named("by the parent"))) ++acknowledged;
      if (busy == Busy::opening) store.reset();
    }
  };
  std::vector<std::thread> group;
  for (int thread = 0; thread < (busy == Busy::writing ? 4 : 1); ++thread) group.emplace_back(work);
  while (acknowledged < 10) std::this_thread::yield();
  std::vector<Child> children;
  for (int child = 0; child < 4; ++child) {
    const std::uint64_t known = acknowledged;
    while (acknowledged < known + 3) std::this_thread::yield();
    // Not our Child: it outlives its parent.
    if (::fork() == 0) {
      forked.arrive_and_wait();
      ::_exit(0);
    }
  }
  forked.arrive_and_wait();
  return 1;
}

TEST_F(Deadlocks, ForkedChildrenKeepNoLocksAlive) {
  std::uint64_t all = 0;
  { const Store made = open_store(path); }
  for (int round = 0; round < 8; ++round) {
    Gate forked;
    const Shared<std::atomic<std::uint64_t>> acknowledged;
    const Busy busy = round % 2 == 0 ? Busy::writing : Busy::opening;
    Child parent([&] { return fork_until_killed(path, busy, forked, *acknowledged); });
    forked.await(5);
    parent.kill();
    all += *acknowledged;
    {
      const Store store = open_store(path, {.busy_timeout = std::chrono::seconds(20)});
      const auto id = store.create(named("after"));
      ASSERT_TRUE(id) << id.error().message;
      ++all;
      // What was not acknowledged may be there all the same.
      EXPECT_GE(size_of(store), all);
      all = size_of(store);
      expect_clean(store);
    }
    EXPECT_EQ(in_child([&] { return open_store(path).create(named("after it")) ? 0 : 1; }), 0);
    ++all;
    forked.open();
  }
}

}  // namespace
}  // namespace flowkeep::fault

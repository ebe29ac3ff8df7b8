// After a failed sync of the journal nobody writes, in any thread or process, until all have closed the store.
#include <atomic>
#include <set>
#include <thread>

#include "failing_disk.hpp"
#include "workload.hpp"

namespace flowkeep::fault {
namespace {

class Poison : public testing::Test {
 protected:
  static void arm_failing_sync(int call = 1) {
    arm_disk({.fault = DiskFault::io_error, .call = call, .kind = CallKind::sync, .file = FileKind::journal});
  }
  /// A store with a journal in use, one session in it.
  Store open_used() {
    Store store = open_store(path, workload_options());
    EXPECT_TRUE(store.create(named("first")));
    return store;
  }
  void expect_sound(std::uint64_t least, std::uint64_t most) {
    const Store store = open_store(path);
    expect_clean(store);
    EXPECT_GE(size_of(store), least);
    EXPECT_LE(size_of(store), most);
    EXPECT_TRUE(store.create(named("afterwards")));
  }

  TemporaryDirectory directory{};
  std::string path = directory.file();
};

TEST_F(Poison, ReachesOtherProcessesUntilAllHaveClosed) {
  Gate opened;
  {
    const Store store = open_used();
    Child other([&] {
      const Store mine = open_store(path);
      opened.arrive_and_wait();
      if (code_of(mine.create(named("elsewhere"))) != Errc::io) return 1;
      if (code_of(mine.set_state_model(StateModel::platform())) != Errc::io) return 2;
      return size_of(mine) >= 1 ? 0 : 3;
    });
    opened.await();
    arm_failing_sync();
    const auto refused = store.create(named("unknown"));
    ASSERT_TRUE(disarm_disk());
    EXPECT_EQ(code_of(refused), Errc::io);
    EXPECT_TRUE(is_one_sentence_about(refused.error().message, "not known"));
    opened.open();
    EXPECT_EQ(other.wait(), 0);
    const auto again = store.create(named("again"));
    EXPECT_EQ(code_of(again), Errc::io);
    EXPECT_TRUE(is_one_sentence_about(again.error().message, "open it again"));
  }
  expect_sound(1, 2);
}

TEST_F(Poison, MeetsANewcomerWhileSomebodyHasTheStoreOpen) {
  {
    const Store store = open_used();
    arm_failing_sync();
    EXPECT_EQ(code_of(store.create(named("unknown"))), Errc::io);
    ASSERT_TRUE(disarm_disk());
    EXPECT_EQ(in_child([&] {
                const auto late = Store::open(path);
                if (!late) return late.error().code == Errc::io ? 0 : 1;
                return code_of(late->create(named("late"))) == Errc::io ? 0 : 2;
              }),
              0);
  }
  expect_sound(1, 2);
}

// Members of the failed group do not know; nobody else is told a success that is none.
TEST_F(Poison, OfAGroupIsToldToEveryMember) {
  constexpr int writers = 8;
  for (const int call : {1, 2, 5, 9}) {
    SCOPED_TRACE("sync " + std::to_string(call));
    const TemporaryDirectory place;
    path = place.file();
    std::set<Guid> acknowledged;
    std::mutex mutex;
    std::atomic<int> told{0};
    {
      const Store store = open_used();
      arm_failing_sync(call);
      std::vector<std::thread> threads;
      for (int i = 0; i < writers; ++i) {
        threads.emplace_back([&] {
          for (;;) {
            const auto id = store.create(named("many"));
            if (!id) {
              if (id.error().code == Errc::io) ++told;
              return;
            }
            const std::lock_guard lock(mutex);
            acknowledged.insert(*id);
          }
        });
      }
      for (std::thread& thread : threads) thread.join();
      ASSERT_TRUE(disarm_disk());
      EXPECT_EQ(told, writers);
    }
    const Store store = open_store(path);
    expect_clean(store);
    for (const Guid& id : acknowledged) EXPECT_TRUE(store.get(id)) << id.str() << " was acknowledged";
    EXPECT_LE(size_of(store), acknowledged.size() + 1 + writers);
  }
}

TEST_F(Poison, OfASyncInTheBackgroundIsToldToTheNext) {
  {
    const Store store = open_used();
    arm_failing_sync();
    // Acknowledged without a sync; the one that comes later fails.
    for (bool refused = false; !refused;) {
      auto transaction = store.write();
      if (!transaction) {
        EXPECT_EQ(transaction.error().code, Errc::io);
        break;
      }
      ASSERT_TRUE(transaction->create(named("process safe")));
      refused = !transaction->commit(Durability::process_safe);
    }
    ASSERT_TRUE(disarm_disk());
    EXPECT_EQ(code_of(store.create(named("again"))), Errc::io);
  }
  expect_clean(open_store(path));
}

// What a thread waits for fails while others have queued behind it.
TEST_F(Poison, IsAnAnswerToAllThatWasHandedOver) {
  {
    const Store store = open_used();
    arm_failing_sync();
    std::vector<Pending> pending;
    for (int i = 0; i < 20; ++i) {
      auto transaction = store.write();
      if (!transaction) break;
      ASSERT_TRUE(transaction->create(named("handed over")));
      auto submitted = transaction->submit(Durability::power_safe);
      if (!submitted) break;
      pending.push_back(*submitted);
    }
    ASSERT_FALSE(pending.empty());
    bool failed = false;
    for (const Pending& each : pending) {
      const auto done = each.wait();
      if (!done) {
        EXPECT_EQ(done.error().code, Errc::io);
        failed = true;
      }
      EXPECT_TRUE(!failed || !done) << "a later one was acknowledged";
      EXPECT_TRUE(each.is_done());
    }
    EXPECT_TRUE(failed);
    ASSERT_TRUE(disarm_disk());
  }
  expect_sound(1, 21);
}

// What the disk is asked for while nothing can be lost yet may be asked again.
TEST_F(Poison, DoesNotComeFromAJournalThatCouldNotBeMade) {
  const Store store = open_store(path);
  arm_disk({.fault = DiskFault::disk_full, .kind = CallKind::write, .file = FileKind::journal});
  const auto refused = store.create(named("first"));
  ASSERT_TRUE(disarm_disk());
  EXPECT_EQ(code_of(refused), Errc::full);
  EXPECT_EQ(size_of(store), 0U);
  EXPECT_TRUE(store.create(named("second")));
  expect_clean(store);
}

}  // namespace
}  // namespace flowkeep::fault

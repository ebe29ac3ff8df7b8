// A process that is stopped while it has the turn: others are told so and read on; nothing is lost when it goes on, or
// is killed.
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <thread>

#include "fixture.hpp"

namespace flowkeep::fault {
namespace {

using Clock = std::chrono::steady_clock;
constexpr std::chrono::milliseconds patience{100};

class Stopped : public testing::Test {
 protected:
  /// Expects that a write is told who is in the way, in time.
  void expect_busy(const Child& owner) {
    const auto began = Clock::now();
    const auto refused = store.create(named("late"));
    const auto took = Clock::now() - began;
    ASSERT_EQ(code_of(refused), Errc::busy);
    const std::string who = "process " + std::to_string(owner.pid()) + ", which is stopped";
    EXPECT_TRUE(is_one_sentence_about(refused.error().message, who));
    EXPECT_TRUE(is_one_sentence_about(refused.error().message, path));
    EXPECT_GE(took, patience);
    EXPECT_LT(took, patience + std::chrono::seconds(5));
  }

  /// How long some reads take; each has a snapshot of its own.
  [[nodiscard]] Clock::duration time_of_reads() const {
    const auto began = Clock::now();
    for (int i = 0; i < 5000; ++i) {
      if (store.get(id)->name != "from before") std::abort();
      if (i % 10 == 0 && size_of(store) == 0) std::abort();
    }
    return Clock::now() - began;
  }

  /// Expects that reads do not wait for a stopped process: a wait for each, however short, would be seen.
  void expect_reads_go_on(Clock::duration before) const {
    EXPECT_LT(time_of_reads(), 10 * before + std::chrono::seconds(1));
  }

  Watchdog watchdog{};
  TemporaryDirectory directory{};
  std::string path = directory.file();
  Store store = open_store(path, {.busy_timeout = patience});
  Guid id = store.create(named("from before")).value();
};

TEST_F(Stopped, InATransactionIsNamedAndGoesOn) {
  const auto before = time_of_reads();
  Gate done;
  Child owner([&] {
    const Store other = open_store(path);
    auto transaction = other.write().value();
    (void)transaction.create(named("in the transaction")).value();
    ::raise(SIGSTOP);
    if (!transaction.commit()) return 1;
    if (size_of(other) != 2) return 2;  // and with that, others see it
    done.arrive_and_wait();
    return 0;
  });
  owner.await_stop();
  for (int round = 0; round < 3; ++round) expect_busy(owner);
  expect_reads_go_on(before);
  EXPECT_EQ(size_of(store), 1U);
  owner.go_on();
  done.await();
  EXPECT_EQ(size_of(store), 2U);
  done.open();
  EXPECT_EQ(owner.wait(), 0);
  EXPECT_TRUE(store.create(named("in time")));
  expect_clean(store);
}

TEST_F(Stopped, BehindASubmitKeepsWhatItAcknowledges) {
  const auto before = time_of_reads();
  Child owner([&] {
    const Store other = open_store(path);
    auto transaction = other.write().value();
    (void)transaction.create(named("submitted")).value();
    const auto pending = transaction.submit().value();
    // With the next one begun, the turn is not given back.
    auto next = other.write().value();
    ::raise(SIGSTOP);
    if (!pending.wait()) return 1;
    (void)next.create(named("next")).value();
    return next.commit() ? 0 : 2;
  });
  owner.await_stop();
  expect_busy(owner);
  expect_reads_go_on(before);
  owner.go_on();
  EXPECT_EQ(owner.wait(), 0);
  EXPECT_EQ(size_of(store), 3U);
  expect_clean(store);
}

TEST_F(Stopped, LetsOthersOpenAndClose) {
  Child owner([&] {
    const Store other = open_store(path);
    const auto transaction = other.write().value();
    ::raise(SIGSTOP);
    return 0;
  });
  owner.await_stop();
  EXPECT_EQ(in_child([&] {
              const Store reader = open_store(path, {.mode = OpenMode::read_only});
              return reader.get(id) ? 0 : 1;
            }),
            0);
  EXPECT_EQ(in_child([&] {
              const Store writer = open_store(path, {.busy_timeout = patience});
              if (!writer.get(id)) return 1;
              return code_of(writer.create(named("late"))) == Errc::busy ? 0 : 2;
            }),
            0);
  owner.go_on();
  EXPECT_EQ(owner.wait(), 0);
}

/// What a process that writes by four threads tells.
struct Tally {
  std::atomic<std::uint64_t> acknowledged;
  std::atomic<bool> stop;
};

int write_groups(const std::string& path, Tally& tally) {
  const Store store = open_store(path);
  std::atomic<bool> good{true};
  std::vector<std::thread> group;
  for (int thread = 0; thread < 4; ++thread) {
    group.emplace_back([&] {
      while (!tally.stop && good) {
        if (store.create(named("in a group"))) {
          ++tally.acknowledged;
        } else {
          good = false;
        }
      }
    });
  }
  for (std::thread& thread : group) thread.join();
  return good ? 0 : 1;
}

TEST_F(Stopped, AmongGroupCommitsLosesNothing) {
  constexpr int rounds = 15;
  const Shared<Tally> tally;
  Child owner([&] { return write_groups(path, *tally); });
  std::uint64_t mine = 0;
  int busy = 0;
  for (int round = 0; round < rounds; ++round) {
    const std::uint64_t known = tally->acknowledged;
    while (tally->acknowledged < known + 20) std::this_thread::yield();
    owner.stop();
    // Between turns it is in nobody's way.
    const auto written = store.create(named("beside it"));
    if (written) {
      ++mine;
    } else {
      ASSERT_NO_FATAL_FAILURE(expect_busy(owner));
      ++busy;
    }
    owner.go_on();
  }
  tally->stop = true;
  EXPECT_EQ(owner.wait(), 0);
  EXPECT_GT(busy, 0) << "it never had the turn when it was stopped";
  EXPECT_EQ(size_of(store), 1 + mine + tally->acknowledged);
  expect_clean(store);
}

TEST_F(Stopped, AndKilledIsTakenOver) {
  constexpr std::uint64_t each = 20;
  constexpr int most_rounds = 50;
  int rounds = 0;
  std::uint64_t unapplied = 0;
  for (; rounds < most_rounds && (unapplied == 0 || rounds < 5); ++rounds) {
    Child owner([&] {
      const Store other = open_store(path);
      for (std::uint64_t i = 0; i < each; ++i) {
        if (!other.create(named("acknowledged"))) return 1;
      }
      const auto next = other.write();  // the turn stays here
      ::raise(SIGSTOP);
      return 0;
    });
    owner.await_stop();
    const std::uint64_t all = 1 + static_cast<std::uint64_t>(rounds) * (each + 1) + each;
    unapplied += all - size_of(store);
    ASSERT_NO_FATAL_FAILURE(expect_busy(owner));
    owner.kill();
    const auto after = store.create(named("after"));
    ASSERT_TRUE(after) << after.error().message;
    ASSERT_EQ(size_of(store), all + 1);
  }
  EXPECT_GT(unapplied, 0U) << "there was never anything to replay";
  expect_clean(store);
}

}  // namespace
}  // namespace flowkeep::fault

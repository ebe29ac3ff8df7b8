// Opening and closing at the same time: by threads, by processes, and behind processes that were killed.
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <thread>

#include "fixture.hpp"

namespace flowkeep::fault {
namespace {

class Closing : public testing::Test {
 protected:
  [[nodiscard]] bool is_alone(const std::string& file) const {
    for (const char* suffix : {"-wal", "-shm", "-lock"}) {
      if (std::filesystem::exists(file + suffix)) return false;
    }
    return true;
  }

  Watchdog watchdog{};
  TemporaryDirectory directory{};
  std::string path = directory.file();
};

/// Where two processes wait for each other, again and again.
class Meeting {
 public:
  void meet() {
    const std::uint64_t round = arrived_.fetch_add(1) / 2;
    while (arrived_.load() < 2 * (round + 1)) std::this_thread::yield();
  }

 private:
  std::atomic<std::uint64_t> arrived_;
};

// Each asks to have the store for itself alone while the other still holds it.
TEST_F(Closing, TwoProcessesAtOnceLeaveTheOneFile) {
  constexpr int rounds = 150;
  const Shared<Meeting> meeting;
  std::vector<Child> children;
  for (int child = 0; child < 2; ++child) {
    children.emplace_back([&] {
      for (int round = 0; round < rounds; ++round) {
        {
          const Store store = open_store(path);
          if (!store.create(named("one of two"))) return 1;
          meeting->meet();
        }
        meeting->meet();
        if (!is_alone(path)) return 2;
        meeting->meet();
      }
      return 0;
    });
  }
  for (Child& child : children) EXPECT_EQ(child.wait(), 0);
  const Store store = open_store(path);
  EXPECT_EQ(size_of(store), std::uint64_t{2 * rounds});
  expect_clean(store);
}

TEST_F(Closing, AReaderThatWasAloneLeavesTheOneFile) {
  { const Store made = open_store(path); }
  ASSERT_TRUE(is_alone(path));
  {
    const Store reader = open_store(path, {.mode = OpenMode::read_only});
    EXPECT_EQ(size_of(reader), 0U);
    EXPECT_FALSE(is_alone(path));
  }
  EXPECT_TRUE(is_alone(path));
}

TEST_F(Closing, AndOpeningInLoopsAlwaysOpensOrSaysBusy) {
  constexpr int processes = 3;
  constexpr int rounds = 150;
  { const Store made = open_store(path); }
  const Shared<std::atomic<std::uint64_t>> made;
  const Shared<std::atomic<std::uint64_t>> busy;
  std::vector<Child> children;
  for (int child = 0; child < processes; ++child) {
    children.emplace_back([&, child] {
      for (int round = 0; round < rounds; ++round) {
        const bool reads_only = child == 2 && round % 2 == 0;
        OpenOptions options;
        if (reads_only) options.mode = OpenMode::read_only;
        const auto store = Store::open(path, options);
        if (!store) {
          if (store.error().code != Errc::busy) return 10 + static_cast<int>(store.error().code);
          ++*busy;
          continue;
        }
        if (reads_only) {
          if (!store->snapshot()) return 1;
          continue;
        }
        if (!store->create(named("in a loop"))) return 2;
        ++*made;
      }
      return 0;
    });
  }
  for (Child& child : children) EXPECT_EQ(child.wait(), 0) << "10 and more: an Errc of the open";
  EXPECT_LT(*busy, processes * rounds / 10);
  const Store store = open_store(path);
  EXPECT_EQ(size_of(store), *made);
  expect_clean(store);
}

/// Copies of this process's descriptors of a file, such as a child has between its fork() and the moment when it closes
/// them.
std::vector<int> copies_of_descriptors(const std::string& path) {
  std::vector<int> copies;
  std::vector<int> found;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
    std::error_code gone;
    if (std::filesystem::read_symlink(entry.path(), gone) == path) found.push_back(std::stoi(entry.path().filename()));
  }
  for (const int descriptor : found) copies.push_back(::dup(descriptor));
  return copies;
}

TEST_F(Closing, GivesTheLocksBackThoughACopyOfADescriptorLivesOn) {
  auto store = std::make_optional(open_store(path));
  ASSERT_TRUE(store->create(named("first")));
  const std::vector<int> copies = copies_of_descriptors(path);
  ASSERT_GE(copies.size(), 2U) << "the data file's, and the one of the locks";
  store.reset();
  EXPECT_TRUE(is_alone(path));
  const auto again = Store::open(path);
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_TRUE(again->create(named("second")));
  for (const int copy : copies) ::close(copy);
}

/// Leaves a store behind that has to be recovered; answers how many sessions are in it at least.
std::uint64_t die_writing(const std::string& path) {
  const Shared<std::atomic<std::uint64_t>> acknowledged;
  Child writer([&] {
    const Store store = open_store(path);
    for (;;) {
      if (!store.create(named("before the death"))) return 1;
      ++*acknowledged;
    }
  });
  while (*acknowledged < 30) std::this_thread::yield();
  writer.kill();
  return *acknowledged;
}

TEST_F(Closing, TwoNewcomersAfterADeadRecoverer) {
  std::uint64_t all = 0;
  for (int round = 0; round < 30; ++round) {
    all += die_writing(path);
    {
      Pipe begun;
      Child recoverer([&] {
        begun.write(".");
        const Store store = open_store(path);
        for (;;) std::this_thread::yield();
        return 0;
      });
      (void)begun.read(1);
      // The moment of the kill within an open: a wait whose length nobody relies on.
      std::this_thread::sleep_for(std::chrono::microseconds(100 * round));
    }
    Gate start;
    std::vector<Child> newcomers;
    for (int newcomer = 0; newcomer < 2; ++newcomer) {
      newcomers.emplace_back([&] {
        start.arrive_and_wait();
        const auto store = Store::open(path);
        if (!store) return 10 + static_cast<int>(store.error().code);
        if (size_of(*store) < all) return 1;
        return store->create(named("newcomer")) ? 0 : 2;
      });
    }
    start.await(2);
    start.open();
    for (Child& newcomer : newcomers) ASSERT_EQ(newcomer.wait(), 0) << "10 and more: an Errc of the open";
    EXPECT_TRUE(is_alone(path));
    all += 2;
    const Store store = open_store(path);
    ASSERT_GE(size_of(store), all);
    all = size_of(store);
    expect_clean(store);
  }
}

// The last of store, snapshots, transactions and pending changes closes the file, in whatever thread.
TEST_F(Closing, ByThreadsThatHoldSnapshots) {
  for (int round = 0; round < 60; ++round) {
    auto store = std::make_shared<Store>(open_store(path));
    ASSERT_TRUE(store->create(named("kept")));
    std::atomic<int> ready{0};
    const auto meet = [&] {
      ++ready;
      while (ready < 4) std::this_thread::yield();
    };
    std::vector<std::thread> group;
    for (int thread = 0; thread < 2; ++thread) {
      group.emplace_back([&, own = store]() mutable {
        const auto snapshot = own->snapshot();
        auto transaction = own->write();
        if (transaction) (void)transaction->create(named("never"));
        if (transaction) transaction = fail(Errc::internal, "");  // undone, so that the other gets its own
        meet();
        own.reset();
      });
      group.emplace_back([&, thread, own = store]() mutable {
        auto transaction = own->write();
        if (thread == 0 && transaction) (void)transaction->create(named("submitted"));
        const auto pending = transaction ? transaction->submit() : fail(transaction.error());
        meet();
        own.reset();
      });
    }
    store.reset();
    for (std::thread& thread : group) thread.join();
    ASSERT_TRUE(is_alone(path)) << "round " << round;
  }
  const Store store = open_store(path);
  EXPECT_EQ(size_of(store), 120U);
  expect_clean(store);
}

}  // namespace
}  // namespace flowkeep::fault

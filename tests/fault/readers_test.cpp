// Reader slots: of processes that died, and when all are taken.
#include "fixture.hpp"

namespace flowkeep::fault {
namespace {

/// A process that holds `count` snapshots of the store until it is killed.
Child hold_snapshots(const std::string& path, Gate& gate, int count = 1) {
  Child child([&] {
    const Store store = open_store(path, {.mode = OpenMode::read_only});
    std::vector<Snapshot> held;
    for (int i = 0; i < count; ++i) held.push_back(store.snapshot().value());
    gate.arrive_and_wait();
    return 0;
  });
  gate.await();
  return child;
}

class Readers : public testing::Test {
 protected:
  TemporaryDirectory directory{};
  std::string path = directory.file();
};

TEST_F(Readers, OfOtherProcessesAreShown) {
  const Store store = open_store(path);
  Gate gate;
  const Child reader = hold_snapshots(path, gate);
  ASSERT_TRUE(store.create(named("later")));
  const StoreStats stats = store.stats().value();
  ASSERT_EQ(stats.readers.size(), 1U);
  EXPECT_EQ(stats.readers[0].pid, reader.pid());
  EXPECT_EQ(stats.readers[0].lag, 1U);
}

TEST_F(Readers, ThatWereKilledAreGoneAfterTheNextOpen) {
  auto store = std::make_optional(open_store(path));
  Gate gate;
  Child reader = hold_snapshots(path, gate);
  const pid_t pid = reader.pid();
  ASSERT_TRUE(has_reader(*store, pid));
  reader.kill();
  store.reset();
  EXPECT_FALSE(has_reader(open_store(path), pid));
}

TEST_F(Readers, ThatWereKilledAreGoneAfterAnOpenElsewhere) {
  const Store store = open_store(path);
  Gate gate;
  Child reader = hold_snapshots(path, gate);
  const pid_t pid = reader.pid();
  ASSERT_TRUE(has_reader(store, pid));
  reader.kill();
  EXPECT_EQ(in_child([&] { return has_reader(open_store(path), pid) ? 1 : 0; }), 0);
  EXPECT_FALSE(has_reader(store, pid));
}

TEST_F(Readers, ThatWereKilledHoldNoPages) {
  const auto grow = [](const Store& store) {
    const Guid id = store.create(named("counter")).value();
    for (int i = 0; i < 300; ++i) {
      SessionUpdate update;
      update.set.rundetails = std::to_string(i);
      if (!store.update(id, update)) std::abort();
    }
    return store.stats().value().file_bytes;
  };
  auto store = std::make_optional(open_store(path));
  const std::uint64_t before = grow(*store);
  Gate gate;
  Child reader = hold_snapshots(path, gate);
  // How much a round holds depends on how many commits it takes.
  std::uint64_t held = before;
  int rounds = 0;
  for (; held < before + (1U << 20) && rounds < 100; ++rounds) held = grow(*store);
  ASSERT_GE(held, before + (1U << 20)) << "the reader holds no pages";
  reader.kill();
  store.reset();
  const Store again = open_store(path);
  std::uint64_t after = 0;
  for (int i = 0; i < rounds; ++i) after = grow(again);
  EXPECT_LT(after, held + (held - before) / 2) << "pages that a dead reader saw are not used again";
  expect_clean(again);
}

TEST_F(Readers, ThatWereKilledLeaveTheirSlotsToTheNext) {
  const Store store = open_store(path, {.max_readers = 8});
  Gate gate;
  Child reader = hold_snapshots(path, gate, 6);
  reader.kill();
  std::vector<Snapshot> held;
  for (int i = 0; i < 8; ++i) {
    auto snapshot = store.snapshot();
    ASSERT_TRUE(snapshot) << i << ": " << snapshot.error().message;
    held.push_back(std::move(*snapshot));
  }
}

TEST_F(Readers, BeyondMaxReadersAreBusy) {
  const Store store = open_store(path, {.max_readers = 5});
  const Guid id = store.create(named("one")).value();
  std::vector<Snapshot> held;
  for (int i = 0; i < 5; ++i) held.push_back(store.snapshot().value());
  const auto refused = store.snapshot();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::busy);
  EXPECT_TRUE(is_one_sentence_about(refused.error().message, "5 reader slots"));
  EXPECT_TRUE(is_one_sentence_about(refused.error().message, path));
  EXPECT_EQ(code_of(store.get(id)), Errc::busy);
  EXPECT_TRUE(held.front().get(id)) << "those that are held go on";
}

TEST_F(Readers, BeyondMaxReadersDoNotHinderWriters) {
  const Store store = open_store(path, {.max_readers = 2});
  const std::vector<Snapshot> held = [&] {
    std::vector<Snapshot> two;
    for (int i = 0; i < 2; ++i) two.push_back(store.snapshot().value());
    return two;
  }();
  const auto id = store.create(named("one"));
  ASSERT_TRUE(id);
  EXPECT_TRUE(store.transition(*id, StatusCode::running));
}

TEST_F(Readers, BeyondMaxReadersWorkAgainAfterARelease) {
  const Store store = open_store(path, {.max_readers = 3});
  for (int round = 0; round < 3; ++round) {
    std::vector<Snapshot> held;
    for (int i = 0; i < 3; ++i) held.push_back(store.snapshot().value());
    EXPECT_EQ(code_of(store.snapshot()), Errc::busy);
    held.pop_back();
    EXPECT_TRUE(store.snapshot());
  }
}

TEST_F(Readers, OfAllProcessesShareMaxReaders) {
  const Store store = open_store(path, {.max_readers = 6});
  Gate gate;
  Child reader = hold_snapshots(path, gate, 4);
  std::vector<Snapshot> held;
  for (int i = 0; i < 2; ++i) held.push_back(store.snapshot().value());
  EXPECT_EQ(code_of(store.snapshot()), Errc::busy);
  gate.open();
  EXPECT_EQ(reader.wait(), 0);
  EXPECT_TRUE(store.snapshot());
}

}  // namespace
}  // namespace flowkeep::fault

// A file that another process grows beyond the map of this one.
#include <atomic>
#include <filesystem>
#include <thread>

#include "fixture.hpp"

namespace flowkeep::fault {
namespace {

class GrownMap : public testing::Test {
 protected:
  /// Another process, with a larger map, writes rows of 1 MiB each and perhaps deletes them.
  enum class Then { keep, erase };
  void grow_elsewhere(int rows, Then then = Then::keep) {
    ASSERT_EQ(in_child([&] {
                const Store other = open_store(path, {.map_bytes = 256 * mebibyte});
                std::vector<Guid> ids;
                for (int i = 0; i < rows; ++i) {
                  ids.push_back(other.create(bulky(mebibyte, static_cast<std::uint64_t>(i))).value());
                }
                if (then == Then::erase) return other.erase_multiple(ids) ? 0 : 1;
                return 0;
              }),
              0);
    ASSERT_GT(std::filesystem::file_size(path), small);
  }

  static constexpr std::uint64_t small = 8 * mebibyte;
  TemporaryDirectory directory{};
  std::string path = directory.file();
  Store store = open_store(path, {.map_bytes = small, .busy_timeout = std::chrono::milliseconds(100)});
  Guid id = store.create(named("from before")).value();
};

TEST_F(GrownMap, IsFollowedByReads) {
  grow_elsewhere(20);
  const auto session = store.get(id);
  ASSERT_TRUE(session) << session.error().message;
  EXPECT_EQ(session->name, "from before");
  EXPECT_EQ(size_of(store), 21U);
  EXPECT_GE(store.stats()->map_bytes, 20 * mebibyte);
  expect_clean(store);
}

TEST_F(GrownMap, IsFollowedByWrites) {
  grow_elsewhere(20, Then::erase);
  const auto made = store.create(named("from after"));
  ASSERT_TRUE(made) << made.error().message;
  EXPECT_TRUE(store.transition(id, StatusCode::running));
  EXPECT_EQ(size_of(store), 2U);
  expect_clean(store);
}

TEST_F(GrownMap, IsFollowedByErases) {
  grow_elsewhere(20);
  EXPECT_TRUE(store.erase(id));
  EXPECT_EQ(size_of(store), 20U);
}

TEST_F(GrownMap, IsFollowedByARenewedSnapshot) {
  auto snapshot = store.snapshot().value();
  grow_elsewhere(20);
  EXPECT_EQ(snapshot.size(), 1U);
  const auto renewed = snapshot.renew();
  ASSERT_TRUE(renewed) << renewed.error().message;
  EXPECT_EQ(snapshot.size(), 21U);
}

TEST_F(GrownMap, IsBusyWhileTheSameThreadHoldsASnapshotOfTheOldOne) {
  auto snapshot = std::make_optional(store.snapshot().value());
  grow_elsewhere(20);
  const auto refused = store.get(id);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::busy);
  EXPECT_TRUE(is_one_sentence_about(refused.error().message, path));
  EXPECT_EQ(code_of(store.transition(id, StatusCode::running)), Errc::busy);
  EXPECT_EQ(code_of(store.snapshot()), Errc::busy);

  EXPECT_EQ(snapshot->get(id)->name(), "from before") << "the snapshot itself goes on";
  snapshot.reset();
  EXPECT_TRUE(store.get(id));
  EXPECT_TRUE(store.erase(id));
}

TEST_F(GrownMap, IsFollowedAgainAndAgain) {
  for (int round = 1; round <= 4; ++round) {
    grow_elsewhere(10);
    EXPECT_EQ(size_of(store), 1U + 10U * static_cast<unsigned>(round));
  }
  expect_clean(store);
}

TEST_F(GrownMap, SmallerThanTheFileIsEnlargedAtOpen) {
  grow_elsewhere(20);
  EXPECT_EQ(in_child([&] {
              const Store other = open_store(path, {.map_bytes = 2 * mebibyte});
              if (!other.get(id)) return 1;
              return size_of(other) == 21 ? 0 : 2;
            }),
            0);
}

// Readers who come and go leave the map its moments to move, also those who wait for writes that wait for it.
TEST_F(GrownMap, IsGrownAmongReaders) {
  const Store own = open_store(directory.file("own.flowkeep"), {.map_bytes = mebibyte});
  std::atomic<bool> stop{false};
  std::atomic<unsigned> failed{0};
  std::vector<std::thread> readers;
  for (int reader = 0; reader < 3; ++reader) {
    readers.emplace_back([&] {
      while (!stop) {
        auto snapshot = own.snapshot();
        if (!snapshot || !snapshot->size() || !snapshot->renew() || !snapshot->size()) ++failed;
      }
    });
  }
  for (unsigned i = 0; i < 300; ++i) failed += own.create(bulky(50'000, i)) ? 0 : 1;
  stop = true;
  for (std::thread& reader : readers) reader.join();
  EXPECT_EQ(failed, 0U);
  EXPECT_EQ(size_of(own), 300U);
  EXPECT_GT(own.stats()->map_bytes, 16 * mebibyte);
}

}  // namespace
}  // namespace flowkeep::fault

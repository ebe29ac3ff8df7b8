// No room left: by the quota, and by the map itself.
#include "fixture.hpp"

namespace flowkeep::fault {
namespace {

constexpr std::uint64_t mebibyte = 1ULL << 20;

class Full : public testing::Test {
 protected:
  /// Creates rows of 64 KiB until one is refused; the refusal.
  Error fill(const Store& store) {
    for (;;) {
      auto id = store.create(bulky(64 << 10, ++seed));
      if (!id) return id.error();
      ids.push_back(*id);
      if (ids.size() > 10'000) return {};
    }
  }
  void erase(const Store& store, std::size_t count) {
    for (; count > 0 && !ids.empty(); --count) {
      const auto erased = store.erase(ids.back());
      ASSERT_TRUE(erased) << erased.error().message;
      ids.pop_back();
    }
  }

  TemporaryDirectory directory{};
  std::string path = directory.file();
  std::vector<Guid> ids{};
  std::uint64_t seed = 0;
};

TEST_F(Full, QuotaRefusesCreatesWithASentence) {
  const Store store = open_store(path, {.map_bytes = 64 * mebibyte, .quota_bytes = 6 * mebibyte});
  const Error refused = fill(store);
  EXPECT_EQ(refused.code, Errc::full);
  EXPECT_TRUE(is_one_sentence_about(refused.message, path));
  EXPECT_TRUE(is_one_sentence_about(refused.message, "quota"));
  EXPECT_TRUE(is_one_sentence_about(refused.message, std::to_string(6 * mebibyte)));
  EXPECT_GT(ids.size(), 40U);
  EXPECT_LE(store.stats()->live_bytes, 6 * mebibyte);
  EXPECT_EQ(size_of(store), ids.size());
  expect_clean(store);
}

TEST_F(Full, QuotaLetsReadsAndErasesThrough) {
  const Store store = open_store(path, {.map_bytes = 64 * mebibyte, .quota_bytes = 6 * mebibyte});
  ASSERT_EQ(fill(store).code, Errc::full);
  EXPECT_TRUE(store.get(ids.front()));
  erase(store, ids.size());
  EXPECT_EQ(size_of(store), 0U);
  expect_clean(store);
}

TEST_F(Full, QuotaIsMetAgainAfterErasing) {
  const Store store = open_store(path, {.map_bytes = 64 * mebibyte, .quota_bytes = 6 * mebibyte});
  ASSERT_EQ(fill(store).code, Errc::full);
  const std::size_t first = ids.size();
  for (int round = 0; round < 3; ++round) {
    erase(store, 30);
    ASSERT_EQ(fill(store).code, Errc::full);
    EXPECT_GE(ids.size() + 10, first) << "round " << round << ": space that was freed is not used again";
  }
  EXPECT_LE(store.stats()->file_bytes, 6 * mebibyte);
  expect_clean(store);
}

TEST_F(Full, QuotaLeavesAnOpenTransactionAsItWas) {
  const Store store = open_store(path, {.map_bytes = 64 * mebibyte, .quota_bytes = 4 * mebibyte});
  auto transaction = store.write().value();
  const Guid kept = transaction.create(named("kept")).value();
  const auto refused = transaction.create(bulky(4 * mebibyte));
  ASSERT_EQ(code_of(refused), Errc::full);
  ASSERT_TRUE(transaction.commit());
  EXPECT_TRUE(store.get(kept));
  EXPECT_EQ(size_of(store), 1U);
}

TEST_F(Full, QuotaRefusesABatchWhole) {
  const Store store = open_store(path, {.map_bytes = 64 * mebibyte, .quota_bytes = 4 * mebibyte});
  std::vector<Session> batch;
  for (std::uint64_t i = 0; i < 80; ++i) batch.push_back(bulky(64 << 10, i));
  EXPECT_EQ(code_of(store.create_multiple(batch)), Errc::full);
  EXPECT_EQ(size_of(store), 0U);
  batch.resize(20);
  EXPECT_TRUE(store.create_multiple(batch));
}

TEST_F(Full, QuotaCanBeRaisedByAReopen) {
  {
    const Store store = open_store(path, {.map_bytes = 64 * mebibyte, .quota_bytes = 4 * mebibyte});
    ASSERT_EQ(fill(store).code, Errc::full);
  }
  const Store store = open_store(path, {.map_bytes = 64 * mebibyte, .quota_bytes = 8 * mebibyte});
  EXPECT_TRUE(store.create(bulky(mebibyte)));
}

TEST_F(Full, QuotaIsSevenEighthsOfTheMapByDefault) {
  const Store store = open_store(path, {.map_bytes = 8 * mebibyte});
  EXPECT_EQ(store.stats()->quota_bytes, 7 * mebibyte);
  ASSERT_EQ(fill(store).code, Errc::full);
  erase(store, ids.size());
  EXPECT_TRUE(store.create(named("again")));
}

// Pages that an old snapshot still sees count as free, but cannot be used: the map runs out before the quota does.
class FullMap : public Full {
 protected:
  std::optional<Error> rewrite_until_refused(const Store& store, const Guid& id) {
    for (int i = 0; i < 2'000; ++i) {
      SessionUpdate update;
      update.set.inputs = Binary{std::nullopt, Content(noise(100'000, ++seed)), {}, {}};
      const auto version = store.update(id, update);
      if (!version) return version.error();
      last_seed = seed;
    }
    return std::nullopt;
  }
  std::uint64_t last_seed = 0;
};

TEST_F(FullMap, IsFullAndLosesNothing) {
  const Store store = open_store(path, {.map_bytes = 4 * mebibyte, .quota_bytes = 4 * mebibyte});
  const Guid id = store.create(bulky(100'000)).value();
  auto old = std::make_optional(store.snapshot().value());
  const auto refused = rewrite_until_refused(store, id);
  ASSERT_TRUE(refused);
  EXPECT_EQ(refused->code, Errc::full) << refused->message;
  EXPECT_TRUE(is_one_sentence_about(refused->message, path));
  {
    const auto present = store.snapshot().value();
    EXPECT_EQ(present.read(present.get(id)->inputs()), noise(100'000, last_seed));
  }
  EXPECT_EQ(old->read(old->get(id)->inputs()), noise(100'000, 1));
  expect_clean(store);
}

TEST_F(FullMap, WritesAgainOnceTheSnapshotIsGone) {
  const Store store = open_store(path, {.map_bytes = 4 * mebibyte, .quota_bytes = 4 * mebibyte});
  const Guid id = store.create(bulky(100'000)).value();
  auto old = std::make_optional(store.snapshot().value());
  ASSERT_TRUE(rewrite_until_refused(store, id));
  old.reset();
  for (int i = 0; i < 3; ++i) {
    const auto made = store.create(named("again"));
    ASSERT_TRUE(made) << made.error().message;
  }
  EXPECT_FALSE(rewrite_until_refused(store, id)) << "without snapshots the same file takes any number of updates";
  expect_clean(store);
}

TEST_F(FullMap, KillsTheTransactionThatMeetsIt) {
  const Store store = open_store(path, {.map_bytes = 4 * mebibyte, .quota_bytes = 4 * mebibyte});
  const Guid id = store.create(bulky(100'000)).value();
  const auto old = store.snapshot().value();
  ASSERT_TRUE(rewrite_until_refused(store, id));
  auto transaction = store.write().value();
  SessionUpdate update;
  update.set.inputs = Binary{std::nullopt, Content(noise(100'000, 77)), {}, {}};
  if (code_of(transaction.update(id, update)) == Errc::full) {
    EXPECT_NE(code_of(transaction.commit()), std::nullopt) << "what is half done must not be committed";
  }
  expect_clean(store);
}

}  // namespace
}  // namespace flowkeep::fault

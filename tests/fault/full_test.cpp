// No room left by the quota, and a map that has to grow.
#include "fixture.hpp"

namespace flowkeep::fault {
namespace {

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
  // Pages that were freed since the last checkpoint wait for the next.
  EXPECT_LE(store.stats()->file_bytes, 10 * mebibyte);
  expect_clean(store);
}

// What is accepted and not in the tables yet takes room too.
TEST_F(Full, QuotaCountsWhatIsHandedOver) {
  const Store store = open_store(path, {.map_bytes = 64 * mebibyte, .quota_bytes = 6 * mebibyte});
  std::vector<Pending> pending;
  std::optional<Error> refused;
  while (!refused && pending.size() < 300) {
    auto transaction = store.write().value();
    const auto id = transaction.create(bulky(32 << 10, ++seed));
    if (!id) {
      refused = id.error();
      break;
    }
    ids.push_back(*id);
    pending.push_back(transaction.submit(Durability::process_safe).value());
  }
  ASSERT_TRUE(refused) << "nothing was refused";
  EXPECT_EQ(refused->code, Errc::full);
  for (const Pending& each : pending) ASSERT_TRUE(each.wait());
  EXPECT_EQ(size_of(store), ids.size());
  EXPECT_LE(store.stats()->live_bytes, 6 * mebibyte);
  erase(store, ids.size());
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

TEST_F(Full, WithoutAQuotaTheMapGrowsUnnoticed) {
  const Store store = open_store(path, {.map_bytes = 2 * mebibyte});
  for (int i = 0; i < 100; ++i) {
    const auto id = store.create(bulky(64 << 10, ++seed));
    ASSERT_TRUE(id) << id.error().message;
  }
  EXPECT_GT(store.stats()->map_bytes, 6 * mebibyte);
  EXPECT_EQ(size_of(store), 100U);
  expect_clean(store);
}

TEST_F(Full, WithoutAQuotaTheMapGrowsUnderWhatIsHandedOver) {
  const Store store = open_store(path, {.map_bytes = 2 * mebibyte});
  std::vector<Pending> pending;
  for (int i = 0; i < 100; ++i) {
    auto transaction = store.write().value();
    ASSERT_TRUE(transaction.create(bulky(64 << 10, ++seed)));
    auto submitted = transaction.submit();
    ASSERT_TRUE(submitted) << i << ": " << submitted.error().message;
    pending.push_back(*submitted);
    if (i % 10 == 0) {
      EXPECT_LE(size_of(store), static_cast<std::uint64_t>(i) + 1);
    }
  }
  for (const Pending& each : pending) ASSERT_TRUE(each.wait());
  EXPECT_EQ(size_of(store), 100U);
  EXPECT_GT(store.stats()->map_bytes, 6 * mebibyte);
  expect_clean(store);
}

// The map cannot move below a snapshot.
TEST_F(Full, AMapThatHasToGrowWaitsForSnapshotsAndLosesNothing) {
  const Store store = open_store(path, {.map_bytes = 2 * mebibyte, .busy_timeout = std::chrono::milliseconds(50)});
  const Guid first = store.create(bulky(1000)).value();
  auto old = std::make_optional(store.snapshot().value());
  const Error refused = fill(store);
  EXPECT_EQ(refused.code, Errc::busy);
  EXPECT_TRUE(is_one_sentence_about(refused.message, path));
  EXPECT_TRUE(old->get(first));
  EXPECT_EQ(size_of(store), ids.size() + 1);
  old.reset();
  EXPECT_TRUE(store.create(bulky(64 << 10)));
  EXPECT_EQ(size_of(store), ids.size() + 2);
  expect_clean(store);
}

}  // namespace
}  // namespace flowkeep::fault

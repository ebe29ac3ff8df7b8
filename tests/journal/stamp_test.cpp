// The stamp in the data file, and the page that processes share.
#include "journal/stamp.hpp"

#include "journal/shared_page.hpp"
#include "journal_fixture.hpp"

namespace flowkeep::journal {
namespace {

class StampTest : public JournalFixture {
 protected:
  StampTest() : data_(storage::Descriptor::open(directory_ + "/s.flowkeep", O_RDWR | O_CREAT).value()) {
    EXPECT_TRUE(storage::write_all(data_.get(), std::string(8192, 'd'), 0, "data"));
    EXPECT_TRUE(write_stamp(data_.get(), "data", std::nullopt));
  }
  [[nodiscard]] std::string data(std::uint64_t offset, std::size_t size) const {
    std::string bytes(size, '\0');
    EXPECT_EQ(storage::read_all(data_.get(), bytes, offset, "data").value(), size);
    return bytes;
  }
  storage::Descriptor data_;
};

TEST_F(StampTest, IsReadAsItWasWritten) {
  EXPECT_EQ(read_stamp(data_.get(), "data").value(), std::nullopt);
  const Guid epoch = Guid::make();
  ASSERT_TRUE(write_stamp(data_.get(), "data", epoch));
  EXPECT_EQ(read_stamp(data_.get(), "data").value(), epoch);
  ASSERT_TRUE(write_stamp(data_.get(), "data", std::nullopt));
  EXPECT_EQ(read_stamp(data_.get(), "data").value(), std::nullopt);
}

TEST_F(StampTest, TakesTheSecondSectorAndNothingElse) {
  ASSERT_TRUE(write_stamp(data_.get(), "data", Guid::make()));
  EXPECT_EQ(data(0, 512), std::string(512, 'd'));
  EXPECT_NE(data(512, 512), std::string(512, '\0'));
  EXPECT_EQ(data(1024, 8192 - 1024), std::string(8192 - 1024, 'd'));
}

TEST_F(StampTest, IsDamageWhereAnyByteIsAnother) {
  ASSERT_TRUE(write_stamp(data_.get(), "data", Guid::make()));
  const std::string good = data(512, 512);
  for (std::size_t at = 0; at < good.size(); ++at) {
    std::string bad = good;
    bad[at] = static_cast<char>(bad[at] ^ 4);
    ASSERT_TRUE(storage::write_all(data_.get(), bad, 512, "data"));
    const auto read = read_stamp(data_.get(), "data");
    ASSERT_FALSE(read) << "byte " << at;
    ASSERT_EQ(read.error().code, Errc::corrupt);
  }
}

TEST_F(StampTest, OfAFileThatIsEmptyIsNone) {
  const auto empty = storage::Descriptor::open(directory_ + "/empty", O_RDWR | O_CREAT).value();
  EXPECT_EQ(read_stamp(empty.get(), "empty").value(), std::nullopt);
}

class SharedPageTest : public JournalFixture {
 protected:
  [[nodiscard]] SharedPage open(SharedPage::Content content) const {
    return SharedPage::open(directory_ + "/s.flowkeep-shm", content).value();
  }
};

TEST_F(SharedPageTest, IsSeenByAllThatOpenIt) {
  const SharedPage one = open(SharedPage::Content::fresh);
  one.state().accepted = 77;
  const SharedPage other = open(SharedPage::Content::kept);
  EXPECT_EQ(other.state().accepted, 77U);
  other.state().poisoned = 1;
  EXPECT_EQ(one.state().poisoned, 1U);
}

TEST_F(SharedPageTest, IsEmptyWhereNobodyElseHasTheStoreOpen) {
  const SharedPage old = open(SharedPage::Content::fresh);
  old.state().poisoned = 1;
  old.state().in_turn = 12;
  const SharedPage fresh = open(SharedPage::Content::fresh);
  EXPECT_EQ(fresh.state().poisoned, 0U);
  EXPECT_EQ(fresh.state().in_turn, 0);
  EXPECT_EQ(old.state().poisoned, 1U);  // its file has no name any more
}

TEST_F(SharedPageTest, OfAnotherLayoutIsRefused) {
  const SharedPage page = open(SharedPage::Content::fresh);
  page.state().layout = 999;
  const auto refused = SharedPage::open(directory_ + "/s.flowkeep-shm", SharedPage::Content::kept);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::newer_format);
}

TEST_F(SharedPageTest, KnowsNoAgeWithoutALaterCommit) {
  SharedPage page = open(SharedPage::Content::fresh);
  EXPECT_EQ(page.superseded_for(1), std::nullopt);
  page.note_commit(5);
  EXPECT_EQ(page.superseded_for(5), std::nullopt);
  ASSERT_TRUE(page.superseded_for(4));
  EXPECT_LT(page.superseded_for(4)->count(), 10'000);
}

// The samples thin out as they age, but their order stays, and so does the oldest.
TEST_F(SharedPageTest, KeepsTheOldestSampleHoweverManyFollow) {
  SharedPage page = open(SharedPage::Content::fresh);
  SharedState& state = page.state();
  constexpr std::int64_t step_ns = 200'000'000;
  for (std::uint64_t transaction = 1; transaction <= 1000; ++transaction) {
    page.note_commit(transaction);
    // Time passes: every sample is that much older.
    for (std::uint32_t i = 0; i < state.samples_used; ++i) state.samples[i].time -= step_ns;
    ASSERT_LE(state.samples_used, SharedState::sample_count);
    ASSERT_EQ(state.samples[0].transaction, 1U);
    ASSERT_EQ(state.samples[state.samples_used - 1].transaction, transaction);
    for (std::uint32_t i = 1; i < state.samples_used; ++i) {
      ASSERT_LT(state.samples[i - 1].transaction, state.samples[i].transaction);
      ASSERT_LT(state.samples[i - 1].time, state.samples[i].time);
    }
  }
  // Of recent commits the age is known well, of old ones roughly.
  const auto recent = page.superseded_for(990);
  ASSERT_TRUE(recent);
  EXPECT_NEAR(static_cast<double>(recent->count()), 2'000, 450);
  const auto old = page.superseded_for(500);
  ASSERT_TRUE(old);
  EXPECT_NEAR(static_cast<double>(old->count()), 100'000, 15'000);
}

TEST_F(SharedPageTest, IsReadWithoutHarmWhereItHoldsNonsense) {
  SharedPage page = open(SharedPage::Content::fresh);
  page.state().samples_used = 4'000'000'000U;
  EXPECT_EQ(page.superseded_for(~std::uint64_t{0}), std::nullopt);
  page.note_commit(3);
  EXPECT_EQ(page.state().samples_used, 1U);
}

}  // namespace
}  // namespace flowkeep::journal

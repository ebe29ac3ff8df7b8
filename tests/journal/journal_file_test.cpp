// The journal's file: which header counts, how far a scan goes.
#include <sys/stat.h>

#include "journal_fixture.hpp"

namespace flowkeep::journal {
namespace {

using JournalHeaders = JournalFixture;
using JournalScan = JournalFixture;

TEST_F(JournalHeaders, TheNewestCounts) {
  Header header = file_.read_header().value().value();
  EXPECT_EQ(header.generation, 1U);
  for (std::uint64_t i = 2; i < 6; ++i) {
    header.start.lsn = 10 * i;
    ASSERT_TRUE(file_.write_header(header));
    EXPECT_EQ(header.generation, i);
    EXPECT_EQ(file_.read_header().value()->start.lsn, 10 * i);
  }
}

TEST_F(JournalHeaders, BothSlotsSayWhatTheNewestOneDoes) {
  Header header = file_.read_header().value().value();
  for (int i = 0; i < 4; ++i) {
    ASSERT_TRUE(file_.write_header(header));
    EXPECT_EQ(bytes_at(0, slot_bytes), bytes_at(slot_bytes, slot_bytes));
  }
}

TEST_F(JournalHeaders, OneThatIsDamagedLaterCostsNothing) {
  Header header = file_.read_header().value().value();
  header.start.lsn = 100;
  ASSERT_TRUE(file_.write_header(header));
  damage(header.generation % 2 * slot_bytes + 512, std::string(512, 'x'));
  const auto read = file_.read_header().value();
  ASSERT_TRUE(read);
  EXPECT_EQ(read->generation, header.generation);
  EXPECT_EQ(read->start, header.start);
}

// The power goes while the next one is being written.
TEST_F(JournalHeaders, OfATornOneTheOneBeforeCounts) {
  Header header = file_.read_header().value().value();
  ASSERT_TRUE(file_.write_header(header));
  Header next = header;
  ++next.generation;
  next.start.lsn = 100;
  next.image.sectors[0].fill('n');
  const Slot slot = encode(next);
  damage(next.generation % 2 * slot_bytes, std::string(slot.data(), 512));
  const auto read = file_.read_header().value();
  ASSERT_TRUE(read);
  EXPECT_EQ(read->generation, header.generation);
  EXPECT_EQ(read->start, header.start);
}

TEST_F(JournalHeaders, OfTwoTornOnesNoneCounts) {
  Header header = file_.read_header().value().value();
  ASSERT_TRUE(file_.write_header(header));
  damage(0, std::string(512, 'x'));
  damage(slot_bytes, std::string(512, 'x'));
  EXPECT_FALSE(file_.read_header().value());
}

TEST_F(JournalHeaders, AreRefusedInAFileThatIsCutShort) {
  ASSERT_EQ(::truncate(path().c_str(), 50), 0);
  EXPECT_FALSE(file_.read_header().value());
}

TEST_F(JournalScan, OfANewFileFindsNothing) {
  const Scanned scanned = scan(header_.start);
  EXPECT_TRUE(scanned.payloads.empty());
  EXPECT_EQ(scanned.end, header_.start);
}

TEST_F(JournalScan, FindsWhatWasAppendedInOrder) {
  Position at = header_.start;
  std::vector<std::string> payloads;
  for (int i = 0; i < 50; ++i) {
    payloads.push_back(std::string(static_cast<std::size_t>(i * 7), static_cast<char>('a' + i % 26)));
    at = append(at, payloads.back());
  }
  const Scanned scanned = scan(header_.start);
  EXPECT_EQ(scanned.payloads, payloads);
  EXPECT_EQ(scanned.end, at);
  EXPECT_EQ(scanned.behind.back(), at);
}

TEST_F(JournalScan, BeginsInTheMiddle) {
  Position at = append(header_.start, "one");
  const Position second = at;
  at = append(at, "two");
  EXPECT_EQ(scan(second).payloads, std::vector<std::string>{"two"});
}

TEST_F(JournalScan, EndsBeforeATornRecord) {
  Position at = append(header_.start, "whole");
  const Position torn = at;
  at = append(at, std::string(2000, 't'));
  append(at, "behind it");
  for (std::uint64_t sector = torn.offset / 512; sector < at.offset / 512; ++sector) {
    const std::uint64_t from = std::max(sector * 512, torn.offset);
    const std::string kept = bytes_at(from, (sector + 1) * 512 - from);
    damage(from, std::string(kept.size(), '\0'));
    const Scanned scanned = scan(header_.start);
    EXPECT_EQ(scanned.payloads, std::vector<std::string>{"whole"}) << "sector " << sector;
    EXPECT_EQ(scanned.end, torn);
    damage(from, kept);
  }
  EXPECT_EQ(scan(header_.start).payloads.size(), 3U);
}

TEST_F(JournalScan, FollowsAWrap) {
  Position at = append(header_.start, std::string(25'000, 'a'));
  const Position second = at;
  at = append(at, std::string(25'000, 'b'));
  at = append_wrap(at);
  at = append(at, "at the beginning");
  // What the first record held is written over: only from the second on anything is there.
  const Scanned scanned = scan(second);
  ASSERT_EQ(scanned.payloads.size(), 2U);
  EXPECT_EQ(scanned.payloads[1], "at the beginning");
  EXPECT_EQ(scanned.end, at);
}

TEST_F(JournalScan, EndsAtAWrapThatLeadsToAnEarlierLap) {
  const Position second = append(header_.start, "of the lap before");
  Position at = append(second, std::string(20'000, 'b'));
  at = append_wrap(at);
  // The record there has a lower number.
  EXPECT_EQ(scan(second).payloads.size(), 1U);
  EXPECT_EQ(scan(second).end, at);
}

TEST_F(JournalScan, RefusesARecordOfTheRightNumberAndAnotherChain) {
  const Position old_second = append(header_.start, "first");
  append(old_second, "second");
  ASSERT_EQ(scan(header_.start).payloads.size(), 2U);
  // As after a recovery: the same place and number, a new salt.
  Position fresh = header_.start;
  fresh.chain = 815;
  const Position behind = append(fresh, "FIRST");
  ASSERT_EQ(behind.offset, old_second.offset);
  const Scanned scanned = scan(fresh);
  EXPECT_EQ(scanned.payloads, std::vector<std::string>{"FIRST"});
  EXPECT_EQ(scanned.end, behind);
  EXPECT_TRUE(scan(header_.start).payloads.empty());
}

TEST_F(JournalScan, GoesNoFurtherThanTheCapacity) {
  Position at = header_.start;
  while (at.offset + record_bytes(1000) <= capacity) at = append(at, std::string(1000, 'r'));
  const std::size_t all = scan(header_.start).payloads.size();
  EXPECT_EQ(scan(header_.start, at.offset).payloads.size(), all);
  EXPECT_EQ(scan(header_.start, at.offset - 1).payloads.size(), all - 1);
}

TEST_F(JournalScan, TakesNoLengthOnTrust) {
  std::string bytes(record_header_bytes, '\xFF');
  const std::uint64_t lsn = header_.start.lsn;
  bytes.replace(8, 8, reinterpret_cast<const char*>(&lsn), 8);
  damage(header_.start.offset, bytes);
  EXPECT_EQ(scan(header_.start).end, header_.start);
}

TEST_F(JournalScan, RefusesAPositionInsideTheHeaders) {
  const Position inside{1, 0, 4711};
  EXPECT_EQ(scan(inside).end, inside);
}

TEST_F(JournalScan, EndsWithTheErrorOfTheVisitor) {
  append(header_.start, "one");
  const auto refuse = [](const Position&, std::string_view, const Position&) -> Result<void> {
    return tl::unexpected(Error{Errc::full, "no more"});
  };
  const auto scanned = file_.scan(header_.start, capacity, refuse);
  ASSERT_FALSE(scanned);
  EXPECT_EQ(scanned.error().code, Errc::full);
}

TEST_F(JournalHeaders, AreNotLinkedOnceTheNameLeadsElsewhere) {
  EXPECT_TRUE(file_.is_linked());
  ASSERT_EQ(::rename(path().c_str(), (path() + "-away").c_str()), 0);
  EXPECT_FALSE(file_.is_linked());
}

TEST_F(JournalHeaders, OfAFileThatGrewAreKept) {
  ASSERT_TRUE(file_.extend(capacity, 2 * capacity));
  struct stat facts {};
  ASSERT_EQ(::stat(path().c_str(), &facts), 0);
  EXPECT_EQ(static_cast<std::uint64_t>(facts.st_size), 2 * capacity);
  EXPECT_EQ(bytes_at(capacity, capacity), std::string(capacity, '\0'));
  EXPECT_TRUE(file_.read_header().value());
}

}  // namespace
}  // namespace flowkeep::journal

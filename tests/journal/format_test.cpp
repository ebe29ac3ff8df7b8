// The bytes of the journal: header slots, records, chains.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "journal/format.hpp"

namespace flowkeep::journal {
namespace {

Header header_of(std::uint64_t generation) {
  Header header;
  header.generation = generation;
  header.epoch.bytes[3] = 7;
  header.store_id.bytes[15] = 9;
  header.file_inode = 1234567;
  header.capacity_bytes = 1 << 18;
  header.start = {42, records_begin + 800, 0xDEADBEEFULL};
  header.image.roots_hash = 0x1122334455667788ULL;
  header.image.sectors[0].fill(static_cast<char>('a' + generation));
  header.image.sectors[1].fill(static_cast<char>('A' + generation));
  return header;
}

TEST(JournalSlot, KeepsEveryField) {
  const Header header = header_of(17);
  const auto read = decode_header(encode(header));
  ASSERT_TRUE(read);
  EXPECT_EQ(read->generation, header.generation);
  EXPECT_EQ(read->epoch, header.epoch);
  EXPECT_EQ(read->store_id, header.store_id);
  EXPECT_EQ(read->file_inode, header.file_inode);
  EXPECT_EQ(read->capacity_bytes, header.capacity_bytes);
  EXPECT_EQ(read->start, header.start);
  EXPECT_EQ(read->image.roots_hash, header.image.roots_hash);
  EXPECT_EQ(read->image.sectors, header.image.sectors);
}

TEST(JournalSlot, IsRefusedWhereAnySectorIsOfTheSlotBefore) {
  const Slot before = encode(header_of(15));
  const Slot after = encode(header_of(17));
  // Sectors that are the same in both cannot tell them apart, and need not.
  int told = 0;
  for (std::size_t at = 0; at < slot_bytes; at += 512) {
    Slot torn = after;
    std::copy_n(before.begin() + static_cast<std::ptrdiff_t>(at), 512, torn.begin() + static_cast<std::ptrdiff_t>(at));
    if (torn == after) continue;
    EXPECT_FALSE(decode_header(torn)) << "sector at " << at;
    ++told;
  }
  EXPECT_EQ(told, 3);  // the fields take more than two sectors; the rest is zeros
}

TEST(JournalSlot, IsRefusedWhereAnyByteIsAnother) {
  const Slot slot = encode(header_of(3));
  for (std::size_t at = 0; at < slot_bytes; ++at) {
    Slot damaged = slot;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x10);
    ASSERT_FALSE(decode_header(damaged)) << "byte " << at;
  }
}

TEST(JournalSlot, IsRefusedWhereNothingWasWritten) {
  EXPECT_FALSE(decode_header(Slot{}));
}

TEST(JournalRecord, TakesWhatRecordBytesSays) {
  for (const std::size_t size : {0U, 1U, 7U, 8U, 9U, 4096U}) {
    std::string out;
    append_record(out, RecordKind::change, {}, std::string(size, 'p'));
    EXPECT_EQ(out.size(), record_bytes(size)) << size;
    EXPECT_EQ(out.size() % 8, 0U) << size;
  }
}

struct Appended {
  std::string bytes{};
  std::string payload{};
  Position at{};
  std::uint64_t chain = 0;

  [[nodiscard]] bool verifies(const Position& where) const {
    const RecordHeader header = decode_record_header(std::span<const char>(bytes).first(record_header_bytes));
    return verify(header, where, std::string_view(bytes).substr(record_header_bytes, header.payload_bytes));
  }
};

Appended append(const Position& at, const std::string& payload) {
  Appended record{{}, payload, at, 0};
  record.chain = append_record(record.bytes, RecordKind::change, at, payload);
  return record;
}

TEST(JournalRecord, IsWhatWasAppended) {
  const Position at{5, records_begin, 99};
  const Appended record = append(at, "a change");
  const RecordHeader header = decode_record_header(std::span<const char>(record.bytes).first(record_header_bytes));
  EXPECT_EQ(header.payload_bytes, 8U);
  EXPECT_EQ(header.kind, RecordKind::change);
  EXPECT_EQ(header.lsn, 5U);
  EXPECT_EQ(header.checksum, record.chain);
  EXPECT_TRUE(record.verifies(at));
}

TEST(JournalRecord, IsRefusedWhereAnyByteIsAnother) {
  const Position at{5, records_begin, 99};
  const Appended record = append(at, "a change of sixteen.....");
  // Its payload fills whole words, so that there is no padding, which nobody reads.
  for (std::size_t i = 0; i < record.bytes.size(); ++i) {
    Appended damaged = record;
    damaged.bytes[i] = static_cast<char>(damaged.bytes[i] ^ 1);
    if (i < 4) continue;  // the length: scan() reads another payload then
    EXPECT_FALSE(damaged.verifies(at)) << "byte " << i;
  }
}

TEST(JournalRecord, IsRefusedBehindAnotherRecord) {
  const Appended record = append({5, records_begin, 99}, "a change");
  EXPECT_FALSE(record.verifies({5, records_begin, 98}));
  EXPECT_FALSE(record.verifies({6, records_begin, 99}));
}

// A torn group T, written anew, must not make an old T+1 valid again.
TEST(JournalRecord, OfAnEarlierChainIsNotMadeValidByARewrittenOneBeforeIt) {
  const Position start{5, records_begin, 99};
  const Appended old_first = append(start, "first");
  const Appended old_second = append({6, records_begin + old_first.bytes.size(), old_first.chain}, "second");
  const Appended new_first = append(start, "FIRST");
  ASSERT_EQ(new_first.bytes.size(), old_first.bytes.size());
  EXPECT_FALSE(old_second.verifies({6, records_begin + new_first.bytes.size(), new_first.chain}));
}

TEST(JournalSalt, IsAnotherEachTime) {
  EXPECT_NE(make_salt(), make_salt());
}

}  // namespace
}  // namespace flowkeep::journal

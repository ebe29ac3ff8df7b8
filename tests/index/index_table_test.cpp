#include "index/index_table.hpp"

#include <gtest/gtest.h>
#include <xxhash.h>

#include <algorithm>
#include <vector>

#include "codec/record.hpp"
#include "store_fixture.hpp"

namespace flowkeep::index {
namespace {

using test::at;
using test::guid;
using test::repeated;

std::string hex(std::string_view bytes) {
  constexpr char digits[] = "0123456789abcdef";
  std::string text;
  for (const char byte : bytes) {
    text += digits[static_cast<unsigned char>(byte) >> 4U];
    text += digits[static_cast<unsigned char>(byte) & 15U];
  }
  return text;
}

std::string hex(const RowKey& key) {
  return hex(key.bytes());
}

// Bytes on disk: they change only with the format version.
TEST(IndexKeys, HaveTheBytesOfTheFormat) {
  EXPECT_EQ(hex(RowKey(Timestamp{}, 1)), "80000000000000000000000000000001");
  EXPECT_EQ(hex(RowKey(at("2022-06-16T12:54:40Z"), 258)), "803acfa1688d68000000000000000102");
  EXPECT_EQ(hex(RowKey(Timestamp(Ticks(-1)), UINT64_MAX)), "7fffffffffffffffffffffffffffffff");
  EXPECT_EQ(hex(time_key(Timestamp(Ticks(1)))), "8000000000000001");
  EXPECT_EQ(hex(version_key(1)), "8000000000000001");
  EXPECT_EQ(hex(version_key(INT64_MAX)), "ffffffffffffffff");
  EXPECT_EQ(hex(state_key(StateCode::active, StatusCode::failed)), "8000000080000008");
  EXPECT_EQ(hex(state_key(StateCode::inactive, StatusCode::terminated)), "800000018000000e");
  EXPECT_EQ(hex(guid_key(*Guid::parse("d9687093-d0c0-ec11-983e-0022480b428a"))), "11ecc0d0937068d9983e0022480b428a");
  EXPECT_EQ(string_key("", KeyForm::text), "s");
  EXPECT_EQ(string_key("Run-42", KeyForm::text), "srun-42");
  EXPECT_EQ(string_key("ÅNGSTRÖM \u212B STRA\u1E9EE ΣΊΣΥΦΟΣ", KeyForm::text), "sångström å straße σίσυφοσ");
}

TEST(RowKey, ReadsItsBytesBack) {
  const RowKey key(at("2022-06-16T12:54:40.1234567Z"), 77);
  const auto again = RowKey::from(key.bytes());
  ASSERT_TRUE(again);
  EXPECT_EQ(*again, key);
  EXPECT_EQ(again->createdon(), at("2022-06-16T12:54:40.1234567Z"));
  EXPECT_EQ(again->arrival(), 77U);
  EXPECT_FALSE(RowKey::from("short"));
  EXPECT_FALSE(RowKey::from(std::string(17, 'x')));
}

TEST(RowKey, IsOrderedByCreatedonThenArrivalAsItsBytesAre) {
  std::vector<RowKey> keys;
  for (const Timestamp time : {min_timestamp, Timestamp(Ticks(-1)), Timestamp{}, Timestamp(Ticks(1)), max_timestamp}) {
    for (const std::uint64_t arrival : {std::uint64_t{1}, std::uint64_t{255}, std::uint64_t{256}, UINT64_MAX}) {
      keys.emplace_back(time, arrival);
    }
  }
  EXPECT_TRUE(std::is_sorted(keys.begin(), keys.end()));
  EXPECT_TRUE(std::is_sorted(keys.begin(), keys.end(),
                             [](const RowKey& a, const RowKey& b) { return a.bytes().compare(b.bytes()) < 0; }));
}

TEST(RowKey, OfATimesBeginIsNotBehindItsRows) {
  const Timestamp time = at("2022-01-01");
  EXPECT_LT(first_row_at(time), RowKey(time, 1));
  EXPECT_LT(RowKey(time - Ticks(1), UINT64_MAX), first_row_at(time));
  EXPECT_LT(RowKey(max_timestamp, UINT64_MAX), last_row_key());
}

TEST(NumberKeys, AreOrderedAsTheirNumbers) {
  const std::vector<std::int64_t> numbers{INT64_MIN, -256, -1, 0, 1, 255, 256, INT64_MAX};
  for (std::size_t i = 1; i < numbers.size(); ++i) {
    EXPECT_LT(version_key(numbers[i - 1]), version_key(numbers[i]));
    EXPECT_LT(time_key(Timestamp(Ticks(numbers[i - 1]))), time_key(Timestamp(Ticks(numbers[i]))));
  }
}

TEST(StringKey, IsPlainUpTo400FoldedBytes) {
  const std::string longest(400, 'x');
  EXPECT_EQ(string_key(longest, KeyForm::text), "s" + longest);
  EXPECT_FALSE(is_hashed(string_key(longest, KeyForm::text)));
  EXPECT_TRUE(is_hashed(string_key(longest + "x", KeyForm::text)));
  EXPECT_FALSE(is_hashed(""));
  // What counts are the bytes once folded: the Kelvin sign has three and becomes one, U+023A has two and becomes three.
  EXPECT_EQ(string_key(repeated("\u212A", 400), KeyForm::text), "s" + std::string(400, 'k'));
  EXPECT_FALSE(is_hashed(string_key(repeated("\u023A", 133), KeyForm::text)));
  EXPECT_TRUE(is_hashed(string_key(repeated("\u023A", 134), KeyForm::text)));
}

TEST(StringKey, OfLongerTextIsItsBeginningAndItsHash) {
  const std::string folded = repeated("é", 250) + "x";
  const XXH128_hash_t hash = XXH3_128bits(folded.data(), folded.size());
  XXH128_canonical_t canonical;
  XXH128_canonicalFromHash(&canonical, hash);
  const std::string expected = "h" + folded.substr(0, 400) +
                               std::string(reinterpret_cast<const char*>(canonical.digest), sizeof canonical.digest);
  EXPECT_EQ(string_key(folded, KeyForm::text), expected);
  EXPECT_EQ(string_key(repeated("É", 250) + "X", KeyForm::text), expected);
  EXPECT_NE(string_key(repeated("é", 250) + "y", KeyForm::text), expected);
}

TEST(StringKey, OfAGuidIsShort) {
  const std::string text = "d9687093-d0c0-ec11-983e-0022480b428a";
  const std::string expected = "g" + guid_key(*Guid::parse(text));
  EXPECT_EQ(string_key(text, KeyForm::short_guids), expected);
  EXPECT_EQ(string_key("D9687093-D0C0-EC11-983E-0022480B428A", KeyForm::short_guids), expected);
  EXPECT_EQ(string_key(text, KeyForm::text), "s" + text);
  for (const std::string& other : {"{" + text + "}", text.substr(1), text + "0", std::string("run")}) {
    EXPECT_EQ(string_key(other, KeyForm::short_guids), "s" + other);
  }
}

TEST(StringKey, OfTheLongestTextFitsLmdb) {
  for (const char* letter : {"x", "é", "東", "🤖", "\u023A"}) {
    EXPECT_LE(string_key(repeated(letter, 1000), KeyForm::text).size(), 511U);
  }
}

TEST(IndexTable, NumbersNamesAndTablesAreTheFormats) {
  struct Row {
    IndexId id;
    std::string_view name;
    std::string_view table;
    bool by_default;
    bool unique;
  };
  constexpr Row rows[] = {{IndexId::statecode, "statecode", "ix.statecode", true, false},
                          {IndexId::machine, "machine", "ix.machine", true, false},
                          {IndexId::correlation, "correlation", "ix.correlation", true, false},
                          {IndexId::flow, "flow", "ix.flow", true, false},
                          {IndexId::completedon, "completedon", "ix.completedon", true, false},
                          {IndexId::versionnumber, "versionnumber", "ix.versionnumber", true, true},
                          {IndexId::machinegroup, "machinegroup", "ix.machinegroup", false, false},
                          {IndexId::startedon, "startedon", "ix.startedon", false, false},
                          {IndexId::errorcode, "errorcode", "ix.errorcode", false, false},
                          {IndexId::clienttracking, "clienttracking", "ix.clienttracking", false, false},
                          {IndexId::owner, "owner", "ix.owner", false, false},
                          {IndexId::parentrun, "parentrun", "ix.parentrun", false, false}};
  ASSERT_EQ(std::size(rows), definitions().size());
  for (std::size_t i = 0; i < std::size(rows); ++i) {
    const Definition& one = definitions()[i];
    EXPECT_EQ(static_cast<std::size_t>(rows[i].id), i);
    EXPECT_EQ(one.info.id, rows[i].id);
    EXPECT_EQ(one.info.name, rows[i].name);
    EXPECT_EQ(one.table, rows[i].table);
    EXPECT_EQ(one.info.by_default, rows[i].by_default);
    EXPECT_EQ(one.info.unique, rows[i].unique);
    EXPECT_EQ(find_index(rows[i].name), rows[i].id);
    EXPECT_EQ(&definition(rows[i].id), &one);
    EXPECT_EQ(indexes()[i].name, one.info.name);
  }
  EXPECT_EQ(indexes().size(), definitions().size() + 1);
  EXPECT_EQ(indexes().back().id, IndexId::summary);
  EXPECT_EQ(find_index("summary"), IndexId::summary);
  EXPECT_TRUE(indexes().back().by_default);
  EXPECT_FALSE(find_index(""));
  EXPECT_FALSE(find_index("Machine"));
}

Session bare() {
  Session session;
  session.flowsessionid = guid(1);
  session.createdon = at("2022-01-01");
  session.versionnumber = 5;
  session.statecode = StateCode::active;
  session.statuscode = StatusCode::running;
  return session;
}

std::optional<Key> key_of(IndexId id, const Session& session) {
  const auto of = [&](bool is_packed, KeyForm form) {
    std::string value;
    static_cast<void>(codec::encode_record(value, session, "key", {is_packed, nullptr}));
    return test::value_of(key_of(definition(id), test::value_of(codec::RecordView::open(value, nullptr, 1)), form));
  };
  // What a key says does not depend on how the record is written.
  EXPECT_EQ(of(true, KeyForm::text), of(false, KeyForm::text));
  EXPECT_EQ(of(true, KeyForm::short_guids), of(false, KeyForm::short_guids));
  return of(true, KeyForm::short_guids);
}

TEST(IndexTable, LeavesOutSessionsWithoutTheColumn) {
  for (const Definition& one : definitions()) {
    const bool every_row = one.info.id == IndexId::statecode || one.info.id == IndexId::versionnumber;
    EXPECT_EQ(key_of(one.info.id, bare()).has_value(), every_row) << one.info.name;
  }
}

TEST(IndexTable, TakesEachKeyFromItsColumn) {
  Session session = bare();
  session.machineid = Reference(guid(2));
  session.regardingobjectid = Reference(guid(3));
  session.machinegroupid = Reference(guid(4));
  session.ownerid = Reference(guid(5), EntityType::team);
  session.parentdesktopflowrunid = Reference(guid(6));
  session.correlationid = "Cor";
  session.errorcode = "";
  session.clienttrackingid = "Client";
  session.startedon = at("2022-01-02");
  session.completedon = at("2022-01-03");
  EXPECT_EQ(key_of(IndexId::statecode, session), state_key(StateCode::active, StatusCode::running));
  EXPECT_EQ(key_of(IndexId::machine, session), guid_key(guid(2)));
  EXPECT_EQ(key_of(IndexId::correlation, session), "scor");
  EXPECT_EQ(key_of(IndexId::flow, session), guid_key(guid(3)));
  EXPECT_EQ(key_of(IndexId::completedon, session), time_key(at("2022-01-03")));
  EXPECT_EQ(key_of(IndexId::versionnumber, session), version_key(5));
  EXPECT_EQ(key_of(IndexId::machinegroup, session), guid_key(guid(4)));
  EXPECT_EQ(key_of(IndexId::startedon, session), time_key(at("2022-01-02")));
  EXPECT_EQ(key_of(IndexId::errorcode, session), "s");
  EXPECT_EQ(key_of(IndexId::clienttracking, session), "sclient");
  EXPECT_EQ(key_of(IndexId::owner, session), guid_key(guid(5)));
  EXPECT_EQ(key_of(IndexId::parentrun, session), guid_key(guid(6)));
}

}  // namespace
}  // namespace flowkeep::index

#include "codec/summary.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "codec/value.hpp"
#include "store_fixture.hpp"

namespace flowkeep::codec {
namespace {

using Rows = std::vector<SummaryRow>;
constexpr std::string_view block_key = "a row key of 16.";

Guid guid_of(std::uint64_t number) {
  Guid guid;
  for (std::size_t i = 0; i < 8; ++i) guid.bytes[8 + i] = static_cast<std::uint8_t>(number >> (8 * i));
  return guid;
}

Timestamp at(std::int64_t ticks) {
  return Timestamp(Ticks(ticks));
}

/// Rows as an agent makes them.
SummaryRow usual(std::uint64_t number) {
  constexpr std::int64_t second = 10'000'000;
  const std::int64_t created = (1'700'000'000 + 10 * static_cast<std::int64_t>(number)) * second;
  SummaryRow row;
  row.createdon = at(created);
  row.arrival = number + 1;
  row.statuscode = number % 10 == 0 ? StatusCode::running : StatusCode::succeeded;
  row.runmode = RunMode::unattended;
  row.startedon = at(created + 2 * second);
  if (number % 10 != 0) {
    row.completedon = at(created + static_cast<std::int64_t>(number % 900) * second);
    row.runduration = static_cast<std::int64_t>(number * 7919 % 900'000);
  }
  row.machineid = guid_of(number % 20);
  row.regardingobjectid = guid_of(1000 + number % 7);
  return row;
}

Rows usual_rows(std::size_t count) {
  Rows rows;
  for (std::size_t i = 0; i < count; ++i) rows.push_back(usual(i));
  return rows;
}

std::string encoded(const Rows& rows) {
  std::string value;
  encode_summaries(value, rows, block_key);
  return value;
}

Rows rows_of(const SummaryBlock& block) {
  Rows rows;
  for (std::size_t row = 0; row < block.size(); ++row) rows.push_back(summary_of(block[row]));
  return rows;
}

Rows decoded(std::string_view value) {
  const std::unique_ptr<char[]> exact(new char[value.size()]);  // so that a sanitizer sees what is behind
  std::copy(value.begin(), value.end(), exact.get());
  SummaryBlock block;
  test::value_of(block.open(block_key, {exact.get(), value.size()}));
  return rows_of(block);
}

// A block may be the last thing in a file.
TEST(Summary, IsNotReadBeyondItsEnd) {
  for (std::size_t count = 1; count < 20; ++count) {
    Rows rows = usual_rows(count);
    for (SummaryRow& row : rows) row.regardingobjectid = guid_of(1);  // so that the last column takes no bytes
    EXPECT_EQ(decoded(encoded(rows)), rows);
  }
}

TEST(Summary, GivesBackItsRows) {
  for (const std::size_t count : {1U, 2U, 3U, 40U, 80U}) {
    const Rows rows = usual_rows(count);
    const std::string value = encoded(rows);
    EXPECT_EQ(value.size() % 8, 0U);
    EXPECT_EQ(summary_bytes(rows), value.size());
    EXPECT_EQ(decoded(value), rows);
  }
}

TEST(Summary, TakesAFewBytesARow) {
  const Rows rows = usual_rows(most_summary_rows);
  const std::size_t count = fitting_summaries(rows, 0);
  EXPECT_GE(count, 80U);
  EXPECT_LE(*summary_bytes(Rows(rows.begin(), rows.begin() + static_cast<std::ptrdiff_t>(count))), most_summary_bytes);
  EXPECT_FALSE(summary_bytes(Rows(rows.begin(), rows.begin() + static_cast<std::ptrdiff_t>(count) + 1)));
}

TEST(Summary, LeavesRoomForSessionsThatAreOpen) {
  Rows rows = usual_rows(most_summary_rows);
  const std::size_t without = fitting_summaries(rows, 0);
  const std::size_t with = fitting_summaries(rows, 60);
  EXPECT_LT(with, without);
  for (SummaryRow& row : rows) row.statuscode = StatusCode::succeeded;
  EXPECT_EQ(fitting_summaries(rows, 60), fitting_summaries(rows, 0));
}

TEST(Summary, HasRoomForSoManyRows) {
  const Rows same(most_summary_rows + 1, usual(1));
  EXPECT_EQ(fitting_summaries(same, 0), most_summary_rows);
  EXPECT_FALSE(summary_bytes(same));
  const Rows most(same.begin(), same.end() - 1);
  EXPECT_EQ(decoded(encoded(most)), most);
  EXPECT_EQ(fitting_summaries({}, 0), 0U);
}

// Each of any kind: the widest numbers there are, all null, none null.
TEST(Summary, GivesBackAnyRows) {
  std::mt19937_64 random(20261127);
  const auto number = [&]() -> std::int64_t {
    constexpr std::int64_t least = std::numeric_limits<std::int64_t>::min();
    constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max();
    switch (random() % 8) {
      case 0:
        return least;
      case 1:
        return most;
      case 2:
        return 0;
      case 3:
        return static_cast<std::int64_t>(random() % 256) - 128;
      case 4:
        return static_cast<std::int64_t>(random() % 1000) * 10'000'000;
      case 5:
        return static_cast<std::int64_t>(random() % 100'000) * 10'000;
      default:
        return static_cast<std::int64_t>(random());
    }
  };
  for (int round = 0; round < 3000; ++round) {
    Rows rows;
    const std::uint64_t nulls = random() % 4;  // 0: none, 3: all
    const auto is_null = [&] { return nulls == 3 || (nulls != 0 && random() % 3 < nulls); };
    const bool is_wild = random() % 2 == 0;
    const std::uint64_t guids = 1 + random() % 60;
    for (std::uint64_t i = 1 + random() % 60; i > 0; --i) {
      SummaryRow row = usual(random() % 1000);
      if (is_wild) row.createdon = at(number());
      if (is_wild) row.arrival = static_cast<std::uint64_t>(number());
      row.statuscode = static_cast<StatusCode>(random() % status_count);
      row.runmode.reset();
      row.startedon.reset();
      row.completedon.reset();
      row.runduration.reset();
      row.machineid.reset();
      row.regardingobjectid.reset();
      if (!is_null()) row.runmode = static_cast<RunMode>(random() % 3);
      if (!is_null()) row.startedon = at(number());
      if (!is_null()) row.completedon = at(number());
      if (!is_null()) row.runduration = number();
      if (!is_null()) row.machineid = guid_of(random() % guids);
      if (!is_null()) row.regardingobjectid = guid_of(random() % guids);
      rows.push_back(row);
    }
    const std::size_t count = fitting_summaries(rows, 0);
    ASSERT_GE(count, 1U);
    rows.resize(count);
    const std::string value = encoded(rows);
    ASSERT_LE(value.size(), most_summary_bytes);
    ASSERT_EQ(summary_bytes(rows), value.size());
    ASSERT_EQ(decoded(value), rows) << "round " << round;
  }
}

TEST(Summary, IsFoundUnderItsKeyOnly) {
  const std::string value = encoded(usual_rows(10));
  SummaryBlock block;
  EXPECT_EQ(test::refusal(block.open("another key of 16", value)).code, Errc::corrupt);
  EXPECT_EQ(block.size(), 0U);
}

TEST(Summary, IsRefusedWhereABitIsNotAsItWas) {
  const std::string value = encoded(usual_rows(10));
  for (std::size_t at = 0; at < value.size(); ++at) {
    std::string damaged = value;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x10);
    SummaryBlock block;
    EXPECT_FALSE(block.open(block_key, damaged)) << at;
  }
}

// No fault of a disk makes such, since the checksum is right; it must not be read beyond its end all the same.
TEST(Summary, IsRefusedWhereItsPartsContradictEachOther) {
  const std::string value = encoded(usual_rows(10));
  std::mt19937_64 random(7);
  int refused = 0;
  for (int round = 0; round < 4000; ++round) {
    std::string payload(payload_of(value));
    for (std::uint64_t bytes = 1 + random() % 3; bytes > 0; --bytes) {
      payload[random() % 104] = static_cast<char>(random());
    }
    if (random() % 4 == 0) payload.resize(random() % payload.size());
    std::string sealed;
    encode_value(sealed, ValueKind::summary, 0, block_key, payload);
    const std::unique_ptr<char[]> exact(new char[sealed.size()]);  // so that a sanitizer sees what is behind
    std::copy(sealed.begin(), sealed.end(), exact.get());
    SummaryBlock block;
    if (block.open(block_key, {exact.get(), sealed.size()})) {
      EXPECT_EQ(rows_of(block).size(), block.size());
    } else {
      ++refused;
    }
  }
  EXPECT_GT(refused, 1000);
}

}  // namespace
}  // namespace flowkeep::codec

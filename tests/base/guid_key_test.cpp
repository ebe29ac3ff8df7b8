#include "base/guid_key.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <flowkeep/timestamp.hpp>
#include <random>
#include <vector>

#include "base/bytes.hpp"

namespace flowkeep::base {
namespace {

Guid guid(std::string_view text) {
  return Guid::parse(text).value();
}

std::uint64_t first_half(const std::array<std::uint8_t, 16>& key) {
  char bytes[8];
  std::memcpy(bytes, key.data(), 8);
  return get_be64(bytes);
}

// The time of a version 1 UUID whose bytes are in their natural significance: 60 bits of 100 ns since 1582-10-15.
Timestamp version_1_time(std::uint64_t version_and_time) {
  constexpr std::int64_t from_1582_to_1970 = 0x01B21DD213814000;
  return Timestamp{Ticks{static_cast<std::int64_t>(version_and_time & 0x0FFFFFFFFFFFFFFF) - from_1582_to_1970}};
}

// Dataverse's form: version 1, then the first three groups byte-swapped.
Guid swapped_version_1(std::uint64_t time, std::uint64_t rest) {
  const auto low = static_cast<std::uint32_t>(time);
  const auto middle = static_cast<std::uint16_t>(time >> 32);
  const auto high_and_version = static_cast<std::uint16_t>((time >> 48 & 0x0FFF) | 0x1000);
  Guid made;
  std::memcpy(made.bytes.data(), &low, 4);  // little-endian: swapped
  std::memcpy(made.bytes.data() + 4, &middle, 2);
  std::memcpy(made.bytes.data() + 6, &high_and_version, 2);
  char end[8];
  put_be64(end, (rest & 0x3FFFFFFFFFFFFFFF) | 0x8000000000000000);
  std::memcpy(made.bytes.data() + 8, end, 8);
  return made;
}

Guid with_first_half_reversed(Guid made) {
  std::reverse(made.bytes.begin(), made.bytes.begin() + 8);
  return made;
}

Guid random_guid(std::mt19937_64& random) {
  Guid made;
  for (auto& byte : made.bytes) byte = static_cast<std::uint8_t>(random());
  return made;
}

void expect_reversible(const Guid& original) {
  const auto key = guid_key(original);
  EXPECT_EQ(guid_from_key(key.data()), original) << original.str();
  EXPECT_EQ(guid_key(Guid{key}), original.bytes) << original.str();
}

TEST(GuidKey, PutsTheTimeOfThePublishedExampleFirst) {
  const auto key = guid_key(guid("d9687093-d0c0-ec11-983e-0022480b428a"));
  EXPECT_EQ(Guid{key}.str(), "11ecc0d0-9370-68d9-983e-0022480b428a");
  EXPECT_EQ(format_timestamp(version_1_time(first_half(key))).substr(0, 10), "2022-04-20");
}

TEST(GuidKey, OrdersSwappedVersion1ByTime) {
  constexpr std::uint64_t year_2021 = 0x01EB480000000000;
  std::mt19937_64 random(7);
  std::array<std::uint8_t, 16> before{};
  std::uint64_t time = year_2021;
  for (int i = 0; i < 20'000; ++i) {
    time += 1 + random() % 1'000'000'000'000;
    const Guid made = swapped_version_1(time, random());
    const auto key = guid_key(made);
    ASSERT_EQ(first_half(key) & 0x0FFFFFFFFFFFFFFF, time) << made.str();
    ASSERT_LT(before, key) << made.str();
    before = key;
  }
}

TEST(GuidKey, LeavesVersion7Unchanged) {
  for (int i = 0; i < 1000; ++i) {
    const Guid made = Guid::make();
    ASSERT_EQ(guid_key(made), made.bytes) << made.str();
  }
  for (const char* text : {"01890a5d-ac96-774b-bcce-b302099a8057", "01890a5d-ac96-7000-8000-000000000000",
                           "01890a5d-ac96-71ff-bfff-ffffffffffff", "0fffffff-ffff-7fff-bfff-ffffffffffff"}) {
    EXPECT_EQ(guid_key(guid(text)), guid(text).bytes) << text;
  }
}

TEST(GuidKey, OrdersVersion7ByTime) {
  auto before = guid_key(Guid::make());
  for (int i = 0; i < 1000; ++i) {
    const auto key = guid_key(Guid::make());
    ASSERT_LT(before, key);
    before = key;
  }
}

TEST(GuidKey, IsAnInvolutionOnAdversarialGuids) {
  for (const char* text : {
           "00000000-0000-0000-0000-000000000000",
           "ffffffff-ffff-ffff-ffff-ffffffffffff",
           "d9687093-d0c0-ec11-983e-0022480b428a",  // swapped version 1
           "11ecc0d0-9370-68d9-983e-0022480b428a",  // its reversal
           "936870d9-c0d0-11ec-983e-0022480b428a",  // its standard form
           "d9687093-d0c0-7c11-983e-0022480b428a",  // version 7 with b7 >> 4 == 1
           "11d0c0d0-9370-7cd9-983e-0022480b428a",  // both ends alike, version 7 in b6
           "117cc0d0-9370-68d9-983e-0022480b428a",  // version 7 in b1
           "117cc0d0-9370-7c11-983e-0022480b428a",  // the same from both ends
           "11000000-0000-0011-8000-000000000000",
           "11000000-0000-0011-4000-000000000000",
           "10000000-0000-0010-bfff-ffffffffffff",
           "9b2cbf3e-3c9a-4d1c-9a3f-4ad1f0c6a1b2",
       }) {
    expect_reversible(guid(text));
  }
}

TEST(GuidKey, IsAnInvolutionOnManyGuids) {
  constexpr std::uint64_t seed = 20220420;
  std::mt19937_64 random(seed);
  for (int i = 0; i < 50'000; ++i) {
    Guid made = random_guid(random);
    expect_reversible(made);
    made.bytes[8] = static_cast<std::uint8_t>((made.bytes[8] & 0x3F) | 0x80);
    made.bytes[7] = static_cast<std::uint8_t>((made.bytes[7] & 0x0F) | 0x10);
    expect_reversible(made);
    expect_reversible(with_first_half_reversed(made));
    made.bytes[6] = static_cast<std::uint8_t>((made.bytes[6] & 0x0F) | 0x70);
    expect_reversible(made);
    expect_reversible(with_first_half_reversed(made));
    if (HasFailure()) FAIL() << "seed " << seed;
  }
}

TEST(GuidKey, KeepsTheSecondHalf) {
  std::mt19937_64 random(11);
  for (int i = 0; i < 1000; ++i) {
    const Guid made = random_guid(random);
    const auto key = guid_key(made);
    ASSERT_TRUE(std::equal(key.begin() + 8, key.end(), made.bytes.begin() + 8)) << made.str();
  }
}

TEST(CanonicalGuid, IsTheTextThatComesBack) {
  const std::string text = "d9687093-d0c0-ec11-983e-0022480b428a";
  ASSERT_TRUE(canonical_guid(text));
  EXPECT_EQ(canonical_guid(text)->str(), text);
  for (const char* other : {"", "D9687093-d0c0-ec11-983e-0022480b428a", "{d9687093-d0c0-ec11-983e-0022480b428a}",
                            "d9687093-d0c0-ec11-983e-0022480b428", "d9687093-d0c0-ec11-983e-0022480b428g",
                            "d9687093+d0c0-ec11-983e-0022480b428a"}) {
    EXPECT_FALSE(canonical_guid(other)) << other;
  }
}

}  // namespace
}  // namespace flowkeep::base

#include "codec/value.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <xxhash.h>

#include <cstring>
#include <random>

#include "store_fixture.hpp"

namespace flowkeep::codec {
namespace {

using testing::HasSubstr;

constexpr std::string_view key = "0123456789abcdef";

std::string encoded(std::string_view payload, ValueKind kind = ValueKind::record, std::uint64_t version = 7) {
  std::string value;
  encode_value(value, kind, version, key, payload);
  return value;
}

TEST(Value, ComesBackAsItWentIn) {
  for (std::size_t size = 0; size < 70; ++size) {
    const std::string payload(size, static_cast<char>('a' + size % 26));
    const std::string value = encoded(payload);
    EXPECT_EQ(value.size() % 8, 0U);
    const auto decoded = decode_value(ValueKind::record, key, value);
    ASSERT_TRUE(decoded) << decoded.error().message;
    EXPECT_EQ(decoded->payload, payload);
    EXPECT_EQ(decoded->version, 7U);
    EXPECT_EQ(peek_version(value), 7U);
  }
}

TEST(Value, HasTheBytesOfTheFormat) {
  const std::string value = encoded("hello", ValueKind::chunk, 0x0102030405060708);
  const std::string begin("\x05\0\0\0\x03\x01\0\0\x08\x07\x06\x05\x04\x03\x02\x01", 16);
  const std::string content("hello\0\0\0", 8);
  const std::uint64_t inner = XXH3_64bits(content.data(), content.size());
  std::string summed = begin;
  summed.append(reinterpret_cast<const char*>(&inner), 8).append(key);
  const std::uint64_t checksum = XXH3_64bits(summed.data(), summed.size());
  EXPECT_EQ(value, begin + std::string(reinterpret_cast<const char*>(&checksum), 8) + content);
}

TEST(Value, RefusesEveryFlippedBit) {
  const std::string value = encoded("some payload of a length that is padded");
  for (std::size_t bit = 0; bit < value.size() * 8; ++bit) {
    std::string damaged = value;
    damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << (bit % 8)));
    const Errc code = test::refusal(decode_value(ValueKind::record, key, damaged)).code;
    EXPECT_TRUE(code == Errc::corrupt || code == Errc::newer_format) << "bit " << bit;
  }
}

TEST(Value, RefusesEveryOtherLength) {
  const std::string value = encoded("some payload of a length that is padded");
  for (std::size_t size = 0; size < value.size(); ++size) {
    EXPECT_EQ(test::refusal(decode_value(ValueKind::record, key, std::string_view(value).substr(0, size))).code,
              Errc::corrupt);
  }
  for (std::size_t more = 1; more < 20; ++more) {
    EXPECT_EQ(test::refusal(decode_value(ValueKind::record, key, value + std::string(more, '\0'))).code, Errc::corrupt);
  }
}

TEST(Value, RefusesAnotherKeyAndAnotherKind) {
  const std::string value = encoded("payload");
  EXPECT_THAT(test::refusal(decode_value(ValueKind::record, "0123456789abcdeF", value)).message, HasSubstr("checksum"));
  for (const ValueKind kind : {ValueKind::blob, ValueKind::chunk, ValueKind::deletion, ValueKind::meta}) {
    EXPECT_EQ(test::refusal(decode_value(kind, key, value)).code, Errc::corrupt);
  }
}

TEST(Value, SaysThatItIsOfANewerFormat) {
  std::string value = encoded("payload");
  value[5] = 2;
  const Error error = test::refusal(decode_value(ValueKind::record, key, value));
  EXPECT_EQ(error.code, Errc::newer_format);
  EXPECT_THAT(error.message, HasSubstr("value format 2"));
}

TEST(Value, RefusesAPayloadThatIsNotAligned) {
  const std::string value = encoded("payload");
  std::string buffer(value.size() + 8, '\0');
  for (std::size_t offset = 0; offset < 8; ++offset) {
    std::memcpy(buffer.data() + offset, value.data(), value.size());
    const std::string_view moved(buffer.data() + offset, value.size());
    const bool is_aligned = reinterpret_cast<std::uintptr_t>(moved.data()) % 8 == 0;
    EXPECT_EQ(decode_value(ValueKind::record, key, moved).has_value(), is_aligned);
  }
}

TEST(Value, NeverComesThroughDamagedAtRandom) {
  const std::string value = encoded(std::string(500, 'p'));
  for (std::uint64_t seed = 0; seed < 20'000; ++seed) {
    std::mt19937_64 random(seed);
    std::string damaged = value;
    switch (random() % 3) {
      case 0:
        damaged.resize(random() % value.size());
        break;
      case 1:
        damaged.append(1 + random() % 64, static_cast<char>(random()));
        break;
      default:
        break;
    }
    for (std::uint64_t bytes = random() % 6; bytes > 0 && !damaged.empty(); --bytes) {
      damaged[random() % damaged.size()] = static_cast<char>(random());
    }
    if (damaged == value) continue;
    ASSERT_FALSE(decode_value(ValueKind::record, key, damaged)) << "seed " << seed;
  }
}

}  // namespace
}  // namespace flowkeep::codec

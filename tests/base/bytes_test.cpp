#include "base/bytes.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <vector>

namespace flowkeep::base {
namespace {

TEST(Bytes, WritesTheMostSignificantByteFirst) {
  char out[8];
  put_be16(out, 0x0102);
  EXPECT_EQ(std::string(out, 2), std::string("\x01\x02", 2));
  put_be32(out, 0x01020304);
  EXPECT_EQ(std::string(out, 4), std::string("\x01\x02\x03\x04", 4));
  put_be64(out, 0x0102030405060708);
  EXPECT_EQ(std::string(out, 8), std::string("\x01\x02\x03\x04\x05\x06\x07\x08", 8));
}

TEST(Bytes, ReadsWhatItWrote) {
  char out[8];
  for (const std::uint64_t value : {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{0x8000000000000000},
                                    std::numeric_limits<std::uint64_t>::max()}) {
    put_be16(out, static_cast<std::uint16_t>(value));
    EXPECT_EQ(get_be16(out), static_cast<std::uint16_t>(value));
    put_be32(out, static_cast<std::uint32_t>(value));
    EXPECT_EQ(get_be32(out), static_cast<std::uint32_t>(value));
    put_be64(out, value);
    EXPECT_EQ(get_be64(out), value);
  }
}

TEST(Bytes, AppendsEightBytes) {
  std::string out = "x";
  append_be64(out, 0x41);
  EXPECT_EQ(out, std::string("x\0\0\0\0\0\0\0A", 9));
}

TEST(Bytes, OrdersSignedNumbersAsUnsigned) {
  using Limits = std::numeric_limits<std::int64_t>;
  const std::vector<std::int64_t> rising = {Limits::min(),     Limits::min() + 1, -1, 0, 1,
                                            Limits::max() - 1, Limits::max()};
  for (std::size_t i = 0; i < rising.size(); ++i) {
    EXPECT_EQ(from_ordered(ordered(rising[i])), rising[i]);
    if (i > 0) {
      EXPECT_LT(ordered(rising[i - 1]), ordered(rising[i]));
    }
  }
}

TEST(Bytes, OrdersSigned32BitNumbersAsUnsigned) {
  using Limits = std::numeric_limits<std::int32_t>;
  const std::vector<std::int32_t> rising = {Limits::min(), -1, 0, 1, Limits::max()};
  for (std::size_t i = 0; i < rising.size(); ++i) {
    EXPECT_EQ(from_ordered(ordered(rising[i])), rising[i]);
    if (i > 0) {
      EXPECT_LT(ordered(rising[i - 1]), ordered(rising[i]));
    }
  }
}

}  // namespace
}  // namespace flowkeep::base

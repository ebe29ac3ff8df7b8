#include <gtest/gtest.h>

#include <string>

#include <flowkeep/io/json.hpp>

namespace flowkeep::io {
namespace {

struct Rfc4648 {
  const char* bytes;
  const char* padded;
  const char* bare;
};
// The vectors of RFC 4648, section 10.
constexpr Rfc4648 vectors[] = {{"", "", ""},
                               {"f", "Zg==", "Zg"},
                               {"fo", "Zm8=", "Zm8"},
                               {"foo", "Zm9v", "Zm9v"},
                               {"foob", "Zm9vYg==", "Zm9vYg"},
                               {"fooba", "Zm9vYmE=", "Zm9vYmE"},
                               {"foobar", "Zm9vYmFy", "Zm9vYmFy"}};

TEST(Base64, EncodesTheVectorsOfItsRfc) {
  for (const auto& vector : vectors) {
    std::string standard = "before:";
    append_base64(standard, vector.bytes, Base64::standard_padded);
    EXPECT_EQ(standard, std::string("before:") + vector.padded);
    std::string url;
    append_base64(url, vector.bytes, Base64::url);
    EXPECT_EQ(url, vector.bare);
  }
}

TEST(Base64, DecodesWithAndWithoutPadding) {
  for (const auto& vector : vectors) {
    EXPECT_EQ(decode_base64(vector.padded), vector.bytes) << vector.padded;
    EXPECT_EQ(decode_base64(vector.bare), vector.bytes) << vector.bare;
  }
}

TEST(Base64, ReadsBothAlphabetsEvenInOneText) {
  const std::string bytes = "\xfb\xff\xfe\xfb\xff\xfe";
  EXPECT_EQ(decode_base64("+//++//+"), bytes);
  EXPECT_EQ(decode_base64("-__--__-"), bytes);
  EXPECT_EQ(decode_base64("+//+-__-"), bytes);
}

TEST(Base64, GivesEveryLengthBack) {
  std::string bytes;
  for (int length = 0; length < 800; ++length) {
    for (const Base64 alphabet : {Base64::standard_padded, Base64::url}) {
      std::string text;
      append_base64(text, bytes, alphabet);
      EXPECT_EQ(decode_base64(text), bytes) << length;
    }
    bytes += static_cast<char>(length * 37 + length / 7);
  }
}

TEST(Base64, RefusesBrokenTexts) {
  for (const char* text :
       {"A",    "AAAAA", "=",        "==",    "====",   "A===",  "QQ=",  "QQ===",       "Zm9v=", "Zm9v====",
        "Zm=v", "Z=9v",  "QQ==QQ==", " Zm9v", "Zm9v\n", "Zm 9v", "Zm9*", "Zm9v\x80zzz", "QR==",  "QUJ="}) {
    EXPECT_EQ(decode_base64(text), std::nullopt) << text;
  }
}

TEST(Base64, RefusesAZeroByte) {
  EXPECT_EQ(decode_base64(std::string_view("AA\0A", 4)), std::nullopt);
}

}  // namespace
}  // namespace flowkeep::io

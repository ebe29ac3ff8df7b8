#include "base/text.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace flowkeep::base {
namespace {

std::string utf8(char32_t c) {
  const auto byte = [](char32_t bits) { return static_cast<char>(bits); };
  if (c < 0x80) return {byte(c)};
  if (c < 0x800) return {byte(0xC0 | c >> 6), byte(0x80 | (c & 63))};
  if (c < 0x10000) return {byte(0xE0 | c >> 12), byte(0x80 | (c >> 6 & 63)), byte(0x80 | (c & 63))};
  return {byte(0xF0 | c >> 18), byte(0x80 | (c >> 12 & 63)), byte(0x80 | (c >> 6 & 63)), byte(0x80 | (c & 63))};
}

bool is_surrogate(char32_t c) {
  return c >= 0xD800 && c <= 0xDFFF;
}

TEST(Utf16Units, CountsUnits) {
  const struct {
    std::string_view text;
    std::size_t units;
  } cases[] = {
      {"", 0},
      {"a", 1},
      {"abcdefg", 7},
      {"abcdefgh", 8},
      {"abcdefghi", 9},
      {"é", 1},
      {"abcdefgé", 8},
      {"abcdefghé", 9},
      {"東京", 2},
      {"\u07FF\u0800", 2},
      {"\uFFFF", 1},
      {"\U00010000", 2},
      {"\U0010FFFF", 2},
      {"12345678🤖12345678", 18},
      {"\uD7FF\uE000", 2},
  };
  for (const auto& [text, units] : cases) EXPECT_EQ(utf16_units(text), units) << text;
  EXPECT_EQ(utf16_units(std::string_view("a\0b", 3)), 3U);
}

TEST(Utf16Units, AcceptsEveryCodePoint) {
  for (char32_t c = 0; c <= 0x10FFFF; ++c) {
    if (is_surrogate(c)) continue;
    ASSERT_EQ(utf16_units(utf8(c)), c < 0x10000 ? 1U : 2U) << std::hex << static_cast<std::uint32_t>(c);
  }
}

TEST(Utf16Units, RefusesWhatIsNotUtf8) {
  const std::vector<std::string> broken = {"\x80",
                                           "\xBF",
                                           "\xC3",
                                           "\xC3(",
                                           "\xE6\x9D",
                                           "\xE6\x9D(",
                                           "\xF0\x9F\xA4",
                                           "\xF0\x9F(\x96",
                                           "\xC0\x80",
                                           "\xC1\xBF",
                                           "\xE0\x80\x80",
                                           "\xE0\x9F\xBF",
                                           "\xF0\x80\x80\x80",
                                           "\xF0\x8F\xBF\xBF",
                                           "\xED\xA0\x80",
                                           "\xED\xBF\xBF",
                                           "\xF4\x90\x80\x80",
                                           "\xF5\x80\x80\x80",
                                           "\xF8\x88\x80\x80\x80",
                                           "\xFE",
                                           "\xFF",
                                           "\xC3\xA9\xA9"};
  for (const std::string& text : broken) {
    EXPECT_EQ(utf16_units(text), std::nullopt) << testing::PrintToString(text);
    EXPECT_EQ(utf16_units("12345678" + text), std::nullopt) << testing::PrintToString(text);
    EXPECT_EQ(utf16_units(text + "12345678"), std::nullopt) << testing::PrintToString(text);
    EXPECT_EQ(utf16_units("1234" + text + "12345678"), std::nullopt) << testing::PrintToString(text);
  }
}

TEST(FoldCase, FollowsSimpleCaseFolding) {
  const struct {
    const char* text;
    const char* folded;
  } cases[] = {
      {"", ""},
      {"Run-42 @[`{", "run-42 @[`{"},
      {"ÀÖØÞ×÷ÿ", "àöøþ×÷ÿ"},
      {"ŸŽĲ", "ÿžĳ"},
      {"Straße", "straße"},              // ß has no simple folding
      {"\u1E9E", "ß"},                   // capital sharp s: S
      {"\u0130", "\u0130"},              // capital I with dot: neither C nor S
      {"\u0131", "\u0131"},              // small dotless i
      {"\u017F\u212A", "sk"},            // long s, Kelvin sign
      {"\u00B5", "\u03BC"},              // micro sign
      {"ΑΣς", "ασσ"},                    // final sigma
      {"\u03F4", "\u03B8"},              // capital theta symbol
      {"\u0345", "\u03B9"},              // ypogegrammeni
      {"\u1F88\u1F9F", "\u1F80\u1F97"},  // Greek with prosgegrammeni: S
      {"\u1FBC\u1FCC\u1FFC", "\u1FB3\u1FC3\u1FF3"},
      {"\u01C4\u01C5\u01C6", "\u01C6\u01C6\u01C6"},
      {"\u13A0\u13F5", "\u13A0\u13F5"},  // Cherokee folds to upper case
      {"\uAB70\u13F8", "\u13A0\u13F0"},
      {"\u023A\u2C65", "\u2C65\u2C65"},  // two bytes fold to three
      {"\u2126", "\u03C9"},              // three bytes (ohm sign) fold to two
      {"МОСКВА", "москва"},
      {"ＡＺ", "ａｚ"},
      {"\U00010400\U0001E921", "\U00010428\U0001E943"},
      {"\uFB00\u0149\u1F80", "\uFB00\u0149\u1F80"},  // full foldings only
      {"東京🤖", "東京🤖"},
  };
  for (const auto& [text, folded] : cases) EXPECT_EQ(fold_case(text), folded) << text;
}

TEST(FoldCase, ChangesAsManyCodePointsAsCaseFoldingTxtHas) {
  int changed = 0;
  for (char32_t c = 0; c <= 0x10FFFF; ++c) {
    if (is_surrogate(c)) continue;
    const std::string text = utf8(c);
    const std::string folded = fold_case(text);
    changed += folded != text ? 1 : 0;
    ASSERT_EQ(fold_case(folded), folded) << std::hex << static_cast<std::uint32_t>(c);
    ASSERT_EQ(utf16_units(folded), utf16_units(text)) << std::hex << static_cast<std::uint32_t>(c);
  }
  EXPECT_EQ(changed, 1454);  // C and S of Unicode 14.0
}

TEST(FoldCase, PassesBrokenBytesThrough) {
  EXPECT_EQ(fold_case("A\xC3"
                      "B\xFF\xED\xA0\x80"
                      "É\xE6\x9D"),
            "a\xC3"
            "b\xFF\xED\xA0\x80"
            "é\xE6\x9D");
}

TEST(EqualsFolded, AgreesWithFoldCase) {
  const std::vector<std::string> texts = {"",     "a",        "A",     "ab",     "AB",     "é",     "É",
                                          "ß",    "\u1E9E",   "k",     "\u212A", "ΣΑΣ",    "σας",   "\xC3",
                                          "\xE9", "\xC3\x28", "a\xFF", "A\xFF",  "\u2C65", "\u023A"};
  for (const std::string& a : texts) {
    for (const std::string& b : texts) EXPECT_EQ(equals_folded(a, b), fold_case(a) == fold_case(b)) << a << " " << b;
  }
}

TEST(EqualsAsciiCase, FoldsAsciiLettersOnly) {
  EXPECT_TRUE(equals_ascii_case("TimedOut", "tIMEDoUT"));
  EXPECT_TRUE(equals_ascii_case("", ""));
  EXPECT_FALSE(equals_ascii_case("Active", "Active "));
  EXPECT_FALSE(equals_ascii_case("É", "é"));
  EXPECT_FALSE(equals_ascii_case("@[", "`{"));
}

}  // namespace
}  // namespace flowkeep::base

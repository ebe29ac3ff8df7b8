#include "base/text.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <iterator>

namespace flowkeep::base {
namespace {

// Code points first, first + stride, … last fold to themselves plus delta.
struct FoldRange {
  char32_t first;
  char32_t last;
  std::int32_t delta;
  std::uint32_t stride;
};

constexpr FoldRange fold_ranges[] = {
#include "base/casefold_table.inc"
};

constexpr std::uint64_t high_bits = 0x8080808080808080ULL;

struct Decoded {
  char32_t code_point;
  std::uint32_t bytes;  // 0: not valid UTF-8
};

bool is_continuation(unsigned char byte) noexcept {
  return (byte & 0xC0) == 0x80;
}

// The code point at the start of a text that is not empty.
Decoded decode(std::string_view text) noexcept {
  const auto byte = [text](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const auto bits = [&byte](std::size_t i) { return static_cast<char32_t>(byte(i) & 0x3F); };
  const unsigned char lead = byte(0);
  if (lead < 0x80) return {lead, 1};
  if (lead < 0xC2 || lead > 0xF4) return {0, 0};
  const std::uint32_t length = lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  if (text.size() < length) return {0, 0};
  for (std::size_t i = 1; i < length; ++i) {
    if (!is_continuation(byte(i))) return {0, 0};
  }
  if (length == 2) return {static_cast<char32_t>(lead & 0x1F) << 6 | bits(1), 2};
  if (length == 3) {
    const char32_t code_point = static_cast<char32_t>(lead & 0x0F) << 12 | bits(1) << 6 | bits(2);
    const bool is_surrogate = code_point >= 0xD800 && code_point <= 0xDFFF;
    return code_point < 0x800 || is_surrogate ? Decoded{0, 0} : Decoded{code_point, 3};
  }
  const char32_t code_point = static_cast<char32_t>(lead & 0x07) << 18 | bits(1) << 12 | bits(2) << 6 | bits(3);
  return code_point < 0x10000 || code_point > 0x10FFFF ? Decoded{0, 0} : Decoded{code_point, 4};
}

void append_utf8(std::string& out, char32_t code_point) {
  const auto put = [&out](char32_t byte) { out.push_back(static_cast<char>(byte)); };
  const auto put_continuation = [&put](char32_t bits) { put(0x80 | (bits & 0x3F)); };
  if (code_point < 0x80) {
    put(code_point);
  } else if (code_point < 0x800) {
    put(0xC0 | code_point >> 6);
    put_continuation(code_point);
  } else if (code_point < 0x10000) {
    put(0xE0 | code_point >> 12);
    put_continuation(code_point >> 6);
    put_continuation(code_point);
  } else {
    put(0xF0 | code_point >> 18);
    put_continuation(code_point >> 12);
    put_continuation(code_point >> 6);
    put_continuation(code_point);
  }
}

constexpr char fold_ascii(char c) noexcept {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
}

char32_t fold(char32_t code_point) noexcept {
  const auto* range = std::lower_bound(std::begin(fold_ranges), std::end(fold_ranges), code_point,
                                       [](const FoldRange& r, char32_t c) { return r.last < c; });
  if (range == std::end(fold_ranges) || code_point < range->first || (code_point - range->first) % range->stride != 0) {
    return code_point;
  }
  return static_cast<char32_t>(static_cast<std::int32_t>(code_point) + range->delta);
}

// Takes the next folded code point off the front of a text that is not empty; a byte that is not UTF-8 comes out as
// a number above all code points.
char32_t take_folded(std::string_view& text) noexcept {
  const Decoded decoded = decode(text);
  if (decoded.bytes == 0) {
    const auto byte = static_cast<unsigned char>(text.front());
    text.remove_prefix(1);
    return 0x110000U + byte;
  }
  text.remove_prefix(decoded.bytes);
  return fold(decoded.code_point);
}

}  // namespace

std::optional<std::size_t> utf16_units(std::string_view utf8) noexcept {
  std::size_t units = 0;
  while (!utf8.empty()) {
    if (utf8.size() >= 32) {
      std::array<std::uint64_t, 4> words{};
      std::memcpy(words.data(), utf8.data(), sizeof words);
      if (((words[0] | words[1] | words[2] | words[3]) & high_bits) == 0) {
        units += sizeof words;
        utf8.remove_prefix(sizeof words);
        continue;
      }
    }
    if (utf8.size() >= 8) {
      std::uint64_t eight = 0;
      std::memcpy(&eight, utf8.data(), 8);
      if ((eight & high_bits) == 0) {
        units += 8;
        utf8.remove_prefix(8);
        continue;
      }
    }
    if (static_cast<unsigned char>(utf8.front()) < 0x80) {
      ++units;
      utf8.remove_prefix(1);
      continue;
    }
    const Decoded decoded = decode(utf8);
    if (decoded.bytes == 0) return std::nullopt;
    units += decoded.bytes == 4 ? 2 : 1;
    utf8.remove_prefix(decoded.bytes);
  }
  return units;
}

std::string fold_case(std::string_view utf8) {
  std::string folded;
  folded.reserve(utf8.size());
  while (!utf8.empty()) {
    if (static_cast<unsigned char>(utf8.front()) < 0x80) {
      folded.push_back(fold_ascii(utf8.front()));
      utf8.remove_prefix(1);
      continue;
    }
    const Decoded decoded = decode(utf8);
    if (decoded.bytes == 0) {
      folded.push_back(utf8.front());
      utf8.remove_prefix(1);
    } else {
      append_utf8(folded, fold(decoded.code_point));
      utf8.remove_prefix(decoded.bytes);
    }
  }
  return folded;
}

bool equals_folded(std::string_view a, std::string_view b) noexcept {
  while (!a.empty() && !b.empty()) {
    if (take_folded(a) != take_folded(b)) return false;
  }
  return a.empty() && b.empty();
}

bool equals_ascii_case(std::string_view a, std::string_view b) noexcept {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return fold_ascii(x) == fold_ascii(y); });
}

}  // namespace flowkeep::base

#include "json_syntax.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace flowkeep::io {
namespace {

constexpr std::size_t shown_bytes = 60;

bool is_digit(char c) noexcept {
  return c >= '0' && c <= '9';
}

/// Cuts digits off the front; how many there were.
std::size_t take_digits(std::string_view& text) noexcept {
  std::size_t count = 0;
  while (count < text.size() && is_digit(text[count])) ++count;
  text.remove_prefix(count);
  return count;
}

/// Cuts "-0" or "-12" off the front.
bool take_integer(std::string_view& text) noexcept {
  if (text.starts_with('-')) text.remove_prefix(1);
  const bool zero = text.starts_with('0');
  const std::size_t digits = take_digits(text);
  return digits == 1 || (digits > 1 && !zero);
}

/// The letter behind the backslash; 'u' stands for \u00XX; 0 for a byte that needs no escape.
constexpr std::array<char, 256> make_escapes() {
  std::array<char, 256> escapes{};
  for (std::size_t c = 0; c < 0x20; ++c) escapes[c] = 'u';
  escapes['"'] = '"';
  escapes['\\'] = '\\';
  escapes['\b'] = 'b';
  escapes['\f'] = 'f';
  escapes['\n'] = 'n';
  escapes['\r'] = 'r';
  escapes['\t'] = 't';
  return escapes;
}
constexpr std::array<char, 256> escapes = make_escapes();

void append_utf8(std::string& out, std::uint32_t code) {
  if (code < 0x80) {
    out += static_cast<char>(code);
  } else if (code < 0x800) {
    out += static_cast<char>(0xC0 | (code >> 6));
    out += static_cast<char>(0x80 | (code & 0x3F));
  } else if (code < 0x10000) {
    out += static_cast<char>(0xE0 | (code >> 12));
    out += static_cast<char>(0x80 | ((code >> 6) & 0x3F));
    out += static_cast<char>(0x80 | (code & 0x3F));
  } else {
    out += static_cast<char>(0xF0 | (code >> 18));
    out += static_cast<char>(0x80 | ((code >> 12) & 0x3F));
    out += static_cast<char>(0x80 | ((code >> 6) & 0x3F));
    out += static_cast<char>(0x80 | (code & 0x3F));
  }
}

/// Reads the four digits behind "\u" at the front of `text` and cuts them off.
std::optional<std::uint32_t> take_code_unit(std::string_view& text) noexcept {
  if (text.size() < 4) return std::nullopt;
  std::uint32_t unit = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + 4, unit, 16);
  if (error != std::errc{} || end != text.data() + 4) return std::nullopt;
  text.remove_prefix(4);
  return unit;
}

/// Appends what stands behind a backslash and cuts it off.
bool append_escape(std::string& out, std::string_view& text) {
  if (text.empty()) return false;
  const char letter = text.front();
  text.remove_prefix(1);
  switch (letter) {
    case '"':
    case '\\':
    case '/':
      out += letter;
      return true;
    case 'b':
      out += '\b';
      return true;
    case 'f':
      out += '\f';
      return true;
    case 'n':
      out += '\n';
      return true;
    case 'r':
      out += '\r';
      return true;
    case 't':
      out += '\t';
      return true;
    case 'u':
      break;
    default:
      return false;
  }
  const auto unit = take_code_unit(text);
  if (!unit) return false;
  if (*unit < 0xD800 || *unit > 0xDFFF) {
    append_utf8(out, *unit);
    return true;
  }
  if (*unit > 0xDBFF || !text.starts_with("\\u")) return false;
  text.remove_prefix(2);
  const auto low = take_code_unit(text);
  if (!low || *low < 0xDC00 || *low > 0xDFFF) return false;
  append_utf8(out, 0x10000 + ((*unit - 0xD800) << 10) + (*low - 0xDC00));
  return true;
}

}  // namespace

bool is_json_integer(std::string_view token) noexcept {
  return take_integer(token) && token.empty();
}

bool is_json_number(std::string_view token) noexcept {
  if (!take_integer(token)) return false;
  if (token.starts_with('.')) {
    token.remove_prefix(1);
    if (take_digits(token) == 0) return false;
  }
  if (token.starts_with('e') || token.starts_with('E')) {
    token.remove_prefix(1);
    if (token.starts_with('+') || token.starts_with('-')) token.remove_prefix(1);
    if (take_digits(token) == 0) return false;
  }
  return token.empty();
}

void append_json_text(std::string& out, std::string_view text) {
  constexpr std::string_view hex = "0123456789abcdef";
  out += '"';
  const char* const end = text.data() + text.size();
  const char* run = text.data();
  for (const char* at = run; at != end; ++at) {
    const auto byte = static_cast<unsigned char>(*at);
    const char escape = escapes[byte];
    if (escape == 0) [[likely]]
      continue;
    out.append(run, at);
    run = at + 1;
    out += '\\';
    out += escape;
    if (escape == 'u') {
      const char digits[4] = {'0', '0', hex[byte >> 4], hex[byte & 0xF]};
      out.append(digits, sizeof digits);
    }
  }
  out.append(run, end);
  out += '"';
}

void append_plain_text(std::string& out, std::string_view json) {
  const std::size_t mark = out.size();
  std::string_view rest = json;
  bool good = rest.size() >= 2 && rest.front() == '"' && rest.back() == '"';
  if (good) {
    rest.remove_prefix(1);
    rest.remove_suffix(1);
  }
  while (good && !rest.empty()) {
    const std::size_t plain = std::min(rest.find('\\'), rest.size());
    out.append(rest.substr(0, plain));
    rest.remove_prefix(plain);
    if (rest.empty()) break;
    rest.remove_prefix(1);
    good = append_escape(out, rest);
  }
  if (!good) {
    out.resize(mark);
    out.append(json);
  }
}

namespace {

constexpr std::string_view no_json = "something that is no JSON";

}  // namespace

std::string_view kind_of_json(std::string_view json) noexcept {
  const std::size_t start = json.find_first_not_of(" \t\r\n");
  if (start == std::string_view::npos) return "nothing";
  const auto is_word = [word = json.substr(start)](std::string_view expected) { return word.starts_with(expected); };
  switch (json[start]) {
    case '{':
      return "an object";
    case '[':
      return "a list";
    case '"':
      return "a text";
    case 't':
    case 'f':
      return is_word("true") || is_word("false") ? "a truth value" : no_json;
    case 'n':
      return is_word("null") ? "null" : no_json;
    default:
      return is_digit(json[start]) || json[start] == '-' ? "a number" : no_json;
  }
}

std::string quoted(std::string_view text) {
  std::string sentence;
  if (text.size() <= shown_bytes) {
    append_json_text(sentence, text);
    return sentence;
  }
  std::size_t cut = shown_bytes;
  while (cut > 0 && (static_cast<unsigned char>(text[cut]) & 0xC0) == 0x80) --cut;
  append_json_text(sentence, text.substr(0, cut));
  sentence.insert(sentence.size() - 1, "…");
  return sentence;
}

}  // namespace flowkeep::io

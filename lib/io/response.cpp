#include "response.hpp"

#include <array>
#include <utility>

#include <fmt/format.h>

#include "json_syntax.hpp"

namespace flowkeep::io {
namespace {

/// What a byte is to the walk: inside a text, and outside of one.
enum class Byte : std::uint8_t { plain, space, quote, backslash, open, close, punctuation, wrong };

constexpr std::array<Byte, 256> make_bytes() {
  std::array<Byte, 256> bytes{};
  for (std::size_t c = 0; c < 0x20; ++c) bytes[c] = Byte::wrong;
  for (const char c : {' ', '\t', '\r', '\n'}) bytes[static_cast<unsigned char>(c)] = Byte::space;
  bytes['"'] = Byte::quote;
  bytes['\\'] = Byte::backslash;
  bytes['{'] = bytes['['] = Byte::open;
  bytes['}'] = bytes[']'] = Byte::close;
  bytes[','] = bytes[':'] = Byte::punctuation;
  return bytes;
}
constexpr std::array<Byte, 256> byte_kinds = make_bytes();

Byte kind_of(char c) noexcept {
  return byte_kinds[static_cast<unsigned char>(c)];
}

bool is_scalar(std::string_view token) noexcept {
  return token == "true" || token == "false" || token == "null" || is_json_number(token);
}

}  // namespace

bool ResponseReader::refuse(std::string_view problem) {
  if (problem_.empty()) problem_ = problem;
  return false;
}

tl::unexpected<Error> ResponseReader::error() const {
  if (failure_) return fail(*failure_);
  return fail(Errc::invalid_argument, problem_);
}

bool ResponseReader::available(std::size_t at) {
  while (at >= window_.text().size()) {
    if (at >= max_piece_bytes) return refuse("longer than 256 MiB");
    auto more = window_.fill();
    if (!more) {
      failure_ = std::move(more.error());
      return false;
    }
    if (!*more) return refuse("the response is cut short");
  }
  return true;
}

char ResponseReader::peek(std::size_t at) {
  return available(at) ? window_.text()[at] : '\0';
}

bool ResponseReader::skip_space(std::size_t& at) {
  while (available(at)) {
    if (kind_of(window_.text()[at]) != Byte::space) return true;
    ++at;
  }
  return false;
}

/// From the opening quote to behind the closing one.
bool ResponseReader::skip_text(std::size_t& at) {
  ++at;
  while (available(at)) {
    const std::string_view text = window_.text();
    while (at < text.size() && text[at] != '"' && text[at] != '\\' && static_cast<unsigned char>(text[at]) >= 0x20)
      ++at;
    if (at == text.size()) continue;
    const char c = text[at++];
    if (c == '"') return true;
    if (c != '\\') return refuse("not valid JSON: a control character stands in a text");
    if (!available(at++)) return false;
  }
  return false;
}

/// From the opening bracket to behind the closing one.
bool ResponseReader::skip_nested(std::size_t& at) {
  brackets_.clear();
  do {
    if (!available(at)) return false;
    const char c = window_.text()[at];
    switch (kind_of(c)) {
      case Byte::quote:
        if (!skip_text(at)) return false;
        continue;
      case Byte::open:
        brackets_ += c == '{' ? '}' : ']';
        break;
      case Byte::close:
        if (brackets_.back() != c)
          return refuse(fmt::format("not valid JSON: {} stands where {} is needed", c, brackets_.back()));
        brackets_.pop_back();
        break;
      case Byte::backslash:
      case Byte::wrong:
        return refuse("not valid JSON");
      default:
        break;
    }
    ++at;
  } while (!brackets_.empty());
  return true;
}

bool ResponseReader::skip_scalar(std::size_t& at) {
  const std::size_t start = at;
  while (available(at) && kind_of(window_.text()[at]) == Byte::plain) ++at;
  if (failure_ || at >= window_.text().size()) return false;
  return is_scalar(window_.text().substr(start, at - start)) || refuse("not valid JSON");
}

bool ResponseReader::skip_value(std::size_t& at) {
  if (!available(at)) return false;
  switch (kind_of(window_.text()[at])) {
    case Byte::quote:
      return skip_text(at);
    case Byte::open:
      return skip_nested(at);
    case Byte::plain:
      return skip_scalar(at);
    default:
      return refuse("not valid JSON: a value is missing");
  }
}

/// A key and its colon, and the space around them.
bool ResponseReader::skip_key(std::size_t& at, std::string& key) {
  if (!skip_space(at)) return false;
  if (peek(at) != '"') return refuse("not valid JSON: a name in quotes is needed");
  const std::size_t start = at;
  if (!skip_text(at)) return false;
  key = window_.text().substr(start, at - start);
  if (!skip_space(at)) return false;
  if (peek(at) != ':') return refuse("not valid JSON: a colon is needed behind a name");
  return skip_space(++at);
}

Result<bool> ResponseReader::recognise() {
  std::size_t at = 0;
  std::string key;
  bool found = skip_space(at) && peek(at) == '{';
  if (found) ++at;
  while (found && skip_key(at, key)) {
    if (key == "\"value\"" && peek(at) == '[') {
      window_.consume(at + 1);
      return true;
    }
    found = skip_value(at) && skip_space(at) && peek(at) == ',';
    ++at;
  }
  if (failure_) return error();
  problem_.clear();
  return false;
}

Result<std::optional<std::string_view>> ResponseReader::next() {
  window_.consume(std::exchange(element_bytes_, 0));
  const bool first = element_ == 0;
  ++element_;
  std::size_t at = 0;
  if (!skip_space(at)) return error();
  if (peek(at) == ']') {
    window_.consume(at + 1);
    --element_;
    if (!skip_rest()) return error();
    return std::nullopt;
  }
  if (!first) {
    if (peek(at) != ',') return fail(Errc::invalid_argument, "not valid JSON: a comma or ] is needed in front of it");
    if (!skip_space(++at)) return error();
  }
  window_.consume(at);
  if (peek(0) != '{')
    return fail(Errc::invalid_argument,
                fmt::format("{} stands here, a JSON object is needed", kind_of_json(window_.text().substr(0, 1))));
  std::size_t length = 0;
  if (!skip_nested(length)) return error();
  element_bytes_ = length;
  return window_.text().substr(0, length);
}

/// What stands behind the list: other members, the closing brace, and nothing.
bool ResponseReader::skip_rest() {
  std::string key;
  for (;;) {
    std::size_t at = 0;
    if (!skip_space(at)) return false;
    const char c = peek(at++);
    if (c == '}') {
      window_.consume(at);
      break;
    }
    if (c != ',') return refuse("behind the list: not valid JSON, a comma or the response's closing brace is needed");
    if (!skip_key(at, key) || !skip_value(at)) return false;
    if (key == "\"value\"") return refuse("behind the list: a second \"value\" stands there");
    window_.consume(at);
  }
  for (;;) {
    const std::string_view text = window_.text();
    const std::size_t stop = text.find_first_not_of(" \t\r\n");
    if (stop != std::string_view::npos) return refuse("behind the list: more text stands behind the response");
    window_.consume(text.size());
    auto more = window_.fill();
    if (!more) {
      failure_ = std::move(more.error());
      return false;
    }
    if (!*more) return true;
  }
}

}  // namespace flowkeep::io

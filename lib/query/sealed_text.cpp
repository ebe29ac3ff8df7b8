#include "query/sealed_text.hpp"

#include <xxhash.h>

#include "base/bytes.hpp"

namespace flowkeep::query {

namespace {

constexpr std::string_view digits = "0123456789abcdef";
constexpr std::size_t checksum_bytes = 8;

}  // namespace

std::string seal(std::string body) {
  base::append_be64(body, XXH3_64bits(body.data(), body.size()));
  std::string text;
  text.reserve(2 * body.size());
  for (const char byte : body) {
    const auto value = static_cast<unsigned char>(byte);
    text += digits[value >> 4U];
    text += digits[value & 15U];
  }
  return text;
}

std::optional<std::string> unseal(std::string_view text, std::size_t size) {
  if (text.size() != 2 * (size + checksum_bytes)) return std::nullopt;
  std::string body;
  for (std::size_t i = 0; i < text.size(); i += 2) {
    const std::size_t high = digits.find(text[i]);
    const std::size_t low = digits.find(text[i + 1]);
    if (high == std::string_view::npos || low == std::string_view::npos) return std::nullopt;
    body += static_cast<char>(high * 16 + low);
  }
  if (base::get_be64(body.data() + size) != XXH3_64bits(body.data(), size)) return std::nullopt;
  body.resize(size);
  return body;
}

}  // namespace flowkeep::query

#include "base64.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include <flowkeep/io/json.hpp>

namespace flowkeep::io {
namespace {

constexpr std::string_view standard_alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::string_view url_alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
constexpr std::uint32_t broken = 0x8000'0000;

/// The bits of each character at each of the four places of a group, or `broken`.
using DecodeTable = std::array<std::array<std::uint32_t, 256>, 4>;
constexpr DecodeTable make_decode_table() {
  DecodeTable table{};
  for (std::size_t place = 0; place < 4; ++place) {
    table[place].fill(broken);
    for (std::uint32_t value = 0; value < 64; ++value) {
      const std::uint32_t bits = value << (18 - 6 * place);
      table[place][static_cast<unsigned char>(standard_alphabet[value])] = bits;
      table[place][static_cast<unsigned char>(url_alphabet[value])] = bits;
    }
  }
  return table;
}
constexpr DecodeTable decode_table = make_decode_table();

/// The two characters of each 12 bits.
using EncodeTable = std::array<std::array<char, 2>, 4096>;
constexpr EncodeTable make_encode_table(std::string_view alphabet) {
  EncodeTable table{};
  for (std::size_t bits = 0; bits < table.size(); ++bits) table[bits] = {alphabet[bits >> 6], alphabet[bits & 63]};
  return table;
}
constexpr EncodeTable standard_table = make_encode_table(standard_alphabet);
constexpr EncodeTable url_table = make_encode_table(url_alphabet);

std::uint32_t byte_at(std::string_view bytes, std::size_t at) noexcept {
  return static_cast<unsigned char>(bytes[at]);
}

}  // namespace

bool decode_base64(std::string_view text, std::string& bytes) {
  std::size_t length = text.size();
  while (length > 0 && text.size() - length < 2 && text[length - 1] == '=') --length;
  if (length != text.size() && text.size() % 4 != 0) return false;
  const std::size_t rest = length % 4;
  if (rest == 1) return false;

  const std::size_t groups = length / 4;
  bytes.resize(groups * 3 + (rest == 0 ? 0 : rest - 1));
  char* out = bytes.data();
  const char* in = text.data();
  const auto bits_at = [&in](std::size_t place) { return decode_table[place][static_cast<unsigned char>(in[place])]; };
  std::uint32_t seen = 0;
  for (std::size_t group = 0; group < groups; ++group, in += 4, out += 3) {
    const std::uint32_t bits = bits_at(0) | bits_at(1) | bits_at(2) | bits_at(3);
    seen |= bits;
    out[0] = static_cast<char>(bits >> 16);
    out[1] = static_cast<char>(bits >> 8);
    out[2] = static_cast<char>(bits);
  }
  if (rest == 2) {
    const std::uint32_t bits = bits_at(0) | bits_at(1);
    if ((bits & 0xFFFF) != 0) return false;
    seen |= bits;
    out[0] = static_cast<char>(bits >> 16);
  } else if (rest == 3) {
    const std::uint32_t bits = bits_at(0) | bits_at(1) | bits_at(2);
    if ((bits & 0xFF) != 0) return false;
    seen |= bits;
    out[0] = static_cast<char>(bits >> 16);
    out[1] = static_cast<char>(bits >> 8);
  }
  return (seen & broken) == 0;
}

std::optional<std::string> decode_base64(std::string_view text) {
  std::string bytes;
  if (!decode_base64(text, bytes)) return std::nullopt;
  return bytes;
}

void append_base64(std::string& out, std::string_view bytes, Base64 alphabet) {
  const bool standard = alphabet == Base64::standard_padded;
  const EncodeTable& table = standard ? standard_table : url_table;
  const std::size_t groups = bytes.size() / 3;
  const std::size_t rest = bytes.size() % 3;
  const std::size_t start = out.size();
  out.resize(start + groups * 4 + (rest == 0 ? 0 : standard ? 4 : rest + 1));
  char* to = out.data() + start;
  std::size_t at = 0;
  for (std::size_t group = 0; group < groups; ++group, at += 3, to += 4) {
    const std::uint32_t bits = byte_at(bytes, at) << 16 | byte_at(bytes, at + 1) << 8 | byte_at(bytes, at + 2);
    std::memcpy(to, table[bits >> 12].data(), 2);
    std::memcpy(to + 2, table[bits & 4095].data(), 2);
  }
  if (rest == 0) return;
  const std::uint32_t bits = byte_at(bytes, at) << 16 | (rest == 2 ? byte_at(bytes, at + 1) << 8 : 0);
  std::memcpy(to, table[bits >> 12].data(), 2);
  if (rest == 2) to[2] = table[bits & 4095][0];
  if (!standard) return;
  if (rest == 1) to[2] = '=';
  to[3] = '=';
}

}  // namespace flowkeep::io

#include "base/guid_key.hpp"

#include <algorithm>
#include <cstring>

namespace flowkeep::base {
namespace {

using Bytes = std::array<std::uint8_t, 16>;

Bytes with_first_half_reversed(Bytes bytes) noexcept {
  std::reverse(bytes.begin(), bytes.begin() + 8);
  return bytes;
}

bool is_swapped_version_1(const Bytes& bytes) noexcept {
  return bytes[8] >> 6 == 0b10 && bytes[7] >> 4 == 1 && bytes[6] >> 4 != 7;
}

Bytes permute(const Bytes& bytes) noexcept {
  const Bytes reversed = with_first_half_reversed(bytes);
  return is_swapped_version_1(bytes) || is_swapped_version_1(reversed) ? reversed : bytes;
}

}  // namespace

std::array<std::uint8_t, 16> guid_key(const Guid& guid) noexcept {
  return permute(guid.bytes);
}

std::optional<Guid> canonical_guid(std::string_view text) noexcept {
  constexpr std::size_t text_size = 36;
  if (text.size() != text_size) return std::nullopt;
  for (const char letter : text) {
    if (letter >= 'A' && letter <= 'F') return std::nullopt;
  }
  return Guid::parse(text);
}

Guid guid_from_key(const std::uint8_t* key) noexcept {
  Bytes bytes;
  std::memcpy(bytes.data(), key, bytes.size());
  return Guid{permute(bytes)};
}

}  // namespace flowkeep::base

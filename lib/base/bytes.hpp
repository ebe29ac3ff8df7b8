// lib/base owns what every layer needs and knows no other layer: bytes in order, GUIDs and their keys, times, text
// and error helpers. All of it is pure, apart from the clock and the random bytes of Guid::make().
//
// This header: integers as bytes that memcmp orders like the numbers.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <string>

namespace flowkeep::base {

static_assert(std::endian::native == std::endian::little, "the file format is written on little-endian machines only");

inline void put_be16(char* out, std::uint16_t value) noexcept {
  value = __builtin_bswap16(value);
  std::memcpy(out, &value, sizeof value);
}

inline void put_be32(char* out, std::uint32_t value) noexcept {
  value = __builtin_bswap32(value);
  std::memcpy(out, &value, sizeof value);
}

inline void put_be64(char* out, std::uint64_t value) noexcept {
  value = __builtin_bswap64(value);
  std::memcpy(out, &value, sizeof value);
}

[[nodiscard]] inline std::uint16_t get_be16(const char* in) noexcept {
  std::uint16_t value = 0;
  std::memcpy(&value, in, sizeof value);
  return __builtin_bswap16(value);
}

[[nodiscard]] inline std::uint32_t get_be32(const char* in) noexcept {
  std::uint32_t value = 0;
  std::memcpy(&value, in, sizeof value);
  return __builtin_bswap32(value);
}

[[nodiscard]] inline std::uint64_t get_be64(const char* in) noexcept {
  std::uint64_t value = 0;
  std::memcpy(&value, in, sizeof value);
  return __builtin_bswap64(value);
}

inline void append_be64(std::string& out, std::uint64_t value) {
  char bytes[8];
  put_be64(bytes, value);
  out.append(bytes, sizeof bytes);
}

/// Maps signed to unsigned so that the order stays: the sign bit flips.
[[nodiscard]] constexpr std::uint64_t ordered(std::int64_t value) noexcept {
  return static_cast<std::uint64_t>(value) ^ (1ULL << 63);
}
[[nodiscard]] constexpr std::int64_t from_ordered(std::uint64_t value) noexcept {
  return static_cast<std::int64_t>(value ^ (1ULL << 63));
}

[[nodiscard]] constexpr std::uint32_t ordered(std::int32_t value) noexcept {
  return static_cast<std::uint32_t>(value) ^ (1U << 31);
}
[[nodiscard]] constexpr std::int32_t from_ordered(std::uint32_t value) noexcept {
  return static_cast<std::int32_t>(value ^ (1U << 31));
}

}  // namespace flowkeep::base

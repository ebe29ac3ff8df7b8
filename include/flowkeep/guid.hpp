// 128-bit identifiers in their textual byte order.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <cstring>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include <flowkeep/export.hpp>

namespace flowkeep {

/// A GUID; bytes[0] is the first pair of hexadecimal digits of its text. All 2^128 values are legal.
struct Guid {
  std::array<std::uint8_t, 16> bytes{};

  /// Reads "d9687093-d0c0-ec11-983e-0022480b428a", in any case, with or without braces around it.
  [[nodiscard]] static FLOWKEEP_API std::optional<Guid> parse(std::string_view text) noexcept;

  /// Makes a version 7 UUID from the system clock; within a process each is greater than the one before.
  /// Any thread may call it.
  [[nodiscard]] static FLOWKEEP_API Guid make();

  /// Writes the 36 characters in lower case, without braces.
  [[nodiscard]] FLOWKEEP_API std::string str() const;
  /// Writes the same 36 characters to `out`, without a terminator.
  FLOWKEEP_API void write(char* out) const noexcept;

  [[nodiscard]] bool is_nil() const noexcept { return *this == Guid{}; }

  friend bool operator==(const Guid&, const Guid&) noexcept = default;
  friend std::strong_ordering operator<=>(const Guid&, const Guid&) noexcept = default;
};

}  // namespace flowkeep

template <>
struct std::hash<flowkeep::Guid> {
  std::size_t operator()(const flowkeep::Guid& guid) const noexcept {
    std::uint64_t high = 0;
    std::uint64_t low = 0;
    std::memcpy(&high, guid.bytes.data(), 8);
    std::memcpy(&low, guid.bytes.data() + 8, 8);
    return static_cast<std::size_t>((high ^ (low * 0x9E3779B97F4A7C15ULL)) * 0xD6E8FEB86659FD93ULL);
  }
};

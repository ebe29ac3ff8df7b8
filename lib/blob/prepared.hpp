// Binary content in its stored form.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <flowkeep/result.hpp>

namespace flowkeep::blob {

/// Content is cut into pieces of this size (the last is the rest), each stored by itself.
inline constexpr std::uint32_t chunk_bytes = 256U << 10;

/// Whether content of so many bytes is stored once for all columns that have it. What is smaller costs less than the
/// entry of its hash, which is a page of its own to write, for the next hash lies anywhere.
inline constexpr std::uint64_t shared_from_bytes = 1024;
[[nodiscard]] constexpr bool is_shared(std::uint64_t size) noexcept {
  return size >= shared_from_bytes;
}

/// Content, hashed and compressed. A piece is one zstd frame where that is smaller than the piece, else its bytes:
/// a stored piece as long as the piece is raw.
struct Prepared {
  std::uint64_t size = 0;
  std::uint64_t hash = 0;
  std::vector<std::string> chunks{};
};

/// The uncompressed size of piece `number` of a content of `size` bytes.
[[nodiscard]] constexpr std::uint64_t piece_bytes(std::uint64_t size, std::uint64_t number,
                                                  std::uint64_t piece = chunk_bytes) noexcept {
  const std::uint64_t start = number * piece;
  return start >= size ? 0 : (size - start < piece ? size - start : piece);
}

/// Shows the uncompressed bytes of a stored piece: itself where it is raw, else decompressed into `buffer`.
/// Errors: corrupt.
[[nodiscard]] Result<std::string_view> unpack(std::string_view stored, std::uint64_t raw_bytes, std::string& buffer);

}  // namespace flowkeep::blob

// Binary content in its stored form.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <flowkeep/result.hpp>

#include "codec/contents.hpp"

namespace flowkeep::blob {

/// Content is cut into pieces of this size (the last is the rest), each stored by itself.
inline constexpr std::uint32_t chunk_bytes = 256U << 10;

/// Whether content of so many bytes is stored once for all columns that have it. What is smaller costs less than the
/// entry of its hash, which is a page of its own to write, for the next hash lies anywhere.
[[nodiscard]] constexpr bool is_shared(std::uint64_t size) noexcept {
  return size >= codec::shared_from_bytes;
}

/// Content, hashed and compressed. A piece is one zstd frame where that is smaller than the piece, else its bytes:
/// a stored piece as long as the piece is raw. No piece is empty; empty content has none.
struct Prepared {
  std::uint64_t size = 0;
  std::uint64_t hash = 0;
  std::string first{};  ///< most content has no other, and needs no list
  std::vector<std::string> others{};

  void add(std::string piece) {
    if (first.empty()) {
      first = std::move(piece);
    } else {
      others.push_back(std::move(piece));
    }
  }
};

/// Prepared content whose bytes belong to somebody else.
struct PreparedView {
  std::uint64_t size = 0;
  std::uint64_t hash = 0;
  std::string_view first{};
  std::span<const std::string> others{};

  PreparedView() = default;
  PreparedView(std::uint64_t size_of_content, std::uint64_t hash_of_content, std::string_view only_piece) noexcept
      : size(size_of_content), hash(hash_of_content), first(only_piece) {}
  // Implicit: what takes a view takes the content too.
  PreparedView(const Prepared& content) noexcept
      : size(content.size), hash(content.hash), first(content.first), others(content.others) {}

  [[nodiscard]] std::size_t pieces() const noexcept { return first.empty() ? 0 : 1 + others.size(); }
  [[nodiscard]] std::string_view piece(std::size_t number) const noexcept {
    return number == 0 ? first : others[number - 1];
  }
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

// The small contents of a session's File columns, which stand together in one row beside its record.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include <flowkeep/binary.hpp>
#include <flowkeep/column.hpp>
#include <flowkeep/result.hpp>

#include "base/packing.hpp"

namespace flowkeep::codec {

/// The File columns, by the place of their content in the row.
inline constexpr std::size_t slot_count = 3;
[[nodiscard]] constexpr std::uint64_t slot_of(Column column) noexcept {
  return column == Column::inputs ? 0 : column == Column::outputs ? 1 : 2;
}

/// Content that stands beside its record is named by the record's arrival and a slot, in place of the id of a blob.
inline constexpr std::uint64_t small_bit = std::uint64_t{1} << 63;
inline constexpr unsigned slot_shift = 61;
[[nodiscard]] constexpr bool is_small(const StoredContent& content) noexcept {
  return (content.blob_id & small_bit) != 0;
}
[[nodiscard]] constexpr std::uint64_t small_id(std::uint64_t arrival, std::uint64_t slot) noexcept {
  return small_bit | slot << slot_shift | arrival;
}
[[nodiscard]] constexpr std::uint64_t slot_of(const StoredContent& content) noexcept {
  return (content.blob_id & ~small_bit) >> slot_shift;
}
[[nodiscard]] constexpr std::uint64_t arrival_of(const StoredContent& content) noexcept {
  return content.blob_id & ((std::uint64_t{1} << slot_shift) - 1);
}

/// Content of at least this many bytes is a blob, stored once for all columns that have it; smaller content costs less
/// than what finding it again does.
inline constexpr std::uint64_t shared_from_bytes = 1024;
/// So many bytes of a session stand beside its record, so that key and value fit into half a page.
inline constexpr std::uint64_t most_small_bytes = 1904;

using Slots = std::array<std::string_view, slot_count>;

/// The value of a row of table `contents`, replacing `out`. `dictionary` may be nullptr.
void encode_contents(std::string& out, std::string_view key, const Slots& slots,
                     const base::PackingDictionary* dictionary);
/// Verifies such a value, its structure aside, and says what it is packed with; 0: nothing. Errors: corrupt.
[[nodiscard]] Result<std::uint16_t> verify_contents(std::string_view key, std::string_view value);
/// What a value that was verified is packed with; 0: nothing.
[[nodiscard]] std::uint16_t contents_dictionary_of(std::string_view value) noexcept;
/// The contents in a value that was verified: they lie there, or in `buffer`. Errors: corrupt.
[[nodiscard]] Result<Slots> open_contents(std::string_view value, const base::PackingDictionary* dictionary,
                                          std::string& buffer);

}  // namespace flowkeep::codec

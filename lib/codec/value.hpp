// Codec: rows to bytes and back.
// Owns: the header that every stored value begins with, the FlatBuffers of records, blobs and the store's own
// rows, and SessionView. The only place that includes flatbuffers.
// Promises: nothing is shown before its length, kind, checksum (over key and content) and structure were verified.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <flowkeep/result.hpp>

namespace flowkeep::codec {

/// What a value is. The numbers are stored.
enum class ValueKind : std::uint8_t {
  record = 1,
  blob = 2,
  chunk = 3,
  deletion = 4,
  meta = 5,
  packed_record = 6,
  dictionary = 7,
  contents = 8,
  summary = 9,
  process = 10,
  cancel_request = 11,
  callback = 12,
  callback_due = 13,
  share = 14,
  child = 15,
  child_place = 16,
  parent = 17,
};

inline constexpr std::size_t header_bytes = 24;
/// The largest record, so that a row stays far below what LMDB's transactions can take.
inline constexpr std::size_t max_record_bytes = 4U << 20;

/// A value's content, inside the stored bytes. 8-aligned where keys and values of the table have lengths that are
/// multiples of 8 (docs/FORMAT.md).
struct ValueView {
  std::uint64_t version = 0;
  std::string_view payload{};
};

/// Writes header + payload + padding to a multiple of 8 to `out`, replacing it. `version` is the row's
/// versionnumber, 0 where it has none.
void encode_value(std::string& out, ValueKind kind, std::uint64_t version, std::string_view key,
                  std::string_view payload);

/// The same for a payload that stands in `out` already, behind header_bytes bytes that are left free.
void seal_value(std::string& out, ValueKind kind, std::uint64_t version, std::string_view key);

/// Verifies a value and shows its payload. Errors: corrupt ("… has length …", "… fails its checksum"); newer_format.
[[nodiscard]] Result<ValueView> decode_value(ValueKind kind, std::string_view key, std::string_view value);

/// The error (corrupt) of a value that is not what its kind has to be.
[[nodiscard]] tl::unexpected<Error> damaged(ValueKind kind, const std::string& what);

/// What a value's header says it is, without any check.
[[nodiscard]] ValueKind peek_kind(std::string_view value) noexcept;
/// The payload of a value that was verified.
[[nodiscard]] std::string_view payload_of(std::string_view value) noexcept;
/// The versionnumber in a value's header, without any check; 0 where the value is too short.
[[nodiscard]] std::uint64_t peek_version(std::string_view value) noexcept;

}  // namespace flowkeep::codec

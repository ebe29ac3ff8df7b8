// Journal: the redo journal beside the data file, and what goes with it: the stamp in the data file that says a journal
// is in use, the turn by which processes write one after the other.
// Owns: NAME-wal and NAME-shm, every byte of them, and the second sector of the data file.
// Promises: what sync() has returned for is found again by scan(), in order, and nothing that was not appended; a
// record of an earlier use of the same bytes is never taken for one of this use. It does not know what a record says.
//
// This header: the bytes. docs/FORMAT.md describes them.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include <flowkeep/guid.hpp>

#include "storage/meta_image.hpp"

namespace flowkeep::journal {

/// A place in the journal: where the next record goes, or the record at hand begins.
struct Position {
  std::uint64_t lsn = 1;     ///< log sequence number of the record there; rises by one, never starts over
  std::uint64_t offset = 0;  ///< of its first byte in the file
  std::uint64_t chain = 0;   ///< checksum of the record before it, or the salt that a chain begins with

  friend bool operator==(const Position&, const Position&) noexcept = default;
};

inline constexpr std::uint64_t slot_bytes = 4096;
inline constexpr std::uint64_t records_begin = 2 * slot_bytes;
inline constexpr std::uint64_t record_header_bytes = 24;

/// What a header slot says: a checkpoint, and where the records behind it begin.
struct Header {
  std::uint64_t generation = 0;  ///< the greater of two valid slots counts
  Guid epoch{};                  ///< of this journal, drawn when it was made
  Guid store_id{};
  std::uint64_t file_inode = 0;      ///< of the data file
  std::uint64_t capacity_bytes = 0;  ///< of the journal file; records end there
  Position start{};                  ///< the first record that the checkpoint does not hold
  storage::MetaImage image{};        ///< the checkpoint's commit
};

using Slot = std::array<char, slot_bytes>;
[[nodiscard]] Slot encode(const Header& header) noexcept;
/// std::nullopt: torn, or never written.
[[nodiscard]] std::optional<Header> decode_header(std::span<const char> slot) noexcept;

/// Whether a slot that does not decode is of a greater version of the journal.
[[nodiscard]] bool is_newer(std::span<const char> slot) noexcept;

enum class RecordKind : std::uint32_t {
  change = 1,
  wrap = 2,  ///< the next record is at records_begin
};

/// How much of the file a record takes.
[[nodiscard]] constexpr std::uint64_t record_bytes(std::uint64_t payload_bytes) noexcept {
  return (record_header_bytes + payload_bytes + 7) / 8 * 8;
}

/// Appends a record to `out` and returns the chain behind it.
std::uint64_t append_record(std::string& out, RecordKind kind, const Position& at, std::string_view payload);

struct RecordHeader {
  std::uint32_t payload_bytes = 0;
  RecordKind kind{};
  std::uint64_t lsn = 0;
  std::uint64_t checksum = 0;
};
[[nodiscard]] RecordHeader decode_record_header(std::span<const char> bytes) noexcept;
/// Whether the payload and the header are what was appended behind `at`.
[[nodiscard]] bool verify(const RecordHeader& header, const Position& at, std::string_view payload) noexcept;

/// A random number to begin a chain with.
[[nodiscard]] std::uint64_t make_salt();

}  // namespace flowkeep::journal

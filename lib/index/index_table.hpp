// Index: which secondary indexes there are, and the key of each as a pure function of the record.
// Owns: the one table of indexes; the form of index keys and of row keys. Touches no storage.
// Promises: a key depends on the record and on nothing else, so that writes, builds and checks agree.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <flowkeep/guid.hpp>
#include <flowkeep/index.hpp>
#include <flowkeep/session_view.hpp>
#include <flowkeep/timestamp.hpp>

#include "codec/rows.hpp"

namespace flowkeep::index {

/// Where a record stands in table `sessions`, and what index entries lead to: createdon, then the number of its
/// arrival, both big-endian, so that bytes compare as "older" and "newer" do.
class RowKey {
 public:
  static constexpr std::size_t size = 16;
  RowKey() = default;
  RowKey(Timestamp createdon, std::uint64_t arrival) noexcept;
  /// From the stored 16 bytes; std::nullopt for another length.
  [[nodiscard]] static std::optional<RowKey> from(std::string_view bytes) noexcept;

  [[nodiscard]] std::string_view bytes() const& noexcept { return {bytes_.data(), bytes_.size()}; }
  std::string_view bytes() const&& = delete;
  [[nodiscard]] Timestamp createdon() const noexcept;
  [[nodiscard]] std::uint64_t arrival() const noexcept;

  friend bool operator==(const RowKey&, const RowKey&) noexcept = default;
  friend auto operator<=>(const RowKey& a, const RowKey& b) noexcept { return a.bytes() <=> b.bytes(); }

 private:
  std::array<char, size> bytes_{};
};

/// The first row key of a time: every row created at or after it is not less.
[[nodiscard]] RowKey first_row_at(Timestamp createdon) noexcept;

/// The row key that no row is behind.
[[nodiscard]] RowKey last_row_key() noexcept;

using codec::KeyForm;

/// A key of an index, at most 511 bytes (LMDB's limit).
using Key = std::string;

/// Whether a string's key is cut and hashed, so that its rows have to be compared.
[[nodiscard]] bool is_hashed(std::string_view string_key) noexcept;

// The parts of keys.
[[nodiscard]] Key guid_key(const Guid& guid);
[[nodiscard]] Key string_key(std::string_view text, KeyForm form);
/// The string key of a GUID's text, in the form that makes it short.
[[nodiscard]] Key short_key(const Guid& guid);
[[nodiscard]] Key time_key(Timestamp time);
[[nodiscard]] Key state_key(StateCode state, StatusCode status);
[[nodiscard]] Key version_key(std::int64_t version);

/// The indexes that lead from a key to rows; the summary, which is the last one of all, does not.
inline constexpr int keyed_index_count = index_count - 1;

/// What the code knows of such an index.
struct Definition {
  IndexInfo info;
  const char* table;  ///< its LMDB table
  /// The key of a record whose columns are unpacked where needs_columns; std::nullopt where the index leaves it out.
  std::optional<Key> (*key)(const SessionView& session, KeyForm form);
  bool needs_columns = false;  ///< others are in the head of a record
};

[[nodiscard]] const std::array<Definition, keyed_index_count>& definitions() noexcept;
/// Not of the summary.
[[nodiscard]] const Definition& definition(IndexId id) noexcept;

/// The key of a record; std::nullopt where the index leaves it out. Errors: as SessionView::unpack().
[[nodiscard]] Result<std::optional<Key>> key_of(const Definition& definition, const SessionView& session, KeyForm form);

}  // namespace flowkeep::index

// The store's own rows as plain values.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <flowkeep/guid.hpp>
#include <flowkeep/index.hpp>
#include <flowkeep/result.hpp>
#include <flowkeep/retention.hpp>
#include <flowkeep/state_model.hpp>
#include <flowkeep/timestamp.hpp>

namespace flowkeep::codec {

/// The format that this library writes. What has a greater one is refused; docs/FORMAT.md says what changed when.
inline constexpr std::uint32_t format_major = 1;
inline constexpr std::uint32_t format_minor = 4;
/// The formats that brought the stamp, packed records, the summary, and side rows.
inline constexpr std::uint32_t stamped_since_minor = 1;
inline constexpr std::uint32_t packed_since_minor = 2;
inline constexpr std::uint32_t summary_since_minor = 3;
inline constexpr std::uint32_t side_rows_since_minor = 4;

/// The keys of table `meta`. The numbers are stored.
enum class MetaRow : std::uint64_t {
  format = 1,
  model = 2,
  indexes = 3,
  counters = 4,
  extras = 5,
  applied = 6,
  recovery = 7,
  packing = 8,
  retention = 9
};

struct FormatRow {
  std::uint32_t major = 0;
  std::uint32_t minor = 0;
  Guid store_id{};
  Timestamp created{};
};

struct CountersRow {
  std::uint64_t arrival = 0;
  std::int64_t version = 0;
  std::uint64_t blob = 0;
  std::uint64_t catalogue = 0;
  std::int64_t forgotten = 0;  ///< the greatest version of a deletion that is not remembered any more
};

struct AppliedRow {
  Guid epoch{};
  std::uint64_t lsn = 0;
  std::uint64_t offset = 0;
  std::uint64_t chain = 0;
};

struct RecoveryRow {
  Timestamp finished{};
  std::uint64_t changes = 0;
  std::uint64_t bytes = 0;
  std::uint64_t milliseconds = 0;
};

/// What new rows are packed with: keys in table `dictionaries`; 0: none yet.
struct PackingRow {
  std::uint16_t records = 0;
  std::uint16_t contents = 0;
  std::uint64_t arrival = 0;  ///< the last one when they were made
  std::uint16_t next = 1;     ///< the key of the next dictionary
  /// Of a thousand bytes, what is left of those they were made for.
  std::uint16_t records_permille = 1000;
  std::uint16_t contents_permille = 1000;
};

struct DeletionRow {
  Guid flowsessionid{};
  Timestamp deletedon{};
  std::optional<Guid> deletedby{};
  // Who could read the session.
  std::optional<Guid> ownerid{};
  std::vector<Guid> readers{};  ///< those that it was shared with for that
};

enum class Encoding : std::uint8_t { raw = 0, zstd = 1 };

struct BlobRow {
  std::uint64_t size = 0;
  std::uint64_t hash = 0;
  std::uint64_t references = 0;
  Encoding encoding = Encoding::raw;
  /// The stored bytes where they are few; else they are in `chunk_count` chunks. Borrowed.
  std::optional<std::string_view> content{};
  std::uint32_t chunk_count = 0;
  std::uint32_t chunk_bytes = 0;
};

/// The form of an index's string keys; lib/index knows them. The numbers are stored.
enum class KeyForm : std::uint8_t { text = 0, short_guids = 1 };
inline constexpr KeyForm newest_key_form = KeyForm::short_guids;

struct IndexState {
  IndexStatus status = IndexStatus::absent;
  std::uint64_t ticket = 0;
  KeyForm key_form = KeyForm::text;
};
using IndexStates = std::array<IndexState, index_count>;

// Each pair: the payload of the row, and the row of a payload. Errors of the latter: corrupt.
[[nodiscard]] std::string encode(const FormatRow& row);
[[nodiscard]] std::string encode(const CountersRow& row);
[[nodiscard]] std::string encode(const AppliedRow& row);
[[nodiscard]] std::string encode(const RecoveryRow& row);
[[nodiscard]] std::string encode(const PackingRow& row);
[[nodiscard]] std::string encode(const DeletionRow& row);
[[nodiscard]] std::string encode(const BlobRow& row);
[[nodiscard]] std::string encode(const RetentionSchedule& schedule);
[[nodiscard]] std::string encode(const IndexStates& states);
[[nodiscard]] std::string encode(const StateModel& model);
[[nodiscard]] std::string encode(const std::vector<std::string>& extra_column_names);

[[nodiscard]] Result<FormatRow> decode_format(std::string_view payload);
[[nodiscard]] Result<CountersRow> decode_counters(std::string_view payload);
[[nodiscard]] Result<AppliedRow> decode_applied(std::string_view payload);
[[nodiscard]] Result<RecoveryRow> decode_recovery(std::string_view payload);
[[nodiscard]] Result<PackingRow> decode_packing(std::string_view payload);
[[nodiscard]] Result<DeletionRow> decode_deletion(std::string_view payload);
[[nodiscard]] Result<BlobRow> decode_blob(std::string_view payload);
[[nodiscard]] Result<RetentionSchedule> decode_retention(std::string_view payload);
[[nodiscard]] Result<IndexStates> decode_indexes(std::string_view payload);
[[nodiscard]] Result<StateModel> decode_model(std::string_view payload);
[[nodiscard]] Result<std::vector<std::string>> decode_extras(std::string_view payload);

}  // namespace flowkeep::codec

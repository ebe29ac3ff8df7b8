// A validated change: everything that Application needs, and nothing that it could refuse.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <flowkeep/guid.hpp>

#include "base/arena.hpp"
#include "blob/prepared.hpp"
#include "codec/rows.hpp"
#include "codec/side_rows.hpp"
#include "index/index_table.hpp"

namespace flowkeep::store {

/// One session put or deleted. Every number in it was given by the validation, so that applying the same change to
/// the same store always gives the same bytes.
struct RowChange {
  Guid id{};
  std::optional<index::RowKey> old_key{};  ///< where the record stands now; none: it is new
  std::optional<index::RowKey> new_key{};  ///< where it will stand; none: it goes
  std::int64_t version = 0;
  std::string_view value{};  ///< its record as it will be stored, in the change's memory; empty for a deletion
  /// Its small contents as they will be stored, in the change's memory; empty: they go; none: they are as before.
  std::optional<std::string_view> contents{};
  std::optional<codec::DeletionRow> deletion{};
};

/// New content of binary columns.
struct BlobChange {
  std::uint64_t id = 0;
  std::int64_t references = 0;
  blob::PreparedView content{};
  std::shared_ptr<const blob::Prepared> owner{};  ///< nullptr: the content is in the change's memory
};

/// A row beside the sessions, put or removed.
struct SideChange {
  codec::SideTable table{};
  std::string_view key{};                   ///< in the change's memory
  std::optional<std::string_view> value{};  ///< as it will be stored, in the change's memory; none: it goes
};

/// What one operation does to a store, whole. Application applies it, and nothing else does.
struct Change {
  base::Arena memory{};
  std::vector<RowChange> rows{};                        ///< each session at most once
  std::vector<BlobChange> blobs{};                      ///< by id
  std::map<std::uint64_t, std::uint64_t> references{};  ///< content that is there already: its count afterwards
  std::vector<std::uint64_t> expired_deletions{};       ///< versionnumbers of deletion records that go
  std::vector<SideChange> side_rows{};                  ///< of one row the last one counts
  std::vector<std::string> extra_columns{};             ///< all names, where new ones came
  codec::CountersRow counters{};                        ///< as they are afterwards

  /// What a row takes in the file besides its record: its places in `ids` and the indexes.
  static constexpr std::uint64_t row_overhead = 512;
  /// What a side row takes in the file besides its key and value.
  static constexpr std::uint64_t side_row_overhead = 64;
  void put_side_row(codec::SideTable table, std::string_view key, std::string_view payload);
  void remove_side_row(codec::SideTable table, std::string_view key);
  /// Whether anything comes that was not there.
  [[nodiscard]] bool adds_rows() const noexcept;
  [[nodiscard]] bool is_empty() const noexcept { return rows.empty() && side_rows.empty(); }
  /// Adds content that columns refer to so many times.
  void add_blob(std::uint64_t id, std::shared_ptr<const blob::Prepared> content, std::int64_t times);
  /// About how many bytes it adds to the file.
  [[nodiscard]] std::uint64_t bytes() const noexcept;
};

/// Changes that are applied together or not at all. They stay where they are when more come.
using Changes = std::deque<Change>;

}  // namespace flowkeep::store

// A validated change: everything that apply() needs, and nothing that it could refuse.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <flowkeep/guid.hpp>

#include "blob/prepared.hpp"
#include "codec/rows.hpp"
#include "index/index_table.hpp"

namespace flowkeep::store {

/// One session put or deleted. Every number in it was given by the validation, so that applying the same change to
/// the same store always gives the same bytes.
struct RowChange {
  Guid id{};
  std::optional<index::RowKey> old_key{};  ///< where the record stands now; none: it is new
  std::optional<index::RowKey> new_key{};  ///< where it will stand; none: it goes
  std::int64_t version = 0;
  std::string record{};  ///< its FlatBuffer; empty for a deletion
  std::optional<codec::DeletionRow> deletion{};
};

/// New content of binary columns.
struct BlobChange {
  std::uint64_t id = 0;
  std::shared_ptr<const blob::Prepared> content{};
  std::int64_t references = 0;
};

/// What one operation does to a store, whole. It is applied by apply() and by nothing else.
struct Change {
  std::vector<RowChange> rows{};  ///< each session at most once
  std::vector<BlobChange> blobs{};
  std::map<std::uint64_t, std::uint64_t> references{};  ///< content that is there already: its count afterwards
  std::vector<std::uint64_t> expired_deletions{};       ///< versionnumbers of deletion records that go
  std::vector<std::string> extra_columns{};             ///< all names, where new ones came
  codec::CountersRow counters{};                        ///< as they are afterwards

  /// About how many bytes it adds to the file.
  [[nodiscard]] std::uint64_t bytes() const noexcept;
};

}  // namespace flowkeep::store

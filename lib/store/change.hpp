// A validated change: everything that Application needs, and nothing that it could refuse.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <flowkeep/guid.hpp>

#include "blob/prepared.hpp"
#include "codec/rows.hpp"
#include "index/index_table.hpp"

namespace flowkeep::store {

/// Holds the records of a change in few pieces of memory: one for each would cost more than all the rest of a batch.
class RecordMemory {
 public:
  /// A copy that lives as long as this does, moved or not, and is aligned as a FlatBuffer has to be.
  [[nodiscard]] std::string_view keep(std::string_view record);

 private:
  std::vector<std::unique_ptr<char[]>> blocks_{};
  char* next_ = nullptr;
  std::size_t left_ = 0;
  std::size_t last_block_bytes_ = 0;
};

/// One session put or deleted. Every number in it was given by the validation, so that applying the same change to
/// the same store always gives the same bytes.
struct RowChange {
  Guid id{};
  std::optional<index::RowKey> old_key{};  ///< where the record stands now; none: it is new
  std::optional<index::RowKey> new_key{};  ///< where it will stand; none: it goes
  std::int64_t version = 0;
  std::string_view record{};  ///< its FlatBuffer, in the change's memory; empty for a deletion
  std::optional<codec::DeletionRow> deletion{};
};

/// New content of binary columns.
struct BlobChange {
  std::uint64_t id = 0;
  std::shared_ptr<const blob::Prepared> content{};
  std::int64_t references = 0;
};

/// What one operation does to a store, whole. Application applies it, and nothing else does.
struct Change {
  RecordMemory records{};
  std::vector<RowChange> rows{};                        ///< each session at most once
  std::vector<BlobChange> blobs{};                      ///< by id
  std::map<std::uint64_t, std::uint64_t> references{};  ///< content that is there already: its count afterwards
  std::vector<std::uint64_t> expired_deletions{};       ///< versionnumbers of deletion records that go
  std::vector<std::string> extra_columns{};             ///< all names, where new ones came
  codec::CountersRow counters{};                        ///< as they are afterwards

  /// What a row takes in the file besides its record: its places in `ids` and the indexes.
  static constexpr std::uint64_t row_overhead = 512;
  /// About how many bytes it adds to the file.
  [[nodiscard]] std::uint64_t bytes() const noexcept;
};

}  // namespace flowkeep::store

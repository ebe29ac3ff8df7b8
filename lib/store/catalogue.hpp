// What all processes that have a store open must agree on, as one transaction sees it.
#pragma once

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <flowkeep/state_model.hpp>

#include "codec/rows.hpp"
#include "storage/transaction.hpp"

namespace flowkeep::store {

/// State model, indexes, the names of extra columns, and what new rows are packed with. `number` rises with every
/// change of any of them.
struct Catalogue {
  std::uint64_t number = 0;
  StateModel model = StateModel::desktop_flow();
  codec::IndexStates indexes{};
  std::vector<std::string> extra_columns{};  ///< sorted
  codec::PackingRow packing{};

  [[nodiscard]] bool is_active(IndexId index) const noexcept {
    return indexes[static_cast<std::size_t>(index)].status == IndexStatus::active;
  }
  [[nodiscard]] codec::KeyForm key_form(IndexId index) const noexcept {
    return indexes[static_cast<std::size_t>(index)].key_form;
  }
  /// Whether writes keep the index up to date.
  [[nodiscard]] bool is_maintained(IndexId index) const noexcept {
    return indexes[static_cast<std::size_t>(index)].status != IndexStatus::absent;
  }
};

/// Reads a row of table `meta`: its payload, verified; std::nullopt where it is missing.
[[nodiscard]] Result<std::optional<std::string_view>> read_meta(const storage::Transaction& transaction,
                                                                storage::Table meta, codec::MetaRow row);
[[nodiscard]] Result<void> write_meta(storage::WriteTransaction& transaction, storage::Table meta, codec::MetaRow row,
                                      std::string_view payload);
[[nodiscard]] Result<void> remove_meta(storage::WriteTransaction& transaction, storage::Table meta, codec::MetaRow row);

[[nodiscard]] Result<codec::CountersRow> read_counters(const storage::Transaction& transaction, storage::Table meta);
/// Reads everything but the counters. Errors: corrupt (a row is missing, too).
[[nodiscard]] Result<Catalogue> read_catalogue(const storage::Transaction& transaction, storage::Table meta,
                                               std::uint64_t number);

}  // namespace flowkeep::store

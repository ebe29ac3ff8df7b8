// The tables of a store.
#pragma once

#include <array>

#include <flowkeep/index.hpp>

#include "blob/blob_store.hpp"
#include "codec/side_rows.hpp"
#include "storage/transaction.hpp"
#include "store/dictionaries.hpp"

namespace flowkeep::store {

/// The tables of a store, all of them made when it is created.
struct Tables {
  storage::Table meta{};       ///< integer: MetaRow -> row
  storage::Table sessions{};   ///< bytes: RowKey -> record
  storage::Table ids{};        ///< bytes: flowsessionid in key order -> RowKey
  storage::Table deletions{};  ///< integer: versionnumber -> Deletion
  blob::Tables blobs{};
  storage::Table contents{};      ///< integer: arrival -> small contents; not open before format 1.2
  storage::Table dictionaries{};  ///< integer: number -> dictionary; not open before format 1.2
  /// by codec::SideTable; not open before format 1.4
  std::array<storage::Table, codec::side_table_count> side{};
  [[nodiscard]] storage::Table of(codec::SideTable table) const noexcept {
    return side[static_cast<std::size_t>(table)];
  }
  /// sorted sets: index key -> RowKeys; but the summary: RowKey -> block, not open before format 1.3
  std::array<storage::Table, index_count> indexes{};
  [[nodiscard]] storage::Table summary() const noexcept { return indexes.back(); }
  Dictionaries* packing = nullptr;  ///< what the rows are packed with
};

/// Name and kind of every table, and where its handle goes.
struct TableInfo {
  const char* name;
  storage::TableKind kind;
  storage::Table* table;
  unsigned since_minor = 0;  ///< of the format: older stores lack it
};
inline constexpr std::size_t table_count = 9 + codec::side_table_count + index_count;
[[nodiscard]] std::array<TableInfo, table_count> table_infos(Tables& tables);

}  // namespace flowkeep::store

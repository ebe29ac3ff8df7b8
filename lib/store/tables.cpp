#include "store/tables.hpp"

#include "index/index_table.hpp"

namespace flowkeep::store {

using storage::TableKind;

std::array<TableInfo, table_count> table_infos(Tables& tables) {
  std::array<TableInfo, table_count> infos{{
      {"meta", TableKind::integer, &tables.meta},
      {"sessions", TableKind::bytes, &tables.sessions},
      {"ids", TableKind::bytes, &tables.ids},
      {"deletions", TableKind::integer, &tables.deletions},
      {"blobs", TableKind::integer, &tables.blobs.blobs},
      {"chunks", TableKind::bytes, &tables.blobs.chunks},
      {"blob_hashes", TableKind::integer_sets, &tables.blobs.blob_hashes},
      {"contents", TableKind::integer, &tables.contents, 2},
      {"dictionaries", TableKind::integer, &tables.dictionaries, 2},
  }};
  for (std::size_t i = 0; i < codec::side_table_count; ++i) {
    const char* const name = codec::info(static_cast<codec::SideTable>(i)).name;
    infos[9 + i] = {name, TableKind::bytes, &tables.side[i], codec::side_rows_since_minor};
  }
  for (std::size_t i = 0; i < index::keyed_index_count; ++i) {
    infos[9 + codec::side_table_count + i] = {index::definitions()[i].table, TableKind::sorted_sets,
                                              &tables.indexes[i]};
  }
  infos.back() = {"ix.summary", TableKind::bytes, &tables.indexes.back(), codec::summary_since_minor};
  return infos;
}

}  // namespace flowkeep::store

#include "store/tables.hpp"

#include "index/index_table.hpp"

namespace flowkeep::store {

using storage::TableKind;

std::array<TableInfo, 9 + index_count> table_infos(Tables& tables) {
  std::array<TableInfo, 9 + index_count> infos{{
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
  for (std::size_t i = 0; i < index::keyed_index_count; ++i) {
    infos[9 + i] = {index::definitions()[i].table, TableKind::sorted_sets, &tables.indexes[i]};
  }
  infos.back() = {"ix.summary", TableKind::bytes, &tables.indexes.back(), codec::summary_since_minor};
  return infos;
}

}  // namespace flowkeep::store

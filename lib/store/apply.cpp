#include "store/apply.hpp"

#include <algorithm>

#include "codec/record.hpp"
#include "codec/value.hpp"
#include "store/reading.hpp"

namespace flowkeep::store {

using codec::ValueKind;
using index::RowKey;
using storage::IntegerKey;
using storage::WriteTransaction;

namespace {

struct IndexMove {
  index::Key key;
  RowKey row;
  enum class Kind : std::uint8_t { remove, add } kind;
};

// Entries are written in the order of their keys: a batch then touches each page once.
using IndexMoves = std::array<std::vector<IndexMove>, index_count>;

void collect(IndexMoves& moves, const Catalogue& catalogue, const StoredRow* before, const StoredRow* after) {
  for (const index::Definition& definition : index::definitions()) {
    if (!catalogue.is_maintained(definition.info.id)) continue;
    std::optional<index::Key> old_key;
    std::optional<index::Key> new_key;
    if (before != nullptr) old_key = definition.key(before->session);
    if (after != nullptr) new_key = definition.key(after->session);
    if (old_key && new_key && *old_key == *new_key && before->key == after->key) continue;
    auto& list = moves[static_cast<std::size_t>(definition.info.id)];
    if (old_key) list.push_back({std::move(*old_key), before->key, IndexMove::Kind::remove});
    if (new_key) list.push_back({std::move(*new_key), after->key, IndexMove::Kind::add});
  }
}

// Writes what is only added, in order.
Result<std::uint64_t> add_all(WriteTransaction& transaction, storage::Table table,
                              const std::vector<IndexMove>& moves) {
  auto writer = storage::TableWriter::open(transaction, table);
  if (!writer) return fail(std::move(writer.error()));
  std::uint64_t present = 0;
  for (const IndexMove& move : moves) {
    auto added = writer->add(move.key, move.row.bytes());
    if (!added) return fail(std::move(added.error()));
    if (!*added) ++present;
  }
  return present;
}

// Answers how many entries were not as the records have it.
Result<std::uint64_t> write_indexes(WriteTransaction& transaction, const Tables& tables, const Catalogue& catalogue,
                                    IndexMoves& moves) {
  std::uint64_t disagreements = 0;
  for (std::size_t i = 0; i < moves.size(); ++i) {
    if (moves[i].empty()) continue;
    const bool active = catalogue.is_active(static_cast<IndexId>(i));
    std::sort(moves[i].begin(), moves[i].end(), [](const IndexMove& a, const IndexMove& b) {
      if (const int order = a.key.compare(b.key); order != 0) return order < 0;
      return a.row < b.row;
    });
    const bool adds_only = std::all_of(moves[i].begin(), moves[i].end(),
                                       [](const IndexMove& move) { return move.kind == IndexMove::Kind::add; });
    if (adds_only) {
      auto present = add_all(transaction, tables.indexes[i], moves[i]);
      if (!present) return present;
      if (active) disagreements += *present;
      continue;
    }
    for (const IndexMove& move : moves[i]) {
      auto done = move.kind == IndexMove::Kind::add ? transaction.add(tables.indexes[i], move.key, move.row.bytes())
                                                    : transaction.remove(tables.indexes[i], move.key, move.row.bytes());
      if (!done) return fail(std::move(done.error()));
      // While an index is built, rows that its builder has not reached are missing, and it may have been faster.
      if (!*done && active) ++disagreements;
    }
  }
  return disagreements;
}

Result<void> write_record(WriteTransaction& transaction, const Tables& tables, const RowChange& row) {
  const bool moves = row.old_key && row.old_key != row.new_key;
  if (moves) {
    auto removed = transaction.remove(tables.sessions, row.old_key->bytes());
    if (!removed) return fail(std::move(removed.error()));
  }
  if (!row.new_key) {
    auto removed = transaction.remove(tables.ids, index::guid_key(row.id));
    if (!removed) return fail(std::move(removed.error()));
    return {};
  }
  std::string value;
  codec::encode_value(value, ValueKind::record, static_cast<std::uint64_t>(row.version), row.new_key->bytes(),
                      row.record);
  const bool is_new_place = !row.old_key || moves;
  return transaction.put(tables.sessions, row.new_key->bytes(), value,
                         is_new_place ? WriteTransaction::Place::last : WriteTransaction::Place::anywhere);
}

// New and moved rows enter table `ids` in the order of its keys.
Result<void> write_ids(WriteTransaction& transaction, const Tables& tables, const std::vector<RowChange>& rows) {
  std::vector<std::pair<index::Key, RowKey>> entries;
  for (const RowChange& row : rows) {
    if (row.new_key && row.old_key != row.new_key) entries.emplace_back(index::guid_key(row.id), *row.new_key);
  }
  if (entries.empty()) return {};
  std::sort(entries.begin(), entries.end());
  auto writer = storage::TableWriter::open(transaction, tables.ids);
  if (!writer) return fail(std::move(writer.error()));
  for (const auto& [id, key] : entries) {
    if (auto ok = writer->put(id, key.bytes(), WriteTransaction::Place::last); !ok) return ok;
  }
  return {};
}

Result<void> write_deletion(WriteTransaction& transaction, const Tables& tables, const RowChange& row) {
  const IntegerKey key(static_cast<std::uint64_t>(row.version));
  std::string value;
  codec::encode_value(value, ValueKind::deletion, static_cast<std::uint64_t>(row.version), key.bytes(),
                      codec::encode(*row.deletion));
  return transaction.put(tables.deletions, key.bytes(), value, WriteTransaction::Place::last);
}

Result<void> write_binaries(WriteTransaction& transaction, const Tables& tables, const Change& change) {
  std::vector<blob::NewBlob> blobs;
  blobs.reserve(change.blobs.size());
  for (const BlobChange& blob : change.blobs) {
    if (blob.references == 0) continue;  // given and taken back within the change
    blobs.push_back({blob.id, blob.content.get(), static_cast<std::uint64_t>(blob.references)});
  }
  if (auto ok = blob::insert_all(transaction, tables.blobs, blobs); !ok) return ok;
  for (const auto& [blob_id, references] : change.references) {
    if (auto ok = blob::set_references(transaction, tables.blobs, blob_id, references); !ok) return ok;
  }
  return {};
}

}  // namespace

std::uint64_t Change::bytes() const noexcept {
  constexpr std::uint64_t row_overhead = 512;  // ids and indexes
  std::uint64_t total = 0;
  for (const RowChange& row : rows) total += row.record.size() + row_overhead;
  for (const BlobChange& blob : blobs) {
    for (const std::string& chunk : blob.content->chunks) total += chunk.size() + 128;
  }
  return total;
}

Result<std::uint64_t> apply(WriteTransaction& transaction, const Tables& tables, const Catalogue& catalogue,
                            const Change& change) {
  IndexMoves moves;
  for (const RowChange& row : change.rows) {
    std::optional<StoredRow> before;
    std::optional<StoredRow> after;
    if (row.old_key) {
      auto stored = read_row(transaction, tables, row.old_key->bytes());
      if (!stored) return fail(std::move(stored.error()));
      before = *stored;
    }
    if (row.new_key) {
      auto session = codec::RecordView::verify(row.record);
      if (!session) return fail(std::move(session.error()));
      after = StoredRow{*row.new_key, *session};
    }
    collect(moves, catalogue, before ? &*before : nullptr, after ? &*after : nullptr);
    if (auto ok = write_record(transaction, tables, row); !ok) return fail(std::move(ok.error()));
    if (row.deletion) {
      if (auto ok = write_deletion(transaction, tables, row); !ok) return fail(std::move(ok.error()));
    }
  }
  if (auto ok = write_ids(transaction, tables, change.rows); !ok) return fail(std::move(ok.error()));
  auto disagreements = write_indexes(transaction, tables, catalogue, moves);
  if (!disagreements) return disagreements;
  if (auto ok = write_binaries(transaction, tables, change); !ok) return fail(std::move(ok.error()));
  for (const std::uint64_t version : change.expired_deletions) {
    auto removed = transaction.remove(tables.deletions, IntegerKey(version).bytes());
    if (!removed) return fail(std::move(removed.error()));
  }
  if (!change.extra_columns.empty()) {
    auto ok = write_meta(transaction, tables.meta, codec::MetaRow::extras, codec::encode(change.extra_columns));
    if (!ok) return fail(std::move(ok.error()));
  }
  auto written = write_meta(transaction, tables.meta, codec::MetaRow::counters, codec::encode(change.counters));
  if (!written) return fail(std::move(written.error()));
  return disagreements;
}

}  // namespace flowkeep::store

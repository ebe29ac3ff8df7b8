#include "store/apply.hpp"

#include <algorithm>

#include "base/bytes.hpp"
#include "codec/record.hpp"
#include "codec/summary.hpp"
#include "codec/value.hpp"

namespace flowkeep::store {

using codec::ValueKind;
using index::RowKey;
using storage::IntegerKey;
using storage::TableWriter;
using storage::WriteTransaction;

Application::IndexMove Application::move_of(const index::Key& key, const index::RowKey& row, IndexMove::Kind kind) {
  std::array<char, 8> beginning{};
  key.copy(beginning.data(), beginning.size());
  return {base::get_be64(beginning.data()), keys_.keep(key), row, kind};
}

Result<void> Application::collect(const StoredRow* before, const StoredRow* after) {
  for (const index::Definition& definition : index::definitions()) {
    if (!catalogue_.is_maintained(definition.info.id)) continue;
    const codec::KeyForm form = catalogue_.key_form(definition.info.id);
    Result<std::optional<index::Key>> old_key_or(std::nullopt);
    Result<std::optional<index::Key>> new_key_or(std::nullopt);
    if (before != nullptr) old_key_or = index::key_of(definition, before->session, form);
    if (!old_key_or) return fail(std::move(old_key_or.error()));
    if (after != nullptr) new_key_or = index::key_of(definition, after->session, form);
    if (!new_key_or) return fail(std::move(new_key_or.error()));
    const auto& old_key = *old_key_or;
    const auto& new_key = *new_key_or;
    if (old_key && new_key && *old_key == *new_key && before->key == after->key) continue;
    IndexMoves& moves = moves_[static_cast<std::size_t>(definition.info.id)];
    if (old_key) moves.push_back(move_of(*old_key, before->key, IndexMove::Kind::remove));
    if (new_key) moves.push_back(move_of(*new_key, after->key, IndexMove::Kind::add));
  }
  if (catalogue_.is_maintained(IndexId::summary)) collect_summary(before, after);
  return {};
}

void Application::collect_summary(const StoredRow* before, const StoredRow* after) {
  const bool stays = before != nullptr && after != nullptr && before->key == after->key;
  if (before != nullptr && !stays) summary_moves_.push_back({before->key, std::nullopt, true});
  if (after == nullptr) return;
  const codec::SummaryRow summary = codec::summary_of(after->session);
  if (stays && codec::summary_of(before->session) == summary) return;
  summary_moves_.push_back({after->key, summary, stays});
}

// Sorted, and of the moves of one entry, which are additions and removals in turn, what they come to.
Application::IndexMoves Application::net(IndexMoves moves) {
  std::stable_sort(moves.begin(), moves.end(), [](const IndexMove& a, const IndexMove& b) {
    if (a.beginning != b.beginning) return a.beginning < b.beginning;
    if (const int order = a.key.compare(b.key); order != 0) return order < 0;
    return a.row < b.row;
  });
  auto kept = moves.begin();
  for (auto first = moves.begin(); first != moves.end();) {
    auto behind = first + 1;
    while (behind != moves.end() && behind->row == first->row && behind->key == first->key) ++behind;
    const bool comes_to_nothing = first->kind != (behind - 1)->kind;
    if (!comes_to_nothing) {
      *kept++ = *first;
    }
    first = behind;
  }
  moves.erase(kept, moves.end());
  return moves;
}

// Answers how many entries were not as the records have it.
Result<std::uint64_t> Application::write_index(storage::Table table, const IndexMoves& moves) {
  std::uint64_t disagreements = 0;
  for (const IndexMove& move : moves) {
    if (move.kind != IndexMove::Kind::remove) continue;
    auto removed = transaction_.remove(table, move.key, move.row.bytes());
    if (!removed) return fail(std::move(removed.error()));
    if (!*removed) ++disagreements;
  }
  auto writer = TableWriter::open(transaction_, table);
  if (!writer) return fail(std::move(writer.error()));
  for (const IndexMove& move : moves) {
    if (move.kind != IndexMove::Kind::add) continue;
    auto added = writer->add_in_order(move.key, move.row.bytes());
    if (!added) return fail(std::move(added.error()));
    if (!*added) ++disagreements;
  }
  return disagreements;
}

Result<TableWriter*> Application::sessions() {
  if (!sessions_) {
    auto writer = TableWriter::open(transaction_, tables_.sessions);
    if (!writer) return fail(std::move(writer.error()));
    sessions_.emplace(std::move(*writer));
  }
  return &*sessions_;
}

Result<void> Application::write_record(const RowChange& row) {
  const bool moves = row.old_key && row.old_key != row.new_key;
  if (moves) {
    auto removed = transaction_.remove(tables_.sessions, row.old_key->bytes());
    if (!removed) return fail(std::move(removed.error()));
  }
  if (moves || !row.old_key) ids_.emplace_back(index::guid_key(row.id), row.new_key);
  if (!row.new_key) return {};
  auto writer = sessions();
  if (!writer) return fail(std::move(writer.error()));
  const bool is_new_place = !row.old_key || moves;
  return (*writer)->put(row.new_key->bytes(), row.value,
                        is_new_place ? WriteTransaction::Place::last : WriteTransaction::Place::anywhere);
}

Result<void> Application::write_contents(const RowChange& row) {
  // A store of an older format has none to remove.
  if (!row.contents || (row.contents->empty() && !tables_.contents.is_open())) return {};
  const IntegerKey key(row.new_key ? row.new_key->arrival() : row.old_key->arrival());
  if (row.contents->empty()) {
    auto removed = transaction_.remove(tables_.contents, key.bytes());
    if (!removed) return fail(std::move(removed.error()));
    return {};
  }
  if (!contents_) {
    auto writer = TableWriter::open(transaction_, tables_.contents);
    if (!writer) return fail(std::move(writer.error()));
    contents_.emplace(std::move(*writer));
  }
  return contents_->put(key.bytes(), *row.contents,
                        row.old_key ? WriteTransaction::Place::anywhere : WriteTransaction::Place::last);
}

Result<void> Application::write_deletion(const RowChange& row) {
  const IntegerKey key(static_cast<std::uint64_t>(row.version));
  codec::encode_value(value_, ValueKind::deletion, static_cast<std::uint64_t>(row.version), key.bytes(),
                      codec::encode(*row.deletion));
  return transaction_.put(tables_.deletions, key.bytes(), value_, WriteTransaction::Place::last);
}

Result<void> Application::write_row(const RowChange& row) {
  std::optional<StoredRow> before;
  std::optional<StoredRow> after;
  if (row.old_key) {
    auto stored = read_row(transaction_, tables_, row.old_key->bytes());
    if (!stored) return fail(std::move(stored.error()));
    before = std::move(*stored);
  }
  if (row.new_key) {
    auto shown = show_row(transaction_, tables_, row);
    if (!shown) return fail(std::move(shown.error()));
    after = std::move(*shown);
  }
  if (auto ok = collect(before ? &*before : nullptr, after ? &*after : nullptr); !ok) return ok;
  if (auto ok = write_record(row); !ok) return ok;
  if (auto ok = write_contents(row); !ok) return ok;
  return row.deletion ? write_deletion(row) : Result<void>();
}

Result<void> Application::write_new_binaries() {
  if (auto ok = blob::insert_all(transaction_, tables_.blobs, new_blobs_); !ok) return ok;
  new_blobs_.clear();
  return {};
}

Result<void> Application::write_binaries(const Change& change) {
  for (const BlobChange& blob : change.blobs) {
    if (blob.references == 0) continue;  // given and taken back within the change
    new_blobs_.push_back({blob.id, &blob.content, static_cast<std::uint64_t>(blob.references)});
  }
  if (change.references.empty()) return {};
  if (auto ok = write_new_binaries(); !ok) return ok;  // of which some may be meant
  for (const auto& [blob_id, references] : change.references) {
    if (auto ok = blob::set_references(transaction_, tables_.blobs, blob_id, references); !ok) return ok;
  }
  return {};
}

Result<void> Application::write_side_rows(const Change& change) {
  for (const SideChange& row : change.side_rows) {
    const storage::Table table = tables_.of(row.table);
    if (row.value) {
      if (auto ok = transaction_.put(table, row.key, *row.value); !ok) return ok;
    } else {
      auto removed = transaction_.remove(table, row.key);
      if (!removed) return fail(std::move(removed.error()));
    }
  }
  return {};
}

Result<void> Application::add(const Change& change) {
  for (const RowChange& row : change.rows) {
    if (auto ok = write_row(row); !ok) return ok;
  }
  if (auto ok = write_binaries(change); !ok) return ok;
  if (auto ok = write_side_rows(change); !ok) return ok;
  for (const std::uint64_t version : change.expired_deletions) {
    auto removed = transaction_.remove(tables_.deletions, IntegerKey(version).bytes());
    if (!removed) return fail(std::move(removed.error()));
  }
  if (!change.extra_columns.empty()) extra_columns_ = &change.extra_columns;
  counters_ = &change.counters;
  return {};
}

Result<void> Application::add(const Changes& changes) {
  for (const Change& change : changes) {
    if (auto ok = add(change); !ok) return ok;
  }
  return {};
}

// A session that comes and goes several times: the last word counts.
Result<void> Application::write_ids() {
  if (ids_.empty()) return {};
  std::stable_sort(ids_.begin(), ids_.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  const auto is_last_word = [this](std::size_t i) {
    return i + 1 == ids_.size() || ids_[i + 1].first != ids_[i].first;
  };
  for (std::size_t i = 0; i < ids_.size(); ++i) {
    if (ids_[i].second || !is_last_word(i)) continue;
    auto removed = transaction_.remove(tables_.ids, ids_[i].first);
    if (!removed) return fail(std::move(removed.error()));
  }
  auto writer = TableWriter::open(transaction_, tables_.ids);
  if (!writer) return fail(std::move(writer.error()));
  for (std::size_t i = 0; i < ids_.size(); ++i) {
    if (!ids_[i].second || !is_last_word(i)) continue;
    if (auto ok = writer->put(ids_[i].first, ids_[i].second->bytes(), WriteTransaction::Place::last); !ok) return ok;
  }
  return {};
}

Result<void> Application::write_meta_rows() {
  if (extra_columns_ != nullptr) {
    auto ok = write_meta(transaction_, tables_.meta, codec::MetaRow::extras, codec::encode(*extra_columns_));
    if (!ok) return ok;
  }
  if (counters_ == nullptr) return {};
  return write_meta(transaction_, tables_.meta, codec::MetaRow::counters, codec::encode(*counters_));
}

Result<std::uint64_t> Application::finish() {
  sessions_.reset();
  contents_.reset();
  if (auto ok = write_new_binaries(); !ok) return fail(std::move(ok.error()));
  if (auto ok = write_ids(); !ok) return fail(std::move(ok.error()));
  auto disagreements = write_indexes();
  if (!disagreements) return disagreements;
  if (auto ok = write_meta_rows(); !ok) return fail(std::move(ok.error()));
  return disagreements;
}

Result<std::uint64_t> Application::write_indexes() {
  std::uint64_t disagreements = 0;
  for (std::size_t i = 0; i < moves_.size(); ++i) {
    const IndexMoves moves = net(std::move(moves_[i]));
    if (moves.empty()) continue;
    auto disagreeing = write_index(tables_.indexes[i], moves);
    if (!disagreeing) return disagreeing;
    // While an index is built, rows that its builder has not reached are missing, and it may have been faster.
    if (catalogue_.is_active(static_cast<IndexId>(i))) disagreements += *disagreeing;
  }
  if (summary_moves_.empty()) return disagreements;
  auto disagreeing = write_summaries(transaction_, tables_, std::move(summary_moves_));
  if (!disagreeing) return disagreeing;
  return disagreements + (catalogue_.is_active(IndexId::summary) ? *disagreeing : 0);
}

}  // namespace flowkeep::store

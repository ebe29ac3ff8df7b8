#include "store/summary_table.hpp"

#include <algorithm>
#include <iterator>
#include <span>
#include <utility>

#include "codec/summary.hpp"
#include "store/reading.hpp"

namespace flowkeep::store {

using index::RowKey;
using storage::Cursor;
using storage::WriteTransaction;

namespace {

// What a session that is open will still take in its block: its times come later.
constexpr std::size_t spare_bytes = 6;
// A block that has become so small takes in the next ones, until it is so large: LMDB does not join pages whose values
// have become smaller.
constexpr std::size_t small_bytes = codec::most_summary_bytes * 3 / 8;
constexpr std::size_t enough_bytes = codec::most_summary_bytes * 5 / 8;

using Rows = std::vector<codec::SummaryRow>;
using Moves = std::span<const SummaryMove>;

/// One block, or the place of the first.
struct Block {
  std::optional<RowKey> key{};   ///< none: the table is empty
  std::optional<RowKey> next{};  ///< where the next block begins; none: it is the last
  Rows rows{};
};

class Writer {
 public:
  Writer(WriteTransaction& transaction, const Tables& tables)
      : transaction_(transaction), tables_(tables), table_(tables.summary()) {}

  Result<std::uint64_t> write(Moves moves) {
    while (!moves.empty()) {
      auto block = find_block(moves.front().key);
      if (!block) return fail(std::move(block.error()));
      if (auto ok = write_block(std::move(*block), moves); !ok) return fail(std::move(ok.error()));
    }
    return disagreements_;
  }

 private:
  /// The block that a row belongs to: the last that begins at or before it, else the first.
  Result<Block> find_block(const RowKey& key) {
    auto cursor = Cursor::open(transaction_, table_);
    if (!cursor) return fail(std::move(cursor.error()));
    auto found = cursor->seek(key.bytes());
    if (!found) return fail(std::move(found.error()));
    if (!*found || cursor->key() != key.bytes()) {
      found = *found ? cursor->previous() : cursor->last();
      if (found && !*found) found = cursor->first();
      if (!found) return fail(std::move(found.error()));
      if (!*found) return Block{};
    }
    return read_block(*cursor);
  }

  Result<Block> read_block(Cursor& cursor) {
    Block block;
    block.key = RowKey::from(cursor.key());
    if (!block.key) return fail(Errc::corrupt, "a key of the summary is not of 16 bytes");
    codec::SummaryBlock stored;
    const auto opened = stored.open(cursor.key(), cursor.value());
    for (std::size_t row = 0; row < stored.size(); ++row) block.rows.push_back(codec::summary_of(stored[row]));
    auto more = cursor.next();
    if (!more) return fail(std::move(more.error()));
    if (*more) {
      block.next = RowKey::from(cursor.key());
      if (!block.next) return fail(Errc::corrupt, "a key of the summary is not of 16 bytes");
    }
    if (opened) return block;
    // What is promised already does not fail for what can be had from the records.
    ++disagreements_;
    if (auto ok = read_sessions(block); !ok) return fail(std::move(ok.error()));
    return block;
  }

  /// The rows that a block should have; without those whose records are damaged, which a check tells of.
  Result<void> read_sessions(Block& block) {
    auto cursor = Cursor::open(transaction_, tables_.sessions);
    if (!cursor) return fail(std::move(cursor.error()));
    auto found = cursor->seek(block.key->bytes());
    for (; found && *found && (!block.next || cursor->key() < block.next->bytes()); found = cursor->next()) {
      const auto row = decode_row(transaction_, tables_, cursor->key(), cursor->value());
      if (row) block.rows.push_back(codec::summary_of(row->session));
    }
    if (!found) return fail(std::move(found.error()));
    return {};
  }

  /// Takes the moves that meet the block off the front of `moves`.
  void merge(Block& block, Moves& moves) {
    const auto end = block.next ? std::find_if(moves.begin(), moves.end(),
                                               [&](const SummaryMove& move) { return !(move.key < *block.next); })
                                : moves.end();
    const Moves mine(moves.begin(), end);
    moves = moves.subspan(mine.size());
    Rows merged;
    merged.reserve(block.rows.size() + mine.size());
    auto row = block.rows.begin();
    for (const SummaryMove& move : mine) {
      while (row != block.rows.end() && row_key_of(*row) < move.key) merged.push_back(std::move(*row++));
      const bool was_there = row != block.rows.end() && row_key_of(*row) == move.key;
      if (was_there) ++row;
      if (move.summary) merged.push_back(*move.summary);
      if (move.was_there != was_there) ++disagreements_;
    }
    std::move(row, block.rows.end(), std::back_inserter(merged));
    block.rows = std::move(merged);
  }

  Result<void> write_block(Block block, Moves& moves) {
    const std::size_t before = block.rows.size();
    const RowKey last = before == 0 ? RowKey() : row_key_of(block.rows.back());
    merge(block, moves);
    const bool grows_at_the_end = !block.next && !block.rows.empty() && last < row_key_of(block.rows.back());
    if (block.rows.size() < before) {
      if (auto ok = take_in_next(block, moves); !ok) return ok;
    }
    // Its key may stay where rows went from its front, but not where one came before it.
    const bool keeps_key = block.key && !block.rows.empty() && !(row_key_of(block.rows.front()) < *block.key);
    if (block.key && !keeps_key) {
      auto removed = transaction_.remove(table_, block.key->bytes());
      if (!removed) return fail(std::move(removed.error()));
    }
    if (block.rows.empty()) return {};
    const RowKey first = keeps_key ? *block.key : row_key_of(block.rows.front());
    if (grows_at_the_end) return put_in_full(block.rows, first);
    if (block.rows.size() > before && !keeps_key) return put_in_front(block.rows, before, first);
    return put_in_halves(block.rows, first);
  }

  Result<void> take_in_next(Block& block, Moves& moves) {
    std::size_t most = small_bytes;
    while (block.next && !block.rows.empty()) {
      const auto bytes = codec::summary_bytes(block.rows);
      if (!bytes || *bytes > most) return {};
      most = enough_bytes;
      auto next = find_block(*block.next);
      if (!next) return fail(std::move(next.error()));
      merge(*next, moves);
      auto removed = transaction_.remove(table_, block.next->bytes());
      if (!removed) return fail(std::move(removed.error()));
      std::move(next->rows.begin(), next->rows.end(), std::back_inserter(block.rows));
      block.next = next->next;
    }
    return {};
  }

  /// Rows that came at the end: more will, so that blocks are filled.
  Result<void> put_in_full(std::span<const codec::SummaryRow> rows, RowKey key) {
    bool is_new = false;
    while (!rows.empty()) {
      const std::size_t count = codec::fitting_summaries(rows, spare_bytes);
      if (is_new) {
        // Of the greatest size first: LMDB would put a third block on a page, which has to be halved when it grows.
        value_.assign(codec::most_summary_bytes, '\0');
        if (auto ok = transaction_.put(table_, key.bytes(), value_, WriteTransaction::Place::last); !ok) return ok;
      }
      if (auto ok = put(rows.first(count), key); !ok) return ok;
      is_new = true;
      rows = rows.subspan(count);
      if (!rows.empty()) key = row_key_of(rows.front());
    }
    return {};
  }

  /// Rows that came before all others, oldest last as it may be: the block that was there stays full.
  Result<void> put_in_front(std::span<const codec::SummaryRow> rows, std::size_t before, const RowKey& key) {
    if (codec::summary_bytes(rows) || before == 0) return put_in_halves(rows, key);
    const std::size_t came = rows.size() - before;
    if (auto ok = put_in_halves(rows.first(came), key); !ok) return ok;
    return put_in_halves(rows.subspan(came), row_key_of(rows[came]));
  }

  Result<void> put_in_halves(std::span<const codec::SummaryRow> rows, const RowKey& key) {
    if (rows.size() == 1 || codec::summary_bytes(rows)) return put(rows, key);
    const std::size_t half = rows.size() / 2;
    if (auto ok = put_in_halves(rows.first(half), key); !ok) return ok;
    return put_in_halves(rows.subspan(half), row_key_of(rows[half]));
  }

  Result<void> put(std::span<const codec::SummaryRow> rows, const RowKey& key) {
    codec::encode_summaries(value_, rows, key.bytes());
    return transaction_.put(table_, key.bytes(), value_, WriteTransaction::Place::last);
  }

  WriteTransaction& transaction_;
  const Tables& tables_;
  storage::Table table_;
  std::string value_{};
  std::uint64_t disagreements_ = 0;
};

// In the order of keys, the last word on each.
void put_in_order(std::vector<SummaryMove>& moves) {
  std::stable_sort(moves.begin(), moves.end(),
                   [](const SummaryMove& a, const SummaryMove& b) { return a.key < b.key; });
  auto kept = moves.begin();
  for (auto first = moves.begin(); first != moves.end();) {
    auto behind = first + 1;
    while (behind != moves.end() && behind->key == first->key) ++behind;
    const bool was_there = first->was_there;
    if (kept != behind - 1) *kept = std::move(*(behind - 1));
    kept->was_there = was_there;
    ++kept;
    first = behind;
  }
  moves.erase(kept, moves.end());
}

}  // namespace

Result<std::uint64_t> write_summaries(WriteTransaction& transaction, const Tables& tables,
                                      std::vector<SummaryMove> moves) {
  put_in_order(moves);
  return Writer(transaction, tables).write(moves);
}

}  // namespace flowkeep::store

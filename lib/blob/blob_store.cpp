#include "blob/blob_store.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include "base/bytes.hpp"
#include "codec/value.hpp"
#include "storage/cursor.hpp"

namespace flowkeep::blob {

using codec::BlobRow;
using codec::Encoding;
using codec::ValueKind;
using storage::IntegerKey;
using Place = storage::WriteTransaction::Place;

namespace {

Error in_blob(Error error, std::uint64_t blob_id) {
  error.message = "binary " + std::to_string(blob_id) + ": " + error.message;
  return error;
}

Result<void> put_row(storage::WriteTransaction& transaction, const Tables& tables, std::uint64_t blob_id,
                     const BlobRow& row, Place place) {
  const IntegerKey key(blob_id);
  std::string value;
  codec::encode_value(value, ValueKind::blob, 0, key.bytes(), codec::encode(row));
  return transaction.put(tables.blobs, key.bytes(), value, place);
}

/// The row of new content, whose pieces are stored here where they do not stand in it.
Result<BlobRow> place_content(storage::WriteTransaction& transaction, const Tables& tables, const NewBlob& blob) {
  const PreparedView& content = *blob.content;
  BlobRow row{content.size, content.hash, blob.references, Encoding::raw, std::nullopt, 0, 0};
  for (std::uint64_t number = 0; number < content.pieces(); ++number) {
    if (content.piece(number).size() < piece_bytes(content.size, number)) row.encoding = Encoding::zstd;
  }
  if (content.pieces() == 0) {
    row.content = std::string_view("");
  } else if (content.pieces() == 1 && content.first.size() <= inline_bytes) {
    row.content = content.first;
  } else {
    row.chunk_count = static_cast<std::uint32_t>(content.pieces());
    row.chunk_bytes = chunk_bytes;
    std::string value;
    for (std::uint64_t number = 0; number < content.pieces(); ++number) {
      const std::string key = chunk_key(blob.id, number);
      codec::encode_value(value, ValueKind::chunk, 0, key, content.piece(number));
      if (auto ok = transaction.put(tables.chunks, key, value, Place::last); !ok) return fail(std::move(ok.error()));
    }
  }
  return row;
}

Result<bool> has_content(const storage::Transaction& transaction, const Tables& tables, std::uint64_t blob_id,
                         const PreparedView& content) {
  auto row = get_row(transaction, tables, blob_id);
  if (!row) return fail(std::move(row.error()));
  if (row->size != content.size || row->hash != content.hash) return false;
  if (content.pieces() == 1 && row->content && *row->content == content.first) return true;
  std::string stored_buffer;
  std::string given_buffer;
  for (std::uint64_t number = 0; number < content.pieces(); ++number) {
    auto stored = read_piece(transaction, tables, blob_id, *row, number, stored_buffer);
    if (!stored) return fail(std::move(stored.error()));
    auto given = unpack(content.piece(number), piece_bytes(content.size, number), given_buffer);
    if (!given) return fail(std::move(given.error()));
    // The pieces of another Flowkeep may be cut elsewhere: such content is not shared.
    if (*stored != *given) return false;
  }
  return true;
}

}  // namespace

std::string chunk_key(std::uint64_t blob_id, std::uint64_t number) {
  std::string key;
  base::append_be64(key, blob_id);
  base::append_be64(key, number);
  return key;
}

Result<BlobRow> get_row(const storage::Transaction& transaction, const Tables& tables, std::uint64_t blob_id) {
  const IntegerKey key(blob_id);
  auto value = transaction.get(tables.blobs, key.bytes());
  if (!value) return fail(std::move(value.error()));
  if (!*value) return fail(Errc::corrupt, "binary " + std::to_string(blob_id) + " is missing from table blobs");
  auto decoded = codec::decode_value(ValueKind::blob, key.bytes(), **value);
  if (!decoded) return fail(in_blob(std::move(decoded.error()), blob_id));
  auto row = codec::decode_blob(decoded->payload);
  if (!row) return fail(in_blob(std::move(row.error()), blob_id));
  const std::uint64_t pieces = row->content            ? 1
                               : row->chunk_bytes == 0 ? 0
                                                       : (row->size + row->chunk_bytes - 1) / row->chunk_bytes;
  if (row->size > max_binary_bytes || (row->content && row->content->size() > row->size) ||
      (!row->content && (row->chunk_count != pieces || (row->size != 0 && pieces == 0)))) {
    return fail(Errc::corrupt, "binary " + std::to_string(blob_id) + " is damaged: its sizes contradict each other");
  }
  return row;
}

Result<std::string_view> read_piece(const storage::Transaction& transaction, const Tables& tables,
                                    std::uint64_t blob_id, const BlobRow& row, std::uint64_t number,
                                    std::string& buffer) {
  std::string_view stored;
  std::uint64_t raw_bytes = row.size;
  if (row.content) {
    stored = *row.content;
  } else {
    const std::string key = chunk_key(blob_id, number);
    auto value = transaction.get(tables.chunks, key);
    if (!value) return fail(std::move(value.error()));
    if (!*value) {
      return fail(Errc::corrupt,
                  "binary " + std::to_string(blob_id) + ": its piece " + std::to_string(number) + " is missing");
    }
    auto decoded = codec::decode_value(ValueKind::chunk, key, **value);
    if (!decoded) return fail(in_blob(std::move(decoded.error()), blob_id));
    stored = decoded->payload;
    raw_bytes = piece_bytes(row.size, number, row.chunk_bytes);
  }
  auto piece = unpack(stored, raw_bytes, buffer);
  if (!piece) return fail(in_blob(std::move(piece.error()), blob_id));
  return piece;
}

Result<void> check_same(const BlobRow& row, const StoredContent& stored) {
  if (row.size == stored.size && row.hash == stored.hash) return {};
  return fail(Errc::corrupt, "binary " + std::to_string(stored.blob_id) + " is not the one its session refers to");
}

Result<std::string> read_all(const storage::Transaction& transaction, const Tables& tables,
                             const StoredContent& stored) {
  auto row = get_row(transaction, tables, stored.blob_id);
  if (!row) return fail(std::move(row.error()));
  if (auto ok = check_same(*row, stored); !ok) return fail(std::move(ok.error()));
  std::string bytes;
  bytes.reserve(row->size);
  std::string buffer;
  const std::uint64_t pieces = row->content ? 1 : row->chunk_count;
  for (std::uint64_t number = 0; number < pieces; ++number) {
    auto piece = read_piece(transaction, tables, stored.blob_id, *row, number, buffer);
    if (!piece) return fail(std::move(piece.error()));
    bytes += *piece;
  }
  return bytes;
}

Result<std::optional<std::uint64_t>> find_equal(const storage::Transaction& transaction, const Tables& tables,
                                                const PreparedView& content) {
  const IntegerKey hash(content.hash);
  auto first = transaction.get(tables.blob_hashes, hash.bytes());
  if (!first) return fail(std::move(first.error()));
  if (!*first) return std::nullopt;
  std::uint64_t blob_id = IntegerKey::value_of(**first);
  auto same = has_content(transaction, tables, blob_id, content);
  if (!same) return fail(std::move(same.error()));
  if (*same) return blob_id;

  auto cursor = storage::Cursor::open(transaction, tables.blob_hashes);
  if (!cursor) return fail(std::move(cursor.error()));
  auto found = cursor->find(hash.bytes());
  for (; found && *found; found = cursor->next_member()) {
    blob_id = IntegerKey::value_of(cursor->value());
    same = has_content(transaction, tables, blob_id, content);
    if (!same) return fail(std::move(same.error()));
    if (*same) return blob_id;
  }
  if (!found) return fail(std::move(found.error()));
  return std::nullopt;
}

bool equal(const PreparedView& left, const PreparedView& right) {
  // Both were packed by this library, which packs equal bytes equally.
  return left.size == right.size && left.hash == right.hash && left.first == right.first &&
         std::equal(left.others.begin(), left.others.end(), right.others.begin(), right.others.end());
}

Result<void> insert_all(storage::WriteTransaction& transaction, const Tables& tables, std::span<const NewBlob> blobs) {
  if (blobs.empty()) return {};
  std::vector<std::pair<std::uint64_t, std::uint64_t>> hashes;
  hashes.reserve(blobs.size());
  {
    auto rows = storage::TableWriter::open(transaction, tables.blobs);
    if (!rows) return fail(std::move(rows.error()));
    std::string value;
    for (const NewBlob& blob : blobs) {
      auto row = place_content(transaction, tables, blob);
      if (!row) return fail(std::move(row.error()));
      const IntegerKey key(blob.id);
      codec::encode_value(value, ValueKind::blob, 0, key.bytes(), codec::encode(*row));
      if (auto ok = rows->put(key.bytes(), value, Place::last); !ok) return ok;
      if (is_shared(blob.content->size)) hashes.emplace_back(blob.content->hash, blob.id);
    }
  }
  if (hashes.empty()) return {};
  // In the order of their keys, which are random otherwise.
  std::sort(hashes.begin(), hashes.end());
  auto writer = storage::TableWriter::open(transaction, tables.blob_hashes);
  if (!writer) return fail(std::move(writer.error()));
  for (const auto& [hash, id] : hashes) {
    auto added = writer->add(IntegerKey(hash).bytes(), IntegerKey(id).bytes());
    if (!added) return fail(std::move(added.error()));
  }
  return {};
}

Result<void> insert(storage::WriteTransaction& transaction, const Tables& tables, std::uint64_t blob_id,
                    const PreparedView& content, std::uint64_t references) {
  const NewBlob blob{blob_id, &content, references};
  return insert_all(transaction, tables, {&blob, 1});
}

Result<void> set_references(storage::WriteTransaction& transaction, const Tables& tables, std::uint64_t blob_id,
                            std::uint64_t references) {
  auto row = get_row(transaction, tables, blob_id);
  if (!row) return fail(std::move(row.error()));
  if (references > 0) {
    row->references = references;
    return put_row(transaction, tables, blob_id, *row, Place::anywhere);
  }
  for (std::uint64_t number = 0; number < row->chunk_count; ++number) {
    auto removed = transaction.remove(tables.chunks, chunk_key(blob_id, number));
    if (!removed) return fail(std::move(removed.error()));
  }
  const IntegerKey hash(row->hash);
  auto removed = transaction.remove(tables.blobs, IntegerKey(blob_id).bytes());
  if (!removed) return fail(std::move(removed.error()));
  removed = transaction.remove(tables.blob_hashes, hash.bytes(), IntegerKey(blob_id).bytes());
  if (!removed) return fail(std::move(removed.error()));
  return {};
}

}  // namespace flowkeep::blob

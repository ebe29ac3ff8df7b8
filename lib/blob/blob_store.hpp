// Blob: the content of binary columns, stored once and shared.
// Owns: tables `blobs` (one row per content), `chunks` (the pieces of the larger ones) and `blob_hashes`.
// Promises: equal content has one row (bytes compared, never the hash alone); a row lives as long as its reference
// count says; every piece is checked when it is read.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include <flowkeep/binary.hpp>

#include "blob/prepared.hpp"
#include "codec/rows.hpp"
#include "storage/transaction.hpp"

namespace flowkeep::blob {

struct Tables {
  storage::Table blobs{};        ///< integer: blob id -> Blob
  storage::Table chunks{};       ///< bytes: blob id, piece number -> piece
  storage::Table blob_hashes{};  ///< integer sets: hash of the content -> blob ids
};

/// Content of at most this many stored bytes stands in its row, so that key and value stay within a page's half.
inline constexpr std::size_t inline_bytes = 1856;

/// The key of a piece.
[[nodiscard]] std::string chunk_key(std::uint64_t blob_id, std::uint64_t number);

/// Reads a blob's row. Errors: corrupt (missing, too).
[[nodiscard]] Result<codec::BlobRow> get_row(const storage::Transaction& transaction, const Tables& tables,
                                             std::uint64_t blob_id);
/// Whether a blob is the one that a record refers to. Errors: corrupt.
[[nodiscard]] Result<void> check_same(const codec::BlobRow& row, const StoredContent& stored);
/// Shows the uncompressed bytes of one piece, in the map or in `buffer`. Errors: corrupt.
[[nodiscard]] Result<std::string_view> read_piece(const storage::Transaction& transaction, const Tables& tables,
                                                  std::uint64_t blob_id, const codec::BlobRow& row,
                                                  std::uint64_t number, std::string& buffer);
/// All uncompressed bytes. Errors: corrupt.
[[nodiscard]] Result<std::string> read_all(const storage::Transaction& transaction, const Tables& tables,
                                           const StoredContent& stored);
/// Finds the blob that has exactly this content.
[[nodiscard]] Result<std::optional<std::uint64_t>> find_equal(const storage::Transaction& transaction,
                                                              const Tables& tables, const PreparedView& content);
/// Whether two contents are the same bytes.
[[nodiscard]] bool equal(const PreparedView& left, const PreparedView& right);

/// New content, which lives as long as this, and its new id.
struct NewBlob {
  std::uint64_t id = 0;
  const PreparedView* content = nullptr;
  std::uint64_t references = 0;
};
/// Stores new contents, in the order of their ids. Many at once touch each page once.
[[nodiscard]] Result<void> insert_all(storage::WriteTransaction& transaction, const Tables& tables,
                                      std::span<const NewBlob> blobs);
/// Stores one.
[[nodiscard]] Result<void> insert(storage::WriteTransaction& transaction, const Tables& tables, std::uint64_t blob_id,
                                  const PreparedView& content, std::uint64_t references);
/// Sets the reference count of content that is there; at 0 the content goes. Errors: corrupt.
[[nodiscard]] Result<void> set_references(storage::WriteTransaction& transaction, const Tables& tables,
                                          std::uint64_t blob_id, std::uint64_t references);

}  // namespace flowkeep::blob

// Rows as they lie in the tables, verified.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include <flowkeep/session_view.hpp>

#include "codec/contents.hpp"
#include "index/index_table.hpp"
#include "storage/transaction.hpp"
#include "store/change.hpp"
#include "store/tables.hpp"

namespace flowkeep::store {

/// A record and where it stands.
struct StoredRow {
  index::RowKey key{};
  SessionView session;
};

/// Shows the record in a value of table `sessions`. Errors: corrupt (checksum, structure, or its createdon
/// differs from that of its key).
[[nodiscard]] Result<StoredRow> decode_row(const storage::Transaction& transaction, const Tables& tables,
                                           std::string_view key, std::string_view value);
/// Shows the record that a change puts. Errors: corrupt.
[[nodiscard]] Result<StoredRow> show_row(const storage::Transaction& transaction, const Tables& tables,
                                         const RowChange& row);

/// Shows the record in a value that will be stored at a row key. Errors: corrupt.
[[nodiscard]] Result<StoredRow> show_row(const storage::Transaction& transaction, const Tables& tables,
                                         const index::RowKey& key, std::string_view value);

/// Reads the record at a row key. Errors: corrupt (missing, too).
[[nodiscard]] Result<StoredRow> read_row(const storage::Transaction& transaction, const Tables& tables,
                                         std::string_view key);

/// Reads the small contents of the session of an arrival, there or in `buffer`. Errors: corrupt (there are none, too).
[[nodiscard]] Result<codec::Slots> read_contents(const storage::Transaction& transaction, const Tables& tables,
                                                 std::uint64_t arrival, std::string& buffer);
/// Opens a value of table `contents` that was verified.
[[nodiscard]] Result<codec::Slots> open_contents(const storage::Transaction& transaction, const Tables& tables,
                                                 std::string_view value, std::string& buffer);
/// One of them, compared with what its record says. Errors: corrupt.
[[nodiscard]] Result<std::string_view> read_small(const storage::Transaction& transaction, const Tables& tables,
                                                  const StoredContent& stored, std::string& buffer);

/// Finds where a session stands.
[[nodiscard]] Result<std::optional<index::RowKey>> find_row_key(const storage::Transaction& transaction,
                                                                const Tables& tables, const Guid& id);
/// Finds a session.
[[nodiscard]] Result<std::optional<StoredRow>> find_row(const storage::Transaction& transaction, const Tables& tables,
                                                        const Guid& id);

/// Finds a side row: its payload, verified. Errors: corrupt.
[[nodiscard]] Result<std::optional<std::string_view>> find_side_row(const storage::Transaction& transaction,
                                                                    const Tables& tables, codec::SideTable table,
                                                                    std::string_view key);
/// Tells `use(key, payload)` of every side row whose key begins with `prefix`, in order, until it answers false.
/// Errors: corrupt, and those of `use`.
[[nodiscard]] Result<void> for_each_side_row(
    const storage::Transaction& transaction, const Tables& tables, codec::SideTable table, std::string_view prefix,
    const std::function<Result<bool>(std::string_view, std::string_view)>& use);

/// The same of those whose keys are not less than `begin`.
[[nodiscard]] Result<void> for_each_side_row_from(
    const storage::Transaction& transaction, const Tables& tables, codec::SideTable table, std::string_view begin,
    const std::function<Result<bool>(std::string_view, std::string_view)>& use);

/// The refusal (busy) of what a store of an older format has no place for.
[[nodiscard]] tl::unexpected<Error> no_place_yet();
/// The refusal of an operation on a session that is not there.
[[nodiscard]] tl::unexpected<Error> no_such_session(const Guid& id);

}  // namespace flowkeep::store

// Rows as they lie in the tables, verified.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <flowkeep/session_view.hpp>

#include "index/index_table.hpp"
#include "storage/transaction.hpp"
#include "store/tables.hpp"

namespace flowkeep::store {

/// A record and where it stands.
struct StoredRow {
  index::RowKey key{};
  SessionView session;
};

/// Shows the record in a value of table `sessions`. Errors: corrupt (checksum, structure, or its createdon or
/// versionnumber differ from those of its key and header).
[[nodiscard]] Result<StoredRow> decode_row(std::string_view key, std::string_view value);

/// Reads the record at a row key. Errors: corrupt (missing, too).
[[nodiscard]] Result<StoredRow> read_row(const storage::Transaction& transaction, const Tables& tables,
                                         std::string_view key);

/// Finds where a session stands.
[[nodiscard]] Result<std::optional<index::RowKey>> find_row_key(const storage::Transaction& transaction,
                                                                const Tables& tables, const Guid& id);
/// Finds a session.
[[nodiscard]] Result<std::optional<StoredRow>> find_row(const storage::Transaction& transaction, const Tables& tables,
                                                        const Guid& id);

/// The refusal of an operation on a session that is not there.
[[nodiscard]] tl::unexpected<Error> no_such_session(const Guid& id);

}  // namespace flowkeep::store

// What the tables hold of the journal.
#pragma once

#include <mutex>
#include <optional>

#include "journal/format.hpp"
#include "storage/transaction.hpp"
#include "store/tables.hpp"

namespace flowkeep::store {

/// The last commit to the tables, for all that commit or make checkpoints.
struct CommitState {
  /// Held while LMDB commits, and while a checkpoint pins and reads the last commit. What a transaction writes before
  /// that uses no page of the last commit, so a checkpoint need not wait for it.
  std::mutex mutex{};
  Guid epoch{};                 ///< of the journal
  journal::Position applied{};  ///< behind the last record that the tables hold
};

/// Row "applied" of table meta; std::nullopt: none that is of the journal `epoch`. Errors: corrupt, io.
[[nodiscard]] Result<std::optional<journal::Position>> read_applied(const storage::Transaction& transaction,
                                                                    storage::Table meta, const Guid& epoch);
[[nodiscard]] Result<void> write_applied(storage::WriteTransaction& transaction, storage::Table meta, const Guid& epoch,
                                         const journal::Position& applied);

}  // namespace flowkeep::store

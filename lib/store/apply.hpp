// The one function that writes rows.
#pragma once

#include "storage/transaction.hpp"
#include "store/change.hpp"
#include "store/engine.hpp"

namespace flowkeep::store {

/// Applies a change inside a transaction: records, ids, every maintained index, binaries, deletions, counters.
/// After an error the transaction holds half of it and has to be aborted. Errors: full, io, corrupt.
[[nodiscard]] Result<void> apply(storage::WriteTransaction& transaction, const Tables& tables,
                                 const Catalogue& catalogue, const Change& change);

}  // namespace flowkeep::store

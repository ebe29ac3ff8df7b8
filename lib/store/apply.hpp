// The one function that writes rows.
#pragma once

#include "storage/transaction.hpp"
#include "store/catalogue.hpp"
#include "store/change.hpp"
#include "store/tables.hpp"

namespace flowkeep::store {

/// Applies a change inside a transaction: records, ids, every maintained index, binaries, deletions, counters.
/// Answers how many index entries were found not to agree with the records; they are left to a check, since the change
/// is promised already. After an error the transaction holds half of it and has to be aborted. Errors: full, io,
/// corrupt.
[[nodiscard]] Result<std::uint64_t> apply(storage::WriteTransaction& transaction, const Tables& tables,
                                          const Catalogue& catalogue, const Change& change);

}  // namespace flowkeep::store

// What the tables hold of the journal.
#pragma once

#include <mutex>
#include <optional>

#include "journal/format.hpp"
#include "storage/transaction.hpp"
#include "store/tables.hpp"

namespace flowkeep::store {

/// A mutex that nobody takes twice in a row while another waits for it.
class FairMutex {
 public:
  void lock() {
    const std::lock_guard next(next_);
    mutex_.lock();
  }
  void unlock() noexcept { mutex_.unlock(); }

 private:
  std::mutex next_{};  // held by the one that waits longest
  std::mutex mutex_{};
};

/// The last commit to the tables, for all that commit or make checkpoints.
struct CommitState {
  /// Held from before a write transaction of LMDB begins to its end, and while a checkpoint looks at the last one. In
  /// this order: whoever has a transaction open keeps the map from moving, and so must not wait for others. Fair: the
  /// applier makes one commit after the other, and a checkpoint has to get between them.
  FairMutex mutex{};
  Guid epoch{};                 ///< of the journal
  journal::Position applied{};  ///< behind the last record that the tables hold
};

/// Row "applied" of table meta; std::nullopt: none that is of the journal `epoch`. Errors: corrupt, io.
[[nodiscard]] Result<std::optional<journal::Position>> read_applied(const storage::Transaction& transaction,
                                                                    storage::Table meta, const Guid& epoch);
[[nodiscard]] Result<void> write_applied(storage::WriteTransaction& transaction, storage::Table meta, const Guid& epoch,
                                         const journal::Position& applied);

}  // namespace flowkeep::store

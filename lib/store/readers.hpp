// Who reads, of every process, and what that costs.
#pragma once

#include <vector>

#include <flowkeep/store.hpp>

#include "store/engine.hpp"

namespace flowkeep::store {

/// The snapshots that are open now, as `transaction` finds them. It is not among them, nor are a writer's pins.
[[nodiscard]] Result<std::vector<StoreStats::Reader>> list_readers(Engine& engine,
                                                                   const storage::ReadTransaction& transaction);

}  // namespace flowkeep::store

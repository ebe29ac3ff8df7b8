// Work on a store as a whole: its model, its indexes, its figures, its soundness.
#pragma once

#include <flowkeep/index.hpp>
#include <flowkeep/store.hpp>

#include "store/engine.hpp"

namespace flowkeep::store {

// The members of Store of the same names.
[[nodiscard]] Result<void> set_state_model(Engine& engine, const StateModel& model);
[[nodiscard]] Result<void> add_index(Engine& engine, IndexId index, const Progress& progress);
[[nodiscard]] Result<void> drop_index(Engine& engine, IndexId index);
[[nodiscard]] Result<StoreStats> stats(Engine& engine);
[[nodiscard]] Result<CheckReport> check(Engine& engine, const Progress& progress);

}  // namespace flowkeep::store

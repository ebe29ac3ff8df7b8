// The row that says what a store's agents prune by themselves.
#pragma once

#include <optional>

#include <flowkeep/retention.hpp>

#include "store/engine.hpp"

namespace flowkeep::store {

[[nodiscard]] Result<std::optional<RetentionSchedule>> retention_schedule(Engine& engine);
/// It is sound. Errors: busy, io.
[[nodiscard]] Result<void> set_retention_schedule(Engine& engine, const std::optional<RetentionSchedule>& schedule);
/// Takes the next run, if one is due: its policy; of several processes one gets it. Errors: busy, io.
[[nodiscard]] Result<std::optional<RetentionPolicy>> claim_retention_run(Engine& engine);

}  // namespace flowkeep::store

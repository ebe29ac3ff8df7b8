// Copies of a store.
#pragma once

#include <string>

#include <flowkeep/backup.hpp>

#include "store/engine.hpp"

namespace flowkeep::store {

/// Store::backup().
[[nodiscard]] Result<BackupReport> backup(Engine& engine, const std::string& destination, const BackupOptions& options);

/// Checks a copy that is not in its place yet, as a store of its own, and leaves nothing beside it. Errors: corrupt
/// (with the first finding), busy (`progress` answered false), io.
[[nodiscard]] Result<CheckReport> verify_copy(const std::string& path, const Progress& progress);

}  // namespace flowkeep::store

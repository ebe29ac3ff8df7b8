// The mark in the data file that its journal is in use.
#pragma once

#include <optional>
#include <string>

#include <flowkeep/guid.hpp>
#include <flowkeep/result.hpp>

namespace flowkeep::journal {

// The stamp lies in the second sector of page 0, which LMDB leaves alone, so that it can be read when the trees cannot.
// While it is there, the file is nothing without the journal of that epoch.

/// Reads the stamp: the epoch of the journal in use; std::nullopt: none, the file is whole by itself.
/// Errors: corrupt (there is something else), io.
[[nodiscard]] Result<std::optional<Guid>> read_stamp(int descriptor, const std::string& name);
/// Writes it, or removes it, and syncs the file. Errors: io.
[[nodiscard]] Result<void> write_stamp(int descriptor, const std::string& name, const std::optional<Guid>& epoch);

}  // namespace flowkeep::journal

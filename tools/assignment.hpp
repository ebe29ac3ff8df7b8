// What `flowkeep set` is asked to change, read into a SessionUpdate.
#pragma once

#include <string>

#include "tool.hpp"

namespace flowkeep::tool {

/// Reads NAME=VALUE into `update`, the value by the kind of the column: choices by label or number, lookups as a
/// GUID or (ownerid) team:GUID, times as ISO 8601. Failures: usage (no such column), bad_input (the value).
[[nodiscard]] Try<void> add_assignment(SessionUpdate& update, const std::string& text);
/// Reads NAME=@PATH and the file (- is standard input) into a File column, named after the file.
/// Failures: usage, bad_input.
[[nodiscard]] Try<void> add_content(SessionUpdate& update, const std::string& text);
/// Marks a column to become null. `extra_columns` are those of the store besides the entity's. Failures: usage.
[[nodiscard]] Try<void> add_clearing(SessionUpdate& update, const std::string& name,
                                     const std::vector<std::string>& extra_columns);

/// Reads a file's content, "-" being standard input. Failures: bad_input.
[[nodiscard]] Try<Content> read_content(const std::string& path);

}  // namespace flowkeep::tool

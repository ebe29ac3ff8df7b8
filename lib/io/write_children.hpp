// Children of sessions as members of a session.
#pragma once

#include <string>

#include <flowkeep/io/children.hpp>

namespace flowkeep::io {

/// What of a collection that has no children is written.
enum class EmptyCollection : std::uint8_t { nothing, empty_list };

/// Appends a session's collections as members, a comma before each. One whose name an extra column of the session has
/// is left to that, where it is empty. Errors: corrupt.
[[nodiscard]] Result<void> append_collections(std::string& out, const Snapshot& snapshot, const SessionView& session,
                                              const ChildWriteOptions& options, EmptyCollection empty);
/// Appends every extra column of a session, a comma before each, but those whose place its children take.
[[nodiscard]] Result<void> append_extras_beside(std::string& out, const Snapshot& snapshot, const SessionView& session);

/// Appends the name of the parent that a lookup leads to, as the value of `key` (see json_key()), where it is known.
[[nodiscard]] Result<void> append_parent_name(std::string& out, const Snapshot& snapshot, const Reference& reference,
                                              std::string_view key);

}  // namespace flowkeep::io

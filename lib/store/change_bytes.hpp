// Changes as the bytes of a journal record.
#pragma once

#include <deque>
#include <string>
#include <string_view>

#include "store/change.hpp"

namespace flowkeep::store {

/// Changes that are applied together or not at all. They stay where they are when more come.
using Changes = std::deque<Change>;

/// Replaces `out` with the bytes; docs/FORMAT.md describes them.
void encode(std::string& out, const Changes& changes);
/// Errors: corrupt.
[[nodiscard]] Result<Changes> decode_changes(std::string_view bytes);

}  // namespace flowkeep::store

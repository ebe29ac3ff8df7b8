// Changes as the bytes of a journal record.
#pragma once

#include <string>
#include <string_view>

#include "store/change.hpp"

namespace flowkeep::store {

/// Replaces `out` with the bytes; docs/FORMAT.md describes them.
void encode(std::string& out, const Changes& changes);
/// Errors: corrupt.
[[nodiscard]] Result<Changes> decode_changes(std::string_view bytes);

}  // namespace flowkeep::store

// Whether a text is JSON: extra columns are kept as JSON and written into dumps as they are.
#pragma once

#include <string_view>

namespace flowkeep::base {

/// Whether `text` is one JSON value (RFC 8259) without white space around its parts, nested at most 256 deep. That it
/// is UTF-8 is for the caller to check.
[[nodiscard]] bool is_minified_json(std::string_view text) noexcept;

}  // namespace flowkeep::base

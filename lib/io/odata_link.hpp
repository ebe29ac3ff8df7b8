// The links of a response: what they begin with, and the tokens in them.
#pragma once

#include <string>
#include <string_view>

#include <flowkeep/result.hpp>

namespace flowkeep::io {

/// What links begin with: "", or the URL with one slash behind it. It stands in a JSON text as it is. Errors:
/// invalid_argument (characters that no path of a URL has).
[[nodiscard]] Result<std::string> link_base(std::string_view base_url);

/// Appends text as it may stand in a URL's query or fragment: all but letters, digits and -._~ in percent form.
void append_percent_encoded(std::string& out, std::string_view text);

}  // namespace flowkeep::io

// Names of hosts as callbacks may have them.
#pragma once

#include <string>
#include <string_view>

#include <flowkeep/result.hpp>

namespace flowkeep::callbacks {

/// ASCII letters alone change.
[[nodiscard]] std::string lower_case(std::string_view text);

/// A DNS name in lower case, without the one dot that may stand at its end. Failing that, the end of a sentence that
/// begins with what has the host. An IPv4 address in any form is no name: by the rule of browsers, whatever has a
/// number, decimal or hexadecimal, as its last label, which no top-level domain is.
[[nodiscard]] tl::expected<std::string, std::string_view> read_host(std::string_view host);

/// Whether a text has the characters of names and IPv4 addresses alone, and no more of them than a name: nothing that
/// is not for showing.
[[nodiscard]] bool is_presentable(std::string_view host) noexcept;

/// "localhost" and the names below it (RFC 6761).
[[nodiscard]] bool is_localhost(std::string_view name) noexcept;

}  // namespace flowkeep::callbacks

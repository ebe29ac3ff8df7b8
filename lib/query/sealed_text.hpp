// Bytes that are given away as text and come back unchanged, or are refused.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace flowkeep::query {

/// The body and a checksum of it, in lower-case hexadecimal digits.
[[nodiscard]] std::string seal(std::string body);
/// The body of so many bytes; std::nullopt: the text is not one that seal() made of such a body.
[[nodiscard]] std::optional<std::string> unseal(std::string_view text, std::size_t size);

}  // namespace flowkeep::query

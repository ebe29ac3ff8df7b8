// UTF-8 text: its validity, its length as the platform counts it, and its comparison without case.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace flowkeep::base {

/// Counts the UTF-16 code units of a text. std::nullopt: not valid UTF-8 (overlong forms, surrogates and code
/// points above U+10FFFF are refused).
[[nodiscard]] std::optional<std::size_t> utf16_units(std::string_view utf8) noexcept;

/// Folds case by a rule that is fixed in the file format: simple case folding, CaseFolding.txt of Unicode 14.0,
/// status C and S, code point by code point. The length in bytes may change. Bytes that are not valid UTF-8 pass
/// through unchanged.
[[nodiscard]] std::string fold_case(std::string_view utf8);

/// Whether two texts are equal once folded, without making copies.
[[nodiscard]] bool equals_folded(std::string_view a, std::string_view b) noexcept;

/// Whether two texts are equal but for the case of ASCII letters.
[[nodiscard]] bool equals_ascii_case(std::string_view a, std::string_view b) noexcept;

}  // namespace flowkeep::base

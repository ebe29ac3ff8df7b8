// JSON's own rules about single tokens, without a parser: numbers, texts with their escapes, and how a value is
// shown in an error sentence.
#pragma once

#include <string>
#include <string_view>

namespace flowkeep::io {

/// Whether `token` is a number by JSON's grammar; and one without fraction and exponent.
[[nodiscard]] bool is_json_number(std::string_view token) noexcept;
[[nodiscard]] bool is_json_integer(std::string_view token) noexcept;

/// Appends `text` as a JSON text, quotes included. Bytes beyond ASCII go through as they are.
void append_json_text(std::string& out, std::string_view text);

/// Appends the text that a JSON text (quotes included) stands for; what is no JSON text is appended as it is.
void append_plain_text(std::string& out, std::string_view json);

/// What a JSON text begins as: "a list", "a number" …
[[nodiscard]] std::string_view kind_of_json(std::string_view json) noexcept;

/// The text in quotes, cut to a length that suits a sentence.
[[nodiscard]] std::string quoted(std::string_view text);

}  // namespace flowkeep::io

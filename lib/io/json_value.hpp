// The values of a JSON object, borrowed from the text that simdjson walks: scalars as they stand there, lists and
// objects checked and minified. simdjson's On Demand parser checks only what is read, so everything is read here.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <simdjson.h>
#include <flowkeep/result.hpp>

namespace flowkeep::io {

enum class JsonKind : std::uint8_t { null, truth, number, text, list, object };

/// One value. `token` is a scalar as it is written, `text` what a text stands for; both live until the parser's
/// next document.
struct JsonValue {
  JsonKind kind = JsonKind::null;
  std::string_view token{};
  std::string_view text{};
};

/// "a number", "an object" …
[[nodiscard]] std::string_view name_of(JsonKind kind) noexcept;

/// Reads a value; lists and objects are only recognised.
[[nodiscard]] simdjson::error_code read_json_value(simdjson::ondemand::value& value, JsonValue& out);

/// Reads a field's key.
[[nodiscard]] simdjson::error_code read_json_key(simdjson::ondemand::field& field, std::string_view& out);

/// Appends a value as minified JSON, all of it checked.
[[nodiscard]] simdjson::error_code append_minified(simdjson::ondemand::value& value, std::string& out);

/// What a parser's refusal means, for a person.
[[nodiscard]] std::string sentence_of(simdjson::error_code error);

}  // namespace flowkeep::io

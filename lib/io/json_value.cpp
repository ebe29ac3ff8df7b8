#include "json_value.hpp"

#include <cstddef>

#include "json_syntax.hpp"

namespace flowkeep::io {
namespace {

namespace ondemand = simdjson::ondemand;

constexpr unsigned max_depth = 256;

std::string_view token_of(ondemand::value& value) {
  std::string_view token = value.raw_json_token();
  while (!token.empty() &&
         (token.back() == ' ' || token.back() == '\n' || token.back() == '\r' || token.back() == '\t'))
    token.remove_suffix(1);
  return token;
}

bool has_escapes(std::string_view text) noexcept {
  return text.find('\\') != std::string_view::npos;
}

/// The key as it is written, without its quotes. That the quote is there has been checked by the parser.
std::string_view raw_key(ondemand::raw_json_string key) noexcept {
  const char* const begin = key.raw();
  const char* end = begin;
  while (*end != '"') end += *end == '\\' ? 2 : 1;
  return {begin, static_cast<std::size_t>(end - begin)};
}

simdjson::error_code append_value(ondemand::value& value, std::string& out, unsigned depth);

simdjson::error_code append_list(ondemand::value& value, std::string& out, unsigned depth) {
  ondemand::array list;
  if (const auto error = value.get_array().get(list)) return error;
  out += '[';
  std::string_view comma;
  for (auto next : list) {
    ondemand::value element;
    if (const auto error = std::move(next).get(element)) return error;
    out += comma;
    comma = ",";
    if (const auto error = append_value(element, out, depth + 1)) return error;
  }
  out += ']';
  return simdjson::SUCCESS;
}

simdjson::error_code append_object(ondemand::value& value, std::string& out, unsigned depth) {
  ondemand::object object;
  if (const auto error = value.get_object().get(object)) return error;
  out += '{';
  std::string_view comma;
  for (auto next : object) {
    ondemand::field field;
    if (const auto error = std::move(next).get(field)) return error;
    const std::string_view key = raw_key(field.key());
    if (has_escapes(key)) {
      if (const auto error = field.unescaped_key().error()) return error;
    }
    out += comma;
    comma = ",";
    out += '"';
    out += key;
    out += "\":";
    if (const auto error = append_value(field.value(), out, depth + 1)) return error;
  }
  out += '}';
  return simdjson::SUCCESS;
}

simdjson::error_code append_value(ondemand::value& value, std::string& out, unsigned depth) {
  if (depth > max_depth) return simdjson::DEPTH_ERROR;
  JsonValue scalar;
  if (const auto error = read_json_value(value, scalar)) return error;
  if (scalar.kind == JsonKind::list) return append_list(value, out, depth);
  if (scalar.kind == JsonKind::object) return append_object(value, out, depth);
  out += scalar.token;
  return simdjson::SUCCESS;
}

}  // namespace

std::string_view name_of(JsonKind kind) noexcept {
  switch (kind) {
    case JsonKind::null:
      return "null";
    case JsonKind::truth:
      return "a truth value";
    case JsonKind::number:
      return "a number";
    case JsonKind::text:
      return "a text";
    case JsonKind::list:
      return "a list";
    case JsonKind::object:
      return "an object";
  }
  return "";
}

simdjson::error_code read_json_value(ondemand::value& value, JsonValue& out) {
  const std::string_view token = token_of(value);
  out.token = token;
  switch (token.empty() ? '\0' : token.front()) {
    case '"':
      out.kind = JsonKind::text;
      if (token.size() < 2 || token.back() != '"') return simdjson::STRING_ERROR;
      out.text = token.substr(1, token.size() - 2);
      // Either call moves the parser behind the text. Left to skip it, it would take "a":1 in a value's place for a
      // field.
      return has_escapes(out.text) ? value.get_string().get(out.text) : value.get_raw_json_string().error();
    case '{':
      out.kind = JsonKind::object;
      return simdjson::SUCCESS;
    case '[':
      out.kind = JsonKind::list;
      return simdjson::SUCCESS;
    case 't':
    case 'f':
      out.kind = JsonKind::truth;
      return token == "true" || token == "false" ? simdjson::SUCCESS : simdjson::T_ATOM_ERROR;
    case 'n':
      out.kind = JsonKind::null;
      return token == "null" ? simdjson::SUCCESS : simdjson::N_ATOM_ERROR;
    default:
      out.kind = JsonKind::number;
      return is_json_number(token) ? simdjson::SUCCESS : simdjson::NUMBER_ERROR;
  }
}

simdjson::error_code read_json_key(ondemand::field& field, std::string_view& out) {
  out = raw_key(field.key());
  return has_escapes(out) ? field.unescaped_key().get(out) : simdjson::SUCCESS;
}

simdjson::error_code append_minified(ondemand::value& value, std::string& out) {
  return append_value(value, out, 1);
}

std::string sentence_of(simdjson::error_code error) {
  switch (error) {
    case simdjson::UTF8_ERROR:
      return "not valid UTF-8";
    case simdjson::EMPTY:
      return "nothing stands here, a JSON object is needed";
    case simdjson::UNCLOSED_STRING:
      return "the JSON object is cut short: a text has no closing quote";
    case simdjson::INCOMPLETE_ARRAY_OR_OBJECT:
      return "the JSON object is cut short or followed by more text: it does not end with its closing brace";
    case simdjson::UNESCAPED_CHARS:
      return "not valid JSON: a control character stands in a text without an escape such as \\n or \\u001f";
    case simdjson::STRING_ERROR:
      return "not valid JSON: a text holds a broken escape";
    case simdjson::T_ATOM_ERROR:
    case simdjson::F_ATOM_ERROR:
    case simdjson::N_ATOM_ERROR:
    case simdjson::NUMBER_ERROR:
      return "not valid JSON: a value is neither a text, a number, true, false, null, a list nor an object";
    case simdjson::DEPTH_ERROR:
      return "lists and objects are nested more than 256 deep";
    case simdjson::CAPACITY:
      return "longer than 4 GiB";
    case simdjson::TRAILING_CONTENT:
      return "more text stands behind the JSON object";
    default:
      return "not valid JSON";
  }
}

}  // namespace flowkeep::io

#include "column_value.hpp"

#include <charconv>
#include <cstdint>
#include <limits>
#include <optional>
#include <system_error>
#include <type_traits>

#include <fmt/format.h>

#include "base64.hpp"
#include "json_syntax.hpp"

namespace flowkeep::io {
namespace {

bool is_secret(const ColumnInfo& column) noexcept {
  return column.column == Column::credentials || column.column == Column::callbackurl ||
         column.kind == ColumnKind::binary;
}

std::string_view needed(ColumnKind kind) noexcept {
  switch (kind) {
    case ColumnKind::guid:
    case ColumnKind::lookup:
      return "a GUID";
    case ColumnKind::text:
    case ColumnKind::binary_name:
      return "a text";
    case ColumnKind::choice:
    case ColumnKind::int32:
    case ColumnKind::int64:
      return "a whole number";
    case ColumnKind::decimal:
      return "a number";
    case ColumnKind::timestamp:
      return "a time";
    case ColumnKind::binary:
      return "a base64 text";
  }
  return "";
}

tl::unexpected<Error> refuse(const ColumnInfo& column, std::string_view what) {
  return fail(Errc::invalid_argument, fmt::format("{}: {}", column.name, what));
}

tl::unexpected<Error> refuse_kind(const ColumnInfo& column, const JsonValue& value) {
  const std::string_view kind = name_of(value.kind);
  const bool scalar = value.kind != JsonKind::list && value.kind != JsonKind::object;
  if (!scalar || is_secret(column))
    return refuse(column, fmt::format("{} stands there, {} is needed", kind, needed(column.kind)));
  const std::string shown = value.kind == JsonKind::text ? quoted(value.text) : std::string(value.token.substr(0, 60));
  return refuse(column, fmt::format("{} is {}, {} is needed", shown, kind, needed(column.kind)));
}

template <class Integer>
Result<Integer> read_integer(const ColumnInfo& column, const JsonValue& value) {
  if (value.kind != JsonKind::number) return refuse_kind(column, value);
  const std::string_view token = value.token;
  if (!is_json_integer(token))
    return refuse(column, fmt::format("{} is not written as a whole number", token.substr(0, 60)));
  Integer integer = 0;
  if (std::from_chars(token.data(), token.data() + token.size(), integer).ec != std::errc{})
    return refuse(column, fmt::format("{} is out of range, {} to {} is possible", token.substr(0, 60),
                                      std::numeric_limits<Integer>::min(), std::numeric_limits<Integer>::max()));
  return integer;
}

Result<double> read_decimal(const ColumnInfo& column, const JsonValue& value) {
  if (value.kind != JsonKind::number) return refuse_kind(column, value);
  double number = 0;
  if (std::from_chars(value.token.data(), value.token.data() + value.token.size(), number).ec != std::errc{})
    return refuse(column, fmt::format("{} is out of range", value.token.substr(0, 60)));
  return number;
}

Result<Guid> read_guid(const ColumnInfo& column, const JsonValue& value) {
  if (value.kind != JsonKind::text) return refuse_kind(column, value);
  if (const auto guid = Guid::parse(value.text)) return *guid;
  return refuse(column, fmt::format("{} is no GUID", quoted(value.text)));
}

Result<Timestamp> read_timestamp(const ColumnInfo& column, const JsonValue& value) {
  if (value.kind != JsonKind::text) return refuse_kind(column, value);
  if (const auto time = parse_timestamp(value.text)) return *time;
  return refuse(column,
                fmt::format("{} is no time, one such as \"2022-06-16T12:54:40Z\" is needed", quoted(value.text)));
}

Result<void> set_or_refuse(Session& session, const ColumnInfo& column, const auto& value) {
  if (!value) return fail(value.error());
  return set_value(session, column.column, *value);
}

Result<void> set_binary(Session& session, const ColumnInfo& column, const JsonValue& value, std::string& bytes) {
  if (value.kind != JsonKind::text) return refuse_kind(column, value);
  std::optional<Binary>& binary = binary_of(session, column.column);
  if (const auto reference = Guid::parse(value.text)) {
    if (!binary) binary.emplace();
    binary->reference = *reference;
    return {};
  }
  if (const std::uint64_t size = value.text.size() / 4 * 3; size > max_binary_bytes + 3)
    return refuse(column, fmt::format("about {} bytes are too many, {} is the most", size, max_binary_bytes));
  if (!decode_base64(value.text, bytes))
    return refuse(column,
                  "the text is broken base64 (the file's bytes in base64, or a file reference's GUID, is needed)");
  if (bytes.size() > max_binary_bytes)
    return refuse(column, fmt::format("{} bytes are too many, {} is the most", bytes.size(), max_binary_bytes));
  if (!binary) binary.emplace();
  binary->content = Content(bytes);
  return {};
}

bool same_binary(const std::optional<Binary>& a, const std::optional<Binary>& b) {
  const auto reference = [](const auto& binary) { return binary ? binary->reference : std::nullopt; };
  const auto content = [](const auto& binary) { return binary ? binary->content : Content(); };
  if (reference(a) != reference(b)) return false;
  const Content left = content(a);
  const Content right = content(b);
  if (left.has_value() != right.has_value() || left.size() != right.size() || left.hash() != right.hash()) return false;
  if (!left.has_value()) return true;
  const auto left_bytes = left.bytes();
  const auto right_bytes = right.bytes();
  return left_bytes && right_bytes && *left_bytes == *right_bytes;
}

}  // namespace

const std::optional<Binary>& binary_of(const Session& session, Column column) noexcept {
  return column == Column::inputs    ? session.inputs
         : column == Column::outputs ? session.outputs
                                     : session.additionalcontext;
}

std::optional<Binary>& binary_of(Session& session, Column column) noexcept {
  return column == Column::inputs    ? session.inputs
         : column == Column::outputs ? session.outputs
                                     : session.additionalcontext;
}

Result<void> ColumnValueReader::set(Session& session, Column id, const JsonValue& value) {
  const ColumnInfo& column = info(id);
  switch (column.kind) {
    case ColumnKind::guid:
      return set_or_refuse(session, column, read_guid(column, value));
    case ColumnKind::text:
    case ColumnKind::binary_name:
      if (value.kind != JsonKind::text) return refuse_kind(column, value);
      return set_value(session, id, value.text);
    case ColumnKind::lookup: {
      const auto guid = read_guid(column, value);
      if (!guid) return fail(guid.error());
      return set_value(session, id, Reference(*guid, id == Column::ownerid ? EntityType::none : column.target));
    }
    case ColumnKind::choice:
    case ColumnKind::int32:
      return set_or_refuse(session, column, read_integer<std::int32_t>(column, value));
    case ColumnKind::int64:
      return set_or_refuse(session, column, read_integer<std::int64_t>(column, value));
    case ColumnKind::decimal:
      return set_or_refuse(session, column, read_decimal(column, value));
    case ColumnKind::timestamp:
      return set_or_refuse(session, column, read_timestamp(column, value));
    case ColumnKind::binary:
      return set_binary(session, column, value, bytes_);
  }
  return fail(Errc::internal, fmt::format("{}: a column of no kind", column.name));
}

bool same_value(const Session& a, const Session& b, Column column) {
  if (info(column).kind == ColumnKind::binary) return same_binary(binary_of(a, column), binary_of(b, column));
  const ValueView left = value(a, column);
  const ValueView right = value(b, column);
  if (left.index() != right.index()) return false;
  return std::visit(
      [&right](const auto& held) {
        using Held = std::remove_cvref_t<decltype(held)>;
        if constexpr (std::is_same_v<Held, BinaryView>) {
          return false;
        } else {
          return held == std::get<Held>(right);
        }
      },
      left);
}

}  // namespace flowkeep::io

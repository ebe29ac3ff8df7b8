#include "entity/rules.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <string>
#include <type_traits>

#include "base/json_text.hpp"
#include "base/text.hpp"
#include "entity/members.hpp"

namespace flowkeep::entity {
namespace {

std::string number_text(double number) {
  char text[40];
  const int size = std::snprintf(text, sizeof text, "%.15g", number);
  return {text, static_cast<std::size_t>(size)};
}

std::string range_text(const ColumnInfo& column) {
  return number_text(column.minimum) + " to " + number_text(column.maximum);
}

std::string choices_text(const ColumnInfo& column) {
  std::string text;
  for (const Choice& choice : column.choices) {
    if (!text.empty()) text += ", ";
    text += std::to_string(choice.value) + " " + std::string(choice.label);
  }
  return text;
}

tl::unexpected<Error> refuse(std::string_view column, std::string_view sentence) {
  std::string message(column);
  message += ": ";
  message += sentence;
  return fail(Errc::invalid_argument, std::move(message));
}

Result<void> check_text(const ColumnInfo& column, std::string_view text) {
  const std::optional<std::size_t> units = base::utf16_units(text);
  if (!units) return refuse(column.name, "the text is not valid UTF-8");
  if (*units <= column.max_utf16_units) return {};
  return refuse(column.name, std::to_string(*units) + " characters (UTF-16 units), at most " +
                                 std::to_string(column.max_utf16_units) + " are allowed");
}

Result<void> check_choice(const ColumnInfo& column, std::int32_t value) {
  const auto has_value = [value](const Choice& choice) { return choice.value == value; };
  if (std::any_of(column.choices.begin(), column.choices.end(), has_value)) return {};
  return refuse(column.name, std::to_string(value) + " is not one of " + choices_text(column));
}

Result<void> check_number(const ColumnInfo& column, double value) {
  if (value >= column.minimum && value <= column.maximum) return {};
  if (!std::isfinite(value))
    return refuse(column.name, number_text(value) + " is not a number from " + range_text(column));
  return refuse(column.name, number_text(value) + " is outside " + range_text(column));
}

Result<void> check_time(const ColumnInfo& column, Timestamp time) {
  if (time >= min_timestamp && time <= max_timestamp) return {};
  return refuse(column.name, format_timestamp(time) + " is outside " + format_timestamp(min_timestamp) + " to " +
                                 format_timestamp(max_timestamp));
}

Result<void> check_lookup(const ColumnInfo& column, const Reference& reference) {
  const bool may_be_team = column.column == Column::ownerid;
  if (reference.type == EntityType::none || reference.type == column.target) return {};
  if (may_be_team && reference.type == EntityType::team) return {};
  const std::string_view given = name_of(reference.type);
  std::string sentence = "leads to ";
  sentence += given.empty() ? "unknown table " + std::to_string(static_cast<int>(reference.type)) : std::string(given);
  sentence += ", only ";
  sentence += name_of(column.target);
  if (may_be_team) sentence += " or team";
  sentence += " is allowed";
  return refuse(column.name, sentence);
}

Result<void> check_binary(const ColumnInfo& column, const Binary& binary, WriteKind kind) {
  if (binary.content.size() > max_binary_bytes) {
    return refuse(column.name, std::to_string(binary.content.size()) + " bytes, at most " +
                                   std::to_string(max_binary_bytes) + " are allowed");
  }
  if (binary.content.has_value() && binary.reference) {
    return refuse(column.name, "content and a file reference are given, only one of them is allowed");
  }
  if (binary.stored && (binary.content.has_value() || binary.reference)) {
    return refuse(column.name, "stored content and something to replace it are given, only one of them is allowed");
  }
  if (!binary.name) return {};
  const ColumnInfo& name = info(name_column(column.column));
  const bool is_name_alone = !binary.content.has_value() && !binary.reference && !binary.stored;
  if (is_name_alone && kind != WriteKind::import) {
    return refuse(name.name, "read-only, set with the content of " + std::string(column.name));
  }
  return check_text(name, *binary.name);
}

template <class T>
Result<void> check_value(const ColumnInfo& column, const T& value, WriteKind kind) {
  if constexpr (std::is_same_v<T, std::string>) {
    return check_text(column, value);
  } else if constexpr (std::is_enum_v<T>) {
    return check_choice(column, static_cast<std::int32_t>(value));
  } else if constexpr (std::is_arithmetic_v<T>) {
    return check_number(column, static_cast<double>(value));
  } else if constexpr (std::is_same_v<T, Timestamp>) {
    return check_time(column, value);
  } else if constexpr (std::is_same_v<T, Reference>) {
    return check_lookup(column, value);
  } else if constexpr (std::is_same_v<T, Binary>) {
    return check_binary(column, value, kind);
  } else {
    static_assert(std::is_same_v<T, Guid>);  // every GUID is legal
    return {};
  }
}

Result<void> check_extra(const ExtraColumns& extra) {
  std::size_t total = 0;
  for (const auto& [name, json] : extra) {
    if (name.empty()) return refuse("extra column", "the name is empty");
    if (name.size() > max_extra_name_bytes) {
      return refuse("extra column", "the name has " + std::to_string(name.size()) + " bytes, at most " +
                                        std::to_string(max_extra_name_bytes) + " are allowed");
    }
    if (!base::utf16_units(name)) return refuse("extra column", "the name is not valid UTF-8");
    if (find_column(name)) return refuse(name, "a column of the entity, not an extra column");
    if (name.find('@') != std::string::npos) return refuse(name, "a name with @ is an annotation's, not a column's");
    if (!base::utf16_units(json) || !base::is_minified_json(json)) {
      return refuse(name, "the value is not minified JSON text in UTF-8");
    }
    total += name.size() + json.size();
  }
  if (total <= max_extra_bytes) return {};
  return refuse("extra columns",
                std::to_string(total) + " bytes in all, at most " + std::to_string(max_extra_bytes) + " are allowed");
}

double to_two_decimals(double value) noexcept {
  return std::round(value * 100) / 100;
}

}  // namespace

Result<void> check_columns(const Session& session, WriteKind kind) {
  Result<void> result;
  for_each_member([&]<Column column, class T>(std::optional<T> Session::*member) {
    if (!(session.*member) || !result) return;
    const ColumnInfo& rules = info(column);
    if (rules.access == ColumnAccess::read_only && kind != WriteKind::import) {
      result = refuse(rules.name, "read-only, set by the store");
      return;
    }
    if (auto checked = check_value(rules, *(session.*member), kind); !checked) result = std::move(checked);
  });
  if (!result) return result;
  return check_extra(session.extra);
}

void normalise(Session& session, WriteKind kind) noexcept {
  for_each_member([&]<Column column, class T>(std::optional<T> Session::*member) {
    auto& value = session.*member;
    if (!value) return;
    if constexpr (std::is_same_v<T, Reference>) {
      if (value->type == EntityType::none) value->type = info(column).target;
    } else if constexpr (std::is_same_v<T, double>) {
      if (kind != WriteKind::import) *value = to_two_decimals(*value);
    }
  });
}

bool is_create_only(Column column) noexcept {
  return info(column).access == ColumnAccess::create_only;
}

}  // namespace flowkeep::entity

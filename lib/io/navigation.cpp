#include "navigation.hpp"

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string>

#include <fmt/format.h>

#include "json_syntax.hpp"

namespace flowkeep::io {
namespace {

char lower(char c) noexcept {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool equal_ignoring_case(std::string_view a, std::string_view b) noexcept {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) { return lower(x) == lower(y); });
}

/// What a bind of this column looks like, for sentences.
std::string bind_form(Column lookup) {
  if (lookup == Column::ownerid) return "\"/systemusers(GUID)\" or \"/teams(GUID)\"";
  return fmt::format("\"/{}(GUID)\"", set_name_of(info(lookup).target));
}

}  // namespace

bool may_lead_to(Column lookup, EntityType type) noexcept {
  return type == info(lookup).target || (lookup == Column::ownerid && type == EntityType::team);
}

Result<Column> find_navigation(std::string_view name) {
  const ColumnInfo* alike = nullptr;
  for (const ColumnInfo& column : columns()) {
    if (column.kind != ColumnKind::lookup) continue;
    if (column.navigation_name == name) return column.column;
    if (equal_ignoring_case(column.navigation_name, name) || equal_ignoring_case(column.name, name)) alike = &column;
  }
  if (alike == nullptr)
    return fail(Errc::invalid_argument, fmt::format("{}@odata.bind: there is no such navigation property", name));
  return fail(
      Errc::invalid_argument,
      fmt::format("{}@odata.bind: there is no such navigation property; {}@odata.bind is the right name (case counts)",
                  name, alike->navigation_name));
}

Result<Reference> parse_bind(Column lookup, std::string_view value) {
  const ColumnInfo& column = info(lookup);
  const std::size_t open = value.rfind('(');
  std::optional<Guid> id;
  if (open != std::string_view::npos && value.ends_with(')'))
    id = Guid::parse(value.substr(open + 1, value.size() - open - 2));
  const std::string_view path = value.substr(0, id ? open : 0);
  const std::size_t slash = path.rfind('/');
  const std::string_view set = slash == std::string_view::npos ? path : path.substr(slash + 1);
  const std::string_view before = slash == std::string_view::npos ? std::string_view{} : path.substr(0, slash);
  const bool rooted =
      before.empty() || before.starts_with('/') || before.starts_with("https://") || before.starts_with("http://");
  if (!id || set.empty() || !rooted)
    return fail(Errc::invalid_argument, fmt::format("{}: {}@odata.bind is {}, {} is needed", column.name,
                                                    column.navigation_name, quoted(value), bind_form(lookup)));
  const auto type = find_entity_type(set);
  if (!type || set_name_of(*type) != set || !may_lead_to(lookup, *type))
    return fail(Errc::invalid_argument, fmt::format("{}: {}@odata.bind leads to {}, {} is needed", column.name,
                                                    column.navigation_name, quoted(set), bind_form(lookup)));
  return Reference(*id, *type);
}

}  // namespace flowkeep::io

#include <flowkeep/session.hpp>
#include <type_traits>
#include <utility>

#include "entity/members.hpp"

namespace flowkeep {
namespace {

ValueView view_of(const Binary& binary) noexcept {
  BinaryView view{};
  if (binary.name) view.name = *binary.name;
  view.reference = binary.reference;
  view.stored = binary.stored;
  if (binary.content.has_value()) view.stored = StoredContent{binary.content.size(), binary.content.hash(), 0};
  if (view.is_null()) return std::monostate{};
  return view;
}

ValueView view_of(const std::string& text) noexcept {
  return std::string_view(text);
}

template <class T>
ValueView view_of(const T& member) noexcept {
  if constexpr (std::is_enum_v<T>) {
    return static_cast<std::int32_t>(member);
  } else {
    return member;
  }
}

std::string_view kind_name(ColumnKind kind) noexcept {
  switch (kind) {
    case ColumnKind::guid:
      return "a GUID";
    case ColumnKind::text:
    case ColumnKind::binary_name:
      return "a text";
    case ColumnKind::lookup:
      return "a lookup";
    case ColumnKind::choice:
    case ColumnKind::int32:
      return "a 32-bit number";
    case ColumnKind::int64:
      return "a 64-bit number";
    case ColumnKind::decimal:
      return "a decimal number";
    case ColumnKind::timestamp:
      return "a time";
    case ColumnKind::binary:
      return "a File value";
  }
  return "nothing";
}

std::string_view kind_name(const ValueView& value) noexcept {
  constexpr ColumnKind kinds[] = {ColumnKind::guid,  ColumnKind::text,    ColumnKind::lookup,    ColumnKind::int32,
                                  ColumnKind::int64, ColumnKind::decimal, ColumnKind::timestamp, ColumnKind::binary};
  static_assert(std::size(kinds) + 1 == std::variant_size_v<ValueView>);
  return value.index() == 0 ? "null" : kind_name(kinds[value.index() - 1]);
}

tl::unexpected<Error> wrong_kind(Column column, const ValueView& value) {
  std::string message(name_of(column));
  message += ": the value is ";
  message += kind_name(value);
  message += ", the column holds ";
  message += kind_name(info(column).kind);
  return fail(Errc::invalid_argument, std::move(message));
}

// How a member of type T stands in a ValueView.
template <class T>
using ViewOf = std::conditional_t<
    std::is_same_v<T, std::string>, std::string_view,
    std::conditional_t<std::is_same_v<T, Binary>, BinaryView, std::conditional_t<std::is_enum_v<T>, std::int32_t, T>>>;

void assign(std::optional<Binary>& member, const BinaryView& view) {
  if (view.is_null()) {
    member.reset();
    return;
  }
  Binary& binary = member.emplace();
  if (view.name) binary.name.emplace(*view.name);
  binary.reference = view.reference;
  binary.stored = view.stored;
}

template <class T>
void assign(std::optional<T>& member, const ViewOf<T>& view) {
  member.emplace(static_cast<T>(view));
}

template <class T>
Result<void> set_member(std::optional<T>& member, Column column, const ValueView& value) {
  if (std::holds_alternative<std::monostate>(value)) {
    member.reset();
    return {};
  }
  const auto* view = std::get_if<ViewOf<T>>(&value);
  if (view == nullptr) return wrong_kind(column, value);
  assign(member, *view);
  return {};
}

Result<void> set_binary_name(std::optional<Binary>& binary, Column column, const ValueView& value) {
  if (std::holds_alternative<std::monostate>(value)) {
    if (!binary) return {};
    binary->name.reset();
    if (binary->is_null()) binary.reset();
    return {};
  }
  const auto* name = std::get_if<std::string_view>(&value);
  if (name == nullptr) return wrong_kind(column, value);
  if (!binary) binary.emplace();
  binary->name.emplace(*name);
  return {};
}

}  // namespace

ValueView value(const Session& session, Column column) noexcept {
  if (info(column).kind == ColumnKind::binary_name) {
    const auto& binary = session.*entity::binary_member(entity::binary_column(column));
    if (!binary || !binary->name) return std::monostate{};
    return std::string_view(*binary->name);
  }
  ValueView found;
  entity::for_each_member([&]<Column this_column, class T>(std::optional<T> Session::*member) {
    if (this_column == column && session.*member) found = view_of(*(session.*member));
  });
  return found;
}

Result<void> set_value(Session& session, Column column, const ValueView& value) {
  if (info(column).kind == ColumnKind::binary_name) {
    return set_binary_name(session.*entity::binary_member(entity::binary_column(column)), column, value);
  }
  Result<void> result;
  entity::for_each_member([&]<Column this_column, class T>(std::optional<T> Session::*member) {
    if (this_column == column) result = set_member(session.*member, column, value);
  });
  return result;
}

}  // namespace flowkeep

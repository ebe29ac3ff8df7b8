#include "write_plan.hpp"

#include <algorithm>
#include <bitset>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "append.hpp"
#include "json_syntax.hpp"
#include "odata_link.hpp"

namespace flowkeep::io {
namespace {

enum class Withheld : std::uint8_t { no, by_redaction, without_binaries };

Withheld withheld(const ColumnInfo& column, const WriteOptions& options) noexcept {
  const bool binary = column.kind == ColumnKind::binary;
  const bool secret = binary || column.column == Column::credentials || column.column == Column::callbackurl;
  if (secret && options.redaction == WriteOptions::Redaction::secrets) return Withheld::by_redaction;
  return binary && options.binaries == WriteOptions::Binaries::none ? Withheld::without_binaries : Withheld::no;
}

WriteField column_field(const ColumnInfo& column, const WriteOptions& options) {
  WriteField field;
  field.column = column.column;
  field.kind = column.kind;
  field.name = column.kind == ColumnKind::lookup ? column.value_name : column.name;
  field.key = json_key(field.name);
  field.label_key = json_key(field.name + "@OData.Community.Display.V1.FormattedValue");
  field.labelled = column.kind == ColumnKind::choice && options.labels == WriteOptions::Labels::beside;
  field.named = column.kind == ColumnKind::lookup && column.column != Column::parentdesktopflowrunid &&
                (options.labels == WriteOptions::Labels::beside || options.children == WriteOptions::Children::all ||
                 options.annotations == WriteOptions::Annotations::all);
  return field;
}

WriteField extra_field(const std::string& name) {
  WriteField field;
  field.name = name;
  field.key = json_key(name);
  return field;
}

tl::unexpected<Error> refuse(std::string_view name, std::string_view what) {
  return fail(Errc::invalid_argument, fmt::format("columns: {} {}", quoted(name), what));
}

Result<WriteField> asked_field(const std::string& name, const WriteOptions& options) {
  if (const auto column = find_column(name)) {
    switch (withheld(info(*column), options)) {
      case Withheld::by_redaction:
        return refuse(name, "is withheld by redaction");
      case Withheld::without_binaries:
        return refuse(name, "is a File column, and File columns are left out");
      case Withheld::no:
        return column_field(info(*column), options);
    }
  }
  if (std::ranges::find(options.extra_columns, name) != options.extra_columns.end()) return extra_field(name);
  return refuse(name, "is neither a column nor one of the store's extra columns");
}

}  // namespace

std::string json_key(std::string_view name) {
  std::string key = ",";
  append_json_text(key, name);
  key += ':';
  return key;
}

Result<WritePlan> WritePlan::make(const WriteOptions& options) {
  WritePlan plan;
  plan.format = options.format;
  plan.with_children = options.children == WriteOptions::Children::all;
  if (plan.with_children && plan.format == Format::csv) {
    return fail(Errc::invalid_argument, "children: CSV has no place for them");
  }
  if (options.redaction == WriteOptions::Redaction::secrets || options.binaries == WriteOptions::Binaries::none) {
    plan.child_contents = WriteOptions::Binaries::none;
  }
  plan.base64 = options.format == Format::odata ? Base64::url : Base64::standard_padded;
  if (plan.format == Format::odata) {
    auto base = link_base(options.base_url);
    if (!base) return fail(std::move(base.error()));
    plan.base = std::move(*base);
  }
  if (options.columns.empty()) {
    for (const ColumnInfo& column : columns())
      if (withheld(column, options) == Withheld::no) plan.fields.push_back(column_field(column, options));
    plan.extras = Extras::all;
    if (options.format != Format::csv) return plan;
    for (const std::string& name : options.extra_columns) plan.fields.push_back(extra_field(name));
    plan.extras = options.extra_columns.empty() ? Extras::none : Extras::named;
    return plan;
  }
  std::set<std::string, std::less<>> asked;
  for (const std::string& name : options.columns) {
    auto field = asked_field(name, options);
    if (!field) return fail(std::move(field.error()));
    if (!asked.insert(field->name).second) return refuse(name, "is asked for twice");
    if (!field->column) plan.extras = Extras::named;
    plan.fields.push_back(std::move(*field));
  }
  const ColumnInfo& key = info(Column::flowsessionid);
  if (plan.format == Format::odata && !asked.contains(key.name)) plan.fields.push_back(column_field(key, options));
  return plan;
}

std::string_view find_extra(const SessionView& session, std::string_view name) {
  if (session.has_extra())
    for (const auto& [key, json] : session.extra())
      if (key == name) return json;
  return {};
}

std::string_view label_of(Column column, std::int32_t value) noexcept {
  for (const Choice& choice : info(column).choices)
    if (choice.value == value) return choice.label;
  return {};
}

Result<void> append_binary(std::string& out, const Snapshot& snapshot, const BinaryView& binary, Base64 alphabet) {
  if (binary.reference) {
    append_guid(out, *binary.reference);
    return {};
  }
  auto bytes = snapshot.read(*binary.stored);
  if (!bytes) return fail(std::move(bytes.error()));
  const std::size_t start = out.size();
  append_base64(out, *bytes, alphabet);
  if (alphabet == Base64::url && Guid::parse(std::string_view(out).substr(start))) {
    out.resize(start);
    append_base64(out, *bytes, Base64::standard_padded);
  }
  return {};
}

}  // namespace flowkeep::io

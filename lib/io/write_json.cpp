#include <cmath>
#include <utility>
#include <variant>

#include "append.hpp"
#include "json_syntax.hpp"
#include "write_children.hpp"
#include "write_plan.hpp"

namespace flowkeep::io {
namespace {

constexpr std::string_view owner_annotation = ",\"_ownerid_value@Microsoft.Dynamics.CRM.lookuplogicalname\":\"team\"";

void append_quoted(std::string& out, const auto& append, const auto& value) {
  out += '"';
  append(out, value);
  out += '"';
}

}  // namespace

bool is_null(const ValueView& value) noexcept {
  if (const auto* binary = std::get_if<BinaryView>(&value)) return !binary->reference && !binary->stored;
  return std::holds_alternative<std::monostate>(value);
}

Result<void> append_json_value(std::string& out, const Snapshot& snapshot, ColumnKind kind, const ValueView& value,
                               Base64 alphabet) {
  switch (kind) {
    case ColumnKind::guid:
      append_quoted(out, append_guid, std::get<Guid>(value));
      return {};
    case ColumnKind::text:
    case ColumnKind::binary_name:
      append_json_text(out, std::get<std::string_view>(value));
      return {};
    case ColumnKind::lookup:
      append_quoted(out, append_guid, std::get<Reference>(value).id);
      return {};
    case ColumnKind::choice:
    case ColumnKind::int32:
      append_integer(out, std::get<std::int32_t>(value));
      return {};
    case ColumnKind::int64:
      append_integer(out, std::get<std::int64_t>(value));
      return {};
    case ColumnKind::decimal:
      append_double(out, std::get<double>(value));
      return {};
    case ColumnKind::timestamp:
      append_quoted(out, append_timestamp, std::get<Timestamp>(value));
      return {};
    case ColumnKind::binary: {
      out += '"';
      if (auto appended = append_binary(out, snapshot, std::get<BinaryView>(value), alphabet); !appended)
        return appended;
      out += '"';
      return {};
    }
  }
  return {};
}

/// Appends a comma, the key and the value, or nothing where the column is null.
Result<void> JsonSessionWriter::write_column(const Snapshot& snapshot, const SessionView& session,
                                             const WriteField& field, std::string& out) const {
  const Column column = *field.column;
  const ValueView value = session.value(column);
  if (is_null(value)) return {};
  out += field.key;
  if (auto appended = append_json_value(out, snapshot, field.kind, value, plan_.base64); !appended) return appended;
  if (column == Column::ownerid && std::get<Reference>(value).type == EntityType::team) out += owner_annotation;
  if (field.named) return append_parent_name(out, snapshot, std::get<Reference>(value), field.label_key);
  if (!field.labelled) return {};
  const std::string_view label = label_of(column, std::get<std::int32_t>(value));
  if (label.empty()) return {};
  out += field.label_key;
  append_json_text(out, label);
  return {};
}

void append_extras(std::string& out, const SessionView& session) {
  if (!session.has_extra()) return;
  for (const auto& [name, json] : session.extra()) {
    out += ',';
    append_json_text(out, name);
    out += ':';
    out += json;
  }
}

Result<void> JsonSessionWriter::write(const Snapshot& snapshot, const SessionView& session, std::string& out) {
  const std::size_t start = out.size();
  for (const WriteField& field : plan_.fields) {
    if (field.column) {
      if (auto written = write_column(snapshot, session, field, out); !written) return written;
    } else if (const std::string_view json = find_extra(session, field.name); !json.empty()) {
      out += field.key;
      out += json;
    }
  }
  if (plan_.with_children) {
    if (plan_.extras == WritePlan::Extras::all) {
      if (auto appended = append_extras_beside(out, snapshot, session); !appended) return appended;
    }
    const ChildWriteOptions options{.binaries = plan_.child_contents, .base64 = plan_.base64};
    auto appended = append_collections(out, snapshot, session, options, EmptyCollection::nothing);
    if (!appended) return appended;
  } else if (plan_.extras == WritePlan::Extras::all) {
    append_extras(out, session);
  }
  // Every member brought a comma; the first one's place is the opening brace's.
  if (out.size() == start) out += ' ';
  out[start] = '{';
  out += "}\n";
  return {};
}

}  // namespace flowkeep::io

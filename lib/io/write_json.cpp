#include <cmath>
#include <utility>
#include <variant>

#include "append.hpp"
#include "json_syntax.hpp"
#include "write_plan.hpp"

namespace flowkeep::io {
namespace {

constexpr std::string_view owner_annotation = ",\"_ownerid_value@Microsoft.Dynamics.CRM.lookuplogicalname\":\"team\"";

void append_quoted(std::string& out, std::string_view key, const auto& append, const auto& value) {
  out += key;
  out += '"';
  append(out, value);
  out += '"';
}

}  // namespace

void JsonSessionWriter::begin(std::string& out) const {
  if (plan_.format == Format::odata) out += "{\"@odata.context\":\"$metadata#flowsessions\",\"value\":[";
}

void JsonSessionWriter::end(std::string& out) const {
  if (plan_.format == Format::odata) out += "\n]}\n";
}

/// Appends a comma, the key and the value, or nothing where the column is null.
Result<void> JsonSessionWriter::write_column(const Snapshot& snapshot, const SessionView& session,
                                             const WriteField& field, std::string& out) const {
  const Column column = *field.column;
  const ValueView value = session.value(column);
  if (std::holds_alternative<std::monostate>(value)) return {};
  switch (field.kind) {
    case ColumnKind::guid:
      append_quoted(out, field.key, append_guid, std::get<Guid>(value));
      return {};
    case ColumnKind::text:
    case ColumnKind::binary_name:
      out += field.key;
      append_json_text(out, std::get<std::string_view>(value));
      return {};
    case ColumnKind::lookup: {
      const Reference& reference = std::get<Reference>(value);
      append_quoted(out, field.key, append_guid, reference.id);
      if (column == Column::ownerid && reference.type == EntityType::team) out += owner_annotation;
      return {};
    }
    case ColumnKind::choice: {
      const std::int32_t number = std::get<std::int32_t>(value);
      out += field.key;
      append_integer(out, number);
      if (!field.labelled) return {};
      const std::string_view label = label_of(column, number);
      if (label.empty()) return {};
      out += field.label_key;
      append_json_text(out, label);
      return {};
    }
    case ColumnKind::int32:
      out += field.key;
      append_integer(out, std::get<std::int32_t>(value));
      return {};
    case ColumnKind::int64:
      out += field.key;
      append_integer(out, std::get<std::int64_t>(value));
      return {};
    case ColumnKind::decimal:
      out += field.key;
      append_double(out, std::get<double>(value));
      return {};
    case ColumnKind::timestamp:
      append_quoted(out, field.key, append_timestamp, std::get<Timestamp>(value));
      return {};
    case ColumnKind::binary: {
      const BinaryView& binary = std::get<BinaryView>(value);
      if (!binary.reference && !binary.stored) return {};
      out += field.key;
      out += '"';
      if (auto appended = append_binary(out, snapshot, binary, plan_.base64); !appended) return appended;
      out += '"';
      return {};
    }
  }
  return {};
}

Result<void> JsonSessionWriter::write(const Snapshot& snapshot, const SessionView& session, std::string& out) {
  const bool odata = plan_.format == Format::odata;
  if (odata) out += rows_ == 0 ? "\n" : ",\n";
  const std::size_t start = out.size();
  if (odata) {
    out += ",\"@odata.etag\":\"W/\\\"";
    append_integer(out, session.versionnumber());
    out += "\\\"\"";
  }
  for (const WriteField& field : plan_.fields) {
    if (field.column) {
      if (auto written = write_column(snapshot, session, field, out); !written) return written;
    } else if (const std::string_view json = find_extra(session, field.name); !json.empty()) {
      out += field.key;
      out += json;
    }
  }
  if (plan_.extras == WritePlan::Extras::all && session.has_extra()) {
    for (const auto& [name, json] : session.extra()) {
      out += ',';
      append_json_text(out, name);
      out += ':';
      out += json;
    }
  }
  // Every member brought a comma; the first one's place is the opening brace's.
  if (out.size() == start) out += ' ';
  out[start] = '{';
  out += '}';
  if (!odata) out += '\n';
  ++rows_;
  return {};
}

}  // namespace flowkeep::io

#include "write_odata.hpp"

#include <algorithm>
#include <variant>

#include <fmt/format.h>

#include "append.hpp"
#include "json_syntax.hpp"
#include "odata_link.hpp"
#include "write_children.hpp"

namespace flowkeep::io {
namespace {

constexpr std::string_view set_name = "flowsessions";

/// The field whose value stands under `name`.
ODataField make_field(const WriteField& field, std::string_view name, const WriteOptions& options) {
  using Annotated = ODataField::Annotated;
  ODataField made;
  made.column = field.column;
  made.kind = field.kind;
  made.named = field.named;
  made.name = field.name;
  made.key = json_key(name);
  made.formatted_key = json_key(fmt::format("{}@OData.Community.Display.V1.FormattedValue", name));
  if (options.annotations == WriteOptions::Annotations::all) {
    made.annotated = Annotated::all;
  } else if (options.labels == WriteOptions::Labels::beside) {
    made.annotated = Annotated::label;
  }
  if (field.kind != ColumnKind::lookup || !field.column) return made;
  made.table_key = json_key(fmt::format("{}@Microsoft.Dynamics.CRM.lookuplogicalname", name));
  made.navigation = json_key(fmt::format("{}@Microsoft.Dynamics.CRM.associatednavigationproperty", name));
  append_json_text(made.navigation, info(*field.column).navigation_name);
  return made;
}

}  // namespace

ODataSessionWriter::ODataSessionWriter(const WritePlan& plan, const WriteOptions& options)
    : plan_(plan), metadata_(plan.base + "$metadata#") {
  for (const WriteField& field : plan.fields) fields_.push_back(make_field(field, field.name, options));
  for (std::size_t at = 0; at < options.columns.size(); ++at) {
    columns_ += at == 0 ? '(' : ',';
    append_percent_encoded(columns_, plan.fields[at].name);
  }
  if (!columns_.empty()) columns_ += ')';
}

void ODataSessionWriter::begin_list(std::string& out, std::string_view context) {
  rows_ = 0;
  out += fmt::format("{{\"@odata.context\":\"{}{}{}{}\"", metadata_, set_name, columns_, context);
}

void ODataSessionWriter::begin(std::string& out, std::optional<std::uint64_t> count) {
  begin_list(out, "");
  if (count) out += fmt::format(",\"@odata.count\":{}", *count);
  out += ",\"value\":[";
}

void ODataSessionWriter::begin_delta(std::string& out) {
  begin_list(out, "/$delta");
  out += ",\"value\":[";
}

void ODataSessionWriter::end(std::string& out, std::string_view link, std::string_view parameter,
                             std::string_view token) const {
  out += "\n]";
  if (!token.empty()) {
    out += fmt::format(",\"{}\":\"{}{}?{}=", link, plan_.base, set_name, parameter);
    append_percent_encoded(out, token);
    out += '"';
  }
  out += "}\n";
}

void ODataSessionWriter::begin_row(std::string& out) const {
  out += rows_ == 0 ? "\n" : ",\n";
}

Result<void> ODataSessionWriter::write(const Snapshot& snapshot, const SessionView& session, std::string& out) {
  begin_row(out);
  out += '{';
  if (auto written = write_members(snapshot, session, out); !written) return written;
  ++rows_;
  return {};
}

void ODataSessionWriter::write_deletion(const Guid& id, std::string& out) {
  begin_row(out);
  out += fmt::format("{{\"@odata.context\":\"{}{}/$deletedEntity\",\"id\":\"{}\",\"reason\":\"deleted\"}}", metadata_,
                     set_name, id.str());
  ++rows_;
}

Result<void> ODataSessionWriter::write_entity(const Snapshot& snapshot, const SessionView& session,
                                              std::string& out) const {
  out += fmt::format("{{\"@odata.context\":\"{}{}{}/$entity\",", metadata_, set_name, columns_);
  if (auto written = write_members(snapshot, session, out); !written) return written;
  out += '\n';
  return {};
}

/// The members of a row and its closing brace.
Result<void> ODataSessionWriter::write_members(const Snapshot& snapshot, const SessionView& session,
                                               std::string& out) const {
  out += "\"@odata.etag\":\"W/\\\"";
  append_integer(out, session.versionnumber());
  out += "\\\"\"";
  for (const ODataField& field : fields_) {
    if (field.column) {
      if (auto appended = append_row_value(snapshot, field, session.value(*field.column), out); !appended)
        return appended;
    } else {
      const std::string_view json = find_extra(session, field.name);
      out += field.key;
      out += json.empty() ? "null" : json;
    }
  }
  if (plan_.with_children) {
    if (plan_.extras == WritePlan::Extras::all) {
      if (auto appended = append_extras_beside(out, snapshot, session); !appended) return appended;
    }
    const ChildWriteOptions options{.binaries = plan_.child_contents, .base64 = plan_.base64};
    auto appended = append_collections(out, snapshot, session, options, EmptyCollection::empty_list);
    if (!appended) return appended;
  } else if (plan_.extras == WritePlan::Extras::all) {
    append_extras(out, session);
  }
  out += '}';
  return {};
}

Result<void> ODataSessionWriter::append_row_value(const Snapshot& snapshot, const ODataField& field,
                                                  const ValueView& value, std::string& out) const {
  if (is_null(value)) {
    out += field.key;
    out += "null";
    return {};
  }
  if (auto annotated = annotate(snapshot, field, value, out); !annotated) return annotated;
  out += field.key;
  return append_json_value(out, snapshot, field.kind, value, plan_.base64);
}

Result<void> ODataSessionWriter::annotate(const Snapshot& snapshot, const ODataField& field, const ValueView& value,
                                          std::string& out) const {
  using Annotated = ODataField::Annotated;
  const auto* const reference = std::get_if<Reference>(&value);
  if (reference != nullptr && field.named) {
    auto named = append_parent_name(out, snapshot, *reference, field.formatted_key);
    if (!named) return named;
  }
  if (reference != nullptr && field.annotated == Annotated::all) {
    if (*field.column == Column::parentdesktopflowrunid) {
      const auto parent = snapshot.find(reference->id);
      if (!parent) return fail(parent.error());
      if (*parent) {
        if (auto unpacked = (*parent)->unpack(); !unpacked) return unpacked;
        if (const auto name = (*parent)->name()) {
          out += field.formatted_key;
          append_json_text(out, *name);
        }
      }
    }
    out += field.navigation;
  }
  // Without the table of a team's id, the id would be read back as a user's.
  if (reference != nullptr && (field.annotated == Annotated::all ||
                               (*field.column == Column::ownerid && reference->type == EntityType::team))) {
    out += field.table_key;
    append_json_text(out, name_of(reference->type));
  }
  if (field.kind == ColumnKind::choice && field.annotated != Annotated::needed) {
    const std::string_view label = label_of(*field.column, std::get<std::int32_t>(value));
    if (label.empty()) return {};
    out += field.formatted_key;
    append_json_text(out, label);
  }
  return {};
}

Result<void> ODataSessionWriter::write_value(const Snapshot& snapshot, const SessionView& session, Column column,
                                             std::string& out) const {
  const std::string id = session.flowsessionid().str();
  const auto found = std::ranges::find(plan_.fields, std::optional(column), &WriteField::column);
  if (found == plan_.fields.end())
    return fail(Errc::invalid_argument, fmt::format("{} is not among the columns that are written", name_of(column)));
  const ValueView value = session.value(column);
  if (is_null(value)) return fail(Errc::not_found, fmt::format("{} of session {} is null", name_of(column), id));
  out += fmt::format("{{\"@odata.context\":\"{}{}({})/{}\"", metadata_, set_name, id, found->name);
  ODataField field = make_field(*found, "value", {});
  field.annotated = fields_[static_cast<std::size_t>(found - plan_.fields.begin())].annotated;
  if (auto appended = append_row_value(snapshot, field, value, out); !appended) return appended;
  out += "}\n";
  return {};
}

void ODataSessionWriter::write_is_valid(std::string& out, std::string_view valid) const {
  out +=
      fmt::format("{{\"@odata.context\":\"{}Microsoft.Dynamics.CRM.IsValidStateTransitionResponse\",\"IsValid\":{}}}\n",
                  metadata_, valid);
}

}  // namespace flowkeep::io

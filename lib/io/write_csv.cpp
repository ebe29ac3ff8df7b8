#include <algorithm>
#include <array>
#include <utility>
#include <variant>

#include "append.hpp"
#include "json_syntax.hpp"
#include "write_plan.hpp"

namespace flowkeep::io {
namespace {

/// Appends a field that is not null, in quotes where RFC 4180 or a reader's trimming asks for them.
void append_csv_text(std::string& out, std::string_view text) {
  if (!text.empty() && text.front() != ' ' && text.back() != ' ' &&
      text.find_first_of(",\"\r\n") == std::string_view::npos) {
    out += text;
    return;
  }
  out += '"';
  for (std::size_t quote = text.find('"'); quote != std::string_view::npos; quote = text.find('"')) {
    out += text.substr(0, quote + 1);
    out += '"';
    text.remove_prefix(quote + 1);
  }
  out += text;
  out += '"';
}

Result<void> append_value(std::string& out, const Snapshot& snapshot, const ValueView& value, Base64 alphabet) {
  if (const auto* text = std::get_if<std::string_view>(&value)) {
    append_csv_text(out, *text);
  } else if (const auto* guid = std::get_if<Guid>(&value)) {
    append_guid(out, *guid);
  } else if (const auto* reference = std::get_if<Reference>(&value)) {
    append_guid(out, reference->id);
  } else if (const auto* int32 = std::get_if<std::int32_t>(&value)) {
    append_integer(out, *int32);
  } else if (const auto* int64 = std::get_if<std::int64_t>(&value)) {
    append_integer(out, *int64);
  } else if (const auto* decimal = std::get_if<double>(&value)) {
    append_double(out, *decimal);
  } else if (const auto* time = std::get_if<Timestamp>(&value)) {
    append_timestamp(out, *time);
  } else if (const auto* binary = std::get_if<BinaryView>(&value);
             binary != nullptr && (binary->reference || binary->stored)) {
    const std::size_t start = out.size();
    if (auto appended = append_binary(out, snapshot, *binary, alphabet); !appended) return appended;
    if (out.size() == start) append_csv_text(out, "");
  }
  return {};
}

}  // namespace

CsvSessionWriter::CsvSessionWriter(const WritePlan& plan) : plan_(plan) {
  for (std::size_t at = 0; at < plan_.fields.size(); ++at)
    if (!plan_.fields[at].column) extras_by_name_.push_back(at);
  std::ranges::sort(extras_by_name_, {},
                    [this](std::size_t at) -> const std::string& { return plan_.fields[at].name; });
  extra_values_.resize(plan_.fields.size());
}

void CsvSessionWriter::begin(std::string& out) const {
  std::string_view comma;
  for (const WriteField& field : plan_.fields) {
    out += comma;
    comma = ",";
    append_csv_text(out, field.name);
    if (!field.labelled) continue;
    out += ',';
    append_csv_text(out, field.name + "_label");
  }
  out += "\r\n";
}

void CsvSessionWriter::find_extras(const SessionView& session) {
  for (const std::size_t at : extras_by_name_) extra_values_[at] = {};
  if (extras_by_name_.empty() || !session.has_extra()) return;
  const auto name_at = [this](std::size_t at) -> std::string_view { return plan_.fields[at].name; };
  for (const auto& [name, json] : session.extra()) {
    const auto place = std::ranges::lower_bound(extras_by_name_, name, {}, name_at);
    if (place != extras_by_name_.end() && name_at(*place) == name) extra_values_[*place] = json;
  }
}

Result<void> CsvSessionWriter::write(const Snapshot& snapshot, const SessionView& session, std::string& out) {
  find_extras(session);
  for (std::size_t at = 0; at < plan_.fields.size(); ++at) {
    const WriteField& field = plan_.fields[at];
    if (at > 0) out += ',';
    if (!field.column) {
      if (extra_values_[at].empty()) continue;
      text_.clear();
      append_plain_text(text_, extra_values_[at]);
      append_csv_text(out, text_);
      continue;
    }
    const ValueView value = session.value(*field.column);
    if (auto appended = append_value(out, snapshot, value, plan_.base64); !appended) return appended;
    if (!field.labelled) continue;
    out += ',';
    if (const auto* number = std::get_if<std::int32_t>(&value)) {
      const std::string_view label = label_of(*field.column, *number);
      if (!label.empty()) append_csv_text(out, label);
    }
  }
  out += "\r\n";
  return {};
}

}  // namespace flowkeep::io

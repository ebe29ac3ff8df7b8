// Children from JSON objects: which key is which column.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <simdjson.h>
#include <flowkeep/child.hpp>

#include "json_value.hpp"

namespace flowkeep::io {

/// Parses objects; keeps its buffers from one to the next. One thread at a time. Errors: invalid_argument, no_memory.
class ChildParser {
 public:
  /// Reads one object; a copy of it is made.
  [[nodiscard]] Result<Child> parse(Collection collection, std::string_view json);
  /// Reads the objects of a list, behind the others.
  [[nodiscard]] Result<void> parse_list(Collection collection, std::string_view json, std::vector<Child>& children);

 private:
  [[nodiscard]] Result<void> parse_object(simdjson::ondemand::object object, Child& child);
  [[nodiscard]] Result<void> parse_field(simdjson::ondemand::field& field, Child& child);
  [[nodiscard]] Result<void> set_annotation(std::string_view key, simdjson::ondemand::value& value, const Child& child);
  [[nodiscard]] Result<void> set_extra(std::string_view key, simdjson::ondemand::value& value, Child& child);
  [[nodiscard]] Result<bool> set_event(std::string_view key, const JsonValue& value, FlowEvent& event);
  [[nodiscard]] Result<void> set_content(std::string_view key, const JsonValue& value, Binary& file);
  [[nodiscard]] std::string_view pad(std::string_view json);

  simdjson::ondemand::parser parser_{};
  std::string padded_{};
  std::string scratch_{};
  std::string bytes_{};
};

}  // namespace flowkeep::io

// Sessions and partial sessions from JSON objects: which key is which column, what is said twice, what is null.
// The layer lib/io owns the text forms of a session (JSON, CSV, base64, the state model's XML) and stands on the
// public headers alone. It promises that a bad text is refused with one sentence that names the column, that no
// sentence quotes credentials, callbackurl or binary content, and that no input makes it crash.
#pragma once

#include <bitset>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <simdjson.h>
#include <flowkeep/child.hpp>
#include <flowkeep/parent.hpp>
#include <flowkeep/session.hpp>

#include "child_parser.hpp"
#include "column_value.hpp"

namespace flowkeep::io {

/// How many readable bytes have to stand behind a text that is parsed where it lies.
inline constexpr std::size_t json_padding = simdjson::SIMDJSON_PADDING;

/// What a text says beside a session.
struct Beside {
  enum class Children : std::uint8_t { extra_columns, read } children_are = Children::extra_columns;
  std::vector<Parent> parents{};
  std::vector<Child> children{};
};

/// Parses objects; keeps its buffers from one to the next. One thread at a time.
class SessionParser {
 public:
  /// Reads the object `json` into an empty session. json_padding bytes behind it must be readable.
  /// Errors: invalid_argument, no_memory.
  [[nodiscard]] Result<void> parse(std::string_view json, Session& session);
  /// The same, with what stands beside it.
  [[nodiscard]] Result<void> parse(std::string_view json, Session& session, Beside& beside);
  /// The same into an empty update: what is null goes to clear and clear_extra.
  [[nodiscard]] Result<void> parse_update(std::string_view json, SessionUpdate& update);

 private:
  [[nodiscard]] Result<void> parse_object(std::string_view json, Session& session);
  [[nodiscard]] Result<void> parse_fields(simdjson::ondemand::document& document, std::string_view json,
                                          Session& session);
  [[nodiscard]] Result<void> parse_field(simdjson::ondemand::field& field, Session& session);
  [[nodiscard]] Result<void> set_column(Session& session, Column column, const JsonValue& value);
  [[nodiscard]] Result<void> set_bound(Session& session, Column lookup, const JsonValue& value);
  [[nodiscard]] Result<void> set_annotation(std::string_view key, simdjson::ondemand::value& value, Session& session);
  [[nodiscard]] Result<void> set_extra(Session& session, std::string_view key, simdjson::ondemand::value& value);
  [[nodiscard]] Result<void> take(Session& session, Column column, const auto& set_into);
  [[nodiscard]] Result<void> settle_owner(Session& session) const;
  [[nodiscard]] Result<void> settle_extra_nulls(const Session& session);

  [[nodiscard]] Result<void> take_name(Column lookup, simdjson::ondemand::value& value);
  [[nodiscard]] Result<void> take_children(Collection collection, simdjson::ondemand::value& value);
  [[nodiscard]] Result<void> settle_children(const Session& session);
  void settle_parents(const Session& session);

  simdjson::ondemand::parser parser_{};
  ColumnValueReader values_{};
  std::string scratch_{};
  std::bitset<column_count> seen_{};
  std::bitset<column_count> null_{};
  std::vector<std::string_view> extra_nulls_{};
  std::optional<EntityType> owner_type_{};
  bool is_change_ = false;  // it has the token of a change
  Beside* beside_ = nullptr;
  std::vector<std::pair<Column, std::string>> names_{};            // of what lookups lead to
  std::vector<std::pair<Collection, std::string>> collections_{};  // as minified JSON
  ChildParser child_parser_{};
};

}  // namespace flowkeep::io

// Sessions as the rows, lists and answers of the Web API: what SessionWriter and ODataWriter stand on.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <flowkeep/changes.hpp>

#include "write_plan.hpp"

namespace flowkeep::io {

/// One column of a row, with the keys of its annotations (see json_key()).
struct ODataField {
  std::optional<Column> column{};  ///< nothing: an extra column
  ColumnKind kind = ColumnKind::text;
  std::string name{};  ///< of an extra column
  std::string key{};
  std::string formatted_key{};
  std::string table_key{};   ///< of a lookup: of the table it leads to
  std::string navigation{};  ///< of a lookup: the whole annotation
  bool named = false;        ///< of a lookup: its parent's name is an annotation, where it is known
  enum class Annotated : std::uint8_t {
    needed,  ///< what is needed to read it back
    label,   ///< the label of a choice, too
    all,
  } annotated = Annotated::needed;
};

/// Writes by a plan for odata; what something unfinished has left in `out` is the caller's to remove.
class ODataSessionWriter {
 public:
  ODataSessionWriter(const WritePlan& plan, const WriteOptions& options);
  [[nodiscard]] Result<void> write_entity(const Snapshot& snapshot, const SessionView& session, std::string& out) const;
  [[nodiscard]] Result<void> write_value(const Snapshot& snapshot, const SessionView& session, Column column,
                                         std::string& out) const;
  void write_is_valid(std::string& out, std::string_view valid) const;

  void begin(std::string& out, std::optional<std::uint64_t> count = std::nullopt);
  void begin_delta(std::string& out);
  [[nodiscard]] Result<void> write(const Snapshot& snapshot, const SessionView& session, std::string& out);
  void write_deletion(const Guid& id, std::string& out);
  /// `link` and `parameter` are those of a token that is not "".
  void end(std::string& out, std::string_view link, std::string_view parameter, std::string_view token) const;

 private:
  void begin_list(std::string& out, std::string_view context);
  void begin_row(std::string& out) const;
  [[nodiscard]] Result<void> write_members(const Snapshot& snapshot, const SessionView& session,
                                           std::string& out) const;
  [[nodiscard]] Result<void> annotate(const Snapshot& snapshot, const ODataField& field, const ValueView& value,
                                      std::string& out) const;
  [[nodiscard]] Result<void> append_row_value(const Snapshot& snapshot, const ODataField& field, const ValueView& value,
                                              std::string& out) const;

  const WritePlan& plan_;
  std::vector<ODataField> fields_{};
  std::string metadata_{};  ///< the base and "$metadata#"
  std::string columns_{};   ///< of contexts: those that were chosen, in parentheses
  std::uint64_t rows_ = 0;  ///< of the list at hand
};

}  // namespace flowkeep::io

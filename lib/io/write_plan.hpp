// What a SessionWriter writes of each session: worked out once from its options.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <flowkeep/io/json.hpp>

namespace flowkeep::io {

/// One column of the output.
struct WriteField {
  std::optional<Column> column{};  ///< nothing: an extra column
  ColumnKind kind = ColumnKind::text;
  std::string name{};       ///< as it stands in the output
  std::string key{};        ///< of JSON: json_key() of the name
  std::string label_key{};  ///< the same of its label
  bool labelled = false;    ///< its label stands beside it
  bool named = false;       ///< of a lookup: its parent's name does, where it is known
};

struct WritePlan {
  Format format = Format::jsonl;
  Base64 base64 = Base64::standard_padded;
  std::vector<WriteField> fields{};
  std::string base{};  ///< of odata: what links begin with
  bool with_children = false;
  WriteOptions::Binaries child_contents = WriteOptions::Binaries::content;
  enum class Extras : std::uint8_t {
    none,
    all,    ///< behind the fields, in the session's order
    named,  ///< those that are fields
  } extras = Extras::none;

  /// Errors: invalid_argument. For odata the key column stands behind chosen columns that lack it.
  [[nodiscard]] static Result<WritePlan> make(const WriteOptions& options);
};

/// Writes sessions as JSON Lines by a plan; what an unfinished session has left in `out` is the caller's to remove.
class JsonSessionWriter {
 public:
  explicit JsonSessionWriter(const WritePlan& plan) : plan_(plan) {}
  [[nodiscard]] Result<void> write(const Snapshot& snapshot, const SessionView& session, std::string& out);

 private:
  [[nodiscard]] Result<void> write_column(const Snapshot& snapshot, const SessionView& session, const WriteField& field,
                                          std::string& out) const;
  const WritePlan& plan_;
};

class CsvSessionWriter {
 public:
  explicit CsvSessionWriter(const WritePlan& plan);
  void begin(std::string& out) const;
  [[nodiscard]] Result<void> write(const Snapshot& snapshot, const SessionView& session, std::string& out);

 private:
  void find_extras(const SessionView& session);
  const WritePlan& plan_;
  std::vector<std::size_t> extras_by_name_{};     ///< fields of extra columns, sorted by name
  std::vector<std::string_view> extra_values_{};  ///< of the session at hand, by field; empty: null
  std::string text_{};
};

/// A comma, the name as a JSON text, a colon.
[[nodiscard]] std::string json_key(std::string_view name);
/// A File column that has neither content nor a reference is null, whatever its name.
[[nodiscard]] bool is_null(const ValueView& value) noexcept;
/// Appends a value that is not null, of a column of this kind. Errors: corrupt.
[[nodiscard]] Result<void> append_json_value(std::string& out, const Snapshot& snapshot, ColumnKind kind,
                                             const ValueView& value, Base64 alphabet);
/// Appends every extra column of a session, a comma before each.
void append_extras(std::string& out, const SessionView& session);

/// The value of an extra column; "" where the session has none of that name.
[[nodiscard]] std::string_view find_extra(const SessionView& session, std::string_view name);
/// The label of a choice; "" outside the option set.
[[nodiscard]] std::string_view label_of(Column column, std::int32_t value) noexcept;
/// Appends a File column's reference, or its content in base64: in the standard alphabet where the other would make
/// the form of a GUID, which stands for a reference. Errors: corrupt.
[[nodiscard]] Result<void> append_binary(std::string& out, const Snapshot& snapshot, const BinaryView& binary,
                                         Base64 alphabet);

}  // namespace flowkeep::io

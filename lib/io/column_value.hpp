// A JSON value as the value of a column.
#pragma once

#include <string>

#include <flowkeep/session.hpp>

#include "json_value.hpp"

namespace flowkeep::io {

/// Reads values into columns; keeps a buffer from one to the next.
class ColumnValueReader {
 public:
  /// Sets `column` from a value that is not null. A lookup takes a GUID; ownerid keeps its kind open.
  /// Choices outside the option set pass: the store refuses them.
  /// Errors: invalid_argument; the sentence begins with the column's name and keeps secrets.
  [[nodiscard]] Result<void> set(Session& session, Column column, const JsonValue& value);

 private:
  std::string bytes_{};
};

/// Whether both sessions hold the same in `column`; a File column's name is left aside.
[[nodiscard]] bool same_value(const Session& a, const Session& b, Column column);

/// The member of a File column.
[[nodiscard]] std::optional<Binary>& binary_of(Session& session, Column column) noexcept;
[[nodiscard]] const std::optional<Binary>& binary_of(const Session& session, Column column) noexcept;

}  // namespace flowkeep::io

// The rules that a session has to keep by itself, whatever is stored.
#pragma once

#include <cstdint>
#include <flowkeep/column.hpp>
#include <flowkeep/result.hpp>
#include <flowkeep/session.hpp>

namespace flowkeep::entity {

enum class WriteKind : std::uint8_t { create, update, import };

/// The longest name of an extra column, and the most that all extra columns of a row hold (names and values).
inline constexpr std::size_t max_extra_name_bytes = 500;
inline constexpr std::size_t max_extra_bytes = 1024 * 1024;

/// Checks what is given in `session` (for an update: what is set): lengths, UTF-8, ranges, option sets, kinds of
/// lookups, File columns, extra columns, and that only an import gives read-only columns. Whether an update may name
/// a create-only column, whether a Binary's `stored` is the row's own, and whether the (statecode, statuscode) pair is
/// legal is not checked here.
/// Errors: invalid_argument, with a sentence that names column, value and limit; the first in the order of Column.
[[nodiscard]] Result<void> check_columns(const Session& session, WriteKind kind);

/// Gives lookups without a kind that of their column, and, unless it is an import, rounds the percentages to two
/// decimals. To be called on sessions that check_columns() accepts.
void normalise(Session& session, WriteKind kind) noexcept;

/// Whether only a create may give the column a value.
[[nodiscard]] bool is_create_only(Column column) noexcept;

}  // namespace flowkeep::entity

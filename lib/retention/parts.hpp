// Long walks over sessions, in parts: none keeps a snapshot for long.
#pragma once

#include <flowkeep/snapshot.hpp>
#include <flowkeep/store.hpp>

namespace flowkeep::retention {

/// Rows that one snapshot is kept for.
inline constexpr std::uint64_t rows_at_once = 20'000;

/// What a walk does behind a row.
enum class Then : std::uint8_t {
  go_on,
  pause,  ///< the part ends, the next one begins behind the row
  end,    ///< there is nothing more to find
};

/// The query with what a walk in parts needs.
[[nodiscard]] inline Query in_parts(Query query) {
  query.limit = limit(rows_at_once + 1);  // a part ends before, with a token
  query.pause_after = rows_at_once;
  return query;
}

/// Tells `use(snapshot, session)`, which answers with Then, of the next rows of a query that was made by in_parts().
/// Answers whether there may be more, behind query.after then. Errors: those of snapshots and ranges.
template <class Use>
[[nodiscard]] Result<bool> walk_part(const Store& store, Query& query, Use&& use) {
  const auto snapshot = store.snapshot();
  if (!snapshot) return fail(snapshot.error());
  SessionRange range = snapshot->select(query);
  std::uint64_t rows = 0;
  for (const Result<SessionView>& row : range) {
    if (!row) return fail(row.error());
    const Then then = use(*snapshot, *row);
    if (then == Then::end) return false;
    if (++rows == rows_at_once || then == Then::pause) {
      query.after = range.token();
      return true;
    }
  }
  if (!range.is_paused()) return false;
  query.after = range.token();
  return true;
}

}  // namespace flowkeep::retention

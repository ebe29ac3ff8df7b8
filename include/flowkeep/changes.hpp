// What became of the sessions of a store since a moment before.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

#include <flowkeep/export.hpp>
#include <flowkeep/guid.hpp>
#include <flowkeep/query.hpp>
#include <flowkeep/session_view.hpp>
#include <flowkeep/timestamp.hpp>

namespace flowkeep {

/// A session that was written, as it is now, or one that is gone.
struct FLOWKEEP_API SessionChange {
  Guid flowsessionid{};
  std::int64_t versionnumber = 0;        ///< of its last write, or of its deletion
  std::optional<SessionView> session{};  ///< none: it was deleted
  std::optional<Timestamp> deletedon{};  ///< of a deletion
  std::optional<Guid> deletedby{};       ///< the user, where one was given
};

/// Changes: sessions in the order of their versions, then deletions likewise, of those that have not come again.
/// token() is where it stands, at its end too, and what Snapshot::changes() of a later snapshot goes on behind.
///   for (const Result<SessionChange>& change : snapshot.changes(token)) { … }
using ChangeRange = RowRange<SessionChange>;
extern template class RowRange<SessionChange>;

/// How long a token of changes is good for. Deletions are remembered so long (and a day more).
inline constexpr std::chrono::hours change_token_life{7 * 24};

}  // namespace flowkeep

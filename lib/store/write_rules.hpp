// What a write makes of a session: the entity's rules, pure, without storage.
#pragma once

#include <flowkeep/session.hpp>
#include <flowkeep/state_model.hpp>
#include <flowkeep/write_transaction.hpp>

namespace flowkeep::store {

/// Who writes, and when.
struct WriteContext {
  const Caller& caller;
  const StateModel& model;
  Timestamp time;
};

// Each returns the session as it will be stored, its versionnumber and the whereabouts of its binary content left
// to the caller. Errors: invalid_argument, invalid_transition.

/// A create: ids, times, owner and state are filled in.
[[nodiscard]] Result<Session> created(const Session& given, const WriteContext& context);
/// An update of `stored`.
[[nodiscard]] Result<Session> updated(Session stored, const SessionUpdate& update, const WriteContext& context);
/// An import: kept as it is given, but for an absent id, createdon and (statecode, statuscode).
[[nodiscard]] Result<Session> imported(const Session& given, const WriteContext& context);

/// Whether a precondition holds for a row of this versionnumber (none: there is no row).
[[nodiscard]] Result<void> check_precondition(const Guid& id, std::optional<std::int64_t> version,
                                              Precondition precondition);

}  // namespace flowkeep::store

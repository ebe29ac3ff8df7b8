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

// Each makes `session` what will be stored, its versionnumber and the whereabouts of its binary content left to the
// caller; after an error it says nothing. Its memory is used again, so a batch is made in one Session.
// Errors: invalid_argument, invalid_transition.

/// A create: ids, times, owner and state are filled in.
[[nodiscard]] Result<void> make_created(Session& session, const Session& given, const WriteContext& context);
/// An update of what is stored, which `session` is.
[[nodiscard]] Result<void> make_updated(Session& session, const SessionUpdate& update, const WriteContext& context);
/// An import: kept as it is given, but for an absent id, createdon and (statecode, statuscode).
[[nodiscard]] Result<void> make_imported(Session& session, const Session& given, const WriteContext& context);

/// Whether a precondition holds for a row of this versionnumber (none: there is no row).
[[nodiscard]] Result<void> check_precondition(const Guid& id, std::optional<std::int64_t> version,
                                              Precondition precondition);

}  // namespace flowkeep::store

#include "store/write_rules.hpp"

#include <algorithm>
#include <chrono>

#include "entity/members.hpp"
#include "entity/rules.hpp"

namespace flowkeep::store {

using entity::WriteKind;

namespace {

Timestamp start_of_day(Timestamp time) {
  return std::chrono::floor<std::chrono::days>(time);
}

std::optional<Reference> user(const std::optional<Guid>& id) {
  if (!id) return std::nullopt;
  return Reference(*id, EntityType::systemuser);
}

// owninguser or owningteam repeats ownerid, by its kind.
void spread_owner(Session& session) {
  session.owninguser.reset();
  session.owningteam.reset();
  if (!session.ownerid) return;
  (session.ownerid->type == EntityType::team ? session.owningteam : session.owninguser) = session.ownerid;
}

void set_modified(Session& session, const WriteContext& context) {
  session.modifiedon = context.time;
  session.modifiedby = user(context.caller.user);
  session.modifiedonbehalfby = user(context.caller.on_behalf_of);
}

// Entering a terminal status ends the run, entering Running for the first time starts it.
void fill_times(Session& session, Timestamp time) {
  if (is_terminal(*session.statuscode) && !session.completedon) session.completedon = time;
  if (session.statuscode == StatusCode::running && !session.startedon) session.startedon = time;
}

Result<void> refuse_stored_content(const Session& session) {
  for (const Column column : entity::binary_columns) {
    const auto& binary = session.*entity::binary_member(column);
    if (binary && binary->stored) {
      return fail(Errc::invalid_argument,
                  std::string(name_of(column)) +
                      ": refers to content that another session has stored; give the content itself");
    }
  }
  return {};
}

// A null File column and one with nothing in it are the same.
void drop_null_binaries(Session& session) {
  for (const Column column : entity::binary_columns) {
    auto& binary = session.*entity::binary_member(column);
    if (binary && binary->is_null()) binary.reset();
  }
}

Result<void> check_clear(const SessionUpdate& update, const Session& stored) {
  for (const Column column : update.clear) {
    const ColumnInfo& about = info(column);
    const std::string name(about.name);
    if (about.kind == ColumnKind::binary_name || about.access == ColumnAccess::read_only) {
      return fail(Errc::invalid_argument, name + ": read-only, set by the store; it cannot be cleared");
    }
    if (column == Column::flowsessionid || column == Column::statecode || column == Column::statuscode) {
      return fail(Errc::invalid_argument, name + ": cannot be cleared, every session has one");
    }
    if (entity::is_create_only(column) && !std::holds_alternative<std::monostate>(value(stored, column))) {
      return fail(Errc::invalid_argument, name + ": is fixed when the session is created and cannot be cleared");
    }
    if (!std::holds_alternative<std::monostate>(value(update.set, column))) {
      return fail(Errc::invalid_argument, name + ": is both set and cleared; one of them is meant");
    }
  }
  return {};
}

Result<void> check_create_only(const Session& set, const Session& stored) {
  std::optional<Column> changed;
  entity::for_each_member([&]<Column column, class T>(std::optional<T> Session::*member) {
    if constexpr (!std::is_same_v<T, Binary>) {
      if (!changed && entity::is_create_only(column) && set.*member && set.*member != stored.*member) changed = column;
    }
  });
  if (!changed) return {};
  return fail(Errc::invalid_argument,
              std::string(name_of(*changed)) + ": is fixed when the session is created and cannot be changed");
}

void assign(Session& stored, const SessionUpdate& update) {
  entity::for_each_member([&]<Column column, class T>(std::optional<T> Session::*member) {
    if (update.set.*member) {
      stored.*member = update.set.*member;
    } else if (update.clear.count(column) != 0) {
      (stored.*member).reset();
    }
  });
  for (const std::string& name : update.clear_extra) stored.extra.erase(name);
  for (const auto& [name, json] : update.set.extra) stored.extra[name] = json;
}

}  // namespace

Result<void> make_created(Session& session, const Session& given, const WriteContext& context) {
  if (auto ok = entity::check_columns(given, WriteKind::create); !ok) return fail(std::move(ok.error()));
  if (auto ok = refuse_stored_content(given); !ok) return fail(std::move(ok.error()));
  auto state = initial_state(given.statecode, given.statuscode);
  if (!state) return fail(std::move(state.error()));

  session = given;
  entity::normalise(session, WriteKind::create);
  drop_null_binaries(session);
  if (!session.flowsessionid) session.flowsessionid = Guid::make();
  session.statecode = state->state;
  session.statuscode = state->status;
  session.createdon = context.time;
  if (session.overriddencreatedon) {
    session.createdon = session.overriddencreatedon;
    session.overriddencreatedon = start_of_day(context.time);
  }
  if (!session.runsessionmode) session.runsessionmode = RunSessionMode::unapplicable;
  if (!session.subcategory) session.subcategory = Subcategory::default_category;
  session.createdby = user(context.caller.user);
  session.createdonbehalfby = user(context.caller.on_behalf_of);
  set_modified(session, context);
  if (!session.ownerid) session.ownerid = user(context.caller.user);
  spread_owner(session);
  if (context.caller.businessunit) {
    session.owningbusinessunit = Reference(*context.caller.businessunit, EntityType::businessunit);
  }
  fill_times(session, context.time);
  return {};
}

Result<void> make_updated(Session& session, const SessionUpdate& update, const WriteContext& context) {
  if (auto ok = entity::check_columns(update.set, WriteKind::update); !ok) return fail(std::move(ok.error()));
  SessionUpdate change = update;
  entity::normalise(change.set, WriteKind::update);
  if (auto ok = check_clear(change, session); !ok) return fail(std::move(ok.error()));
  if (auto ok = check_create_only(change.set, session); !ok) return fail(std::move(ok.error()));
  for (const Column column : entity::binary_columns) {
    const auto member = entity::binary_member(column);
    const auto& binary = change.set.*member;
    if (binary && binary->stored && (!(session.*member) || (session.*member)->stored != binary->stored)) {
      return fail(
          Errc::invalid_argument,
          std::string(name_of(column)) + ": refers to content that this column does not have; give the content itself");
    }
  }
  auto state =
      next_state(context.model, {*session.statecode, *session.statuscode}, change.set.statecode, change.set.statuscode);
  if (!state) return fail(std::move(state.error()));

  const bool entered = state->status != *session.statuscode;
  assign(session, change);
  drop_null_binaries(session);
  session.statecode = state->state;
  session.statuscode = state->status;
  if (change.set.ownerid || change.clear.count(Column::ownerid) != 0) spread_owner(session);
  if (entered) fill_times(session, context.time);
  set_modified(session, context);
  return {};
}

Result<void> make_imported(Session& session, const Session& given, const WriteContext& context) {
  if (auto ok = entity::check_columns(given, WriteKind::import); !ok) return fail(std::move(ok.error()));
  if (auto ok = refuse_stored_content(given); !ok) return fail(std::move(ok.error()));
  auto state = initial_state(given.statecode, given.statuscode);
  if (!state) return fail(std::move(state.error()));
  session = given;
  entity::normalise(session, WriteKind::import);
  drop_null_binaries(session);
  if (!session.flowsessionid) session.flowsessionid = Guid::make();
  if (!session.createdon) session.createdon = context.time;
  session.statecode = state->state;
  session.statuscode = state->status;
  return {};
}

Result<void> check_precondition(const Guid& id, std::optional<std::int64_t> version, Precondition precondition) {
  const auto mismatch = [](std::string message) {
    return fail(Errc::version_mismatch, std::move(message), DataverseCode::concurrency_version_mismatch);
  };
  switch (precondition.kind) {
    case Precondition::Kind::none:
      return {};
    case Precondition::Kind::if_none_match_any:
      if (version) return mismatch("session " + id.str() + " exists already, and If-None-Match: * asks for a new one");
      return {};
    case Precondition::Kind::if_match:
    case Precondition::Kind::if_match_any:
      if (!version) {
        return fail(Errc::not_found, "there is no session " + id.str(), DataverseCode::object_does_not_exist);
      }
      if (precondition.kind == Precondition::Kind::if_match && *version != precondition.versionnumber) {
        return mismatch("session " + id.str() + " has been changed: its ETag is W/\"" + std::to_string(*version) +
                        "\", not W/\"" + std::to_string(precondition.versionnumber) + "\"");
      }
      return {};
  }
  return {};
}

}  // namespace flowkeep::store

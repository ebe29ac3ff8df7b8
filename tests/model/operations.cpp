// The operations of a Run: each is done to the store, or in a transaction, and to the model.
#include <algorithm>
#include <utility>

#include "run.hpp"

namespace flowkeep::model {
namespace {

std::string names(const Refusals& refusals) {
  std::string text;
  for (const Errc refusal : refusals) text.append(text.empty() ? "" : " or ").append(errc_name(refusal));
  return text.empty() ? "success" : text;
}

/// Whether the store answered what the model says.
void agree(const char* operation, const Error* refusal, const Refusals& expected) {
  const bool agreed = refusal == nullptr ? expected.empty() : expected.count(refusal->code) != 0;
  require(agreed, std::string(operation) + ": " + (refusal == nullptr ? "success" : refusal->message) +
                      "; expected was " + names(expected));
  if (refusal == nullptr) return;
  const DataverseCode code = refusal->dataverse;
  const bool coded =
      refusal->code == Errc::not_found          ? code == DataverseCode::object_does_not_exist
      : refusal->code == Errc::already_exists   ? code == DataverseCode::duplicate_record
      : refusal->code == Errc::version_mismatch ? code == DataverseCode::concurrency_version_mismatch
      : refusal->code == Errc::invalid_transition
          ? code == DataverseCode::invalid_state_transition || code == DataverseCode::invalid_state_code_status_code
          : code == DataverseCode::none;
  require(coded, std::string(operation) + ": the Web API code of: " + refusal->message);
}

template <class T>
const Error* error_of(const Result<T>& result) {
  return result ? nullptr : &result.error();
}

/// Runs a batch on a copy of the state: all or nothing. Each part answers its refusals.
template <class Parts, class Apply>
Refusals all_or_nothing(State& state, const Parts& parts, Apply&& apply, std::size_t* refused = nullptr) {
  State after = state;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (Refusals refusals = apply(after, parts[i], i); !refusals.empty()) {
      if (refused != nullptr) *refused = i;
      return refusals;
    }
  }
  state = std::move(after);
  return {};
}

}  // namespace

template <class Writer>
void Run::write(Writer& writer) {
  ++operation_;
  begun_ = now();
  const bool crowded = state_.rows.size() >= most_rows_;
  switch (const std::uint64_t choice = random_.below(crowded ? 21 : 16); choice) {
    case 0:
    case 1:
      return create(writer);
    case 2:
      return create_multiple(writer);
    case 3:
    case 4:
    case 5:
      return update(writer);
    case 6:
      return rename_content(writer);
    case 7:
      return update_multiple(writer);
    case 8:
      return upsert(writer);
    case 9:
      return upsert_multiple(writer);
    case 10:
    case 11:
    case 12:
      return transition(writer);
    case 13:
      return import(writer);
    case 14:
      return erase(writer);
    case 15:
      return import(writer);
    default:
      return choice % 2 == 0 ? erase_multiple(writer) : erase(writer);
  }
}

template <class Writer>
void Run::create(Writer& writer) {
  Given given = random_.session_to_create();
  given.session.flowsessionid.reset();
  if (!random_.one_in(4)) given.session.flowsessionid = random_.one_in(10) ? any_id() : fresh_id();
  const auto made = writer.create(given.session);
  const Guid id = made ? *made : given.session.flowsessionid.value_or(Guid{});
  agree("create", error_of(made), state_.create(id, given, made ? written_at(writer, id) : begun_));
  if (made && given.session.flowsessionid) require(id == *given.session.flowsessionid, "create: the id given");
}

template <class Writer>
void Run::create_multiple(Writer& writer) {
  std::vector<Given> parts(random_.below(6));
  std::vector<Session> sessions;
  for (Given& part : parts) {
    part = random_.session_to_create();
    part.session.flowsessionid = random_.one_in(30) ? any_id() : fresh_id();
    if (!sessions.empty() && random_.one_in(30)) part.session.flowsessionid = random_.any_of(sessions).flowsessionid;
    sessions.push_back(part.session);
  }
  const auto made = writer.create_multiple(sessions);
  const Timestamp time = made && !made->empty() ? written_at(writer, made->front()) : begun_;
  agree("create_multiple", error_of(made),
        all_or_nothing(state_, parts, [&](State& state, const Given& part, std::size_t) {
          return state.create(*part.session.flowsessionid, part, time);
        }));
  if (!made) return;
  require(made->size() == sessions.size(), "create_multiple: how many ids");
  for (std::size_t i = 0; i < made->size(); ++i) {
    require((*made)[i] == *sessions[i].flowsessionid, "create_multiple: ids in input order");
    touched_.push_back((*made)[i]);
  }
}

template <class Writer>
void Run::update(Writer& writer) {
  const Guid id = any_id();
  const GivenUpdate given = random_.update(state_.find(id));
  const Precondition precondition = any_precondition(id);
  const auto version = writer.update(id, given.update, precondition);
  agree("update", error_of(version), state_.update(id, given, precondition, version ? written_at(writer, id) : begun_));
  if (version) require(*version == state_.version, "update: the version returned");
}

// Gives back the content that a read showed, under another name.
template <class Writer>
void Run::rename_content(Writer& writer) {
  const Guid id = any_id();
  const auto found = take(writer.find(id), "find");
  if (!found) return;
  const std::size_t place = random_.below(binary_members.size());
  const std::size_t source = random_.one_in(5) ? random_.below(binary_members.size()) : place;
  const auto& binary = (*found).*binary_members[source];
  if (!binary || !binary->stored) return;
  GivenUpdate given;
  Binary& renamed = (given.update.set.*binary_members[place]).emplace();
  renamed.stored = binary->stored;
  renamed.name = "renamed-" + std::to_string(operation_);
  const auto& own = (*found).*binary_members[place];
  given.broken = !own || own->stored != binary->stored;
  const auto version = writer.update(id, given.update);
  agree("rename", error_of(version), state_.update(id, given, {}, version ? written_at(writer, id) : begun_));
}

template <class Writer>
void Run::update_multiple(Writer& writer) {
  std::vector<GivenUpdate> parts(random_.below(5));
  std::vector<SessionUpdate> updates;
  for (GivenUpdate& part : parts) {
    const Guid id = random_.one_in(20) || state_.rows.empty() ? any_id() : stored_id();
    part = random_.update(state_.find(id));
    part.update.set.flowsessionid = id;
    updates.push_back(part.update);
  }
  const auto applied = writer.update_multiple(updates);
  const Timestamp time = applied && *applied != 0 ? written_at(writer, *updates[0].set.flowsessionid) : begun_;
  std::set<Guid> seen;
  agree("update_multiple", error_of(applied),
        all_or_nothing(state_, parts, [&](State& state, const GivenUpdate& part, std::size_t) {
          const Guid id = *part.update.set.flowsessionid;
          return seen.insert(id).second ? state.update(id, part, {}, time) : Refusals{};
        }));
  if (!applied) return;
  require(*applied == seen.size(), "update_multiple: the number applied");
  touched_.insert(touched_.end(), seen.begin(), seen.end());
}

template <class Writer>
void Run::upsert(Writer& writer) {
  const Guid id = random_.one_in(2) ? fresh_id() : any_id();
  const GivenUpdate given = random_.update(state_.find(id));
  const Precondition precondition = any_precondition(id);
  const bool present = state_.find(id) != nullptr;
  const auto done = writer.upsert(id, given.update, precondition);
  agree("upsert", error_of(done), state_.upsert(id, given, precondition, done ? written_at(writer, id) : begun_));
  if (!done) return;
  require(done->id == id && done->versionnumber == state_.version, "upsert: id and version returned");
  require(done->outcome == (present ? Outcome::updated : Outcome::created), "upsert: the outcome returned");
}

template <class Writer>
void Run::upsert_multiple(Writer& writer) {
  std::vector<GivenUpdate> parts(random_.below(5));
  std::vector<SessionUpdate> updates;
  for (GivenUpdate& part : parts) {
    const Guid id = random_.one_in(2) ? fresh_id() : any_id();
    part = random_.update(state_.find(id));
    part.update.set.flowsessionid = id;
    updates.push_back(part.update);
  }
  const auto done = writer.upsert_multiple(updates);
  const Timestamp time = done && !done->empty() ? written_at(writer, done->front().id) : begun_;
  std::set<Guid> seen;
  agree("upsert_multiple", error_of(done),
        all_or_nothing(state_, parts, [&](State& state, const GivenUpdate& part, std::size_t) {
          const Guid id = *part.update.set.flowsessionid;
          return seen.insert(id).second ? state.upsert(id, part, {}, time) : Refusals{Errc::already_exists};
        }));
  if (!done) return;
  for (const UpsertResult& result : *done) {
    require(state_.find(result.id)->session.versionnumber == result.versionnumber, "upsert_multiple: a version");
  }
  touched_.insert(touched_.end(), seen.begin(), seen.end());
}

template <class Writer>
void Run::transition(Writer& writer) {
  const Guid id = any_id();
  const StatusCode status = random_.status();
  const Precondition precondition = any_precondition(id);
  std::optional<StateCode> state;
  if (random_.one_in(6)) state = static_cast<StateCode>(random_.below(state_count));
  if (const Row* row = state_.find(id)) {
    const std::string_view name = label(state_of(status));
    const bool valid = take(writer.is_valid_state_transition(id, name, static_cast<std::int32_t>(status)), "is_valid");
    require(valid == allows(state_.moves, *row->session.statuscode, status), "is_valid_state_transition");
  }
  const auto version = writer.transition(id, status, state, precondition);
  agree("transition", error_of(version),
        state_.transition(id, status, state, precondition, version ? written_at(writer, id) : begun_));
}

template <class Writer>
void Run::erase(Writer& writer) {
  const Guid id = any_id();
  const Precondition precondition = any_precondition(id);
  agree("erase", error_of(writer.erase(id, precondition)), state_.erase(id, precondition));
  erased_.push_back(id);
}

template <class Writer>
void Run::erase_multiple(Writer& writer) {
  std::vector<Guid> ids(random_.below(6));
  for (Guid& id : ids) id = random_.one_in(20) || state_.rows.empty() ? any_id() : stored_id();
  const auto erased = writer.erase_multiple(ids);
  std::set<Guid> seen;
  agree("erase_multiple", error_of(erased), all_or_nothing(state_, ids, [&](State& state, const Guid& id, std::size_t) {
          return seen.insert(id).second ? state.erase(id, {}) : Refusals{};
        }));
  if (erased) require(*erased == seen.size(), "erase_multiple: the number deleted");
  erased_.insert(erased_.end(), ids.begin(), ids.end());
}

template <class Writer>
void Run::import(Writer& writer) {
  std::vector<Given> parts(random_.below(8));
  std::vector<Session> sessions;
  for (Given& part : parts) {
    part = random_.session_to_import();
    part.session.flowsessionid = random_.one_in(3) ? any_id() : fresh_id();
    if (!sessions.empty() && random_.one_in(8)) part.session.flowsessionid = random_.any_of(sessions).flowsessionid;
    sessions.push_back(part.session);
  }
  const auto on_conflict = static_cast<OnConflict>(random_.below(3));
  const auto done = writer.import_sessions(sessions, {on_conflict});
  Timestamp time = begun_;
  for (std::size_t i = 0; done && i < sessions.size(); ++i) {
    const auto row = take(writer.find(*sessions[i].flowsessionid), "find");
    require(row.has_value(), "import: a session is missing");
    if (*row->createdon > begun_ && *row->createdon <= now()) time = *row->createdon;
  }
  ImportResult result;
  std::size_t refused = 0;
  const Refusals expected = all_or_nothing(
      state_, parts,
      [&](State& state, const Given& part, std::size_t) {
        return state.import(*part.session.flowsessionid, part, on_conflict, time, result);
      },
      &refused);
  agree("import", done ? nullptr : &done.error().error, expected);
  if (!done) {
    require(done.error().position == refused, "import: the position of the refused session");
    return;
  }
  require(done->created == result.created && done->replaced == result.replaced && done->skipped == result.skipped,
          "import: the numbers returned");
  for (const Session& session : sessions) touched_.push_back(*session.flowsessionid);
}

Guid Run::stored_id() {
  auto at = state_.rows.lower_bound(random_.guid());
  if (at == state_.rows.end()) at = state_.rows.begin();
  return at->first;
}

Guid Run::fresh_id() {
  return random_.guid();
}

Precondition Run::any_precondition(const Guid& id) {
  switch (random_.below(10)) {
    case 0:
      return Precondition::if_match_any();
    case 1:
      return Precondition::if_none_match_any();
    case 2:
      return Precondition::if_match(state_.version);
    case 3: {
      const Row* row = state_.find(id);
      return Precondition::if_match(row == nullptr ? 1 : *row->session.versionnumber);
    }
    default:
      return {};
  }
}

template <class Writer>
Timestamp Run::written_at(Writer& writer, const Guid& id) const {
  const Session session = take(writer.get(id), "get");
  require(session.modifiedon && *session.modifiedon >= begun_ && *session.modifiedon <= now(),
          "session " + id.str() + ": modifiedon is not the time of the write");
  return *session.modifiedon;
}

template void Run::write(Store& writer);
template void Run::write(WriteTransaction& writer);

}  // namespace flowkeep::model

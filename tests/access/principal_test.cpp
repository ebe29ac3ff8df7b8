// A store as a principal sees it: every call is limited to what he may see and do, and nothing tells him of the rest.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "store_fixture.hpp"

namespace flowkeep {
namespace {

using test::refusal;
using test::TestStore;
using test::value_of;
using testing::ElementsAre;
using testing::UnorderedElementsAre;

class AsPrincipal : public testing::Test {
 protected:
  AsPrincipal() {
    own = create(me.user, StatusCode::running);
    others = create(Guid::make(), StatusCode::running);
    of_team = create(team, StatusCode::running, EntityType::team);
    readable = create(Guid::make(), StatusCode::running);
    value_of(store->grant_access(readable, me.user, AccessRight::read));
  }
  Guid create(const Guid& owner, StatusCode status, EntityType type = EntityType::systemuser) {
    Session session;
    session.name = "a run";
    session.ownerid = Reference(owner, type);
    session.statuscode = status;
    session.statecode = state_of(status);
    session.callbackurl = "https://example.com/";
    session.machineid = Reference(machine);
    session.inputs = Binary{"in.json", Content("{}"), {}, {}};
    return value_of(store->create(session));
  }
  std::vector<Guid> ids(SessionRange range) {
    std::vector<Guid> found;
    for (const auto& row : range) found.push_back(value_of(row).flowsessionid());
    return found;
  }
  std::vector<Guid> visible() { return {own, of_team, readable}; }
  void expect_privilege_denied(const Error& error) {
    EXPECT_EQ(error.code, Errc::access_denied);
    EXPECT_EQ(error.dataverse, DataverseCode::privilege_denied);
  }

  TestStore store{};
  const Guid team = Guid::make();
  const Guid machine = Guid::make();
  const Principal me{Guid::make(), {team}, AccessRights::all()};
  Guid own{};
  Guid others{};
  Guid of_team{};
  Guid readable{};
  Store mine = value_of(store->as(me));
};

TEST_F(AsPrincipal, SeesWhatHeOwnsWhatHisTeamOwnsAndWhatIsShared) {
  const auto snapshot = value_of(mine.snapshot());
  EXPECT_THAT(ids(snapshot.select({})), testing::UnorderedElementsAreArray(visible()));
  EXPECT_EQ(value_of(snapshot.size()), 3U);
  EXPECT_EQ(value_of(snapshot.count({})), 3U);
  for (const Guid& id : visible()) {
    EXPECT_TRUE(value_of(snapshot.find(id)));
    EXPECT_TRUE(mine.get(id));
    EXPECT_TRUE(mine.status_of(id));
  }
}

TEST_F(AsPrincipal, GetsTheSameAnswerForWhatIsNotThereAndWhatIsNotHis) {
  const Guid missing = Guid::make();
  const auto same = [&](const auto& call) {
    Error of_missing = call(missing);
    Error of_others = call(others);
    EXPECT_EQ(of_others.code, of_missing.code);
    EXPECT_EQ(of_others.dataverse, of_missing.dataverse);
    std::string message = of_others.message;
    if (const auto at = message.find(others.str()); at != std::string::npos) {
      message.replace(at, others.str().size(), missing.str());
    }
    EXPECT_EQ(message, of_missing.message);
  };
  SessionUpdate update;
  update.set.name = "mine now";
  same([&](const Guid& id) { return refusal(mine.get(id)); });
  same([&](const Guid& id) { return refusal(mine.status_of(id)); });
  same([&](const Guid& id) { return refusal(mine.is_valid_state_transition(id, "Active", 4)); });
  same([&](const Guid& id) { return refusal(mine.update(id, update)); });
  same([&](const Guid& id) { return refusal(mine.update(id, update, Precondition::if_match(1))); });
  same([&](const Guid& id) { return refusal(mine.update(id, update, Precondition::if_match_any())); });
  same([&](const Guid& id) { return refusal(mine.transition(id, StatusCode::succeeded)); });
  same([&](const Guid& id) { return refusal(mine.erase(id)); });
  same([&](const Guid& id) { return refusal(mine.erase_multiple(std::vector<Guid>{own, id})); });
  same([&](const Guid& id) { return refusal(mine.cancel(id)); });
  same([&](const Guid& id) { return refusal(mine.cancel_token(id)); });
  same([&](const Guid& id) { return refusal(mine.trigger_callback(id)); });
  same([&](const Guid& id) { return refusal(mine.grant_access(id, me.user, AccessRight::read)); });
  same([&](const Guid& id) { return refusal(mine.modify_access(id, me.user, AccessRight::read)); });
  same([&](const Guid& id) { return refusal(mine.revoke_access(id, me.user)); });
  same([&](const Guid& id) { return refusal(mine.assign(id, Reference(me.user))); });
  const auto snapshot = value_of(mine.snapshot());
  same([&](const Guid& id) { return refusal(snapshot.get(id)); });
  same([&](const Guid& id) { return refusal(snapshot.shares(id)); });
  same([&](const Guid& id) { return refusal(snapshot.access(id)); });
  same([&](const Guid& id) { return refusal(snapshot.access(id, me)); });
  same([&](const Guid& id) { return refusal(snapshot.is_valid_state_transition(id, "Active", 4)); });
  const auto transaction = value_of(mine.write());
  same([&](const Guid& id) { return refusal(transaction.get(id)); });
  // The whole of it is as before.
  EXPECT_TRUE(value_of(store->find(own)));
  EXPECT_TRUE(value_of(store->find(others)));
}

TEST_F(AsPrincipal, MayReadButNotDoWhatTheShareDoesNotGive) {
  SessionUpdate update;
  update.set.name = "changed";
  expect_privilege_denied(refusal(mine.update(readable, update)));
  expect_privilege_denied(refusal(mine.transition(readable, StatusCode::succeeded)));
  expect_privilege_denied(refusal(mine.erase(readable)));
  expect_privilege_denied(refusal(mine.cancel(readable)));
  expect_privilege_denied(refusal(mine.grant_access(readable, me.user, AccessRight::write)));
  expect_privilege_denied(refusal(mine.assign(readable, Reference(me.user))));
  value_of(store->grant_access(readable, me.user, AccessRight::write));
  value_of(mine.update(readable, update));
  EXPECT_EQ(value_of(store->get(readable)).modifiedby->id, me.user);
  expect_privilege_denied(refusal(mine.assign(readable, Reference(me.user))));
  value_of(store->grant_access(readable, me.user, AccessRight::erase));
  EXPECT_TRUE(mine.erase(readable));
}

TEST_F(AsPrincipal, GivesAwayOnlyWhatHeHas) {
  const Guid friend_of_mine = Guid::make();
  value_of(store->grant_access(readable, me.user, AccessRight::share));
  EXPECT_EQ(value_of(mine.grant_access(readable, friend_of_mine, AccessRight::read)), AccessRight::read);
  expect_privilege_denied(refusal(mine.grant_access(readable, friend_of_mine, AccessRight::erase)));
  expect_privilege_denied(refusal(mine.modify_access(readable, me.user, AccessRights::all())));
  EXPECT_TRUE(value_of(mine.revoke_access(readable, friend_of_mine)));
  value_of(mine.grant_access(own, friend_of_mine, AccessRights::all()));
  const Store theirs = value_of(store->as({friend_of_mine, {}, AccessRights::all()}));
  EXPECT_TRUE(theirs.get(own));
}

TEST_F(AsPrincipal, IsCutToHisPrivileges) {
  const Store reader = value_of(store->as({me.user, me.teams, AccessRight::read}));
  SessionUpdate update;
  update.set.name = "changed";
  expect_privilege_denied(refusal(reader.update(own, update)));
  expect_privilege_denied(refusal(reader.create(Session{})));
  EXPECT_TRUE(reader.get(own));
  const Store nobody = value_of(store->as({me.user, me.teams, AccessRight::write | AccessRight::create}));
  EXPECT_EQ(refusal(nobody.get(own)).code, Errc::not_found);
  EXPECT_EQ(refusal(nobody.update(own, update)).code, Errc::not_found);
  const auto snapshot = value_of(nobody.snapshot());
  EXPECT_TRUE(ids(snapshot.select({})).empty());
  EXPECT_EQ(value_of(snapshot.size()), 0U);
  EXPECT_TRUE(nobody.create(Session{}));
}

TEST_F(AsPrincipal, OwnsWhatHeCreates) {
  const Guid id = value_of(mine.create(Session{}));
  const Session session = value_of(store->get(id));
  EXPECT_EQ(session.ownerid->id, me.user);
  EXPECT_EQ(session.createdby->id, me.user);
  // In another's name, too, he is the one.
  auto transaction = value_of(mine.write({Guid::make(), {}, {}}));
  const Guid second = value_of(transaction.create(Session{}));
  EXPECT_TRUE(transaction.commit());
  EXPECT_EQ(value_of(store->get(second)).createdby->id, me.user);
}

TEST_F(AsPrincipal, NeedsToAssignWhatHeCreatesForOthers) {
  Session for_others;
  for_others.ownerid = Reference(Guid::make());
  Session for_team;
  for_team.ownerid = Reference(team, EntityType::team);
  const Store creator = value_of(store->as({me.user, me.teams, AccessRight::read | AccessRight::create}));
  expect_privilege_denied(refusal(creator.create(for_others)));
  EXPECT_TRUE(creator.create(for_team));
  EXPECT_TRUE(mine.create(for_others));
  for_others.flowsessionid = Guid::make();
  const auto imported = creator.import_sessions(std::vector<Session>{for_others});
  ASSERT_FALSE(imported);
  expect_privilege_denied(imported.error().error);
}

TEST_F(AsPrincipal, CannotTakeTheIdOfASessionThatHeDoesNotSee) {
  Session session;
  session.flowsessionid = others;
  EXPECT_EQ(refusal(mine.create(session)).code, Errc::already_exists);
  SessionUpdate update;
  update.set.name = "mine now";
  EXPECT_EQ(refusal(mine.upsert(others, update)).code, Errc::already_exists);
  session.ownerid = Reference(me.user);
  for (const OnConflict on_conflict : {OnConflict::error, OnConflict::skip, OnConflict::replace}) {
    const auto imported = mine.import_sessions(std::vector<Session>{session}, {on_conflict});
    ASSERT_FALSE(imported);
    EXPECT_EQ(imported.error().error.code, Errc::already_exists);
  }
  EXPECT_EQ(value_of(store->get(others)).name, "a run");
}

TEST_F(AsPrincipal, ARefusalLeavesATransactionAsItWas) {
  auto transaction = value_of(mine.write());
  SessionUpdate update;
  update.set.name = "changed";
  value_of(transaction.update(own, update));
  expect_privilege_denied(refusal(transaction.update(readable, update)));
  EXPECT_EQ(refusal(transaction.update(others, update)).code, Errc::not_found);
  EXPECT_TRUE(transaction.commit());
  EXPECT_EQ(value_of(store->get(own)).name, "changed");
}

TEST_F(AsPrincipal, IsRefusedWhatIsOfTheFileAsAWhole) {
  expect_privilege_denied(refusal(mine.stats()));
  expect_privilege_denied(refusal(mine.check()));
  expect_privilege_denied(refusal(mine.backup(store.path() + "-copy")));
  expect_privilege_denied(refusal(mine.set_state_model(StateModel::platform())));
  expect_privilege_denied(refusal(mine.add_index(IndexId::errorcode)));
  expect_privilege_denied(refusal(mine.drop_index(IndexId::summary)));
  expect_privilege_denied(refusal(mine.sweep()));
  expect_privilege_denied(refusal(mine.retention_schedule()));
  expect_privilege_denied(refusal(mine.set_retention_schedule(std::nullopt)));
  expect_privilege_denied(refusal(mine.claim_callbacks(1, std::chrono::hours(1))));
  expect_privilege_denied(refusal(mine.note_callback({}, {}, std::chrono::hours(1))));
  expect_privilege_denied(refusal(mine.as({Guid::make(), {}, AccessRights::all()})));
}

TEST_F(AsPrincipal, PrunesWhatHeMayDelete) {
  const auto closed = [&](const Guid& owner) { return create(owner, StatusCode::succeeded); };
  const Guid mine_closed = closed(me.user);
  const Guid others_closed = closed(Guid::make());
  const Guid readable_closed = closed(Guid::make());
  value_of(store->grant_access(readable_closed, me.user, AccessRight::read));
  EXPECT_EQ(value_of(mine.prune({.keep = 0}, {.mode = PruneOptions::Mode::dry_run})).deleted, 1U);
  EXPECT_EQ(value_of(mine.prune({.keep = 0})).deleted, 1U);
  EXPECT_FALSE(value_of(store->find(mine_closed)));
  EXPECT_TRUE(value_of(store->find(others_closed)));
  EXPECT_TRUE(value_of(store->find(readable_closed)));
}

TEST_F(AsPrincipal, SeesRequestsAndCallbacksOfHisSessionsAlone) {
  for (const Guid& id : {own, others}) {
    value_of(store->transition(id, StatusCode::waiting));
    value_of(store->transition(id, StatusCode::running));
    value_of(store->cancel(id));
  }
  const auto snapshot = value_of(mine.snapshot());
  EXPECT_EQ(value_of(snapshot.cancel_requests()).size(), 1U);
  EXPECT_TRUE(value_of(snapshot.cancel_request(own)));
  EXPECT_FALSE(value_of(snapshot.cancel_request(others)));
  for (const Guid& id : {own, others}) value_of(store->transition(id, StatusCode::cancelled));
  const auto later = value_of(mine.snapshot());
  EXPECT_EQ(value_of(later.callbacks()).size(), 1U);
  EXPECT_TRUE(value_of(later.callback(own)));
  EXPECT_FALSE(value_of(later.callback(others)));
  EXPECT_EQ(value_of(value_of(store->snapshot()).callbacks()).size(), 2U);
}

TEST_F(AsPrincipal, FollowsTheChangesOfHisSessionsAlone) {
  const auto follow = [&](std::string& token) {
    std::vector<Guid> changed;
    const auto snapshot = value_of(mine.snapshot());
    ChangeRange range = snapshot.changes(token);
    for (const auto& change : range) changed.push_back(value_of(change).flowsessionid);
    token = range.token();
    return changed;
  };
  std::string token;
  EXPECT_THAT(follow(token), testing::UnorderedElementsAreArray(visible()));
  EXPECT_FALSE(value_of(value_of(mine.snapshot()).has_changes(token)));
  SessionUpdate update;
  update.set.name = "changed";
  value_of(store->update(others, update));
  EXPECT_FALSE(value_of(value_of(mine.snapshot()).has_changes(token)));
  EXPECT_TRUE(follow(token).empty());
  value_of(store->update(own, update));
  EXPECT_THAT(follow(token), ElementsAre(own));
  // Deletions: of what he could read.
  for (const Guid& id : {others, own, readable}) EXPECT_TRUE(store->erase(id));
  EXPECT_THAT(follow(token), UnorderedElementsAre(own, readable));
  EXPECT_TRUE(follow(token).empty());
  // The token is his.
  EXPECT_EQ(refusal(value_of(store->snapshot()).has_changes(token)).code, Errc::invalid_argument);
}

TEST_F(AsPrincipal, ATokenStandsAtASessionThatHeSees) {
  for (int i = 0; i < 20; ++i) create(Guid::make(), StatusCode::running);
  Query query;
  query.order = oldest_first;
  query.pause_after = 1;
  std::vector<Guid> found;
  std::set<std::string> tokens;
  for (;;) {
    const auto snapshot = value_of(mine.snapshot());
    SessionRange range = snapshot.select(query);
    for (const auto& row : range) {
      found.push_back(value_of(row).flowsessionid());
      tokens.insert(range.token());
    }
    if (!range.is_paused()) break;
    EXPECT_TRUE(tokens.contains(range.token()));
    query.after = range.token();
  }
  EXPECT_THAT(found, ElementsAre(own, of_team, readable));
  // And is nobody else's.
  const Store other = value_of(store->as({Guid::make(), {team}, AccessRights::all()}));
  const auto snapshot = value_of(other.snapshot());
  SessionRange range = snapshot.select(query);
  EXPECT_EQ((*range.begin()).error().code, Errc::invalid_argument);
}

TEST_F(AsPrincipal, LearnsNoNamesOfColumnsOfOthers) {
  Session session;
  session.flowsessionid = Guid::make();
  session.extra = {{"theirs", "1"}};
  session.ownerid = Reference(Guid::make());
  EXPECT_TRUE(store->import_sessions(std::vector<Session>{session}));
  session.flowsessionid = Guid::make();
  session.extra = {{"his", "1"}};
  session.ownerid = Reference(me.user);
  EXPECT_TRUE(store->import_sessions(std::vector<Session>{session}));
  EXPECT_THAT(value_of(value_of(mine.snapshot()).extra_columns()), ElementsAre("his"));
}

TEST_F(AsPrincipal, WhatIsTakenFromHimIsGoneAtOnce) {
  EXPECT_TRUE(mine.get(readable));
  value_of(store->revoke_access(readable, me.user));
  EXPECT_EQ(refusal(mine.get(readable)).code, Errc::not_found);
  EXPECT_EQ(refusal(mine.status_of(readable)).code, Errc::not_found);
  value_of(store->assign(own, Reference(Guid::make())));
  EXPECT_EQ(refusal(mine.get(own)).code, Errc::not_found);
  value_of(mine.assign(of_team, Reference(Guid::make())));  // by himself
  EXPECT_EQ(value_of(value_of(mine.snapshot()).size()), 0U);
}

Child child_of(Collection collection, const char* name) {
  Child child;
  child.collection = collection;
  child.name = name;
  return child;
}

TEST_F(AsPrincipal, SeesTheChildrenOfHisSessionsAndThoseThatSharesCascadeTo) {
  std::map<std::pair<Guid, Collection>, Guid> ids;
  for (const Guid& session : {own, of_team, readable, others}) {
    for (const CollectionInfo& about : collections()) {
      ids[{session, about.collection}] = value_of(store->add_child(session, child_of(about.collection, "child")));
    }
  }
  const auto snapshot = value_of(mine.snapshot());
  for (const auto& [of, id] : ids) {
    const auto& [session, collection] = of;
    const bool is_visible =
        session == own || session == of_team || (session == readable && info(collection).shares_cascade);
    EXPECT_EQ(value_of(snapshot.children(session, collection)).children.size(), is_visible ? 1U : 0U);
    EXPECT_EQ(value_of(snapshot.child(collection, id)).has_value(), is_visible);
  }
  EXPECT_TRUE(value_of(snapshot.has_children(own)));
  EXPECT_TRUE(value_of(snapshot.has_children(readable)));
  EXPECT_FALSE(value_of(snapshot.has_children(others)));
  // What stays of a session that is gone is the system's.
  EXPECT_TRUE(store->erase(own));
  const auto later = value_of(mine.snapshot());
  EXPECT_FALSE(value_of(later.has_children(own)));
  EXPECT_EQ(value_of(value_of(store->snapshot()).children(own, Collection::asyncoperation)).children.size(), 1U);
}

TEST_F(AsPrincipal, ChangesChildrenWhereHeMayChangeTheirSession) {
  const Child child = child_of(Collection::flowevent, "child");
  EXPECT_EQ(refusal(mine.add_child(others, child)).code, Errc::not_found);
  const Guid missing = Guid::make();
  std::string message = refusal(mine.add_child(missing, child)).message;
  message.replace(message.find(missing.str()), missing.str().size(), others.str());
  EXPECT_EQ(refusal(mine.add_child(others, child)).message, message);
  expect_privilege_denied(refusal(mine.add_child(readable, child)));
  const Guid mine_child = value_of(mine.add_child(own, child));
  const Guid theirs = value_of(store->add_child(others, child));
  const Guid shared = value_of(store->add_child(readable, child));
  const Guid hidden = value_of(store->add_child(readable, child_of(Collection::syncerror, "child")));
  EXPECT_EQ(refusal(mine.remove_child(Collection::flowevent, theirs)).code, Errc::not_found);
  EXPECT_EQ(refusal(mine.remove_child(Collection::syncerror, hidden)).code, Errc::not_found);
  expect_privilege_denied(refusal(mine.remove_child(Collection::flowevent, shared)));
  EXPECT_TRUE(mine.remove_child(Collection::flowevent, mine_child));
  value_of(store->grant_access(readable, me.user, AccessRight::write | AccessRight::append_to));
  EXPECT_TRUE(mine.add_child(readable, child));
  EXPECT_TRUE(mine.remove_child(Collection::flowevent, shared));
  // An import does not take somebody else's child away.
  Child stolen = child;
  stolen.id = theirs;
  Session session;
  session.flowsessionid = Guid::make();
  session.ownerid = Reference(me.user);
  const std::vector<Session> sessions{session};
  const std::vector<std::vector<Child>> children{{stolen}};
  ImportOptions options;
  options.on_conflict = OnConflict::replace;
  options.children = children;
  const auto imported = mine.import_sessions(sessions, options);
  ASSERT_FALSE(imported);
  EXPECT_EQ(imported.error().error.code, Errc::already_exists);
  EXPECT_TRUE(value_of(value_of(store->snapshot()).child(Collection::flowevent, theirs)));
}

TEST_F(AsPrincipal, LearnsTheNameOfAParentByItsIdAndNoMore) {
  Parent parent{EntityType::flowmachine, machine, "RPA-01"};
  EXPECT_TRUE(store->put_parent(parent));
  expect_privilege_denied(refusal(mine.put_parent(parent)));
  expect_privilege_denied(refusal(mine.delete_parent(EntityType::flowmachine, machine)));
  const auto snapshot = value_of(mine.snapshot());
  EXPECT_EQ(value_of(snapshot.parent(EntityType::flowmachine, machine))->name, "RPA-01");
  expect_privilege_denied(refusal(snapshot.parents()));
  std::set<Guid> found;
  for (const auto& row : snapshot.sessions_by("flowmachine_flowsession_MachineId", machine)) {
    found.insert(value_of(row).flowsessionid());
  }
  EXPECT_THAT(found, testing::UnorderedElementsAreArray(visible()));
}

TEST_F(AsPrincipal, DoesNotInheritWhatIsLeftOfADeletedSession) {
  value_of(store->add_child(others, child_of(Collection::asyncoperation, "secret")));
  EXPECT_TRUE(store->erase(others));
  Session session;
  session.flowsessionid = others;
  EXPECT_EQ(refusal(mine.create(session)).code, Errc::already_exists);
  EXPECT_FALSE(mine.import_sessions(std::vector<Session>{session}));
  const Guid owed = create(Guid::make(), StatusCode::running);
  value_of(store->transition(owed, StatusCode::failed));
  EXPECT_TRUE(store->erase(owed));
  session.flowsessionid = owed;
  EXPECT_EQ(refusal(mine.create(session)).code, Errc::already_exists);
  EXPECT_EQ(value_of(value_of(store->snapshot()).callback(owed))->statuscode, StatusCode::failed);
}

TEST_F(AsPrincipal, WhoMayNotCreateLearnsNothingOfIds) {
  const Store reader = value_of(store->as({me.user, me.teams, AccessRight::read}));
  for (const Guid& id : {others, Guid::make()}) {
    Session session;
    session.flowsessionid = id;
    expect_privilege_denied(refusal(reader.create(session)));
    expect_privilege_denied(refusal(reader.upsert(id, {})));
    const auto imported = reader.import_sessions(std::vector<Session>{session});
    ASSERT_FALSE(imported);
    expect_privilege_denied(imported.error().error);
  }
}

TEST_F(AsPrincipal, NeedsToCreateWriteAndAssignWhatHeImports) {
  Session session;
  session.flowsessionid = Guid::make();
  session.ownerid = Reference(me.user);
  session.createdby = Reference(Guid::make());  // which an import keeps
  const AccessRights needed = AccessRight::create | AccessRight::write | AccessRight::assign;
  for (const AccessRight missing : {AccessRight::create, AccessRight::write, AccessRight::assign}) {
    const AccessRights privileges = AccessRights::from_bits(AccessRights::all().bits() & ~AccessRights(missing).bits());
    const Store limited = value_of(store->as({me.user, me.teams, privileges}));
    const auto imported = limited.import_sessions(std::vector<Session>{session});
    ASSERT_FALSE(imported);
    expect_privilege_denied(imported.error().error);
  }
  const Store migrator = value_of(store->as({me.user, me.teams, needed | AccessRight::read}));
  EXPECT_TRUE(migrator.import_sessions(std::vector<Session>{session}));
  // What he replaces he has to have these rights on.
  session.flowsessionid = readable;
  const auto replaced = migrator.import_sessions(std::vector<Session>{session}, {.on_conflict = OnConflict::replace});
  ASSERT_FALSE(replaced);
  expect_privilege_denied(replaced.error().error);
}

TEST_F(AsPrincipal, AnImportGivesNoChildrenToWhomHeMayNotAppendTo) {
  value_of(store->grant_access(readable, me.user, AccessRight::write | AccessRight::assign));
  const Guid file = value_of(store->add_child(readable, child_of(Collection::fileattachment, "a.txt")));
  Session session = value_of(store->get(readable));
  session.inputs.reset();
  Child stolen = child_of(Collection::fileattachment, "evil.txt");
  stolen.id = file;
  for (const Child& child : {child_of(Collection::flowevent, "new"), stolen}) {
    const std::vector<std::vector<Child>> children{{child}};
    ImportOptions options;
    options.on_conflict = OnConflict::replace;
    options.children = children;
    EXPECT_FALSE(mine.import_sessions(std::vector<Session>{session}, options));
  }
  EXPECT_EQ(value_of(value_of(store->snapshot()).child(Collection::fileattachment, file))->name, "a.txt");
}

TEST_F(AsPrincipal, CannotCountWhatHeDoesNotSeeByPauses) {
  for (int i = 0; i < 20; ++i) create(Guid::make(), StatusCode::running);
  const Guid last = create(me.user, StatusCode::running);
  for (std::uint64_t pause = 1; pause < 40; ++pause) {
    Query query;
    query.order = oldest_first;
    query.pause_after = pause;
    const auto snapshot = value_of(mine.snapshot());
    const auto found = ids(snapshot.select(query));
    EXPECT_EQ(found.size(), std::min<std::uint64_t>(pause, 4));
    EXPECT_EQ(found.back() == last, pause >= 4);
  }
}

}  // namespace
}  // namespace flowkeep

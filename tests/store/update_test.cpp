#include <gmock/gmock.h>

#include "store_fixture.hpp"

namespace flowkeep::test {
namespace {

using testing::HasSubstr;

TEST(StoreUpdate, ChangesWhatIsSetAndLeavesTheRest) {
  const TestStore store;
  Session session = named("before");
  session.errorcode = "E1";
  session.runduration = 5;
  const Guid id = value_of(store->create(session));
  SessionUpdate update = renamed("after");
  update.clear.insert(Column::runduration);
  value_of(store->update(id, update));
  const Session stored = value_of(store->get(id));
  EXPECT_EQ(stored.name, "after");
  EXPECT_EQ(stored.errorcode, "E1");
  EXPECT_FALSE(stored.runduration);
}

TEST(StoreUpdate, ClearsEveryWritableColumnButTheCodes) {
  const TestStore store;
  Session session;
  for (const ColumnInfo& column : columns()) {
    if (column.access == ColumnAccess::writable) set_sample(session, column);
  }
  session.statuscode = StatusCode::waiting;
  session.statecode = StateCode::active;
  const Guid id = value_of(store->create(session));
  for (const ColumnInfo& column : columns()) {
    if (column.access != ColumnAccess::writable) continue;
    SessionUpdate update;
    update.clear.insert(column.column);
    if (column.column == Column::statecode || column.column == Column::statuscode) {
      EXPECT_EQ(refusal(store->update(id, update)).message,
                "session " + id.str() + ": " + std::string(column.name) + ": cannot be cleared, every session has one");
      continue;
    }
    value_of(store->update(id, update));
    const Session stored = value_of(store->get(id));
    EXPECT_TRUE(std::holds_alternative<std::monostate>(value(stored, column.column))) << column.name;
  }
}

TEST(StoreUpdate, RefusesToSetOrClearEveryReadOnlyColumn) {
  const TestStore store;
  const Guid id = value_of(store->create(named("kept")));
  for (const ColumnInfo& column : columns()) {
    if (column.access != ColumnAccess::read_only) continue;
    SessionUpdate sets;
    set_sample(sets.set, column);
    SessionUpdate clears;
    clears.clear.insert(column.column);
    for (const SessionUpdate& update : {sets, clears}) {
      const Error error = refusal(store->update(id, update));
      EXPECT_EQ(error.code, Errc::invalid_argument) << column.name;
      EXPECT_THAT(error.message, HasSubstr(std::string(column.name) + ": read-only"));
    }
  }
  EXPECT_EQ(value_of(store->get(id)).versionnumber, 1);
}

TEST(StoreUpdate, HoldsCreateOnlyColumnsToWhatTheCreateSaid) {
  const TestStore store;
  Session session;
  session.regardingobjectid = Reference(guid(4));
  session.importsequencenumber = 7;
  const Guid id = value_of(store->create(session));
  SessionUpdate same;
  same.set.flowsessionid = id;
  same.set.regardingobjectid = Reference(guid(4));
  same.set.importsequencenumber = 7;
  EXPECT_TRUE(store->update(id, same));

  std::vector<SessionUpdate> changes(5);
  changes[0].set.flowsessionid = guid(9);
  changes[1].set.regardingobjectid = Reference(guid(5));
  changes[2].set.importsequencenumber = 8;
  changes[3].set.overriddencreatedon = at("2020-01-01");
  changes[4].clear.insert(Column::regardingobjectid);
  const char* columns[] = {"flowsessionid", "regardingobjectid", "importsequencenumber", "overriddencreatedon",
                           "regardingobjectid"};
  for (std::size_t i = 0; i < changes.size(); ++i) {
    const Error error = refusal(store->update(id, changes[i]));
    EXPECT_EQ(error.code, Errc::invalid_argument);
    EXPECT_THAT(error.message, HasSubstr(std::string(columns[i]) + ": is fixed when the session is created"));
  }
}

TEST(StoreUpdate, MayClearACreateOnlyColumnThatIsNull) {
  const TestStore store;
  const Guid id = value_of(store->create(named("no flow")));
  SessionUpdate update;
  update.clear.insert(Column::regardingobjectid);
  EXPECT_TRUE(store->update(id, update));
}

TEST(StoreUpdate, RefusesToSetAndClearOneColumn) {
  const TestStore store;
  const Guid id = value_of(store->create(named("one")));
  SessionUpdate update = renamed("two");
  update.clear.insert(Column::name);
  EXPECT_THAT(refusal(store->update(id, update)).message, HasSubstr("name: is both set and cleared"));
}

TEST(StoreUpdate, HoldsTextsToTheirLengths) {
  const TestStore store;
  const Guid id = value_of(store->create(named("one")));
  EXPECT_TRUE(store->update(id, renamed(repeated("東", 100))));
  const Error error = refusal(store->update(id, renamed(repeated("東", 101))));
  EXPECT_EQ(error.code, Errc::invalid_argument);
  EXPECT_THAT(error.message, HasSubstr("session " + id.str() + ": name: 101 characters"));
}

TEST(StoreUpdate, SetsModifiedonAndTheCallerAndLeavesTheCreatorsColumns) {
  OpenOptions options;
  options.caller.user = guid(1);
  const TestStore store(options);
  const Guid id = value_of(store->create(named("one")));
  const Session created = value_of(store->get(id));
  Caller other{guid(2), guid(3), std::nullopt};
  WriteTransaction transaction = value_of(store->write(other));
  value_of(transaction.update(id, renamed("two")));
  value_of(transaction.commit());
  const Session stored = value_of(store->get(id));
  EXPECT_EQ(stored.createdon, created.createdon);
  EXPECT_EQ(stored.createdby, created.createdby);
  EXPECT_GE(*stored.modifiedon, *created.modifiedon);
  EXPECT_EQ(stored.modifiedby->id, guid(2));
  EXPECT_EQ(stored.modifiedonbehalfby->id, guid(3));
  EXPECT_FALSE(stored.createdonbehalfby);
}

TEST(StoreUpdate, MovesTheOwningColumnsWithTheOwner) {
  OpenOptions options;
  options.caller.user = guid(1);
  const TestStore store(options);
  const Guid id = value_of(store->create(named("one")));
  SessionUpdate update;
  update.set.ownerid = Reference(guid(7), EntityType::team);
  value_of(store->update(id, update));
  Session stored = value_of(store->get(id));
  EXPECT_EQ(stored.owningteam->id, guid(7));
  EXPECT_FALSE(stored.owninguser);
  SessionUpdate clear;
  clear.clear.insert(Column::ownerid);
  value_of(store->update(id, clear));
  stored = value_of(store->get(id));
  EXPECT_FALSE(stored.ownerid || stored.owninguser || stored.owningteam);
}

TEST(StoreUpdate, RefusesARowThatIsNotThere) {
  const TestStore store;
  const Error error = refusal(store->update(guid(1), renamed("x")));
  EXPECT_EQ(error.code, Errc::not_found);
  EXPECT_EQ(error.dataverse, DataverseCode::object_does_not_exist);
  EXPECT_THAT(error.message, HasSubstr(guid(1).str()));
}

TEST(StoreUpdate, RaisesTheVersionAlsoWhereNothingChanges) {
  const TestStore store;
  const Guid id = value_of(store->create(named("one")));
  EXPECT_EQ(value_of(store->update(id, {})), 2);
  EXPECT_EQ(value_of(store->get(id)).versionnumber, 2);
}

TEST(StoreUpdate, OfAStatuscodeAloneKeepsTheState) {
  OpenOptions options;
  options.model = StateModel::platform();
  const TestStore store(options);
  const Guid id = value_of(store->create(named("active")));
  SessionUpdate update;
  update.set.statuscode = StatusCode::terminated;
  const Error error = refusal(store->update(id, update));
  EXPECT_EQ(error.code, Errc::invalid_transition);
  EXPECT_EQ(error.dataverse, DataverseCode::invalid_state_code_status_code);
  update.set.statecode = StateCode::inactive;
  EXPECT_TRUE(store->update(id, update));
}

TEST(StoreUpdate, OfAStatecodeAloneTakesItsDefaultStatus) {
  OpenOptions options;
  options.model = StateModel::platform();
  const TestStore store(options);
  Session session;
  session.statuscode = StatusCode::running;
  const Guid id = value_of(store->create(session));
  SessionUpdate to_active;
  to_active.set.statecode = StateCode::active;
  value_of(store->update(id, to_active));
  EXPECT_EQ(value_of(store->get(id)).statuscode, StatusCode::running);  // it was active: nothing changes
  SessionUpdate to_inactive;
  to_inactive.set.statecode = StateCode::inactive;
  const Error error = refusal(store->update(id, to_inactive));
  EXPECT_EQ(error.dataverse, DataverseCode::invalid_state_code_status_code);
  EXPECT_THAT(error.message, HasSubstr("0 NotSpecified, 13 Deleted and 14 Terminated"));
  value_of(store->transition(id, StatusCode::not_specified));
  value_of(store->update(id, to_active));
  EXPECT_EQ(value_of(store->get(id)).statuscode, StatusCode::paused);
}

TEST(StoreTransition, TakesTheStatusesOwnState) {
  const TestStore store;
  const Guid id = value_of(store->create(named("one")));
  value_of(store->transition(id, StatusCode::terminated));
  const Session stored = value_of(store->get(id));
  EXPECT_EQ(stored.statecode, StateCode::inactive);
  EXPECT_EQ(stored.statuscode, StatusCode::terminated);
}

TEST(StoreTransition, RefusesAStateThatIsNotTheStatuses) {
  const TestStore store;
  const Guid id = value_of(store->create(named("one")));
  const Error error = refusal(store->transition(id, StatusCode::running, StateCode::inactive));
  EXPECT_EQ(error.code, Errc::invalid_transition);
  EXPECT_EQ(error.dataverse, DataverseCode::invalid_state_code_status_code);
}

TEST(StoreTransition, RefusesAMoveTheModelDoesNotAllowAndNamesThoseItDoes) {
  const TestStore store;
  Session session;
  session.statuscode = StatusCode::succeeded;
  const Guid id = value_of(store->create(session));
  const Error error = refusal(store->transition(id, StatusCode::running));
  EXPECT_EQ(error.code, Errc::invalid_transition);
  EXPECT_EQ(error.dataverse, DataverseCode::invalid_state_transition);
  EXPECT_THAT(error.message, HasSubstr("statuscode 4 Succeeded to 2 Running"));
  EXPECT_THAT(error.message, HasSubstr("13 Deleted"));
  EXPECT_EQ(value_of(store->get(id)).statuscode, StatusCode::succeeded);
}

TEST(StoreTransition, AllowsTheStatusThatIsThere) {
  const TestStore store;
  Session session;
  session.statuscode = StatusCode::succeeded;
  const Guid id = value_of(store->create(session));
  EXPECT_TRUE(store->transition(id, StatusCode::succeeded));
}

TEST(StoreTransition, StartsARunOnceAndEndsIt) {
  const TestStore store;
  Session session;
  session.statuscode = StatusCode::waiting;
  const Guid id = value_of(store->create(session));
  EXPECT_FALSE(value_of(store->get(id)).startedon);
  value_of(store->transition(id, StatusCode::running));
  const Session started = value_of(store->get(id));
  EXPECT_EQ(started.startedon, started.modifiedon);
  value_of(store->transition(id, StatusCode::paused));
  value_of(store->transition(id, StatusCode::running));
  EXPECT_EQ(value_of(store->get(id)).startedon, started.startedon);
  value_of(store->transition(id, StatusCode::failed));
  const Session ended = value_of(store->get(id));
  EXPECT_EQ(ended.completedon, ended.modifiedon);
  value_of(store->transition(id, StatusCode::deleted));
  EXPECT_EQ(value_of(store->get(id)).completedon, ended.completedon);
}

TEST(StoreTransition, KeepsATimeThatTheSameUpdateGives) {
  const TestStore store;
  const Guid id = value_of(store->create(named("one")));
  SessionUpdate update;
  update.set.statuscode = StatusCode::failed;
  update.set.completedon = at("2021-02-03");
  value_of(store->update(id, update));
  EXPECT_EQ(value_of(store->get(id)).completedon, at("2021-02-03"));
}

TEST(StoreTransition, ObeysAModelThatIsReplaced) {
  TestStore store;
  Session session;
  session.statuscode = StatusCode::succeeded;
  const Guid id = value_of(store->create(session));
  value_of(store->set_state_model(StateModel::platform()));
  EXPECT_TRUE(store->transition(id, StatusCode::running));
  const std::array moves{Move{StatusCode::running, StatusCode::ignored}};
  value_of(store->set_state_model(value_of(StateModel::make("mine", moves))));
  store.reopen();
  EXPECT_EQ(value_of(store->snapshot()).state_model()->name(), "mine");
  EXPECT_FALSE(store->transition(id, StatusCode::succeeded));
  EXPECT_TRUE(store->transition(id, StatusCode::ignored));
}

TEST(StoreIsValidStateTransition, AnswersForARowAndFailsForNone) {
  const TestStore store;
  Session session;
  session.statuscode = StatusCode::running;
  const Guid id = value_of(store->create(session));
  EXPECT_TRUE(value_of(store->is_valid_state_transition(id, "Active", 4)));
  EXPECT_TRUE(value_of(store->is_valid_state_transition(id, "Active", -1)));
  EXPECT_FALSE(value_of(store->is_valid_state_transition(id, "Active", 5)));
  EXPECT_FALSE(value_of(store->is_valid_state_transition(id, "Inactive", 4)));
  EXPECT_FALSE(value_of(store->is_valid_state_transition(id, "Inactive", -1)));
  EXPECT_FALSE(value_of(store->is_valid_state_transition(id, "Active", 15)));
  EXPECT_EQ(refusal(store->is_valid_state_transition(id, "Running", 4)).code, Errc::invalid_argument);
  EXPECT_EQ(refusal(store->is_valid_state_transition(guid(1), "Active", 4)).code, Errc::not_found);
}

}  // namespace
}  // namespace flowkeep::test

#include <gmock/gmock.h>

#include "store_fixture.hpp"

namespace flowkeep::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

Session with_id(unsigned number, std::string name = "session") {
  Session session = named(std::move(name));
  session.flowsessionid = guid(number);
  return session;
}

SessionUpdate rename_of(unsigned number, std::string name) {
  SessionUpdate update = renamed(std::move(name));
  update.set.flowsessionid = guid(number);
  return update;
}

TEST(CreateMultiple, ReturnsIdsInInputOrder) {
  const TestStore store;
  const std::vector<Session> sessions{with_id(3), with_id(1), with_id(2)};
  EXPECT_THAT(value_of(store->create_multiple(sessions)), ElementsAre(guid(3), guid(1), guid(2)));
}

TEST(CreateMultiple, AcceptsNoSessionsAtAll) {
  const TestStore store;
  EXPECT_TRUE(value_of(store->create_multiple({})).empty());
  EXPECT_EQ(store->stats()->last_version, 0);
}

TEST(CreateMultiple, RefusesTheSameIdTwiceAndLeavesNothing) {
  const TestStore store;
  const std::vector<Session> sessions{with_id(1), with_id(2), with_id(1)};
  const Error error = refusal(store->create_multiple(sessions));
  EXPECT_EQ(error.code, Errc::already_exists);
  EXPECT_EQ(error.dataverse, DataverseCode::duplicate_record);
  EXPECT_THAT(error.message, HasSubstr("session 2: "));
  EXPECT_EQ(value_of(value_of(store->snapshot()).size()), 0U);
}

TEST(CreateMultiple, LeavesNothingOfABatchWithOneBadSession) {
  const TestStore store;
  value_of(store->create(with_id(9)));
  std::vector<Session> sessions{with_id(1), with_id(2)};
  sessions[1].name = repeated("x", 101);
  EXPECT_THAT(refusal(store->create_multiple(sessions)).message, HasSubstr("session 1: name: 101"));
  EXPECT_EQ(store->stats()->sessions, 1U);
  EXPECT_EQ(store->stats()->last_version, 1);
}

TEST(UpdateMultiple, AppliesTheFirstOfOneIdAndIgnoresLaterOnes) {
  const TestStore store;
  value_of(store->create_multiple(std::vector<Session>{with_id(1), with_id(2)}));
  const std::vector<SessionUpdate> updates{rename_of(1, "first"), rename_of(2, "other"), rename_of(1, "second")};
  EXPECT_EQ(value_of(store->update_multiple(updates)), 2U);
  EXPECT_EQ(value_of(store->get(guid(1))).name, "first");
  EXPECT_EQ(value_of(store->get(guid(2))).name, "other");
  EXPECT_EQ(store->stats()->last_version, 4);
}

TEST(UpdateMultiple, RollsBackAtAMissingId) {
  const TestStore store;
  value_of(store->create(with_id(1, "before")));
  const std::vector<SessionUpdate> updates{rename_of(1, "after"), rename_of(2, "missing")};
  const Error error = refusal(store->update_multiple(updates));
  EXPECT_EQ(error.code, Errc::not_found);
  EXPECT_EQ(error.dataverse, DataverseCode::object_does_not_exist);
  EXPECT_EQ(value_of(store->get(guid(1))).name, "before");
}

TEST(UpdateMultiple, WantsAnIdInEachUpdate) {
  const TestStore store;
  const Error error = refusal(store->update_multiple(std::vector<SessionUpdate>{renamed("whose?")}));
  EXPECT_EQ(error.code, Errc::invalid_argument);
  EXPECT_THAT(error.message, HasSubstr("update 0: flowsessionid is missing"));
}

TEST(Upsert, UpdatesOrCreates) {
  const TestStore store;
  const UpsertResult created = value_of(store->upsert(guid(1), renamed("one")));
  EXPECT_EQ(created.outcome, Outcome::created);
  EXPECT_EQ(created.id, guid(1));
  EXPECT_EQ(created.versionnumber, 1);
  const UpsertResult updated = value_of(store->upsert(guid(1), renamed("two")));
  EXPECT_EQ(updated.outcome, Outcome::updated);
  EXPECT_EQ(updated.versionnumber, 2);
  EXPECT_EQ(value_of(store->get(guid(1))).name, "two");
}

TEST(Upsert, DoesNotMindWhatACreateClears) {
  const TestStore store;
  SessionUpdate update = renamed("one");
  update.clear.insert(Column::errorcode);
  EXPECT_TRUE(store->upsert(guid(1), update));
}

TEST(Upsert, RefusesAnIdOfAnotherRowInTheUpdate) {
  const TestStore store;
  for (int round = 0; round < 2; ++round) {  // as a create, then as an update
    EXPECT_EQ(refusal(store->upsert(guid(1), rename_of(2, "two"))).code, Errc::invalid_argument);
    value_of(store->upsert(guid(1), renamed("one")));
  }
}

TEST(UpsertMultiple, UpdatesCreatesAndMakesIds) {
  const TestStore store;
  value_of(store->create(with_id(1)));
  const std::vector<SessionUpdate> updates{rename_of(2, "two"), rename_of(1, "one"), renamed("new")};
  const auto results = value_of(store->upsert_multiple(updates));
  ASSERT_EQ(results.size(), 3U);
  EXPECT_EQ(results[0].outcome, Outcome::created);
  EXPECT_EQ(results[1].outcome, Outcome::updated);
  EXPECT_EQ(results[2].outcome, Outcome::created);
  EXPECT_EQ(value_of(store->get(results[2].id)).name, "new");
  for (const UpsertResult& result : results) {
    EXPECT_EQ(value_of(store->get(result.id)).versionnumber, result.versionnumber);
  }
}

TEST(UpsertMultiple, RefusesTheSameIdTwice) {
  const TestStore store;
  value_of(store->create(with_id(1, "before")));
  const std::vector<SessionUpdate> updates{rename_of(1, "one"), rename_of(1, "two")};
  const Error error = refusal(store->upsert_multiple(updates));
  EXPECT_EQ(error.code, Errc::already_exists);
  EXPECT_EQ(error.dataverse, DataverseCode::duplicate_record);
  EXPECT_EQ(value_of(store->get(guid(1))).name, "before");
}

TEST(Erase, TakesTheRowAndKeepsARecordOfIt) {
  const TestStore store;
  value_of(store->create(with_id(1)));
  value_of(store->erase(guid(1)));
  EXPECT_FALSE(value_of(store->find(guid(1))));
  EXPECT_EQ(refusal(store->get(guid(1))).dataverse, DataverseCode::object_does_not_exist);
  const StoreStats stats = value_of(store->stats());
  EXPECT_EQ(stats.deletions, 1U);
  EXPECT_EQ(stats.last_version, 2);
  EXPECT_TRUE(value_of(store->check()).clean());
}

TEST(Erase, RefusesARowThatIsNotThere) {
  const TestStore store;
  const Error error = refusal(store->erase(guid(1)));
  EXPECT_EQ(error.code, Errc::not_found);
  EXPECT_EQ(error.dataverse, DataverseCode::object_does_not_exist);
}

TEST(Erase, LeavesTheIdFreeForAnotherRow) {
  const TestStore store;
  value_of(store->create(with_id(1, "first")));
  value_of(store->erase(guid(1)));
  value_of(store->create(with_id(1, "second")));
  EXPECT_EQ(value_of(store->get(guid(1))).versionnumber, 3);
}

TEST(EraseMultiple, CountsTheSameIdOnce) {
  const TestStore store;
  value_of(store->create_multiple(std::vector<Session>{with_id(1), with_id(2), with_id(3)}));
  EXPECT_EQ(value_of(store->erase_multiple(std::vector<Guid>{guid(1), guid(3), guid(1)})), 2U);
  EXPECT_EQ(store->stats()->sessions, 1U);
  EXPECT_EQ(store->stats()->deletions, 2U);
}

TEST(EraseMultiple, LeavesAllWhereOneIsMissing) {
  const TestStore store;
  value_of(store->create(with_id(1)));
  EXPECT_EQ(refusal(store->erase_multiple(std::vector<Guid>{guid(1), guid(2)})).code, Errc::not_found);
  EXPECT_TRUE(value_of(store->find(guid(1))));
}

TEST(Versionnumber, RisesAcrossTheStoreWithEveryWrite) {
  TestStore store;
  value_of(store->create(with_id(1)));
  value_of(store->create(with_id(2)));
  EXPECT_EQ(value_of(store->update(guid(1), renamed("x"))), 3);
  value_of(store->erase(guid(2)));  // 4
  store.reopen();
  EXPECT_EQ(value_of(store->transition(guid(1), StatusCode::running)), 5);
  Session imported = with_id(3);
  imported.versionnumber = 1'000'000;
  EXPECT_TRUE(store->import_sessions(std::vector<Session>{imported}));
  EXPECT_EQ(value_of(store->get(guid(3))).versionnumber, 6);
}

TEST(Versionnumber, IsNotUsedUpByARefusal) {
  const TestStore store;
  value_of(store->create(with_id(1)));
  EXPECT_FALSE(store->create(with_id(1)));
  EXPECT_FALSE(store->update(guid(2), renamed("x")));
  EXPECT_EQ(value_of(store->update(guid(1), renamed("x"))), 2);
}

}  // namespace
}  // namespace flowkeep::test

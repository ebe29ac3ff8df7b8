#include <gmock/gmock.h>

#include "store_fixture.hpp"

namespace flowkeep::test {
namespace {

using testing::HasSubstr;

Session happened(unsigned number, std::string_view createdon = "2021-05-06T07:08:09Z") {
  Session session;
  session.flowsessionid = guid(number);
  session.createdon = at(createdon);
  session.statuscode = StatusCode::succeeded;
  return session;
}

ImportResult import(const TestStore& store, const std::vector<Session>& sessions,
                    OnConflict on_conflict = OnConflict::error) {
  const auto result = store->import_sessions(sessions, {on_conflict});
  if (result) return *result;
  ADD_FAILURE() << result.error().error.message;
  return {};
}

ImportFailure refused(const TestStore& store, const std::vector<Session>& sessions,
                      OnConflict on_conflict = OnConflict::error) {
  const auto result = store->import_sessions(sessions, {on_conflict});
  if (!result) return result.error();
  ADD_FAILURE() << "expected was a refusal";
  return {};
}

TEST(Import, KeepsEveryReadOnlyColumnButTheVersion) {
  OpenOptions options;
  options.caller = {guid(1), guid(2), guid(3)};
  const TestStore store(options);
  Session session = happened(1);
  for (const ColumnInfo& column : columns()) {
    if (column.access == ColumnAccess::read_only) set_sample(session, column);
  }
  import(store, {session});
  const Session stored = value_of(store->get(guid(1)));
  EXPECT_EQ(stored.createdon, session.createdon);
  EXPECT_EQ(stored.modifiedon, session.modifiedon);
  EXPECT_EQ(stored.createdby, Reference(guid(88), EntityType::systemuser));
  EXPECT_EQ(stored.createdonbehalfby, Reference(guid(88), EntityType::systemuser));
  EXPECT_EQ(stored.modifiedby, Reference(guid(88), EntityType::systemuser));
  EXPECT_EQ(stored.modifiedonbehalfby, Reference(guid(88), EntityType::systemuser));
  EXPECT_EQ(stored.owninguser, Reference(guid(88), EntityType::systemuser));
  EXPECT_EQ(stored.owningteam, Reference(guid(88), EntityType::team));
  EXPECT_EQ(stored.owningbusinessunit, Reference(guid(88), EntityType::businessunit));
  EXPECT_EQ(stored.inputs->name, "sample.txt");
  EXPECT_EQ(stored.versionnumber, 1);
}

TEST(Import, FillsInNothingButTheIdTheCodesAndCreatedon) {
  OpenOptions options;
  options.caller = {guid(1), guid(2), guid(3)};
  const TestStore store(options);
  const Timestamp before = now();
  import(store, {named("bare")});
  const Snapshot snapshot = value_of(store->snapshot());
  SessionRange range = snapshot.select({});
  const Session stored = value_of(value_of(*range.begin()).copy());
  EXPECT_GE(*stored.createdon, before);
  EXPECT_LE(*stored.createdon, now());
  EXPECT_EQ(stored.statecode, StateCode::active);
  EXPECT_EQ(stored.statuscode, StatusCode::paused);
  for (const ColumnInfo& column : columns()) {
    const bool is_set = column.column == Column::flowsessionid || column.column == Column::name ||
                        column.column == Column::createdon || column.column == Column::statecode ||
                        column.column == Column::statuscode || column.column == Column::versionnumber;
    EXPECT_EQ(!std::holds_alternative<std::monostate>(value(stored, column.column)), is_set) << column.name;
  }
}

TEST(Import, FillsInNoTimesForTheStatus) {
  const TestStore store;
  Session running = happened(2);
  running.statuscode = StatusCode::running;
  import(store, {happened(1), running});
  EXPECT_FALSE(value_of(store->get(guid(1))).completedon);
  EXPECT_FALSE(value_of(store->get(guid(2))).startedon);
}

TEST(Import, KeepsOverriddencreatedonAsItIs) {
  const TestStore store;
  Session session = happened(1);
  session.overriddencreatedon = at("2018-01-01T10:00:00Z");
  import(store, {session});
  const Session stored = value_of(store->get(guid(1)));
  EXPECT_EQ(stored.createdon, session.createdon);
  EXPECT_EQ(stored.overriddencreatedon, session.overriddencreatedon);
}

TEST(Import, KeepsPercentagesToTheLastBit) {
  const TestStore store;
  Session session = happened(1);
  session.machinepercentramusage = 12.3456789;
  import(store, {session});
  EXPECT_EQ(value_of(store->get(guid(1))).machinepercentramusage, 12.3456789);
}

TEST(Import, WantsNoOrderBetweenDates) {
  const TestStore store;
  Session session = happened(1);
  session.startedon = at("2022-01-01");
  session.completedon = at("2001-01-01");
  session.modifiedon = at("1999-01-01");
  EXPECT_EQ(import(store, {session}).created, 1U);
}

TEST(Import, ChecksThePairAndNotTheMove) {
  const TestStore store;
  import(store, {happened(1)});
  Session again = happened(1);
  again.statuscode = StatusCode::running;
  EXPECT_EQ(import(store, {again}, OnConflict::replace).replaced, 1U);
  Session illegal = happened(2);
  illegal.statecode = StateCode::inactive;
  const ImportFailure failure = refused(store, {illegal});
  EXPECT_EQ(failure.error.code, Errc::invalid_transition);
  EXPECT_EQ(failure.error.dataverse, DataverseCode::invalid_state_code_status_code);
}

TEST(Import, HoldsColumnsToTheirRules) {
  const TestStore store;
  Session session = happened(2);
  session.name = repeated("x", 101);
  const ImportFailure failure = refused(store, {happened(1), session});
  EXPECT_EQ(failure.error.code, Errc::invalid_argument);
  EXPECT_EQ(failure.position, 1U);
  EXPECT_THAT(failure.error.message, HasSubstr("name: 101"));
  EXPECT_EQ(store->stats()->sessions, 0U);
}

TEST(Import, RefusesAnIdThatIsThere) {
  const TestStore store;
  import(store, {happened(1)});
  const ImportFailure failure = refused(store, {happened(3), happened(2), happened(1)});
  EXPECT_EQ(failure.error.code, Errc::already_exists);
  EXPECT_EQ(failure.error.dataverse, DataverseCode::duplicate_record);
  EXPECT_EQ(failure.position, 2U);
  EXPECT_EQ(store->stats()->sessions, 1U);
}

TEST(Import, SkipsAnIdThatIsThere) {
  const TestStore store;
  Session session = happened(1);
  session.name = "first";
  import(store, {session});
  session.name = "second";
  const ImportResult result = import(store, {session, happened(2)}, OnConflict::skip);
  EXPECT_EQ(result.skipped, 1U);
  EXPECT_EQ(result.created, 1U);
  EXPECT_EQ(value_of(store->get(guid(1))).name, "first");
  EXPECT_EQ(value_of(store->get(guid(1))).versionnumber, 1);
}

TEST(Import, ReplacesAllOfARow) {
  const TestStore store;
  Session session = happened(1);
  session.name = "first";
  session.inputs.emplace().content = Content("old content");
  session.extra["fk_old"] = "1";
  import(store, {session});
  Session other = happened(1, "2020-01-01");
  other.errorcode = "E";
  EXPECT_EQ(import(store, {other}, OnConflict::replace).replaced, 1U);
  const Session stored = value_of(store->get(guid(1)));
  EXPECT_FALSE(stored.name);
  EXPECT_FALSE(stored.inputs);
  EXPECT_TRUE(stored.extra.empty());
  EXPECT_EQ(stored.createdon, at("2020-01-01"));
  EXPECT_EQ(stored.versionnumber, 2);
  EXPECT_EQ(store.entries("blobs"), 0U);
  EXPECT_TRUE(value_of(store->check()).clean());
}

TEST(Import, MeetsItsOwnEarlierRowsByTheConflictRule) {
  Session first = happened(1);
  first.name = "first";
  first.inputs.emplace().content = Content("content one");
  Session second = happened(1, "2020-01-01");
  second.name = "second";
  second.inputs.emplace().content = Content("content two");
  {
    const TestStore store;
    EXPECT_EQ(refused(store, {first, second}).position, 1U);
  }
  {
    const TestStore store;
    const ImportResult result = import(store, {first, second}, OnConflict::skip);
    EXPECT_EQ(result.created, 1U);
    EXPECT_EQ(result.skipped, 1U);
    EXPECT_EQ(value_of(store->get(guid(1))).name, "first");
  }
  {
    const TestStore store;
    const ImportResult result = import(store, {first, second}, OnConflict::replace);
    EXPECT_EQ(result.created, 1U);
    EXPECT_EQ(result.replaced, 1U);
    EXPECT_EQ(value_of(store->get(guid(1))).name, "second");
    EXPECT_EQ(store.entries("contents"), 1U);
    EXPECT_TRUE(value_of(store->check()).clean());
  }
}

TEST(Import, TakesTenThousandNamesOfExtraColumnsAndNoMore) {
  const TestStore store;
  Session wide = happened(1);
  for (int i = 0; i < 10'000; ++i) wide.extra.emplace("extra_" + std::to_string(i), "1");
  import(store, {wide});
  Session known = happened(2);
  known.extra.emplace("extra_42", "2");
  import(store, {known});
  Session further = happened(3);
  further.extra.emplace("one_more", "1");
  const ImportFailure failure = refused(store, {further});
  EXPECT_EQ(failure.error.code, Errc::invalid_argument);
  EXPECT_NE(failure.error.message.find("one_more"), std::string::npos);
  EXPECT_EQ(value_of(value_of(store->snapshot()).extra_columns()).size(), 10'000U);
}

TEST(Import, KeepsTheArrivalOfARowThatItReplaces) {
  const TestStore store;
  import(store, {happened(1), happened(2), happened(3)});
  import(store, {happened(1)}, OnConflict::replace);
  const Snapshot snapshot = value_of(store->snapshot());
  std::vector<Guid> ids;
  SessionRange range = snapshot.select({});
  for (const Result<SessionView>& row : range) ids.push_back(row->flowsessionid());
  EXPECT_THAT(ids, testing::ElementsAre(guid(3), guid(2), guid(1)));
}

TEST(Import, KeepsANameAndAReferenceOfAFileColumn) {
  const TestStore store;
  Session session = happened(1);
  session.inputs.emplace().name = "only.json";
  session.outputs.emplace().reference = guid(55);
  import(store, {session});
  const Session stored = value_of(store->get(guid(1)));
  EXPECT_EQ(stored.inputs->name, "only.json");
  EXPECT_FALSE(stored.inputs->stored);
  EXPECT_EQ(stored.outputs->reference, guid(55));
  EXPECT_FALSE(stored.outputs->stored);
}

TEST(ExtraColumns, AreKeptListedAndReplacedByName) {
  TestStore store;
  Session session = happened(1);
  session.extra = {{"fk_b", "[1,null]"}, {"fk_a", "\"x\""}};
  import(store, {session});
  SessionUpdate update;
  update.set.extra = {{"fk_b", "2"}, {"fk_c", "true"}};
  update.clear_extra = {"fk_a", "fk_none"};
  value_of(store->update(guid(1), update));
  store.reopen();
  const ExtraColumns expected{{"fk_b", "2"}, {"fk_c", "true"}};
  EXPECT_EQ(value_of(store->get(guid(1))).extra, expected);
  const Snapshot snapshot = value_of(store->snapshot());
  EXPECT_THAT(value_of(snapshot.extra_columns()), testing::ElementsAre("fk_a", "fk_b", "fk_c"));
}

TEST(ExtraColumns, AreNotListedForARowThatWasRefusedOrDropped) {
  const TestStore store;
  Session session = happened(1);
  session.extra["fk_new"] = "1";
  EXPECT_FALSE(store->import_sessions(std::vector<Session>{session, session}));
  {
    WriteTransaction transaction = value_of(store->write());
    EXPECT_TRUE(transaction.import_sessions(std::vector<Session>{session}));
  }
  EXPECT_TRUE(value_of(value_of(store->snapshot()).extra_columns()).empty());
}

}  // namespace
}  // namespace flowkeep::test

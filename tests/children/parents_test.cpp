#include "children_fixture.hpp"

namespace flowkeep::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

std::vector<Guid> ids_of(SessionRange range) {
  std::vector<Guid> ids;
  for (const Result<SessionView>& row : range) ids.push_back(row ? row->flowsessionid() : Guid());
  return ids;
}

TEST(Parents, AreKnownByTypeAndId) {
  TestStore store;
  const Parent machine{EntityType::flowmachine, guid(1), "Rechner № 1"};
  const Parent flow{EntityType::workflow, guid(1), "Invoice intake"};
  value_of(store->put_parent(machine));
  value_of(store->put_parent(flow));
  store.reopen();
  {
    const Snapshot snapshot = value_of(store->snapshot());
    EXPECT_EQ(value_of(snapshot.parent(EntityType::flowmachine, guid(1))), machine);
    EXPECT_EQ(value_of(snapshot.parent(EntityType::workflow, guid(1))), flow);
    EXPECT_EQ(value_of(snapshot.parent(EntityType::team, guid(1))), std::nullopt);
    EXPECT_THAT(value_of(snapshot.parents()), ElementsAre(flow, machine));  // by the number of their type
    EXPECT_THAT(value_of(snapshot.parents(EntityType::flowmachine)), ElementsAre(machine));
    EXPECT_THAT(value_of(snapshot.parents({}, flow)), ElementsAre(machine));
    EXPECT_THAT(value_of(snapshot.parents({}, {}, 1)), ElementsAre(flow));
    EXPECT_THAT(value_of(snapshot.parents(EntityType::workflow, flow)), IsEmpty());
  }
  value_of(store->put_parent({EntityType::flowmachine, guid(1), "renamed"}));
  EXPECT_EQ(value_of(value_of(store->snapshot()).parent(EntityType::flowmachine, guid(1)))->name, "renamed");
  expect_clean(store);
}

TEST(Parents, AreWrittenOnlyWhereTheirNameIsAnother) {
  TestStore store;
  const Parent machine{EntityType::flowmachine, guid(1), "one"};
  const auto last_transaction = [&] {
    value_of(store->snapshot());  // waits until the tables hold what was written
    return value_of(store->stats()).last_transaction;
  };
  value_of(store->put_parent(machine));
  const auto before = last_transaction();
  value_of(store->put_parent(machine));
  EXPECT_EQ(last_transaction(), before);
  // Back and forth within one import.
  const std::vector<Parent> parents{{EntityType::flowmachine, guid(1), "two"}, machine};
  ASSERT_TRUE(store->import_sessions({}, {.parents = parents}));
  EXPECT_EQ(value_of(value_of(store->snapshot()).parent(EntityType::flowmachine, guid(1)))->name, "one");
}

TEST(Parents, ThatCannotBeAreRefused) {
  TestStore store;
  const auto refused = [&](const Parent& parent, std::string_view words) {
    const Error error = refusal(store->put_parent(parent));
    EXPECT_EQ(error.code, Errc::invalid_argument);
    EXPECT_THAT(error.message, HasSubstr(std::string(words)));
  };
  refused({EntityType::none, guid(1), "x"}, "type: 0");
  refused({static_cast<EntityType>(99), guid(1), "x"}, "type: 99");
  refused({EntityType::flowsession, guid(1), "x"}, "type: flowsession");
  refused({EntityType::team, guid(1), ""}, "name: 0 characters");
  refused({EntityType::team, guid(1), std::string(max_parent_name_units + 1, 'x')}, "name: 1001");
  refused({EntityType::team, guid(1), "\xFF"}, "not valid UTF-8");
  value_of(store->put_parent({EntityType::team, guid(1), std::string(max_parent_name_units, 'x')}));
}

TEST(Parents, HaveTheNamesOfTheReferencePage) {
  EXPECT_EQ(navigation_properties().size(), 11U);
  for (const NavigationInfo& navigation : navigation_properties()) {
    EXPECT_EQ(find_partner(navigation.partner_name), &navigation);
    EXPECT_EQ(info(navigation.column).navigation_name, navigation.name);
    EXPECT_EQ(info(navigation.column).value_name, navigation.lookup_name);
    EXPECT_EQ(navigation.targets.front(), info(navigation.column).target);
  }
  EXPECT_EQ(find_partner("flowmachine_flowsession_machineid"), nullptr);
  EXPECT_EQ(find_partner("MachineId"), nullptr);
}

TEST(Parents, ListTheirSessionsByEveryPartnerName) {
  for (const std::vector<IndexId>& indexes :
       {std::vector<IndexId>{}, std::vector<IndexId>{IndexId::machinegroup, IndexId::owner}}) {
    TestStore store({.indexes = indexes});
    std::vector<Session> sessions;
    unsigned number = 0;
    for (const NavigationInfo& navigation : navigation_properties()) {
      // Two sessions that lead to it by this lookup alone.
      for (int i = 0; i < 2; ++i) {
        Session session = named("run");
        session.flowsessionid = guid(++number);
        session.createdon = at("2024-01-01") + std::chrono::hours(number);
        value_of(set_value(session, navigation.column, Reference(guid(500), navigation.targets.back())));
        sessions.push_back(session);
      }
    }
    ASSERT_TRUE(store->import_sessions(sessions));
    const Snapshot snapshot = value_of(store->snapshot());
    number = 0;
    for (const NavigationInfo& navigation : navigation_properties()) {
      const Guid first = guid(++number);
      const Guid second = guid(++number);
      EXPECT_THAT(ids_of(snapshot.sessions_by(navigation.partner_name, guid(500))), ElementsAre(second, first))
          << navigation.partner_name;
      EXPECT_THAT(ids_of(snapshot.sessions_by(navigation.partner_name, guid(500), oldest_first, limit(1))),
                  ElementsAre(first));
      EXPECT_THAT(ids_of(snapshot.sessions_by(navigation.partner_name, guid(501))), IsEmpty());
      Query query = query_by_parent(navigation, guid(500));
      EXPECT_EQ(value_of(snapshot.count(query)), 2U) << navigation.partner_name;
      // Its tokens go on, and belong to it alone.
      query.limit = limit(1);
      std::string token;
      SessionRange range = snapshot.select(query);
      for (const auto& row : range) {
        ASSERT_TRUE(row);
        token = range.token();
      }
      query.limit = {};
      query.after = token;
      EXPECT_THAT(ids_of(snapshot.select(query)), ElementsAre(first));
      Query other = query_by_parent(navigation, guid(501));
      other.after = token;
      SessionRange refused = snapshot.select(other);
      ASSERT_NE(refused.begin(), refused.end());
      EXPECT_EQ(refusal(*refused.begin()).code, Errc::invalid_argument);
    }
  }
}

TEST(Parents, OfNoPartnerAreRefused) {
  TestStore store;
  const Snapshot snapshot = value_of(store->snapshot());
  SessionRange range = snapshot.sessions_by("createdby", guid(1));
  ASSERT_NE(range.begin(), range.end());
  EXPECT_EQ(refusal(*range.begin()).code, Errc::invalid_argument);
}

TEST(Parents, OfSummariesAreLookedForInTheSessions) {
  TestStore store;
  Session session = named("run");
  session.createdby = Reference(guid(7));
  const std::vector<Session> sessions{session, named("other")};
  ASSERT_TRUE(store->import_sessions(sessions));
  const Snapshot snapshot = value_of(store->snapshot());
  const Query query{.lookup = LookupCondition{Column::createdby, guid(7)}};
  std::uint64_t rows = 0;
  SummaryRange range = snapshot.summaries(query);
  for (const auto& row : range) rows += row ? 1 : 0;
  EXPECT_EQ(rows, 1U);
}

}  // namespace
}  // namespace flowkeep::test

#include <gmock/gmock.h>

#include "sessions.hpp"

namespace flowkeep::test {
namespace {

using testing::ElementsAre;

TEST(QueryOrder, IsThatOfCreatedonThenArrivalForImportsInAnyOrder) {
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    const TestStore store;
    const auto sessions = shuffled_sessions(120, seed);
    import(store, sessions);
    for (const Order order : {newest_first, oldest_first}) {
      Query query;
      query.order = order;
      EXPECT_EQ(ids_of(store, query), expected_ids(sessions, &Session::createdon, order)) << "seed " << seed;
    }
  }
}

TEST(QueryOrder, ByATimeIsThatOfTheTimeThenCreatedonThenArrival) {
  for (const OpenOptions& options : with_and_without_startedon()) {
    const TestStore store(options);
    const auto sessions = shuffled_sessions(200);
    import(store, sessions);
    for (const OrderColumn& column : time_columns) {
      for (const Order order : {newest_first, oldest_first}) {
        Query query;
        query.by = column.by;
        query.order = order;
        EXPECT_EQ(ids_of(store, query), expected_ids(sessions, column.time, order));
      }
    }
  }
}

TEST(QueryOrder, ByVersionnumberIsThatOfTheWrites) {
  const TestStore store;
  import(store, shuffled_sessions(4));
  value_of(store->update(guid(2), renamed("again")));
  Query query;
  query.by = OrderBy::versionnumber;
  EXPECT_THAT(ids_of(store, query), ElementsAre(guid(2), guid(4), guid(3), guid(1)));
  query.order = oldest_first;
  EXPECT_THAT(ids_of(store, query), ElementsAre(guid(1), guid(3), guid(4), guid(2)));
  query.changed_since = 3;
  EXPECT_THAT(ids_of(store, query), ElementsAre(guid(4), guid(2)));
}

TEST(QueryOrder, TakesTheEndsOfTimeInTheirPlaces) {
  const TestStore store;
  std::vector<Session> sessions = shuffled_sessions(5);
  sessions[3].createdon = min_timestamp;
  sessions[0].createdon = max_timestamp;
  sessions[4].createdon = Timestamp{};
  sessions[1].createdon = Timestamp{} - Ticks(1);
  import(store, sessions);
  EXPECT_THAT(ids_of(store, {}), ElementsAre(guid(1), guid(3), guid(5), guid(2), guid(4)));
}

TEST(QueryOrder, DoesNotChangeWithAnUpdate) {
  const TestStore store;
  const auto sessions = shuffled_sessions(30);
  import(store, sessions);
  for (unsigned i = 1; i <= 30; i += 3) value_of(store->update(guid(i), renamed("later")));
  EXPECT_EQ(ids_of(store, {}), expected_ids(sessions, &Session::createdon, newest_first));
}

TEST(QueryConditions, AnswerAsAFilterOverAllSessions) {
  struct Case {
    Query query;
    Picks picks;
  };
  std::vector<Case> cases(9);
  cases[0].query.machineid = guid(1001);
  cases[0].picks = [](const Session& session) { return session.machineid && session.machineid->id == guid(1001); };
  cases[1].query.statuscodes = {StatusCode::failed};
  cases[1].picks = [](const Session& session) { return session.statuscode == StatusCode::failed; };
  cases[2].query.statuscodes.assign(open_statuses.begin(), open_statuses.end());
  cases[2].picks = [](const Session& session) {
    return std::find(open_statuses.begin(), open_statuses.end(), *session.statuscode) != open_statuses.end();
  };
  cases[3].query.statecode = StateCode::inactive;
  cases[3].picks = [](const Session& session) { return session.statecode == StateCode::inactive; };
  cases[4].query.correlationid = "überlauf";
  cases[4].picks = [](const Session&) { return true; };
  cases[5].query.errorcode = repeated("É", 300) + "1";  // its key is cut and hashed
  cases[5].picks = [](const Session& session) { return session.errorcode == repeated("é", 300) + "1"; };
  cases[6].query.machineid = guid(1002);
  cases[6].query.statuscodes = {StatusCode::failed, StatusCode::running, StatusCode::failed};
  cases[6].picks = [](const Session& session) {
    return session.machineid && session.machineid->id == guid(1002) &&
           (session.statuscode == StatusCode::failed || session.statuscode == StatusCode::running);
  };
  cases[7].query.statecode = StateCode::inactive;
  cases[7].query.statuscodes = {StatusCode::failed};  // of the other state
  cases[7].picks = [](const Session&) { return false; };
  cases[8].query.machinegroupid = guid(1001);
  cases[8].picks = [](const Session&) { return false; };

  std::vector<OpenOptions> stores(2);
  for (const IndexInfo& index : indexes()) {
    if (!index.by_default) stores[1].indexes.push_back(index.id);
  }
  for (const OpenOptions& options : stores) {
    const TestStore store(options);
    const auto sessions = shuffled_sessions(300);
    import(store, sessions);
    for (std::size_t i = 0; i < cases.size(); ++i) {
      SCOPED_TRACE(i);
      for (const OrderColumn& column : time_columns) {
        for (const Order order : {newest_first, oldest_first}) {
          Query query = cases[i].query;
          query.by = column.by;
          query.order = order;
          const std::vector<Guid> expected = expected_ids(sessions, column.time, order, cases[i].picks);
          EXPECT_EQ(ids_of(store, query), expected);
          EXPECT_EQ(value_of(value_of(store->snapshot()).count(query)), expected.size());
        }
      }
    }
  }
}

TEST(QueryShorthands, AreTheirQueries) {
  const TestStore store;
  import(store, shuffled_sessions(100));
  const Snapshot snapshot = value_of(store->snapshot());
  const auto expect = [&](SessionRange range, Query query) {
    query.order = oldest_first;
    query.limit = limit(4);
    std::vector<Guid> ids;
    for (const Result<SessionView>& row : range) ids.push_back(value_of(row).flowsessionid());
    EXPECT_EQ(ids, ids_of(snapshot, query));
    EXPECT_EQ(ids.size(), 4U);
  };
  Query query;
  query.machineid = guid(1001);
  expect(snapshot.by_machine(guid(1001), oldest_first, limit(4)), query);
  query = {};
  query.correlationid = "überlauf";
  expect(snapshot.by_correlationid("ÜBERLAUF", oldest_first, limit(4)), query);
  query = {};
  query.statecode = StateCode::active;
  expect(snapshot.by_statecode(StateCode::active, oldest_first, limit(4)), query);
  query = {};
  query.statuscodes = {StatusCode::failed};
  expect(snapshot.by_statuscode(StatusCode::failed, oldest_first, limit(4)), query);
}

TEST(QueryLimit, CutsEveryWalk) {
  for (const OpenOptions& options : with_and_without_startedon()) {
    const TestStore store(options);
    const auto sessions = shuffled_sessions(60);
    import(store, sessions);
    for (const OrderColumn& column : time_columns) {
      for (const std::uint64_t rows : {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{7}, std::uint64_t{1000}}) {
        Query query;
        query.by = column.by;
        query.limit = limit(rows);
        std::vector<Guid> expected = expected_ids(sessions, column.time, newest_first);
        if (expected.size() > rows) expected.resize(rows);
        EXPECT_EQ(ids_of(store, query), expected);
      }
    }
  }
}

TEST(QueryLimit, DoesNotCutTheCount) {
  const TestStore store;
  import(store, shuffled_sessions(20));
  Query query;
  query.limit = limit(3);
  EXPECT_EQ(value_of(value_of(store->snapshot()).count(query)), 20U);
}

TEST(QueryWindow, HoldsSinceAndNotUntil) {
  for (const OpenOptions& options : with_and_without_startedon()) {
    const TestStore store(options);
    const auto sessions = shuffled_sessions(200);
    import(store, sessions);
    const Snapshot snapshot = value_of(store->snapshot());
    for (const OrderColumn& column : time_columns) {
      std::vector<Timestamp> edges{min_timestamp, max_timestamp};
      for (const Session& session : sessions) {
        if (session.*column.time && edges.size() < 12) {
          edges.push_back(*(session.*column.time));
          edges.push_back(*(session.*column.time) + Ticks(1));
        }
      }
      for (const Timestamp since : edges) {
        for (const Timestamp until : edges) {
          if (until < since) continue;
          for (const Order order : {newest_first, oldest_first}) {
            Query query;
            query.by = column.by;
            query.order = order;
            query.since = since;
            query.until = until;
            const auto expected = expected_ids(sessions, column.time, order, [&](const Session& session) {
              return *(session.*column.time) >= since && *(session.*column.time) < until;
            });
            ASSERT_EQ(ids_of(snapshot, query), expected);
            ASSERT_EQ(value_of(snapshot.count(query)), expected.size());
          }
        }
      }
    }
  }
}

TEST(QueryWindow, RefusesAnEndBeforeItsBegin) {
  const TestStore store;
  import(store, shuffled_sessions(5));
  Query query;
  query.since = at("2022-01-02");
  query.until = at("2022-01-01");
  const End end = walk_to_end(store, query);
  ASSERT_TRUE(end.error);
  EXPECT_EQ(end.error->code, Errc::invalid_argument);
  EXPECT_THAT(end.error->message, testing::HasSubstr("2022-01-01T00:00:00Z is before since 2022-01-02T00:00:00Z"));
}

TEST(QueryWindow, RefusesTimesByVersionnumber) {
  const TestStore store;
  Query query;
  query.by = OrderBy::versionnumber;
  query.since = at("2022-01-02");
  const End end = walk_to_end(store, query);
  ASSERT_TRUE(end.error);
  EXPECT_EQ(end.error->code, Errc::invalid_argument);
}

TEST(ChangedSince, ShowsLaterVersionsInTheirOrder) {
  const TestStore store;
  import(store, shuffled_sessions(5));
  value_of(store->update(guid(3), renamed("x")));
  value_of(store->erase(guid(5)));
  const Snapshot snapshot = value_of(store->snapshot());
  const auto changed = [&](std::int64_t version, Limit rows = {}) {
    std::vector<Guid> ids;
    SessionRange range = snapshot.changed_since(version, rows);
    for (const Result<SessionView>& row : range) ids.push_back(value_of(row).flowsessionid());
    return ids;
  };
  EXPECT_THAT(changed(0), ElementsAre(guid(1), guid(2), guid(4), guid(3)));
  EXPECT_THAT(changed(INT64_MIN), ElementsAre(guid(1), guid(2), guid(4), guid(3)));
  EXPECT_THAT(changed(2), ElementsAre(guid(4), guid(3)));
  EXPECT_THAT(changed(2, limit(1)), ElementsAre(guid(4)));
  EXPECT_THAT(changed(6), ElementsAre());
  EXPECT_THAT(changed(INT64_MAX), ElementsAre());
}

TEST(EmptyStore, AnswersEveryQueryWithNothing) {
  const TestStore store;
  const Snapshot snapshot = value_of(store->snapshot());
  for (const OrderBy by : {OrderBy::createdon, OrderBy::startedon, OrderBy::completedon, OrderBy::versionnumber}) {
    for (const Order order : {newest_first, oldest_first}) {
      Query query;
      query.by = by;
      query.order = order;
      EXPECT_TRUE(ids_of(snapshot, query).empty());
      EXPECT_EQ(value_of(snapshot.count(query)), 0U);
    }
  }
}

TEST(SessionRange, StaysWhereItIsWhenBeginIsCalledAgain) {
  const TestStore store;
  import(store, shuffled_sessions(5));
  const Snapshot snapshot = value_of(store->snapshot());
  SessionRange range = snapshot.select({});
  auto it = range.begin();
  ++it;
  const Guid second = (*it)->flowsessionid();
  EXPECT_EQ((*range.begin())->flowsessionid(), second);
}

}  // namespace
}  // namespace flowkeep::test

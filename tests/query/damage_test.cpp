// Damage never shows as a shorter answer: it ends the range, with an error.
#include <gmock/gmock.h>

#include "damage.hpp"
#include "index/index_table.hpp"
#include "sessions.hpp"

namespace flowkeep::test {
namespace {

using storage::Cursor;

// Queries that walk every kind of way through the rows.
std::vector<Query> queries() {
  std::vector<Query> list(9);
  list[1].machineid = guid(1001);
  list[2].statecode = StateCode::active;
  list[3].statuscodes.assign(open_statuses.begin(), open_statuses.end());
  list[4].correlationid = "überlauf";
  list[5].by = OrderBy::completedon;
  list[6].by = OrderBy::startedon;
  list[7].by = OrderBy::versionnumber;
  list[8].by = OrderBy::startedon;
  list[8].machineid = guid(1001);
  const std::size_t count = list.size();
  for (std::size_t i = 0; i < count; ++i) {
    list.push_back(list[i]);
    list.back().order = oldest_first;
  }
  return list;
}

// A store of sessions, and the place of one that every query above answers with, in the middle of the table.
constexpr unsigned chosen = 30;
std::vector<Session> sessions_around_one() {
  std::vector<Session> sessions = shuffled_sessions(60);
  Session& one = sessions[chosen - 1];
  one.createdon = at("2022-03-04T05:06:09.0000001Z");
  one.startedon = at("2022-03-05T00:05:00Z");
  one.completedon = at("2022-03-06T00:05:00Z");
  one.machineid = Reference(guid(1001));
  one.statuscode = StatusCode::running;
  one.statecode = StateCode::active;
  return sessions;
}

std::string row_key_of(RawStore& raw, unsigned number) {
  const storage::ReadTransaction transaction = raw.read();
  return std::string(value_of(transaction.get(raw.tables().ids, index::guid_key(guid(number)))).value());
}

void expect_all_to_end_in_damage(TestStore& store, const std::vector<std::vector<Guid>>& whole) {
  const std::vector<Query> list = queries();
  for (std::size_t i = 0; i < list.size(); ++i) {
    SCOPED_TRACE(i);
    const End end = walk_to_end(store, list[i]);
    ASSERT_TRUE(end.error) << "a shorter answer of " << end.ids.size() << " rows, without a word";
    EXPECT_EQ(end.error->code, Errc::corrupt);
    EXPECT_EQ(end.after_the_error, 0U);
    EXPECT_EQ(end.token, "");
    ASSERT_LT(end.ids.size(), whole[i].size());
    EXPECT_TRUE(std::equal(end.ids.begin(), end.ids.end(), whole[i].begin()));
  }
}

std::vector<std::vector<Guid>> answers(const TestStore& store) {
  std::vector<std::vector<Guid>> whole;
  for (const Query& query : queries()) {
    whole.push_back(ids_of(store, query));
    EXPECT_NE(std::find(whole.back().begin(), whole.back().end(), guid(chosen)), whole.back().end());
  }
  return whole;
}

TEST(DamagedRecord, EndsEveryRangeThatMeetsIt) {
  for (const OpenOptions& options : with_and_without_startedon()) {
    TestStore store(options);
    import(store, sessions_around_one());
    const auto whole = answers(store);
    tamper(store, [](RawStore& raw) { raw.damage(raw.tables().sessions, row_key_of(raw, chosen)); });
    expect_all_to_end_in_damage(store, whole);
  }
}

TEST(MissingRecord, EndsEveryRangeThatAnIndexLeadsToIt) {
  TestStore store(with_and_without_startedon()[1]);
  import(store, sessions_around_one());
  tamper(store, [](RawStore& raw) { raw.remove(raw.tables().sessions, row_key_of(raw, chosen)); });
  for (const Query& query : queries()) {
    const bool walks_the_table = query.by == OrderBy::createdon && !query.machineid && !query.statecode &&
                                 !query.correlationid && query.statuscodes.empty();
    if (walks_the_table) continue;  // nothing there says that a row is gone; check() does
    const End end = walk_to_end(store, query);
    ASSERT_TRUE(end.error);
    EXPECT_EQ(end.error->code, Errc::corrupt);
  }
  EXPECT_FALSE(value_of(store->check()).clean());
}

TEST(IndexEntryToNowhere, EndsTheRange) {
  TestStore store;
  import(store, sessions_around_one());
  tamper(store, [](RawStore& raw) {
    const index::RowKey nowhere(at("2022-03-04T05:06:08.5Z"), 99'999);
    raw.add(raw.index(IndexId::machine), index::guid_key(guid(1001)), nowhere.bytes());
  });
  for (const Order order : {newest_first, oldest_first}) {
    Query query;
    query.machineid = guid(1001);
    query.order = order;
    const End end = walk_to_end(store, query);
    ASSERT_TRUE(end.error);
    EXPECT_EQ(end.error->code, Errc::corrupt);
    EXPECT_FALSE(end.ids.empty());
  }
  EXPECT_FALSE(value_of(store->check()).clean());
}

TEST(DamagedRecord, FailsACountThatHasToReadIt) {
  TestStore store;
  import(store, sessions_around_one());
  tamper(store, [](RawStore& raw) { raw.damage(raw.tables().sessions, row_key_of(raw, chosen)); });
  Query query;
  query.machineid = guid(1001);
  query.errorcode = "to be looked for in the record";
  EXPECT_EQ(refusal(value_of(store->snapshot()).count(query)).code, Errc::corrupt);
}

TEST(DamagedRecord, LeavesTheRestReadableBehindAToken) {
  TestStore store;
  import(store, sessions_around_one());
  Query query;
  const std::vector<Guid> all = ids_of(store, query);
  const auto place = std::find(all.begin(), all.end(), guid(chosen));
  {
    const Snapshot snapshot = value_of(store->snapshot());
    SessionRange range = snapshot.select(query);
    for (const Result<SessionView>& row : range) {
      if (row->flowsessionid() == guid(chosen)) break;
    }
    query.after = range.token();
  }
  tamper(store, [](RawStore& raw) { raw.damage(raw.tables().sessions, row_key_of(raw, chosen)); });
  EXPECT_EQ(ids_of(store, query), std::vector<Guid>(place + 1, all.end()));
}

}  // namespace
}  // namespace flowkeep::test

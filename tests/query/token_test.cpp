#include <gmock/gmock.h>

#include <cctype>

#include "sessions.hpp"

namespace flowkeep::test {
namespace {

// The token of the row at `position`.
std::string token_at(const TestStore& store, const Query& query, std::size_t position) {
  const Snapshot snapshot = value_of(store->snapshot());
  SessionRange range = snapshot.select(query);
  auto it = range.begin();
  for (std::size_t i = 0; i < position; ++i) ++it;
  EXPECT_NE(it, range.end());
  return range.token();
}

void expect_refused(const TestStore& store, const Query& query) {
  const End end = walk_to_end(store, query);
  ASSERT_TRUE(end.error);
  EXPECT_EQ(end.error->code, Errc::invalid_argument);
  EXPECT_TRUE(end.ids.empty());
}

TEST(Token, GoesOnBehindItsRowInEveryOrder) {
  for (const OpenOptions& options : with_and_without_startedon()) {
    const TestStore store(options);
    import(store, shuffled_sessions(60));
    for (const OrderBy by : {OrderBy::createdon, OrderBy::startedon, OrderBy::completedon, OrderBy::versionnumber}) {
      for (const Order order : {newest_first, oldest_first}) {
        Query query;
        query.by = by;
        query.order = order;
        const std::vector<Guid> all = ids_of(store, query);
        for (std::size_t i = 0; i < all.size(); ++i) {
          Query rest = query;
          rest.after = token_at(store, query, i);
          rest.limit = limit(5);
          const auto begin = all.begin() + static_cast<std::ptrdiff_t>(i) + 1;
          const auto end = begin + std::min<std::ptrdiff_t>(5, all.end() - begin);
          ASSERT_EQ(ids_of(store, rest), std::vector<Guid>(begin, end));
        }
      }
    }
  }
}

TEST(Token, GoesOnBehindARowThatIsGone) {
  const TestStore store;
  import(store, shuffled_sessions(40));
  for (const Order order : {newest_first, oldest_first}) {
    Query query;
    query.order = order;
    const std::vector<Guid> all = ids_of(store, query);
    query.after = token_at(store, query, 10);
    value_of(store->erase(all[10]));
    value_of(store->erase(all[11]));
    EXPECT_EQ(ids_of(store, query), std::vector<Guid>(all.begin() + 12, all.end()));
  }
}

TEST(Token, IsPrintableAndShortAndEmptyOffTheRows) {
  const TestStore store;
  import(store, shuffled_sessions(3));
  const Snapshot snapshot = value_of(store->snapshot());
  SessionRange range = snapshot.select({});
  EXPECT_EQ(range.token(), "");
  for (const Result<SessionView>& row : range) {
    EXPECT_TRUE(row);
    const std::string token = range.token();
    EXPECT_GT(token.size(), 0U);
    EXPECT_LT(token.size(), 1000U);
    for (const char byte : token) EXPECT_TRUE(std::isprint(static_cast<unsigned char>(byte)));
  }
  EXPECT_EQ(range.token(), "");
}

TEST(Token, SurvivesReopeningAndChangesOfIndexes) {
  TestStore store;
  import(store, shuffled_sessions(60));
  Query query;
  query.by = OrderBy::startedon;
  const std::vector<Guid> all = ids_of(store, query);
  query.after = token_at(store, query, 7);
  const std::vector<Guid> rest(all.begin() + 8, all.end());
  value_of(store->add_index(IndexId::startedon));
  EXPECT_EQ(ids_of(store, query), rest);
  store.reopen();
  EXPECT_EQ(ids_of(store, query), rest);
  value_of(store->drop_index(IndexId::startedon));
  EXPECT_EQ(ids_of(store, query), rest);
}

TEST(Token, BelongsToItsQuery) {
  const TestStore store;
  import(store, shuffled_sessions(60));
  Query query;
  query.machineid = guid(1001);
  query.correlationid = "überlauf";
  query.statuscodes = {StatusCode::failed, StatusCode::running, StatusCode::waiting, StatusCode::paused};
  query.after = token_at(store, query, 1);

  Query same = query;
  same.limit = limit(1);
  same.correlationid = "ÜBERLAUF";
  std::swap(same.statuscodes[0], same.statuscodes[2]);
  EXPECT_FALSE(walk_to_end(store, same).error);

  std::vector<Query> others(14, query);
  others[0].machineid = guid(1002);
  others[1].machineid.reset();
  others[2].correlationid = "another";
  others[3].correlationid.reset();
  others[4].statuscodes.pop_back();
  others[5].statecode = StateCode::active;
  others[6].order = oldest_first;
  others[7].by = OrderBy::completedon;
  others[8].since = at("2022-01-01");
  others[9].until = at("2023-01-01");
  others[10].regardingobjectid = guid(1001);
  others[11].errorcode = "";
  others[12].ownerid = guid(1);
  others[13].clienttrackingid = "überlauf";
  for (const Query& other : others) expect_refused(store, other);
}

TEST(Token, BelongsToItsStore) {
  const TestStore store;
  const TestStore other;
  import(store, shuffled_sessions(5));
  import(other, shuffled_sessions(5));
  Query query;
  query.after = token_at(store, query, 2);
  expect_refused(other, query);
}

TEST(Token, RefusesWhatNoQueryGave) {
  const TestStore store;
  import(store, shuffled_sessions(5));
  const std::string token = token_at(store, {}, 2);
  std::vector<std::string> forgeries{"x",
                                     "token",
                                     token + token,
                                     token + "0",
                                     token.substr(1),
                                     token.substr(0, token.size() - 2),
                                     std::string(token.size(), '0'),
                                     std::string(token.size(), '\xff'),
                                     std::string(5000, 'a')};
  for (std::size_t i = 0; i < token.size(); ++i) {
    forgeries.push_back(token);
    forgeries.back()[i] = token[i] == 'a' ? 'b' : 'a';
  }
  for (const std::string& forgery : forgeries) {
    Query query;
    query.after = forgery;
    expect_refused(store, query);
  }
}

TEST(Pause, LetsAWalkGoOnWhereItWas) {
  for (const OpenOptions& options : with_and_without_startedon()) {
    const TestStore store(options);
    import(store, shuffled_sessions(100));
    const Snapshot snapshot = value_of(store->snapshot());
    for (const OrderBy by : {OrderBy::createdon, OrderBy::startedon, OrderBy::completedon, OrderBy::versionnumber}) {
      for (const Order order : {newest_first, oldest_first}) {
        for (const std::uint64_t piece : {std::uint64_t{1}, std::uint64_t{3}, std::uint64_t{99}, std::uint64_t{100}}) {
          Query query;
          query.by = by;
          query.order = order;
          query.machineid = guid(1001);
          query.errorcode = repeated("é", 300) + "1";
          const std::vector<Guid> all = ids_of(snapshot, query);
          query.pause_after = piece;
          std::vector<Guid> ids;
          for (bool more = true; more;) {
            SessionRange range = snapshot.select(query);
            for (const Result<SessionView>& row : range) ids.push_back(value_of(row).flowsessionid());
            more = range.is_paused();
            ASSERT_EQ(more, !range.token().empty());
            query.after = range.token();
          }
          ASSERT_EQ(ids, all);
        }
      }
    }
  }
}

}  // namespace
}  // namespace flowkeep::test

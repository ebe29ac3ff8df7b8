// The index `summary`, and what is read through it.
#include <gmock/gmock.h>

#include <map>
#include <memory>
#include <random>
#include <vector>

#include "codec/summary.hpp"
#include "damage.hpp"
#include "store/summary_table.hpp"
#include "store_fixture.hpp"

namespace flowkeep {
namespace {

using codec::SummaryRow;
using test::at;
using test::refusal;
using test::TestStore;
using test::value_of;

SummaryRow summary_of(const Session& session) {
  SummaryRow summary;
  summary.createdon = *session.createdon;
  summary.statuscode = *session.statuscode;
  summary.runmode = session.runmode;
  summary.startedon = session.startedon;
  summary.completedon = session.completedon;
  summary.runduration = session.runduration;
  if (session.machineid) summary.machineid = session.machineid->id;
  if (session.regardingobjectid) summary.regardingobjectid = session.regardingobjectid->id;
  return summary;
}

std::vector<SummaryRow> summaries(const Snapshot& snapshot, const Query& query) {
  std::vector<SummaryRow> all;
  for (const Result<SessionSummary>& row : snapshot.summaries(query)) all.push_back(codec::summary_of(value_of(row)));
  return all;
}

std::vector<SummaryRow> from_sessions(const Snapshot& snapshot, const Query& query) {
  std::vector<SummaryRow> all;
  for (const Result<SessionView>& row : snapshot.select(query)) all.push_back(codec::summary_of(value_of(row)));
  return all;
}

/// A session of time `second`, whose machine, flow, status and times come from `number`.
Session session_of(std::uint64_t number, std::int64_t second) {
  Session session;
  session.createdon = at("2025-01-01") + std::chrono::seconds(second);
  session.machineid = Reference(test::guid(1 + static_cast<unsigned>(number % 30)));
  session.regardingobjectid = Reference(test::guid(100 + static_cast<unsigned>(number % 9)));
  session.statuscode = number % 4 == 0 ? StatusCode::running : StatusCode::succeeded;
  session.statecode = StateCode::active;
  session.runmode = RunMode::attended;
  session.startedon = *session.createdon + std::chrono::milliseconds(number % 5000);
  if (number % 4 != 0) session.completedon = *session.startedon + std::chrono::milliseconds(number % 100'000);
  session.runduration = static_cast<std::int64_t>(number % 100'000);
  return session;
}

void import(const Store& store, std::uint64_t from, std::uint64_t to) {
  std::vector<Session> sessions;
  for (std::uint64_t number = from; number < to; ++number) {
    sessions.push_back(session_of(number, static_cast<std::int64_t>(number)));
    sessions.back().flowsessionid = Guid::make();
  }
  ASSERT_TRUE(store.import_sessions(sessions));
}

TEST(Summary, ShowsEverySessionInOrder) {
  const TestStore store;
  import(*store, 0, 1000);
  EXPECT_LE(store.entries("ix.summary"), 25U);
  const Snapshot snapshot = value_of(store->snapshot());
  Query query;
  for (const Order order : {newest_first, oldest_first}) {
    query.order = order;
    const auto all = summaries(snapshot, query);
    ASSERT_EQ(all.size(), 1000U);
    EXPECT_EQ(all, from_sessions(snapshot, query));
  }
}

TEST(Summary, LeadsToItsSession) {
  const TestStore store;
  import(*store, 0, 100);
  const Snapshot snapshot = value_of(store->snapshot());
  int rows = 0;
  for (const Result<SessionSummary>& summary : snapshot.summaries({})) {
    EXPECT_EQ(codec::summary_of(value_of(snapshot.get(*summary))), codec::summary_of(*summary));
    ++rows;
  }
  EXPECT_EQ(rows, 100);

  // One that is gone since.
  Query oldest;
  oldest.order = oldest_first;
  SummaryRange range = snapshot.summaries(oldest);
  const SessionSummary first = value_of(*range.begin());
  value_of(store->erase(value_of(snapshot.get(first)).flowsessionid()));
  const Snapshot later = value_of(store->snapshot());
  EXPECT_EQ(refusal(later.get(first)).code, Errc::not_found);
}

TEST(Summary, IsEmptyWhereTheStoreIs) {
  const TestStore store;
  const Snapshot snapshot = value_of(store->snapshot());
  EXPECT_TRUE(summaries(snapshot, {}).empty());
  value_of(store->erase(value_of(store->create(test::named("for a moment")))));
  EXPECT_TRUE(summaries(value_of(store->snapshot()), {}).empty());
  EXPECT_EQ(store.entries("ix.summary"), 0U);
}

// Windows that begin and end at, between and beyond rows and blocks, with limits and tokens.
TEST(Summary, KeepsToTheWindow) {
  const TestStore store;
  import(*store, 0, 300);
  const Snapshot snapshot = value_of(store->snapshot());
  std::mt19937_64 random(5);
  for (int round = 0; round < 300; ++round) {
    Query query;
    query.order = random() % 2 == 0 ? newest_first : oldest_first;
    const auto edge = [&] {
      return at("2025-01-01") + std::chrono::milliseconds(static_cast<std::int64_t>(random() % 340'000) - 20'000);
    };
    if (random() % 3 != 0) query.since = edge();
    if (random() % 3 != 0) query.until = edge();
    if (query.since && query.until && *query.until < *query.since) std::swap(query.since, query.until);
    if (random() % 4 == 0) query.limit = limit(random() % 200);
    if (random() % 3 == 0) query.statuscodes = {StatusCode::running};
    if (random() % 3 == 0) query.machineid = test::guid(3);
    const auto expected = from_sessions(snapshot, query);
    ASSERT_EQ(summaries(snapshot, query), expected);
    query.limit = {};
    EXPECT_EQ(value_of(snapshot.count(query)), from_sessions(snapshot, query).size());

    // In pieces, each from the token of the last, of whichever range.
    query.pause_after = 1 + random() % 90;
    std::vector<SummaryRow> pieces;
    for (bool more = true; more;) {
      if (random() % 2 == 0) {
        SummaryRange range = snapshot.summaries(query);
        for (const Result<SessionSummary>& row : range) pieces.push_back(codec::summary_of(value_of(row)));
        more = range.is_paused();
        query.after = range.token();
      } else {
        SessionRange range = snapshot.select(query);
        for (const Result<SessionView>& row : range) pieces.push_back(codec::summary_of(value_of(row)));
        more = range.is_paused();
        query.after = range.token();
      }
    }
    query.after.clear();
    query.pause_after = Query{}.pause_after;
    ASSERT_EQ(pieces, from_sessions(snapshot, query));
  }
}

TEST(Summary, SaysWhatIsWrongWithAQuery) {
  const TestStore store;
  import(*store, 0, 10);
  const Snapshot snapshot = value_of(store->snapshot());
  const auto refused = [&](const Query& query) {
    SummaryRange range = snapshot.summaries(query);
    const auto row = range.begin();
    EXPECT_FALSE(row == range.end());
    return refusal(*row).code;
  };
  Query query;
  query.after = "no token";
  EXPECT_EQ(refused(query), Errc::invalid_argument);
  query = {};
  query.since = at("2025-01-02");
  query.until = at("2025-01-01");
  EXPECT_EQ(refused(query), Errc::invalid_argument);
}

// Where the summary does not have what is asked for, the sessions do.
TEST(Summary, AnswersEveryQuery) {
  const TestStore store;
  import(*store, 0, 200);
  const Snapshot snapshot = value_of(store->snapshot());
  Query query;
  query.by = OrderBy::completedon;
  EXPECT_EQ(summaries(snapshot, query), from_sessions(snapshot, query));
  EXPECT_EQ(summaries(snapshot, query).size(), 150U);
  query = {};
  query.errorcode = "none has it";
  EXPECT_TRUE(summaries(snapshot, query).empty());
  query = {};
  query.by = OrderBy::versionnumber;
  query.changed_since = 100;
  EXPECT_EQ(summaries(snapshot, query), from_sessions(snapshot, query));
}

/// The blocks alone, in a file of their own.
class SummaryTable : public testing::Test {
 protected:
  SummaryTable() {
    storage::EnvironmentOptions options;
    options.map_bytes = 1ULL << 30;
    options.max_readers = 4;
    options.max_tables = 4;
    environment = value_of(storage::Environment::open(place.path() + "-blocks", options));
    auto transaction = value_of(environment->begin_write());
    tables.indexes.back() = value_of(transaction.open_table("summary", storage::TableKind::bytes));
    value_of(transaction.commit());
  }

  const TestStore place{};
  std::unique_ptr<storage::Environment> environment{};
  store::Tables tables{};
};

// Random puts and removals, in commits of one to many, against a map: the blocks hold the same rows, and are used well.
TEST_F(SummaryTable, FollowsEveryChange) {
  std::map<index::RowKey, SummaryRow> model;
  std::mt19937_64 random(11);
  std::uint64_t arrivals = 0;
  std::int64_t newest = 1000;
  for (int round = 0; round < 1500; ++round) {
    std::vector<store::SummaryMove> moves;
    const std::uint64_t kind = random() % 6;
    for (std::uint64_t count = random() % (kind == 0 ? 400 : 12); count > 0; --count) {
      const bool removes = !model.empty() && (kind == 1 ? random() % 10 != 0 : random() % 4 == 0);
      if (removes || (!model.empty() && random() % 3 == 0)) {
        auto row =
            kind == 1 && random() % 2 == 0
                ? model.begin()
                : model.lower_bound(
                      {at("2025-01-01") + std::chrono::seconds(random() % static_cast<std::uint64_t>(newest)), 0});
        if (row == model.end()) row = model.begin();
        if (removes) {
          moves.push_back({row->first, std::nullopt, true});
          model.erase(row);
          continue;
        }
        row->second.statuscode = static_cast<StatusCode>(random() % status_count);
        row->second.runduration = static_cast<std::int64_t>(random());
        moves.push_back({row->first, row->second, true});
        continue;
      }
      // At the end, in the middle, before all others.
      const std::int64_t second = kind == 2   ? static_cast<std::int64_t>(random() % 1000)
                                  : kind == 3 ? -round
                                              : (newest += static_cast<std::int64_t>(random() % 3));
      SummaryRow summary = summary_of(session_of(random(), second));
      summary.arrival = ++arrivals;
      model[store::row_key_of(summary)] = summary;
      moves.push_back({store::row_key_of(summary), summary, false});
    }
    auto transaction = value_of(environment->begin_write());
    ASSERT_EQ(value_of(store::write_summaries(transaction, tables, std::move(moves))), 0U);
    value_of(transaction.commit());

    const auto reading = value_of(environment->begin_read());
    auto cursor = value_of(storage::Cursor::open(reading, tables.summary()));
    std::vector<SummaryRow> rows;
    std::size_t blocks = 0;
    codec::SummaryBlock block;
    for (bool found = value_of(cursor.first()); found; found = value_of(cursor.next()), ++blocks) {
      const std::size_t before = rows.size();
      value_of(block.open(cursor.key(), cursor.value()));
      for (std::size_t row = 0; row < block.size(); ++row) rows.push_back(codec::summary_of(block[row]));
      const index::RowKey first = store::row_key_of(rows[before]);
      ASSERT_LE(cursor.key(), first.bytes());
    }
    ASSERT_EQ(rows.size(), model.size()) << "round " << round;
    auto expected = model.begin();
    for (const SummaryRow& row : rows) ASSERT_EQ(row, (expected++)->second) << "round " << round;
    ASSERT_LE(blocks, 4 + model.size() / 8) << "round " << round;
  }
  EXPECT_GT(arrivals, 5000U);
}

TEST_F(SummaryTable, SaysThatARowWasNotThere) {
  auto transaction = value_of(environment->begin_write());
  SummaryRow summary = summary_of(session_of(1, 1));
  summary.arrival = 1;
  const index::RowKey key = store::row_key_of(summary);
  EXPECT_EQ(value_of(store::write_summaries(transaction, tables, {{key, std::nullopt, true}})), 1U);
  // One that comes and goes at once was not expected to be there.
  EXPECT_EQ(value_of(store::write_summaries(transaction, tables, {{key, summary, false}, {key, std::nullopt, true}})),
            0U);
  EXPECT_EQ(value_of(store::write_summaries(transaction, tables, {{key, summary, false}})), 0U);
  EXPECT_EQ(value_of(store::write_summaries(transaction, tables, {{key, std::nullopt, true}})), 0U);
}

TEST(Summary, IsComparedWithTheSessionsByACheck) {
  using test::RawStore;
  const auto findings_after = [](const std::function<void(RawStore&)>& work) {
    TestStore store;
    import(*store, 0, 200);
    EXPECT_TRUE(value_of(store->check()).clean());
    test::tamper(store, work);
    std::string all;
    for (const auto& finding : value_of(store->check()).findings) all += finding.where + ": " + finding.what + "\n";
    return all;
  };
  using testing::HasSubstr;
  EXPECT_THAT(
      findings_after([](RawStore& raw) { raw.damage(raw.tables().summary(), raw.key_at(raw.tables().summary(), 1)); }),
      HasSubstr("index summary: "));
  EXPECT_THAT(
      findings_after([](RawStore& raw) { raw.remove(raw.tables().summary(), raw.key_at(raw.tables().summary(), 1)); }),
      HasSubstr("rows, the sessions are 200"));
  const auto rewrite = [](const std::function<void(std::vector<SummaryRow>&)>& change) {
    return [change](RawStore& raw) {
      const std::string key = raw.key_at(raw.tables().summary(), 1);
      raw.change(raw.tables().summary(), key, [&](std::string& value) {
        std::vector<SummaryRow> rows;
        codec::SummaryBlock block;
        value_of(block.open(key, value));
        for (std::size_t row = 0; row < block.size(); ++row) rows.push_back(codec::summary_of(block[row]));
        change(rows);
        codec::encode_summaries(value, rows, key);
      });
    };
  };
  EXPECT_THAT(findings_after(rewrite([](auto& rows) { rows[3].runduration = 1; })), HasSubstr("says of session"));
  EXPECT_THAT(findings_after(rewrite([](auto& rows) { rows[3].arrival += 1000; })), HasSubstr("leads to no session"));
  EXPECT_THAT(findings_after(rewrite([](auto& rows) { std::swap(rows[3], rows[4]); })),
              HasSubstr("a row is not in order"));
}

// What is promised already must not fail for what can be had from the records.
TEST(Summary, IsMadeAnewWhereItIsDamagedAndWritten) {
  for (const std::size_t block : {0U, 1U, 2U}) {
    TestStore store;
    import(*store, 0, 500);
    test::tamper(store, [&](test::RawStore& raw) {
      raw.damage(raw.tables().summary(), raw.key_at(raw.tables().summary(), block));
    });
    Query query;
    query.order = oldest_first;
    std::vector<Guid> ids;
    {
      const Snapshot snapshot = value_of(store->snapshot());
      for (const Result<SessionView>& row : snapshot.select(query)) ids.push_back(row->flowsessionid());
    }
    const Guid id = value_of(store->create(test::named("is kept")));
    for (std::size_t i = 0; i < ids.size(); i += 10) value_of(store->erase(ids[i]));
    EXPECT_EQ(value_of(store->status_of(id)).statuscode, value_of(store->get(id)).statuscode);
    store.reopen();
    const auto report = value_of(store->check());
    EXPECT_TRUE(report.clean()) << (report.clean() ? "" : report.findings[0].what);
    EXPECT_EQ(value_of(store->snapshot()).size(), 451U);
  }
}

TEST(Summary, IsMadeWholeByDroppingAndAddingIt) {
  TestStore store;
  import(*store, 0, 250);
  test::tamper(store,
               [](test::RawStore& raw) { raw.damage(raw.tables().summary(), raw.key_at(raw.tables().summary(), 1)); });
  EXPECT_FALSE(value_of(store->check()).clean());
  value_of(store->drop_index(IndexId::summary));
  EXPECT_TRUE(value_of(store->check()).clean());
  const auto rows = [&] {
    const Snapshot snapshot = value_of(store->snapshot());
    return summaries(snapshot, {}).size();
  };
  EXPECT_EQ(rows(), 250U);
  EXPECT_EQ(store.entries("ix.summary"), 0U);
  EXPECT_EQ(refusal(store->drop_index(IndexId::summary)).code, Errc::not_found);
  value_of(store->add_index(IndexId::summary));
  EXPECT_TRUE(value_of(store->check()).clean());
  EXPECT_EQ(rows(), 250U);
}

TEST(Summary, ThatIsDamagedIsAnErrorAndNoAnswer) {
  TestStore store;
  import(*store, 0, 200);
  test::tamper(store,
               [](test::RawStore& raw) { raw.damage(raw.tables().summary(), raw.key_at(raw.tables().summary(), 1)); });
  const Snapshot snapshot = value_of(store->snapshot());
  int rows = 0;
  std::optional<Error> error;
  for (const Result<SessionSummary>& row : snapshot.summaries({})) {
    ASSERT_FALSE(error);
    ++rows;
    if (!row) error = row.error();
  }
  EXPECT_EQ(error.value().code, Errc::corrupt);
  EXPECT_LT(rows, 200);
  Query query;
  query.machineid = test::guid(3);
  query.statuscodes = {StatusCode::running};
  EXPECT_EQ(refusal(snapshot.count(query)).code, Errc::corrupt);
}

}  // namespace
}  // namespace flowkeep

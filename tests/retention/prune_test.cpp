// Retention: what goes, what stays, and what happens beside it.
#include <flowkeep/store.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "store_fixture.hpp"

namespace flowkeep {
namespace {

using namespace std::chrono_literals;
using test::refusal;
using test::TestStore;
using test::value_of;
using testing::HasSubstr;

Guid flow_of(std::uint64_t number) {
  Guid guid;
  guid.bytes[15] = static_cast<std::uint8_t>(number + 1);
  return guid;
}

Session closed(Timestamp completedon, StatusCode status = StatusCode::succeeded) {
  Session session;
  session.flowsessionid = Guid::make();
  session.statuscode = status;
  session.statecode = state_of(status);
  session.completedon = completedon;
  return session;
}

std::set<Guid> ids_of(const Store& store) {
  std::set<Guid> ids;
  const auto snapshot = value_of(store.snapshot());
  for (const auto& row : snapshot.select({})) ids.insert(value_of(row).flowsessionid());
  return ids;
}

PruneOptions dry_run() {
  PruneOptions options;
  options.mode = PruneOptions::Mode::dry_run;
  return options;
}

struct Row {
  Guid id{};
  StatusCode status{};
  std::optional<Timestamp> completedon{};
  std::optional<Guid> flow{};
  std::size_t arrival = 0;
};

// The rules, read from the header, without any walk.
std::set<Guid> left_by(const RetentionPolicy& policy, std::vector<Row> rows, Timestamp present) {
  std::set<Guid> left;
  std::vector<Row> candidates;
  for (const Row& row : rows) {
    const bool is_meant = is_terminal(row.status) && row.completedon &&
                          (policy.statuscodes.empty() ||
                           std::count(policy.statuscodes.begin(), policy.statuscodes.end(), row.status) != 0) &&
                          (!policy.regardingobjectid || row.flow == policy.regardingobjectid);
    if (is_meant) {
      candidates.push_back(row);
    } else {
      left.insert(row.id);
    }
  }
  std::sort(candidates.begin(), candidates.end(), [](const Row& a, const Row& b) {
    return std::tie(*b.completedon, b.arrival) < std::tie(*a.completedon, a.arrival);  // newest first
  });
  std::map<Guid, std::uint64_t> of_flow;
  for (std::size_t place = 0; place < candidates.size(); ++place) {
    const Row& row = candidates[place];
    const std::uint64_t place_in_flow = of_flow[row.flow.value_or(Guid{})]++;
    const bool goes = (policy.max_age && *row.completedon < present - Ticks(*policy.max_age)) ||
                      (policy.keep && place >= *policy.keep) ||
                      (policy.keep_per_flow && place_in_flow >= *policy.keep_per_flow);
    if (!goes) left.insert(row.id);
  }
  return left;
}

TEST(Prune, LeavesWhatTheRulesSay) {
  const auto seed = std::random_device{}();
  SCOPED_TRACE(seed);
  std::mt19937_64 random(seed);
  for (int round = 0; round < 40; ++round) {
    OpenOptions options;
    options.model = StateModel::platform();
    const TestStore store(options);
    const Timestamp present = now();
    std::vector<Row> rows;
    std::vector<Session> sessions;
    const std::size_t count = random() % 400;
    for (std::size_t i = 0; i < count; ++i) {
      // No time is near the edge of an age.
      Session session = closed(present - std::chrono::hours(random() % 100) - 30min,
                               static_cast<StatusCode>(random() % status_count));
      session.createdon = present - std::chrono::hours(200) + std::chrono::seconds(i);
      if (random() % 8 == 0) session.completedon.reset();
      if (random() % 5 != 0) session.regardingobjectid = Reference(flow_of(random() % 4), EntityType::workflow);
      rows.push_back({*session.flowsessionid, *session.statuscode, session.completedon,
                      session.regardingobjectid ? std::optional(session.regardingobjectid->id) : std::nullopt, i});
      sessions.push_back(std::move(session));
    }
    ASSERT_TRUE(store->import_sessions(sessions));
    RetentionPolicy policy;
    if (random() % 2 == 0) policy.max_age = std::chrono::hours(random() % 110);
    if (random() % 2 == 0) policy.keep = random() % 200;
    if (random() % 2 == 0 || (!policy.max_age && !policy.keep)) policy.keep_per_flow = random() % 60;
    if (random() % 3 == 0) policy.regardingobjectid = flow_of(random() % 4);
    if (random() % 3 == 0) policy.statuscodes = {StatusCode::failed, StatusCode::deleted, StatusCode::aborted};
    PruneOptions pruning;
    pruning.batch = 1 + random() % 50;

    const std::set<Guid> left = left_by(policy, rows, present);
    const auto would_be = value_of(store->prune(policy, dry_run()));
    EXPECT_EQ(ids_of(*store).size(), count);
    const auto pruned = value_of(store->prune(policy, pruning));
    EXPECT_EQ(ids_of(*store), left) << round;
    EXPECT_EQ(pruned.deleted, count - left.size());
    EXPECT_EQ(would_be.deleted, pruned.deleted);
    EXPECT_EQ(would_be.first_completedon, pruned.first_completedon);
    EXPECT_EQ(would_be.last_completedon, pruned.last_completedon);
    EXPECT_TRUE(pruned.is_complete);
    EXPECT_EQ(value_of(store->prune(policy, pruning)).deleted, 0U) << "a second time";
    EXPECT_TRUE(value_of(store->check()).clean());
  }
}

TEST(Prune, NeverTakesAnOpenSession) {
  const TestStore store;
  for (int code = 0; code < status_count; ++code) {
    const auto status = static_cast<StatusCode>(code);
    ASSERT_TRUE(store->import_sessions(std::vector{closed(now() - 1000h, status)}));
  }
  RetentionPolicy policy;
  policy.keep = 0;
  policy.max_age = 0ms;
  ASSERT_TRUE(store->prune(policy));
  const auto snapshot = value_of(store->snapshot());
  for (const auto& row : snapshot.select({})) EXPECT_FALSE(is_terminal(value_of(row).statuscode()));
  EXPECT_EQ(value_of(snapshot.size()), 5U);
}

TEST(Prune, LeavesWhatWasOpenedAgainMeanwhile) {
  OpenOptions options;
  options.model = StateModel::platform();
  const TestStore store(options);
  std::vector<Session> sessions;
  for (int i = 0; i < 10; ++i) sessions.push_back(closed(now() - 100h + std::chrono::minutes(i)));
  ASSERT_TRUE(store->import_sessions(sessions));
  RetentionPolicy policy;
  policy.keep = 0;
  PruneOptions pruning;
  pruning.batch = 1;
  pruning.progress = [&](std::uint64_t done, std::uint64_t) {
    if (done == 3) {
      EXPECT_TRUE(store->transition(*sessions[6].flowsessionid, StatusCode::running));
      EXPECT_TRUE(store->erase(*sessions[7].flowsessionid));
    }
    return true;
  };
  EXPECT_EQ(value_of(store->prune(policy, pruning)).deleted, 8U);
  EXPECT_EQ(ids_of(*store), std::set{*sessions[6].flowsessionid});
}

std::uint64_t bytes_in_use(const Store& store) {
  const auto stats = value_of(store.stats());
  std::uint64_t bytes = stats.live_bytes;
  for (const auto& table : stats.tables) {
    if (table.name == "deletions") bytes -= table.bytes;
  }
  return bytes;
}

// What is remembered of deletions takes more here than all sessions may: that does not cost the rest of them.
TEST(Prune, DeletesNothingForTheSakeOfDeletions) {
  const TestStore store;
  std::vector<Session> sessions;
  for (int i = 0; i < 30'000; ++i) sessions.push_back(closed(now() - 1000h + std::chrono::seconds(i)));
  ASSERT_TRUE(store->import_sessions(sessions));
  RetentionPolicy policy;
  policy.keep = 1'000;
  ASSERT_TRUE(store->prune(policy));
  policy.keep.reset();
  policy.max_bytes = bytes_in_use(*store) / 2;
  EXPECT_GT(value_of(store->stats()).live_bytes, 4 * *policy.max_bytes) << "nothing is tested";
  const auto pruned = value_of(store->prune(policy));
  EXPECT_LE(bytes_in_use(*store), *policy.max_bytes);
  EXPECT_EQ(pruned.live_bytes, bytes_in_use(*store));
  EXPECT_GT(ids_of(*store).size(), 200U);
}

TEST(Prune, HoldsTheFileToItsBytes) {
  const TestStore store;
  std::mt19937_64 random(7);
  std::vector<Session> sessions;
  for (int i = 0; i < 2000; ++i) {
    Session session = closed(now() - 1000h + std::chrono::minutes(i));
    std::string noise(3000, ' ');
    for (char& byte : noise) byte = static_cast<char>('!' + random() % 90);
    session.errordetails = std::move(noise);
    sessions.push_back(std::move(session));
  }
  ASSERT_TRUE(store->import_sessions(sessions));
  const std::uint64_t full = value_of(store->stats()).live_bytes;
  RetentionPolicy policy;
  policy.max_bytes = full / 2;
  const auto would_be = value_of(store->prune(policy, dry_run()));
  const auto pruned = value_of(store->prune(policy));
  EXPECT_NEAR(static_cast<double>(would_be.deleted), static_cast<double>(pruned.deleted), 200);
  const std::uint64_t live = bytes_in_use(*store);
  EXPECT_LE(live, *policy.max_bytes);
  EXPECT_GT(live, *policy.max_bytes * 8 / 10) << "too much went";
  // The oldest went.
  const auto left = ids_of(*store);
  EXPECT_FALSE(left.contains(*sessions.front().flowsessionid));
  EXPECT_TRUE(left.contains(*sessions.back().flowsessionid));

  policy.max_bytes = 0;  // cannot be reached
  const auto all = value_of(store->prune(policy));
  EXPECT_TRUE(all.is_complete);
  EXPECT_GT(all.live_bytes.value_or(0), 0U);
  EXPECT_TRUE(ids_of(*store).empty());
}

// More sessions than one snapshot is kept for, of which few go, or most.
TEST(Prune, GoesOnWhereASnapshotEnded) {
  for (const std::size_t count : {19'999U, 20'000U, 20'001U, 45'000U}) {
    const TestStore store;
    std::vector<Session> sessions;
    const Timestamp first = now() - 100'000h;
    for (std::size_t i = 0; i < count; ++i) {
      sessions.push_back(
          closed(first + std::chrono::seconds(i), i % 1000 == 999 ? StatusCode::failed : StatusCode::succeeded));
      sessions.back().createdon = first;
      // One flow of many sessions stands behind as many flows of one.
      sessions.back().regardingobjectid =
          i < count / 2 ? Reference(Guid::make(), EntityType::workflow) : Reference(flow_of(1), EntityType::workflow);
    }
    ASSERT_TRUE(store->import_sessions(sessions));
    RetentionPolicy policy;
    policy.max_age = 1h;
    const auto all = value_of(store->prune(policy, dry_run()));
    EXPECT_EQ(all.deleted, count);
    EXPECT_EQ(all.last_completedon, sessions.back().completedon);
    policy.statuscodes = {StatusCode::failed};
    EXPECT_EQ(value_of(store->prune(policy)).deleted, count / 1000);
    RetentionPolicy per_flow;
    per_flow.keep_per_flow = 10;
    const std::size_t left_of_flow = count - count / 2 - (count / 1000 - count / 2 / 1000);
    EXPECT_EQ(value_of(store->prune(per_flow)).deleted, left_of_flow - 10);
    RetentionPolicy of_flow;
    of_flow.regardingobjectid = flow_of(1);
    of_flow.keep = 1;
    EXPECT_EQ(value_of(store->prune(of_flow)).deleted, 9U);
    RetentionPolicy rest;
    rest.keep = 0;
    EXPECT_EQ(value_of(store->prune(rest)).deleted, count / 2 - count / 2 / 1000 + 1);
    EXPECT_TRUE(ids_of(*store).empty());
  }
}

// What others delete meanwhile counts: no more goes than the policy says.
TEST(Prune, KeepsWhatItShouldWhileOthersDelete) {
  const TestStore store;
  std::vector<Session> sessions;
  for (int i = 0; i < 30'000; ++i) sessions.push_back(closed(now() - 1000h + std::chrono::seconds(i)));
  ASSERT_TRUE(store->import_sessions(sessions));
  RetentionPolicy policy;
  policy.keep = 5'000;
  policy.keep_per_flow = 6'000;  // they are of one flow, which is none
  PruneOptions pruning;
  bool is_done = false;
  pruning.progress = [&](std::uint64_t, std::uint64_t) {
    if (!std::exchange(is_done, true)) {
      std::vector<Guid> ids;
      for (int i = 21'000; i < 24'000; ++i) ids.push_back(*sessions[static_cast<std::size_t>(i)].flowsessionid);
      EXPECT_TRUE(store->erase_multiple(ids));
    }
    return true;
  };
  EXPECT_EQ(value_of(store->prune(policy, pruning)).deleted, 22'000U);
  EXPECT_EQ(ids_of(*store).size(), 5'000U);
}

TEST(Prune, StopsWhenItsTimeIsUp) {
  const TestStore store;
  std::vector<Session> sessions;
  for (int i = 0; i < 100; ++i) sessions.push_back(closed(now() - 100h));
  ASSERT_TRUE(store->import_sessions(sessions));
  RetentionPolicy policy;
  policy.keep = 0;
  PruneOptions pruning;
  pruning.batch = 10;
  pruning.progress = [](std::uint64_t done, std::uint64_t) { return done < 30; };
  const auto stopped = value_of(store->prune(policy, pruning));
  EXPECT_EQ(stopped.deleted, 30U);
  EXPECT_FALSE(stopped.is_complete);
  pruning.progress = {};
  pruning.time_budget = 0ms;
  EXPECT_FALSE(value_of(store->prune(policy, pruning)).is_complete);
  EXPECT_GE(ids_of(*store).size(), 60U);
  pruning.time_budget = std::chrono::milliseconds::max();
  EXPECT_TRUE(value_of(store->prune(policy, pruning)).is_complete);
  EXPECT_TRUE(ids_of(*store).empty());
}

TEST(Prune, RefusesWhatCannotBeMeant) {
  const TestStore store;
  EXPECT_THAT(refusal(store->prune({})).message, HasSubstr("needs a limit"));
  RetentionPolicy policy;
  policy.keep = 5;
  policy.statuscodes = {StatusCode::failed, StatusCode::running};
  const Error open = refusal(store->prune(policy));
  EXPECT_EQ(open.code, Errc::invalid_argument);
  EXPECT_THAT(open.message, HasSubstr("Running is open"));
  policy.statuscodes = {static_cast<StatusCode>(99)};
  EXPECT_THAT(refusal(store->prune(policy)).message, HasSubstr("99 is not a status"));
  policy.statuscodes.clear();
  policy.max_age = -1ms;
  EXPECT_THAT(refusal(store->prune(policy)).message, HasSubstr("less than nothing"));
  policy.max_age.reset();
  PruneOptions pruning;
  pruning.batch = 0;
  EXPECT_THAT(refusal(store->prune(policy, pruning)).message, HasSubstr("batch"));
  policy.max_age = std::chrono::milliseconds::max();  // longer than there has been time
  ASSERT_TRUE(store->import_sessions(std::vector{closed(min_timestamp)}));
  EXPECT_EQ(value_of(store->prune(policy)).deleted, 0U);
}

}  // namespace
}  // namespace flowkeep

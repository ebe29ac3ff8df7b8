// The dictionaries that a store makes of its own rows.
#include <gmock/gmock.h>

#include <chrono>
#include <random>
#include <thread>

#include "store_fixture.hpp"

namespace flowkeep {
namespace {

using test::TestStore;
using test::value_of;

Session run_of(std::uint64_t number, std::string_view flow = "invoice entry") {
  Session session;
  session.name = "invoice entry " + std::to_string(number);
  session.context = R"({"hostName":"robot-)" + std::to_string(number % 7) +
                    R"(.example.org","attendedMode":"Unattended","agentVersion":"2.45.404.24142","flow":")" +
                    std::string(flow) + "\"}";
  session.rundetails = R"({"steps":{"total":90,"done":)" + std::to_string(number % 90) + "}}";
  session.sessionusername = "EXAMPLE\\svc-robot-" + std::to_string(number % 7);
  session.inputs.emplace().content =
      Content(R"({"invoice":)" + std::to_string(number) + R"(,"currency":"EUR","flow":")" + std::string(flow) +
              R"(","lines":[{"article":"A-100","quantity":3}]})");
  session.inputs->name = "inputs.json";
  return session;
}

std::vector<Session> runs(std::uint64_t first, std::uint64_t count, std::string_view flow = "invoice entry") {
  std::vector<Session> sessions;
  for (std::uint64_t number = first; number < first + count; ++number) sessions.push_back(run_of(number, flow));
  return sessions;
}

// A name that nothing can be learnt of but by having seen it.
std::string strange_flow() {
  std::mt19937_64 random(5);
  std::string name;
  while (name.size() < 400) name += static_cast<char>('a' + random() % 26);
  return name;
}

void expect_all(const Store& store, const std::vector<Guid>& ids, std::uint64_t first = 0,
                std::string_view flow = "invoice entry") {
  const Snapshot snapshot = value_of(store.snapshot());
  for (std::size_t i = 0; i < ids.size(); ++i) {
    const Session expected = run_of(first + i, flow);
    const SessionView session = value_of(snapshot.get(ids[i]));
    ASSERT_EQ(session.name(), expected.name);
    ASSERT_EQ(session.context(), expected.context);
    ASSERT_EQ(value_of(snapshot.read(session.inputs())), value_of(expected.inputs->content.bytes()));
  }
}

std::uint64_t live_bytes(const TestStore& store) {
  return value_of(store->stats()).live_bytes;
}

TEST(Dictionary, IsMadeOfALargeBatchBeforeItIsStored) {
  TestStore store;
  const auto ids = value_of(store->create_multiple(runs(0, 2000)));
  EXPECT_EQ(store.entries("dictionaries"), 2U);
  EXPECT_LT(live_bytes(store) / ids.size(), 800U);
  expect_all(*store, ids);
  EXPECT_TRUE(value_of(store->check()).clean());
  store.reopen();
  expect_all(*store, ids);
  const Guid one = value_of(store->create(run_of(5000)));
  expect_all(*store, {one}, 5000);
  EXPECT_EQ(store.entries("dictionaries"), 2U);
}

TEST(Dictionary, IsMadeOnTheSideOfSmallWrites) {
  TestStore store;
  std::vector<Guid> ids;
  for (int batch = 0; batch < 12; ++batch) {
    for (const Guid& id : value_of(store->create_multiple(runs(ids.size(), 100)))) ids.push_back(id);
  }
  EXPECT_EQ(store.entries("dictionaries"), 0U);
  // A write finds that there were enough before it; the thread needs its time.
  for (int wait = 0; store.entries("dictionaries") == 0 && wait < 1000; ++wait) {
    ids.push_back(value_of(store->create(run_of(ids.size()))));
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  EXPECT_EQ(store.entries("dictionaries"), 2U);
  ids.push_back(value_of(store->create(run_of(ids.size()))));
  expect_all(*store, ids);
  store.reopen();
  expect_all(*store, ids);
  EXPECT_TRUE(value_of(store->check()).clean());
}

TEST(Dictionary, IsMadeAnewForABatchUnlikeTheOthers) {
  TestStore store;
  const auto first = value_of(store->create_multiple(runs(0, 1500)));
  const std::uint64_t before = store.entries("dictionaries");
  value_of(store->create_multiple(runs(1500, 1500)));
  EXPECT_EQ(store.entries("dictionaries"), before);  // it is like the first
  const std::string other = strange_flow();
  const auto ids = value_of(store->create_multiple(runs(0, 1500, other)));
  EXPECT_GT(store.entries("dictionaries"), before);
  expect_all(*store, first);
  expect_all(*store, ids, 0, other);
  EXPECT_TRUE(value_of(store->check()).clean());
}

TEST(Dictionary, IsNotMadeWhereThereIsNothingToLearn) {
  TestStore store;
  std::vector<Session> bare(1500);
  value_of(store->create_multiple(bare));
  EXPECT_LE(store.entries("dictionaries"), 1U);
  EXPECT_TRUE(value_of(store->check()).clean());
}

std::vector<Session> without_contents(std::vector<Session> sessions) {
  for (Session& session : sessions) session.inputs.reset();
  return sessions;
}

TEST(Dictionary, ForContentsIsMadeWhenThereAreContents) {
  TestStore store;
  value_of(store->create_multiple(without_contents(runs(0, 1500))));
  EXPECT_EQ(store.entries("dictionaries"), 1U);
  std::vector<Guid> ids;
  for (int batch = 0; batch < 20; ++batch) {
    for (const Guid& id : value_of(store->create_multiple(runs(ids.size(), 100)))) ids.push_back(id);
  }
  for (int wait = 0; store.entries("dictionaries") == 1 && wait < 1000; ++wait) {
    ids.push_back(value_of(store->create(run_of(ids.size()))));
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  const std::uint64_t made = store.entries("dictionaries");
  EXPECT_GE(made, 2U);
  expect_all(*store, ids);
  // A batch without contents says nothing about them.
  value_of(store->create_multiple(without_contents(runs(0, 1500))));
  EXPECT_EQ(store.entries("dictionaries"), made);
}

TEST(Dictionary, IsUsedAgainWhereKindsOfSessionsTakeTurns) {
  TestStore store;
  const std::string other = strange_flow();
  for (int turn = 0; turn < 8; ++turn) {
    expect_all(*store, value_of(store->create_multiple(runs(0, 1200))));
    expect_all(*store, value_of(store->create_multiple(runs(0, 1200, other))), 0, other);
  }
  // Two for each kind; and the thread looks whether there are better ones when the sessions have doubled.
  EXPECT_LE(store.entries("dictionaries"), 12U);
  EXPECT_TRUE(value_of(store->check()).clean());
}

TEST(Dictionary, IsAlsoReadByASnapshotFromBefore) {
  TestStore store;
  const Guid early = value_of(store->create(run_of(1)));
  Snapshot snapshot = value_of(store->snapshot());
  const auto ids = value_of(store->create_multiple(runs(0, 1200)));
  const SessionView session = value_of(snapshot.get(early));
  EXPECT_EQ(session.name(), run_of(1).name);
  value_of(snapshot.renew());
  const SessionView later = value_of(snapshot.get(ids.back()));
  EXPECT_EQ(later.name(), run_of(1199).name);
}

}  // namespace
}  // namespace flowkeep

// The retention schedule that a store's agents apply by themselves.
#include <chrono>
#include <thread>

#include "agent_fixture.hpp"

namespace flowkeep::agent {
namespace {

using namespace std::chrono_literals;

Session closed(Timestamp completedon) {
  Session session;
  session.statuscode = StatusCode::succeeded;
  session.completedon = completedon;
  return session;
}

RetentionSchedule keep(std::uint64_t sessions) {
  RetentionSchedule schedule;
  schedule.policy.keep = sessions;
  return schedule;
}

class Schedule : public testing::Test {
 protected:
  /// Waits until so many sessions are left.
  void await_sessions(const Store& store, std::uint64_t count) {
    while (fault::size_of(store) != count) std::this_thread::sleep_for(5ms);
  }
  void fill(const Store& store, int count) {
    for (int i = 0; i < count; ++i) value_of(store.create(closed(now() - std::chrono::hours(i))));
  }
  fault::Watchdog watchdog{};
  fault::TemporaryDirectory directory{};
  const std::string path = directory.file();
};

TEST_F(Schedule, IsKeptInTheFile) {
  RetentionSchedule schedule;
  schedule.policy = {.max_age = 90 * 24h,
                     .keep = 10,
                     .keep_per_flow = 3,
                     .max_bytes = 1ULL << 30,
                     .statuscodes = {StatusCode::failed, StatusCode::succeeded},
                     .regardingobjectid = Guid::make()};
  schedule.interval = 10min;
  {
    const Store store = fault::open_store(path);
    EXPECT_FALSE(value_of(store.retention_schedule()));
    succeed(store.set_retention_schedule(schedule));
  }
  const Store store = fault::open_store(path);
  const auto found = value_of(store.retention_schedule());
  ASSERT_TRUE(found);
  EXPECT_EQ(found->policy.max_age, schedule.policy.max_age);
  EXPECT_EQ(found->policy.keep, schedule.policy.keep);
  EXPECT_EQ(found->policy.keep_per_flow, schedule.policy.keep_per_flow);
  EXPECT_EQ(found->policy.max_bytes, schedule.policy.max_bytes);
  EXPECT_EQ(found->policy.statuscodes, schedule.policy.statuscodes);
  EXPECT_EQ(found->policy.regardingobjectid, schedule.policy.regardingobjectid);
  EXPECT_EQ(found->interval, schedule.interval);
  EXPECT_FALSE(found->last_run);
  succeed(store.set_retention_schedule(std::nullopt));
  EXPECT_FALSE(value_of(store.retention_schedule()));
  fault::expect_clean(store);
}

TEST_F(Schedule, RefusesWhatCannotBeMeant) {
  const Store store = fault::open_store(path);
  succeed(store.set_retention_schedule(keep(5)));
  RetentionSchedule open = keep(1);
  open.policy.statuscodes = {StatusCode::running};
  RetentionSchedule often = keep(1);
  often.interval = 59s;
  RetentionSchedule rarely = keep(1);
  rarely.interval = std::chrono::hours(24 * 366);
  for (const RetentionSchedule& wrong : {RetentionSchedule{}, open, often, rarely}) {
    EXPECT_EQ(fault::code_of(store.set_retention_schedule(wrong)), Errc::invalid_argument);
  }
  EXPECT_EQ(value_of(store.retention_schedule())->policy.keep, 5U);
}

TEST_F(Schedule, IsAppliedByAnAgentThatHasTheStoreOpen) {
  const Store store = open_as_agent(path);
  fill(store, 20);
  succeed(store.set_retention_schedule(keep(5)));
  await_sessions(store, 5);
  EXPECT_TRUE(value_of(store.retention_schedule())->last_run);
}

TEST_F(Schedule, IsAppliedAtTheNextOpeningByAnAgent) {
  {
    const Store store = fault::open_store(path);
    fill(store, 20);
    succeed(store.set_retention_schedule(keep(5)));
  }
  {
    const Store visitor = fault::open_store(path);
    std::this_thread::sleep_for(50ms);
    EXPECT_EQ(fault::size_of(visitor), 20U);
  }
  await_sessions(open_as_agent(path), 5);
}

TEST_F(Schedule, WaitsForTheIntervalWhoeverHasDoneIt) {
  const Store store = open_as_agent(path);
  fill(store, 3);
  succeed(store.set_retention_schedule(keep(1)));
  await_sessions(store, 1);
  const auto first = value_of(store.retention_schedule())->last_run;
  fill(store, 3);
  EXPECT_EQ(fault::in_child([&] {
              const Store other = open_as_agent(path);
              std::this_thread::sleep_for(50ms);
              return 0;
            }),
            0);
  EXPECT_EQ(fault::size_of(store), 4U);
  EXPECT_EQ(value_of(store.retention_schedule())->last_run, first);
  // What is set anew keeps the time of the last run.
  succeed(store.set_retention_schedule(keep(2)));
  EXPECT_EQ(value_of(store.retention_schedule())->last_run, first);
}

TEST_F(Schedule, DoesNotHoldUpTheCloseOfItsStore) {
  const Store store = open_as_agent(path);
  std::vector<Session> sessions(20'000, closed(now()));
  value_of(store.create_multiple(sessions));
  succeed(store.set_retention_schedule(keep(1)));
}

}  // namespace
}  // namespace flowkeep::agent

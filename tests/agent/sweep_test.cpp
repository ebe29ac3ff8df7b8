// Sweeps: what agents that are gone have left open is closed, and nothing else.
#include <array>
#include <atomic>
#include <chrono>
#include <thread>
#include <vector>

#include "agent_fixture.hpp"

namespace flowkeep::agent {
namespace {

using fault::Child;
using fault::Gate;
using fault::Shared;
using fault::TemporaryDirectory;

/// Runs `body(store)` in a child that is an agent, and kills it there.
template <class Body>
void in_agent_that_is_killed(const std::string& path, Body&& body) {
  Gate gate;
  Child child([&] {
    const Store store = open_as_agent(path);
    body(store);
    gate.arrive_and_wait();
    return 0;
  });
  gate.await();
  child.kill();
}

SweepOptions dry_run() {
  SweepOptions options;
  options.mode = SweepOptions::Mode::dry_run;
  return options;
}

class Sweep : public testing::Test {
 protected:
  /// Ids of sessions that are made by children.
  Shared<std::array<Guid, 16>> ids{};
  TemporaryDirectory directory{};
  const std::string path = directory.file();
};

TEST_F(Sweep, AbortsWhatAnAgentThatDiedHasLeftRunning) {
  in_agent_that_is_killed(path, [&](const Store& store) {
    (*ids)[0] = start_run(store);
    (*ids)[1] = start_run(store);
    value_of(store.transition((*ids)[1], StatusCode::paused));
  });
  const Store store = fault::open_store(path);
  const SweepResult expected = value_of(store.sweep(dry_run()));
  EXPECT_EQ(expected.aborted, 2U);
  EXPECT_EQ(value_of(store.get((*ids)[0])).statuscode, StatusCode::running);

  const SweepResult result = value_of(store.sweep());
  EXPECT_EQ(result.aborted, 2U);
  EXPECT_EQ(result.open, 2U);
  EXPECT_EQ(result.running, 0U);
  EXPECT_TRUE(result.is_complete);
  for (const int i : {0, 1}) {
    const Session session = value_of(store.get((*ids)[static_cast<std::size_t>(i)]));
    EXPECT_EQ(session.statuscode, StatusCode::aborted);
    EXPECT_EQ(session.errorcode, agent_process_ended);
    EXPECT_TRUE(session.completedon);
    ASSERT_TRUE(session.errormessage);
    EXPECT_THAT(*session.errormessage, testing::HasSubstr("ended without closing it"));
  }
  EXPECT_EQ(value_of(store.sweep()).aborted, 0U);
  fault::expect_clean(store);
}

TEST_F(Sweep, KeepsTheMessageThatTheRunHadAndItsCallbackIsSent) {
  in_agent_that_is_killed(path, [&](const Store& store) {
    Session session = waiting();
    session.errormessage = "the printer is on fire";
    session.callbackurl = "https://example.com/done";
    (*ids)[0] = start_run(store, session);
  });
  const Store store = open_as_agent(path);
  const Session session = value_of(store.get((*ids)[0]));
  EXPECT_EQ(session.errorcode, agent_process_ended);
  EXPECT_EQ(session.errormessage, "the printer is on fire");
  const auto callback = value_of(value_of(store.snapshot()).callback((*ids)[0]));
  ASSERT_TRUE(callback);
  EXPECT_EQ(callback->statuscode, StatusCode::aborted);
}

TEST_F(Sweep, IsMadeWhenAnAgentOpensAndNotWhenAVisitorDoes) {
  in_agent_that_is_killed(path, [&](const Store& store) { (*ids)[0] = start_run(store); });
  {
    const Store store = fault::open_store(path);
    EXPECT_EQ(value_of(store.get((*ids)[0])).statuscode, StatusCode::running);
  }
  const Store store = open_as_agent(path);
  EXPECT_EQ(value_of(store.get((*ids)[0])).statuscode, StatusCode::aborted);
}

TEST_F(Sweep, LeavesTheSessionsOfALivingAgentAlone) {
  Gate gate;
  Child child([&] {
    const Store store = open_as_agent(path);
    (*ids)[0] = start_run(store);
    gate.arrive_and_wait();
    return store.transition((*ids)[0], StatusCode::succeeded) ? 0 : 1;
  });
  gate.await();
  {
    const Store store = open_as_agent(path);
    const SweepResult result = value_of(store.sweep());
    EXPECT_EQ(result.aborted, 0U);
    EXPECT_EQ(result.running, 1U);
    EXPECT_EQ(value_of(store.get((*ids)[0])).statuscode, StatusCode::running);
  }
  gate.open();
  EXPECT_EQ(child.wait(), 0);
}

TEST_F(Sweep, LeavesTheSessionsOfAStoppedAgentAlone) {
  Gate gate;
  Child child([&] {
    const Store store = open_as_agent(path);
    (*ids)[0] = start_run(store);
    // What a stopped process has not put into the tables, nobody sees.
    static_cast<void>(value_of(store.snapshot()));
    gate.arrive_and_wait();
    return 0;
  });
  gate.await();
  child.stop();
  {
    const Store store = fault::open_store(path);
    EXPECT_EQ(value_of(store.sweep()).running, 1U);
  }
  child.go_on();
  gate.open();
  EXPECT_EQ(child.wait(), 0);
}

TEST_F(Sweep, LeavesWhatNoAgentRan) {
  in_agent_that_is_killed(path, [&](const Store& store) {
    (*ids)[0] = value_of(store.create(waiting()));  // not begun
    Session imported = waiting();
    imported.flowsessionid = (*ids)[1] = Guid::make();
    imported.statuscode = StatusCode::running;
    EXPECT_TRUE(store.import_sessions(std::vector<Session>{imported}));
  });
  EXPECT_EQ(fault::in_child([&] {
              const Store visitor = fault::open_store(path);
              (*ids)[2] = start_run(visitor);
              return 0;
            }),
            0);
  const Store store = fault::open_store(path);
  const SweepResult result = value_of(store.sweep());
  EXPECT_EQ(result.open, 3U);
  EXPECT_EQ(result.running, 0U);
  EXPECT_EQ(result.aborted, 0U);
}

TEST_F(Sweep, ASessionThatAVisitorTouchesStaysItsAgents) {
  in_agent_that_is_killed(path, [&](const Store& store) { (*ids)[0] = start_run(store); });
  const Store store = fault::open_store(path);
  SessionUpdate update;
  update.set.rundetails = "looked at";
  value_of(store.update((*ids)[0], update));
  value_of(store.transition((*ids)[0], StatusCode::suspended));
  value_of(store.transition((*ids)[0], StatusCode::running));
  EXPECT_EQ(value_of(store.sweep()).aborted, 1U);
}

TEST_F(Sweep, ASessionThatAnotherAgentTakesOverIsThatOnes) {
  Gate gate;
  Child child([&] {
    const Store store = open_as_agent(path);
    (*ids)[0] = start_run(store);
    value_of(store.transition((*ids)[0], StatusCode::suspended));
    gate.arrive_and_wait();
    return 0;
  });
  gate.await();
  const Store store = open_as_agent(path);
  value_of(store.transition((*ids)[0], StatusCode::running));
  child.kill();
  const SweepResult result = value_of(store.sweep());
  EXPECT_EQ(result.running, 1U);
  EXPECT_EQ(result.aborted, 0U);
}

TEST_F(Sweep, WhatWasClosedAndOpenedAgainIsNobodys) {
  { const Store store = fault::open_store(path, {.model = StateModel::platform()}); }
  in_agent_that_is_killed(path, [&](const Store& store) {
    (*ids)[0] = start_run(store);
    value_of(store.transition((*ids)[0], StatusCode::failed));
  });
  const Store store = fault::open_store(path);
  value_of(store.transition((*ids)[0], StatusCode::running));
  EXPECT_EQ(value_of(store.sweep()).aborted, 0U);
  EXPECT_EQ(value_of(store.get((*ids)[0])).statuscode, StatusCode::running);
}

TEST_F(Sweep, CountsWhatTheModelDoesNotLetGo) {
  {
    const Move moves[] = {{StatusCode::waiting, StatusCode::running}, {StatusCode::running, StatusCode::succeeded}};
    const Store store = fault::open_store(path, {.model = value_of(StateModel::make("strict", moves))});
  }
  in_agent_that_is_killed(path, [&](const Store& store) { (*ids)[0] = start_run(store); });
  const Store store = fault::open_store(path);
  EXPECT_EQ(value_of(store.sweep(dry_run())).refused, 1U);
  const SweepResult result = value_of(store.sweep());
  EXPECT_EQ(result.refused, 1U);
  EXPECT_EQ(result.aborted, 0U);
  // It is known still whose it was.
  succeed(store.set_state_model(StateModel::desktop_flow()));
  EXPECT_EQ(value_of(store.sweep()).aborted, 1U);
}

TEST_F(Sweep, AnAgentThatOpensAgainInTheSameProcessIsTheSame) {
  Guid id{};
  {
    const Store store = open_as_agent(path);
    id = start_run(store);
  }
  const Store store = open_as_agent(path);
  EXPECT_EQ(value_of(store.sweep()).running, 1U);
  EXPECT_EQ(value_of(store.get(id)).statuscode, StatusCode::running);
}

TEST_F(Sweep, AnAgentThatCannotWriteIsRefused) {
  { const Store store = fault::open_store(path); }
  EXPECT_EQ(fault::code_of(Store::open(path, {.mode = OpenMode::read_only, .role = Role::agent})),
            Errc::invalid_argument);
  EXPECT_EQ(fault::code_of(Store::open(path, {.on_cancel = [](const CancelRequest&) {}})), Errc::invalid_argument);
}

TEST_F(Sweep, AReaderMaySeeWhatItWouldDo) {
  in_agent_that_is_killed(path, [&](const Store& store) { (*ids)[0] = start_run(store); });
  { const Store store = fault::open_store(path); }  // recovers
  const Store store = fault::open_store(path, {.mode = OpenMode::read_only});
  EXPECT_EQ(value_of(store.sweep(dry_run())).aborted, 1U);
  EXPECT_EQ(fault::code_of(store.sweep()), Errc::access_denied);
}

TEST_F(Sweep, LooksAtAsManyOpenSessionsAsThereAre) {
  const Store store = fault::open_store(path);
  for (int batch = 0; batch < 5; ++batch) {
    Session running = waiting();
    running.statuscode = StatusCode::running;
    EXPECT_TRUE(store.import_sessions(std::vector<Session>(5'000, running)));
  }
  EXPECT_EQ(value_of(store.sweep()).open, 25'000U);
  EXPECT_EQ(value_of(store.sweep(dry_run())).open, 25'000U);
  EXPECT_EQ(fault::in_child([&] { return Store::open(path, {.role = Role::agent}) ? 0 : 1; }), 0);
}

// What it handed over before it was killed is in the journal, which somebody else has open, and not in the tables.
TEST_F(Sweep, SeesWhatTheDeadHaveHandedOver) {
  const Store store = fault::open_store(path);
  for (int round = 0; round < 20; ++round) {
    Shared<std::atomic<int>> running;
    Child agent([&] {
      const auto own = Store::open(path, {.role = Role::agent});
      if (!own) return 1;
      for (;;) {
        Session session = waiting();
        session.statuscode = StatusCode::running;
        if (!own->create(session)) return 2;
        ++*running;
      }
    });
    while (running->load() < 5 + round) std::this_thread::sleep_for(std::chrono::microseconds(100));
    agent.kill();
    const SweepResult result = value_of(store.sweep());
    EXPECT_GE(result.aborted, static_cast<std::uint64_t>(running->load()));
    EXPECT_EQ(value_of(value_of(store.snapshot()).count({.statuscodes = {StatusCode::running}})), 0U);
    fault::expect_clean(store);
    ASSERT_FALSE(HasFailure()) << "round " << round;
  }
}

}  // namespace
}  // namespace flowkeep::agent

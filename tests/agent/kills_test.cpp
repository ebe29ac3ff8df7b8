// What is promised of runs across crashes: agents, those who ask for an end and those who deliver callbacks are killed
// at any moment, again and again.
#include <array>
#include <atomic>
#include <chrono>
#include <random>
#include <thread>

#include "agent_fixture.hpp"

namespace flowkeep::agent {
namespace {

using namespace std::chrono_literals;
using fault::Child;
using fault::Shared;

constexpr int kills_wanted = 200;
constexpr std::size_t most_runs = 40'000;

/// How far a run had got, as its agent was told.
enum class Stage : int { none, created, running, ending, ended, asked };

struct Begun {
  Guid id;
  std::atomic<Stage> stage;
  std::atomic<int> deliveries;
};

/// Runs that children have begun; in memory that outlives them.
struct Runs {
  std::atomic<std::size_t> count;
  std::array<Begun, most_runs> of;
};

class Kills : public testing::Test {
 protected:
  Kills() {
    SCOPED_TRACE(seed);
    { const Store store = fault::open_store(path); }
  }
  void pause() { std::this_thread::sleep_for(std::chrono::microseconds(random() % 15'000)); }
  [[nodiscard]] std::size_t begun() const { return std::min(runs->count.load(), most_runs); }
  Begun* next() {
    const std::size_t place = runs->count++;
    return place < most_runs ? &runs->of[place] : nullptr;
  }

  const unsigned seed = std::random_device{}();
  std::mt19937 random{seed};
  fault::Watchdog watchdog{std::chrono::seconds(200)};
  fault::TemporaryDirectory directory{};
  const std::string path = directory.file();
  Shared<Runs> runs{};
};

TEST_F(Kills, ASweepClosesWhatTheDeadHaveLeftAndNothingOfTheLiving) {
  SCOPED_TRACE(seed);
  Shared<std::atomic<int>> living_runs;
  Child living([&] {
    const auto store = Store::open(path, {.role = Role::agent});
    if (!store) return 1;
    for (;;) {
      const auto id = store->create(waiting("living"));
      if (!id || !store->transition(*id, StatusCode::running)) return 2;
      std::this_thread::sleep_for(1ms);
      // Nobody else may have touched it.
      if (!store->transition(*id, StatusCode::succeeded)) return 3;
      ++*living_runs;
    }
  });
  std::uint64_t aborted = 0;
  std::size_t checked = 0;
  for (int kills = 0; kills < kills_wanted; ++kills) {
    Child victim([&] {
      const auto store = Store::open(path, {.role = Role::agent});
      if (!store) return 1;
      for (;;) {
        Begun* const run = next();
        if (run == nullptr) return 2;
        const auto id = store->create(waiting("victim"));
        if (!id) return 3;
        run->id = *id;
        run->stage = Stage::created;
        if (!store->transition(*id, StatusCode::running)) return 4;
        run->stage = Stage::running;
        if (begun() % 3 == 0) continue;  // goes on for ever
        run->stage = Stage::ending;
        if (!store->transition(*id, StatusCode::succeeded)) return 5;
        run->stage = Stage::ended;
      }
    });
    const std::size_t before = begun();
    while (begun() == before) std::this_thread::sleep_for(100us);
    pause();
    victim.kill();
    const Store store = open_as_agent(path);
    const std::size_t end = begun();
    for (; checked < end; ++checked) {
      const Begun& run = runs->of[checked];
      const Stage stage = run.stage;
      if (stage == Stage::none) continue;
      const Session session = value_of(store.get(run.id));
      const StatusCode status = *session.statuscode;
      if (status == StatusCode::aborted) {
        ++aborted;
        EXPECT_EQ(session.errorcode, agent_process_ended);
      }
      const bool may_be_aborted = stage != Stage::ended;
      const bool may_be_waiting = stage == Stage::created;
      const bool may_have_succeeded = stage == Stage::ending || stage == Stage::ended;
      EXPECT_TRUE((may_be_aborted && status == StatusCode::aborted) ||
                  (may_be_waiting && status == StatusCode::waiting) ||
                  (may_have_succeeded && status == StatusCode::succeeded))
          << label(status) << " at stage " << static_cast<int>(stage);
    }
    const auto snapshot = value_of(store.snapshot());
    for (const auto& row : snapshot.by_statuscode(StatusCode::running)) {
      ASSERT_TRUE(row);
      EXPECT_EQ(row->name(), "living");
    }
    ASSERT_FALSE(HasFailure()) << "after " << kills << " kills";
  }
  EXPECT_GT(aborted, kills_wanted / 4U);
  EXPECT_GT(living_runs->load(), kills_wanted / 4);
  living.kill();
  const Store store = open_as_agent(path);
  EXPECT_LE(value_of(store.sweep()).aborted, 1U);
  fault::expect_clean(store);
}

TEST_F(Kills, AnAcknowledgedRequestToCancelStandsUntilTheRunEnds) {
  SCOPED_TRACE(seed);
  const auto run_agent = [&] {
    const auto store = Store::open(path, {.role = Role::agent});
    if (!store) return 1;
    std::vector<CancelToken> tokens;
    for (;;) {
      Begun* const run = tokens.size() < 8 ? next() : nullptr;
      if (run != nullptr) {
        const auto id = store->create(waiting());
        if (!id || !store->transition(*id, StatusCode::running)) return 2;
        auto token = store->cancel_token(*id);
        if (!token) return 3;
        tokens.push_back(*token);
        run->id = *id;
        run->stage = Stage::running;
      }
      for (std::size_t i = 0; i < tokens.size(); ++i) {
        if (!tokens[i].wait_for(1ms)) continue;
        if (!store->transition(tokens[i].flowsessionid(), StatusCode::cancelled)) return 4;
        tokens[i] = tokens.back();
        tokens.pop_back();
      }
    }
  };
  const auto ask = [&] {
    const auto store = Store::open(path);
    if (!store) return 1;
    for (std::size_t at = 0;; ++at) {
      if (at >= begun()) {
        at = begun() < 16 ? 0 : begun() - 16;
        std::this_thread::sleep_for(500us);
      }
      Begun& run = runs->of[at];
      if (run.stage != Stage::running) continue;
      const auto outcome = store->cancel(run.id);
      if (outcome) {
        run.stage = Stage::asked;
      } else if (outcome.error().code == Errc::invalid_transition) {
        run.stage = Stage::ended;
      } else {
        return 2;
      }
    }
  };
  std::optional<Child> agent;
  std::optional<Child> user;
  for (int kills = 0; kills < kills_wanted; ++kills) {
    if (!agent) agent.emplace(run_agent);
    if (!user) user.emplace(ask);
    pause();
    std::optional<Child>& killed = random() % 2 == 0 ? agent : user;
    killed->kill();
    killed.reset();
  }
  agent.reset();
  user.reset();
  const Store store = fault::open_store(path);
  const auto snapshot = value_of(store.snapshot());
  std::size_t asked = 0;
  std::size_t cancelled = 0;
  for (std::size_t i = 0; i < begun(); ++i) {
    const Begun& run = runs->of[i];
    if (run.stage != Stage::asked) continue;
    ++asked;
    const auto session = value_of(snapshot.get(run.id));
    const bool stands = value_of(snapshot.cancel_request(run.id)).has_value();
    EXPECT_NE(is_terminal(session.statuscode()), stands);
    if (session.statuscode() == StatusCode::cancelled) ++cancelled;
  }
  EXPECT_GT(asked, kills_wanted / 4U);
  EXPECT_GT(cancelled, kills_wanted / 8U);
  fault::expect_clean(store);
}

TEST_F(Kills, TheCallbackOfEveryRunThatEndedIsDelivered) {
  SCOPED_TRACE(seed);
  const auto write = [&] {
    const auto store = Store::open(path);
    if (!store) return 1;
    for (;;) {
      Begun* const run = next();
      if (run == nullptr) return 2;
      Session session = waiting();
      session.flowsessionid = run->id = Guid::make();
      session.callbackurl = "https://example.com/";
      session.importsequencenumber = static_cast<std::int32_t>(run - runs->of.data());
      if (!store->create(session) || !store->transition(run->id, StatusCode::failed)) return 3;
      run->stage = Stage::ended;
    }
  };
  // Delivers what is due; false: something failed.
  const auto deliver = [&](const Store& store) {
    const auto claimed = store.claim_callbacks(4, 10ms);
    if (!claimed) return false;
    for (const Callback& one : *claimed) {
      const auto session = store.get(one.flowsessionid);
      if (!session) return false;
      ++runs->of[static_cast<std::size_t>(*session->importsequencenumber)].deliveries;
      if (!store.note_callback(one, {CallbackState::delivered, 200, ""}, 0ms)) return false;
    }
    return true;
  };
  std::optional<Child> writer;
  std::optional<Child> deliverer;
  for (int kills = 0; kills < kills_wanted; ++kills) {
    if (!writer) writer.emplace(write);
    if (!deliverer) {
      deliverer.emplace([&] {
        const auto store = Store::open(path);
        while (store && deliver(*store)) {
        }
        return 1;
      });
    }
    pause();
    std::optional<Child>& killed = random() % 2 == 0 ? writer : deliverer;
    killed->kill();
    killed.reset();
  }
  writer.reset();
  deliverer.reset();
  const Store store = fault::open_store(path);
  while (value_of(store.stats()).callbacks_waiting != 0) ASSERT_TRUE(deliver(store));
  std::size_t ended = 0;
  for (std::size_t i = 0; i < begun(); ++i) {
    const Begun& run = runs->of[i];
    if (run.stage != Stage::ended) continue;
    ++ended;
    EXPECT_GE(run.deliveries, 1);
    EXPECT_EQ(value_of(value_of(store.snapshot()).callback(run.id))->state, CallbackState::delivered);
  }
  EXPECT_GT(ended, kills_wanted / 2U);
  fault::expect_clean(store);
}

}  // namespace
}  // namespace flowkeep::agent

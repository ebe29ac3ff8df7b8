// CancelDesktopFlowRun: what is asked, who learns of it, and who wins.
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <random>
#include <thread>

#include "agent_fixture.hpp"

namespace flowkeep::agent {
namespace {

using namespace std::chrono_literals;
using fault::Child;
using fault::Gate;
using fault::Shared;

/// What on_cancel was told.
class Heard {
 public:
  std::function<void(const CancelRequest&)> listener() {
    return [this](const CancelRequest& request) {
      const std::lock_guard lock(mutex_);
      requests_.push_back(request);
      changed_.notify_all();
    };
  }
  void await(std::size_t count) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return requests_.size() >= count; });
  }
  std::vector<CancelRequest> requests() {
    const std::lock_guard lock(mutex_);
    return requests_;
  }

 private:
  std::mutex mutex_{};
  std::condition_variable changed_{};
  std::vector<CancelRequest> requests_{};
};

class Cancel : public testing::Test {
 protected:
  std::optional<CancelRequest> request_of(const Store& store, const Guid& id) {
    return value_of(value_of(store.snapshot()).cancel_request(id));
  }
  fault::Watchdog watchdog{};
  fault::TemporaryDirectory directory{};
  const std::string path = directory.file();
};

TEST_F(Cancel, EndsARunThatHasNotStartedAtOnce) {
  const Store store = fault::open_store(path);
  for (const StatusCode status : {StatusCode::waiting, StatusCode::paused, StatusCode::suspended}) {
    Session session;
    session.statuscode = status;
    session.callbackurl = "https://example.com/";
    const Guid id = value_of(store.create(session));
    EXPECT_EQ(value_of(store.cancel(id)), CancelOutcome::cancelled);
    const Session after = value_of(store.get(id));
    EXPECT_EQ(after.statuscode, StatusCode::cancelled);
    EXPECT_TRUE(after.completedon);
    EXPECT_FALSE(request_of(store, id));
    EXPECT_TRUE(value_of(value_of(store.snapshot()).callback(id)));
  }
  fault::expect_clean(store);
}

TEST_F(Cancel, AsksForTheEndOfARunThatHasStarted) {
  const Guid user = Guid::make();
  const Store store = fault::open_store(path, {.caller = {user, {}, {}}});
  const Guid id = start_run(store);
  const std::int64_t version = *value_of(store.get(id)).versionnumber;
  EXPECT_EQ(value_of(store.cancel(id)), CancelOutcome::requested);
  const auto request = request_of(store, id);
  ASSERT_TRUE(request);
  EXPECT_EQ(request->flowsessionid, id);
  EXPECT_EQ(request->requestedby, user);
  // The session is as it was.
  EXPECT_EQ(value_of(store.get(id)).statuscode, StatusCode::running);
  EXPECT_EQ(value_of(store.get(id)).versionnumber, version);

  EXPECT_EQ(value_of(store.cancel(id)), CancelOutcome::already_requested);
  EXPECT_EQ(request_of(store, id)->requestedon, request->requestedon);
  EXPECT_EQ(value_of(store.stats()).cancel_requests, 1U);
  fault::expect_clean(store);
  value_of(store.transition(id, StatusCode::cancelled));
  EXPECT_FALSE(request_of(store, id));
  fault::expect_clean(store);
}

TEST_F(Cancel, IsThereAfterTheStoreWasOpenedAgain) {
  Guid id{};
  {
    const Store store = fault::open_store(path);
    id = start_run(store);
    value_of(store.cancel(id));
  }
  const Store store = fault::open_store(path);
  EXPECT_TRUE(request_of(store, id));
  EXPECT_EQ(value_of(value_of(store.snapshot()).cancel_requests()).size(), 1U);
  EXPECT_TRUE(value_of(store.cancel_token(id)).is_requested());
}

TEST_F(Cancel, EndsWithItsSession) {
  const Store store = fault::open_store(path);
  const Guid erased = start_run(store);
  const Guid replaced = start_run(store);
  const Guid open = start_run(store);
  for (const Guid& id : {erased, replaced, open}) value_of(store.cancel(id));
  succeed(store.erase(erased));
  Session session = value_of(store.get(replaced));
  session.statuscode = StatusCode::failed;
  EXPECT_TRUE(store.import_sessions(std::vector<Session>{session}, {.on_conflict = OnConflict::replace}));
  session = value_of(store.get(open));
  EXPECT_TRUE(store.import_sessions(std::vector<Session>{session}, {.on_conflict = OnConflict::replace}));
  EXPECT_FALSE(request_of(store, erased));
  EXPECT_FALSE(request_of(store, replaced));
  EXPECT_TRUE(request_of(store, open));
  // Twice in one batch: the last word counts.
  Session ended = session;
  ended.statuscode = StatusCode::failed;
  EXPECT_TRUE(store.import_sessions(std::vector<Session>{session, ended}, {.on_conflict = OnConflict::replace}));
  EXPECT_FALSE(request_of(store, open));
  fault::expect_clean(store);
}

TEST_F(Cancel, IsRefusedWhereThereIsNothingToCancel) {
  const Store store = fault::open_store(path);
  const auto missing = store.cancel(Guid::make());
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().dataverse, DataverseCode::object_does_not_exist);
  for (int code = 0; code < status_count; ++code) {
    const auto status = static_cast<StatusCode>(code);
    if (!is_terminal(status)) continue;
    Session session;
    session.statuscode = status;
    session.statecode = state_of(status);
    const Guid id = value_of(store.create(session));
    const auto refused = store.cancel(id);
    ASSERT_FALSE(refused) << label(status);
    EXPECT_EQ(refused.error().code, Errc::invalid_transition);
    EXPECT_EQ(refused.error().dataverse, DataverseCode::invalid_state_transition);
    EXPECT_TRUE(fault::is_one_sentence_about(refused.error().message, std::string(label(status))));
  }
}

TEST_F(Cancel, IsRefusedWhereTheModelHasNoWayToCancelled) {
  const Move moves[] = {{StatusCode::waiting, StatusCode::running}, {StatusCode::running, StatusCode::succeeded}};
  const Store store = fault::open_store(path, {.model = value_of(StateModel::make("strict", moves))});
  const Guid id = start_run(store);
  EXPECT_EQ(fault::code_of(store.cancel(id)), Errc::invalid_transition);
  EXPECT_FALSE(request_of(store, id));
  const Guid queued = value_of(store.create(waiting()));
  EXPECT_EQ(fault::code_of(store.cancel(queued)), Errc::invalid_transition);
}

TEST_F(Cancel, IsUndoneWithItsTransaction) {
  const Store store = fault::open_store(path);
  const Guid id = start_run(store);
  const CancelToken token = value_of(store.cancel_token(id));
  {
    auto transaction = value_of(store.write());
    EXPECT_EQ(value_of(transaction.cancel(id)), CancelOutcome::requested);
    EXPECT_EQ(value_of(transaction.cancel(id)), CancelOutcome::already_requested);
  }
  EXPECT_FALSE(request_of(store, id));
  EXPECT_FALSE(token.wait_for(50ms));
  auto transaction = value_of(store.write());
  value_of(transaction.cancel(id));
  value_of(transaction.transition(id, StatusCode::succeeded));
  succeed(transaction.commit());
  EXPECT_FALSE(request_of(store, id));
  fault::expect_clean(store);
}

TEST_F(Cancel, TokensOfTheSameProcessAreToldAtOnce) {
  const Store store = fault::open_store(path);
  const Guid id = start_run(store);
  const CancelToken token = value_of(store.cancel_token(id));
  const CancelToken other = value_of(store.cancel_token(start_run(store)));
  const CancelToken copy = token;
  EXPECT_FALSE(token.is_requested());
  value_of(store.cancel(id));
  EXPECT_TRUE(token.is_requested());
  EXPECT_TRUE(copy.is_requested());
  EXPECT_TRUE(copy.wait_for(0ms));
  EXPECT_FALSE(other.is_requested());
  EXPECT_TRUE(value_of(store.cancel_token(id)).is_requested());
  EXPECT_EQ(fault::code_of(store.cancel_token(Guid::make())), Errc::not_found);
}

TEST_F(Cancel, ATokenOutlivesItsStore) {
  std::optional<CancelToken> token;
  std::thread waiting_thread;
  {
    const Store store = fault::open_store(path);
    token = value_of(store.cancel_token(start_run(store)));
    waiting_thread = std::thread([&] { EXPECT_FALSE(token->wait_for(1h)); });
  }
  waiting_thread.join();
  EXPECT_FALSE(token->wait_for(1h));
}

TEST_F(Cancel, AnotherProcessIsToldOfIt) {
  Shared<Guid> id;
  Gate gate;
  Child agent([&] {
    Heard heard;
    OpenOptions options;
    options.on_cancel = heard.listener();
    const Store store = open_as_agent(path, std::move(options));
    *id = start_run(store);
    const CancelToken token = value_of(store.cancel_token(*id));
    gate.arrive_and_wait();
    if (!token.wait_for(1h)) return 1;
    heard.await(1);
    return store.transition(*id, StatusCode::cancelled) ? 0 : 2;
  });
  gate.await();
  const Store store = fault::open_store(path);
  EXPECT_EQ(value_of(store.cancel(*id)), CancelOutcome::requested);
  gate.open();
  EXPECT_EQ(agent.wait(), 0);
  EXPECT_EQ(value_of(store.get(*id)).statuscode, StatusCode::cancelled);
}

TEST_F(Cancel, AnAgentHearsOfItsOwnSessionsOnce) {
  Heard heard;
  const Guid others = [&] {
    const Store visitor = fault::open_store(path);
    return start_run(visitor);
  }();
  Guid id{};
  {
    OpenOptions options;
    options.on_cancel = heard.listener();
    const Store store = open_as_agent(path, std::move(options));
    id = start_run(store);
    value_of(store.cancel(others));
    value_of(store.cancel(id));
    heard.await(1);
    // What is committed later makes the thread look again.
    for (int i = 0; i < 20; ++i) {
      start_run(store);
      value_of(store.snapshot());
      std::this_thread::sleep_for(5ms);
    }
    ASSERT_EQ(heard.requests().size(), 1U);
    EXPECT_EQ(heard.requests()[0].flowsessionid, id);
  }
  // Whoever opens again is told of what stands.
  Heard again;
  OpenOptions options;
  options.on_cancel = again.listener();
  const Store store = open_as_agent(path, std::move(options));
  value_of(store.create(waiting()));
  again.await(1);
  EXPECT_EQ(again.requests()[0].flowsessionid, id);
}

// Whatever the order, the session has one end, and what each was told is true.
TEST_F(Cancel, RacesWithTheEndOfTheRunAndOneWins) {
  const Store store = fault::open_store(path);
  const auto seed = std::random_device{}();
  SCOPED_TRACE(seed);
  std::mt19937 random(seed);
  for (int round = 0; round < 300; ++round) {
    const bool has_started = round % 3 != 0;
    const Guid id = has_started ? start_run(store) : value_of(store.create(waiting()));
    const auto pause = std::chrono::microseconds(random() % 200);
    std::optional<Result<CancelOutcome>> asked;
    std::thread user([&] {
      std::this_thread::sleep_for(pause);
      asked = store.cancel(id);
    });
    const auto ended = store.transition(id, has_started ? StatusCode::succeeded : StatusCode::skipped);
    user.join();
    const StatusCode status = value_of(store.status_of(id)).statuscode;
    ASSERT_TRUE(is_terminal(status));
    EXPECT_FALSE(request_of(store, id));
    if (*asked) {
      if (**asked == CancelOutcome::cancelled) {
        EXPECT_EQ(status, StatusCode::cancelled);
        EXPECT_EQ(fault::code_of(ended), Errc::invalid_transition);
      } else {
        EXPECT_EQ(status, StatusCode::succeeded);
        EXPECT_TRUE(ended);
      }
    } else {
      EXPECT_EQ(asked->error().code, Errc::invalid_transition);
      EXPECT_TRUE(ended);
    }
  }
  fault::expect_clean(store);
}

TEST_F(Cancel, RacesWithTheEndOfTheRunInAnotherProcess) {
  constexpr int rounds = 100;
  Shared<std::array<Guid, rounds>> ids;
  Shared<std::array<int, rounds>> ends;  // 1: it ended well; 2: it was cancelled before
  Gate gate;
  Child agent([&] {
    const Store store = open_as_agent(path);
    for (Guid& id : *ids) id = start_run(store);
    gate.arrive_and_wait();
    for (int i = 0; i < rounds; ++i) {
      const auto at = static_cast<std::size_t>(i);
      const CancelToken token = value_of(store.cancel_token((*ids)[at]));
      const bool asked = token.wait_for(std::chrono::milliseconds(i % 3));
      if (!store.transition((*ids)[at], asked ? StatusCode::cancelled : StatusCode::succeeded)) return 1;
      (*ends)[at] = asked ? 2 : 1;
    }
    return 0;
  });
  gate.await();
  const Store store = fault::open_store(path);
  gate.open();
  std::array<bool, rounds> refused{};
  for (std::size_t i = 0; i < rounds; ++i) refused[i] = fault::code_of(store.cancel((*ids)[i])).has_value();
  EXPECT_EQ(agent.wait(), 0);
  for (std::size_t i = 0; i < rounds; ++i) {
    const StatusCode status = value_of(store.status_of((*ids)[i])).statuscode;
    EXPECT_EQ(status, (*ends)[i] == 2 ? StatusCode::cancelled : StatusCode::succeeded);
    EXPECT_TRUE(!refused[i] || status == StatusCode::succeeded);
    EXPECT_FALSE(request_of(store, (*ids)[i]));
  }
  fault::expect_clean(store);
}

TEST_F(Cancel, IsNotToldWhereItsTransactionEndsTheRun) {
  Heard heard;
  OpenOptions options;
  options.on_cancel = heard.listener();
  const Store store = open_as_agent(path, std::move(options));
  const Guid ended = start_run(store);
  const Guid asked = start_run(store);
  const CancelToken token = value_of(store.cancel_token(ended));
  auto transaction = value_of(store.write());
  value_of(transaction.cancel(ended));
  value_of(transaction.transition(ended, StatusCode::succeeded));
  succeed(transaction.commit());
  value_of(store.cancel(asked));
  heard.await(1);
  EXPECT_EQ(heard.requests().front().flowsessionid, asked);
  EXPECT_FALSE(token.is_requested());
}

TEST_F(Cancel, TheEndOfTheStoreWaitsForACallbackThatHoldsASnapshot) {
  std::atomic<bool> is_called{false};
  std::atomic<bool> has_returned{false};
  std::optional<Store> store;
  OpenOptions options;
  options.on_cancel = [&](const CancelRequest&) {
    const auto snapshot = value_of(store->snapshot());
    is_called = true;
    std::this_thread::sleep_for(50ms);
    EXPECT_GT(value_of(snapshot.size()), 0U);
    has_returned = true;
  };
  store = open_as_agent(path, std::move(options));
  value_of(store->cancel(start_run(*store)));
  while (!is_called) std::this_thread::sleep_for(1ms);
  store.reset();
  EXPECT_TRUE(has_returned);
}

}  // namespace
}  // namespace flowkeep::agent

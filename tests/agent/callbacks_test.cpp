// The outbox: what is put there, taken, noted and forgotten.
#include <chrono>
#include <set>
#include <thread>

#include "agent_fixture.hpp"

namespace flowkeep::agent {
namespace {

using namespace std::chrono_literals;

constexpr const char* url = "https://example.com/callback?sig=secret";

Session with_callback(StatusCode status = StatusCode::waiting) {
  Session session;
  session.statuscode = status;
  session.statecode = state_of(status);
  session.callbackurl = url;
  return session;
}

class Callbacks : public testing::Test {
 protected:
  std::optional<Callback> callback(const Guid& id) { return value_of(value_of(store.snapshot()).callback(id)); }
  std::vector<Callback> claim(std::size_t most = 100) { return value_of(store.claim_callbacks(most, 1h)); }
  Guid ended() {
    const Guid id = start_run(store, with_callback());
    value_of(store.transition(id, StatusCode::succeeded));
    return id;
  }
  std::uint64_t waiting_callbacks() { return value_of(store.stats()).callbacks_waiting; }

  fault::TemporaryDirectory directory{};
  const std::string path = directory.file();
  Store store = fault::open_store(path);
};

TEST_F(Callbacks, OfARunThatEndsIsEnqueuedInTheSameTransaction) {
  Session session = with_callback();
  session.regardingobjectid = Reference(Guid::make());
  const Guid id = start_run(store, session);
  EXPECT_FALSE(callback(id));
  auto transaction = value_of(store.write());
  value_of(transaction.transition(id, StatusCode::failed));
  EXPECT_FALSE(callback(id));
  succeed(transaction.commit());
  const auto found = callback(id);
  ASSERT_TRUE(found);
  const Session after = value_of(store.get(id));
  EXPECT_EQ(found->url, url);
  EXPECT_EQ(found->statuscode, StatusCode::failed);
  EXPECT_EQ(found->startedon, after.startedon);
  EXPECT_EQ(found->completedon, after.completedon);
  EXPECT_EQ(found->regardingobjectid, session.regardingobjectid->id);
  EXPECT_EQ(found->state, CallbackState::waiting);
  EXPECT_EQ(found->attempts, 0U);
  EXPECT_EQ(waiting_callbacks(), 1U);
  fault::expect_clean(store);
}

TEST_F(Callbacks, AreNotEnqueuedWithoutAUrlNorTwiceNorByAnImport) {
  const Guid none = start_run(store);
  value_of(store.transition(none, StatusCode::succeeded));
  EXPECT_FALSE(callback(none));
  Session imported = with_callback(StatusCode::succeeded);
  imported.flowsessionid = Guid::make();
  EXPECT_TRUE(store.import_sessions(std::vector<Session>{imported}));
  EXPECT_FALSE(callback(*imported.flowsessionid));
  const Guid id = ended();
  const auto first = callback(id);
  value_of(store.transition(id, StatusCode::deleted));  // it had ended before
  EXPECT_EQ(callback(id)->statuscode, StatusCode::succeeded);
  EXPECT_EQ(waiting_callbacks(), 1U);
}

TEST_F(Callbacks, OfACreateThatIsAnEndAlready) {
  const Guid id = value_of(store.create(with_callback(StatusCode::terminated)));
  EXPECT_EQ(callback(id)->statuscode, StatusCode::terminated);
}

TEST_F(Callbacks, AreClaimedOnceTheLongestDueFirst) {
  std::vector<Guid> ids;
  for (int i = 0; i < 5; ++i) ids.push_back(ended());
  const auto first = claim(2);
  const auto rest = claim();
  ASSERT_EQ(first.size(), 2U);
  ASSERT_EQ(rest.size(), 3U);
  EXPECT_EQ(first[0].flowsessionid, ids[0]);
  EXPECT_EQ(first[1].flowsessionid, ids[1]);
  EXPECT_EQ(rest[2].flowsessionid, ids[4]);
  EXPECT_TRUE(claim().empty());
  EXPECT_EQ(waiting_callbacks(), 5U);
  fault::expect_clean(store);
}

TEST_F(Callbacks, WhoseLeaseIsOverGoToSomebodyElse) {
  const Guid id = ended();
  const auto taken = value_of(store.claim_callbacks(1, 0ms));
  ASSERT_EQ(taken.size(), 1U);
  const auto again = claim();
  ASSERT_EQ(again.size(), 1U);
  // The first one comes too late.
  EXPECT_FALSE(value_of(store.note_callback(taken[0], {CallbackState::delivered, 200, ""}, 0ms)));
  EXPECT_EQ(callback(id)->state, CallbackState::waiting);
  EXPECT_TRUE(value_of(store.note_callback(again[0], {CallbackState::delivered, 204, ""}, 0ms)));
  const auto found = callback(id);
  EXPECT_EQ(found->state, CallbackState::delivered);
  EXPECT_EQ(found->last_status, 204);
  EXPECT_EQ(found->attempts, 1U);
  EXPECT_TRUE(found->last_attempt);
  EXPECT_EQ(waiting_callbacks(), 0U);
  EXPECT_FALSE(value_of(store.note_callback(again[0], {CallbackState::failed, 404, ""}, 0ms)));
  fault::expect_clean(store);
}

TEST_F(Callbacks, ThatFailAreDueLater) {
  const Guid id = ended();
  auto taken = claim();
  EXPECT_TRUE(value_of(store.note_callback(taken.at(0), {CallbackState::waiting, 503, "busy"}, 1h)));
  EXPECT_TRUE(claim().empty());
  EXPECT_EQ(callback(id)->last_error, "busy");
  EXPECT_EQ(callback(id)->attempts, 1U);
  EXPECT_EQ(waiting_callbacks(), 1U);
  fault::expect_clean(store);
}

TEST_F(Callbacks, GivenBackAreDueAsIfNobodyHadTriedThem) {
  const Guid id = ended();
  value_of(store.note_callback(claim().at(0), {CallbackState::waiting, 503, "busy"}, 0ms));
  const auto before = callback(id);
  const CallbackAttempt none{.attempts = 0};
  EXPECT_TRUE(value_of(store.note_callback(claim().at(0), none, 1h)));
  EXPECT_TRUE(claim().empty());
  const auto after = callback(id);
  EXPECT_EQ(after->state, CallbackState::waiting);
  EXPECT_EQ(after->attempts, 1U);
  EXPECT_EQ(after->last_status, 503);
  EXPECT_EQ(after->last_attempt, before->last_attempt);
  EXPECT_EQ(after->last_error, "busy");
  EXPECT_EQ(waiting_callbacks(), 1U);
  const Guid other = ended();
  EXPECT_TRUE(value_of(store.note_callback(claim().at(0), none, 0ms)));
  EXPECT_EQ(claim().at(0).flowsessionid, other);
  fault::expect_clean(store);
}

TEST_F(Callbacks, AreEnqueuedOnceMore) {
  const Guid id = ended();
  auto taken = claim();
  succeed(store.trigger_callback(id));
  // What the deliverer says is of the one before.
  EXPECT_FALSE(value_of(store.note_callback(taken.at(0), {CallbackState::delivered, 200, ""}, 0ms)));
  taken = claim();
  ASSERT_EQ(taken.size(), 1U);
  EXPECT_TRUE(value_of(store.note_callback(taken[0], {CallbackState::failed, 404, "gone"}, 0ms)));
  EXPECT_EQ(callback(id)->state, CallbackState::failed);
  succeed(store.trigger_callback(id));
  EXPECT_EQ(callback(id)->state, CallbackState::waiting);
  EXPECT_EQ(callback(id)->attempts, 0U);
  EXPECT_EQ(waiting_callbacks(), 1U);
  fault::expect_clean(store);
}

TEST_F(Callbacks, CannotBeEnqueuedForARunThatGoesOnNorForNobody) {
  EXPECT_EQ(fault::code_of(store.trigger_callback(Guid::make())), Errc::not_found);
  const auto open = store.trigger_callback(start_run(store, with_callback()));
  EXPECT_EQ(fault::code_of(open), Errc::invalid_transition);
  const Guid without = start_run(store);
  value_of(store.transition(without, StatusCode::succeeded));
  const auto nobody = store.trigger_callback(without);
  EXPECT_EQ(fault::code_of(nobody), Errc::invalid_argument);
  EXPECT_TRUE(fault::is_one_sentence_about(nobody.error().message, "callbackurl"));
}

TEST_F(Callbacks, ThatAreOwedOutliveTheirSession) {
  const Guid owed = ended();
  const Guid done = ended();
  for (const Callback& taken : claim()) {
    if (taken.flowsessionid == done) value_of(store.note_callback(taken, {CallbackState::delivered, 200, ""}, 0ms));
    if (taken.flowsessionid == owed) value_of(store.note_callback(taken, {CallbackState::waiting, 500, ""}, 0ms));
  }
  succeed(store.erase(owed));
  succeed(store.erase(done));
  EXPECT_FALSE(callback(done));
  ASSERT_TRUE(callback(owed));
  fault::expect_clean(store);
  const auto taken = claim();
  ASSERT_EQ(taken.size(), 1U);
  EXPECT_TRUE(value_of(store.note_callback(taken[0], {CallbackState::delivered, 200, ""}, 0ms)));
  EXPECT_FALSE(callback(owed));
  EXPECT_EQ(waiting_callbacks(), 0U);
  fault::expect_clean(store);
}

TEST_F(Callbacks, AreListedByStateAndInParts) {
  std::set<Guid> ids;
  for (int i = 0; i < 7; ++i) ids.insert(ended());
  const auto taken = claim(3);
  for (const Callback& one : taken) value_of(store.note_callback(one, {CallbackState::delivered, 200, ""}, 0ms));
  const auto snapshot = value_of(store.snapshot());
  EXPECT_EQ(value_of(snapshot.callbacks(CallbackState::delivered)).size(), 3U);
  EXPECT_EQ(value_of(snapshot.callbacks(CallbackState::waiting)).size(), 4U);
  std::set<Guid> listed;
  std::optional<Guid> last;
  for (;;) {
    const auto part = value_of(snapshot.callbacks({}, last, 2));
    if (part.empty()) break;
    EXPECT_LE(part.size(), 2U);
    for (const Callback& one : part) EXPECT_TRUE(listed.insert(one.flowsessionid).second);
    last = part.back().flowsessionid;
  }
  EXPECT_EQ(listed, ids);
}

TEST_F(Callbacks, AreThereAfterTheStoreWasOpenedAgain) {
  const Guid id = ended();
  { const Store closed = std::move(store); }
  store = fault::open_store(path);
  EXPECT_EQ(callback(id)->url, url);
  EXPECT_EQ(claim().size(), 1U);
}

TEST_F(Callbacks, ThatCannotBeNotedAreRefused) {
  const Guid id = ended();
  const auto taken = claim();
  EXPECT_EQ(fault::code_of(store.note_callback(taken.at(0), {static_cast<CallbackState>(77), 200, ""}, 0ms)),
            Errc::invalid_argument);
  EXPECT_EQ(fault::code_of(store.note_callback(taken.at(0), {CallbackState::failed, 200, std::string(5000, 'x')}, 0ms)),
            Errc::invalid_argument);
  EXPECT_EQ(callback(id)->attempts, 0U);
  fault::expect_clean(store);
}

}  // namespace
}  // namespace flowkeep::agent

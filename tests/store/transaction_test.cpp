#include <gmock/gmock.h>

#include <future>
#include <thread>

#include "store_fixture.hpp"

namespace flowkeep::test {
namespace {

using testing::HasSubstr;

template <class Work>
auto in_another_thread(Work&& work) {
  return std::async(std::launch::async, std::forward<Work>(work)).get();
}

OpenOptions impatient() {
  OpenOptions options;
  options.busy_timeout = std::chrono::milliseconds(20);
  return options;
}

TEST(WriteTransaction, IsSeenOnlyOnceCommitted) {
  const TestStore store;
  WriteTransaction transaction = value_of(store->write());
  const Guid id = value_of(transaction.create(named("one")));
  EXPECT_EQ(value_of(transaction.get(id)).name, "one");
  EXPECT_FALSE(value_of(store->find(id)));
  const Snapshot before = value_of(store->snapshot());
  value_of(transaction.commit());
  EXPECT_TRUE(value_of(store->find(id)));
  EXPECT_FALSE(value_of(before.find(id)));
}

TEST(WriteTransaction, IsUndoneWhereItIsNotCommitted) {
  const TestStore store;
  const Guid kept = value_of(store->create(named("before")));
  {
    WriteTransaction transaction = value_of(store->write());
    Session session = named("new");
    session.inputs.emplace().content = Content("content");
    value_of(transaction.create(session));
    value_of(transaction.update(kept, renamed("after")));
    value_of(transaction.erase(kept));
  }
  const StoreStats stats = value_of(store->stats());
  EXPECT_EQ(stats.sessions, 1U);
  EXPECT_EQ(stats.deletions, 0U);
  EXPECT_EQ(stats.last_version, 1);
  EXPECT_EQ(store.entries("blobs"), 0U);
  EXPECT_EQ(value_of(store->get(kept)).name, "before");
  EXPECT_EQ(value_of(store->update(kept, renamed("x"))), 2);
}

TEST(WriteTransaction, GoesOnAfterARefusal) {
  const TestStore store;
  WriteTransaction transaction = value_of(store->write());
  const Guid id = value_of(transaction.create(named("one")));
  EXPECT_FALSE(transaction.create(named(repeated("x", 101))));
  EXPECT_FALSE(transaction.update(guid(1), renamed("x")));
  EXPECT_FALSE(transaction.update(id, renamed("x"), Precondition::if_match(9)));
  EXPECT_FALSE(transaction.transition(id, StatusCode::succeeded, StateCode::inactive));
  Session again = named("again");
  again.flowsessionid = id;
  EXPECT_FALSE(transaction.create(again));
  EXPECT_EQ(value_of(transaction.update(id, renamed("two"))), 2);
  value_of(transaction.commit());
  EXPECT_EQ(value_of(store->get(id)).name, "two");
}

TEST(WriteTransaction, LeavesNothingOfARefusedBatchBesideItsOtherWork) {
  const TestStore store;
  WriteTransaction transaction = value_of(store->write());
  value_of(transaction.create(named("kept")));
  const std::vector<Session> batch{named("dropped"), named(repeated("x", 101))};
  EXPECT_FALSE(transaction.create_multiple(batch));
  EXPECT_FALSE(transaction.import_sessions(batch));
  value_of(transaction.commit());
  EXPECT_EQ(store->stats()->sessions, 1U);
  EXPECT_EQ(store->stats()->last_version, 1);
}

TEST(WriteTransaction, IsOverOnceCommitted) {
  const TestStore store;
  WriteTransaction transaction = value_of(store->write());
  value_of(transaction.commit());
  EXPECT_EQ(refusal(transaction.create(named("late"))).code, Errc::invalid_argument);
  EXPECT_THAT(refusal(transaction.commit()).message, HasSubstr("is over"));
  EXPECT_EQ(refusal(transaction.find(guid(1))).code, Errc::invalid_argument);
}

TEST(WriteTransaction, GivesTheLockBackWithItsCommit) {
  const TestStore store(impatient());
  WriteTransaction first = value_of(store->write());
  value_of(first.commit());
  auto second = store->write();  // `first` is still there
  ASSERT_TRUE(second) << second.error().message;
  value_of(second->create(named("one")));
  value_of(second->commit());
  EXPECT_TRUE(in_another_thread([&] { return store->create(named("two")); }));
}

TEST(WriteTransaction, IsTheOnlyOneOfItsThread) {
  const TestStore store;
  const WriteTransaction first = value_of(store->write());
  const Error error = refusal(store->write());
  EXPECT_EQ(error.code, Errc::busy);
  EXPECT_THAT(error.message, HasSubstr("this thread"));
  EXPECT_EQ(refusal(store->create(named("one"))).code, Errc::busy);
}

TEST(WriteTransaction, MakesOtherThreadsWaitUntilTheBusyTimeout) {
  const TestStore store(impatient());
  const WriteTransaction first = value_of(store->write());
  const auto begin = std::chrono::steady_clock::now();
  const Error error = in_another_thread([&] { return refusal(store->write()); });
  EXPECT_GE(std::chrono::steady_clock::now() - begin, std::chrono::milliseconds(20));
  EXPECT_EQ(error.code, Errc::busy);
  EXPECT_THAT(error.message, HasSubstr("20 ms"));
}

TEST(WriteTransaction, LetsAWaitingThreadWriteOnceItIsGone) {
  const TestStore store;
  std::optional<WriteTransaction> first = value_of(store->write());
  auto waiting = std::async(std::launch::async, [&] { return store->create(named("waited")); });
  value_of(first->create(named("first")));
  value_of(first->commit());
  first.reset();
  EXPECT_TRUE(waiting.get());
  EXPECT_EQ(store->stats()->sessions, 2U);
}

TEST(WriteTransaction, RefusesAnotherThread) {
  const TestStore store;
  WriteTransaction transaction = value_of(store->write());
  const Guid id = value_of(transaction.create(named("one")));
  const Error error = in_another_thread([&] { return refusal(transaction.create(named("two"))); });
  EXPECT_EQ(error.code, Errc::invalid_argument);
  EXPECT_THAT(error.message, HasSubstr("another thread"));
  EXPECT_FALSE(in_another_thread([&] { return transaction.find(id).has_value(); }));
  EXPECT_FALSE(in_another_thread([&] { return transaction.commit().has_value(); }));
  EXPECT_TRUE(transaction.commit());
  EXPECT_EQ(store->stats()->sessions, 1U);
}

TEST(WriteTransaction, IsRefusedInAStoreOpenedForReading) {
  TestStore store;
  const std::string path = store.path();
  store.close();
  OpenOptions options;
  options.mode = OpenMode::read_only;
  const Store reader = value_of(Store::open(path, options));
  EXPECT_EQ(refusal(reader.write()).code, Errc::access_denied);
  EXPECT_EQ(refusal(reader.create(named("one"))).code, Errc::access_denied);
}

TEST(WriteTransaction, ShowsItsOwnWritesToIsValidStateTransition) {
  const TestStore store;
  WriteTransaction transaction = value_of(store->write());
  const Guid id = value_of(transaction.create(named("one")));
  value_of(transaction.transition(id, StatusCode::failed));
  EXPECT_FALSE(value_of(transaction.is_valid_state_transition(id, "Active", 2)));
  EXPECT_TRUE(value_of(transaction.is_valid_state_transition(id, "Inactive", 13)));
}

TEST(WriteTransaction, OfManyThreadsLosesNothing) {
  const TestStore store;
  constexpr int threads = 4;
  constexpr int each = 50;
  const Guid counter = value_of(store->create(named("0")));
  std::vector<std::future<bool>> work;
  for (int i = 0; i < threads; ++i) {
    work.push_back(std::async(std::launch::async, [&] {
      for (int round = 0; round < each; ++round) {
        auto transaction = store->write();
        if (!transaction) return false;
        const auto session = transaction->get(counter);
        if (!session) return false;
        if (!transaction->update(counter, renamed(std::to_string(std::stoi(*session->name) + 1)))) return false;
        if (!transaction->commit()) return false;
      }
      return true;
    }));
  }
  for (auto& one : work) EXPECT_TRUE(one.get());
  EXPECT_EQ(value_of(store->get(counter)).name, std::to_string(threads * each));
}

std::string name_of(const Snapshot& snapshot, const Guid& id) {
  const SessionView session = value_of(snapshot.get(id));
  return std::string(session.name().value_or(""));
}

TEST(Snapshot, ShowsTheStoreAsItWasUntilItIsRenewed) {
  const TestStore store;
  const Guid id = value_of(store->create(named("one")));
  Snapshot snapshot = value_of(store->snapshot());
  value_of(store->update(id, renamed("two")));
  value_of(store->create(named("other")));
  EXPECT_EQ(name_of(snapshot, id), "one");
  EXPECT_EQ(value_of(snapshot.size()), 1U);
  value_of(snapshot.renew());
  EXPECT_EQ(name_of(snapshot, id), "two");
  EXPECT_EQ(value_of(snapshot.size()), 2U);
}

TEST(Snapshot, KeepsTheFileOpenAfterTheStoreIsGone) {
  TestStore store;
  const Guid id = value_of(store->create(named("one")));
  const Snapshot snapshot = value_of(store->snapshot());
  const std::string path = store.path();
  store.close();
  EXPECT_EQ(refusal(Store::open(path)).code, Errc::busy);
  EXPECT_EQ(name_of(snapshot, id), "one");
}

}  // namespace
}  // namespace flowkeep::test

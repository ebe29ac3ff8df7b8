// Changes of a store: nothing is passed over, each version comes once.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <random>
#include <set>
#include <thread>

#include "query/change_token.hpp"
#include "query/token.hpp"
#include "store_fixture.hpp"

namespace flowkeep {
namespace {

using namespace std::chrono_literals;
using test::TestStore;
using test::value_of;
using testing::HasSubstr;

Session running() {
  Session session;
  session.statuscode = StatusCode::running;
  return session;
}

/// Somebody who keeps a copy of a store, by its changes.
class Follower {
 public:
  /// Takes in at most so many changes; whether there were more.
  bool take(const Store& store, std::uint64_t most) {
    const auto snapshot = value_of(store.snapshot());
    ChangeRange range = snapshot.changes(token_);
    std::uint64_t taken = 0;
    std::int64_t last_version = 0;
    bool is_deleting = false;
    for (const Result<SessionChange>& change : range) {
      if (taken++ == most) return true;
      const SessionChange& one = value_of(change);
      EXPECT_TRUE(seen_.insert(one.versionnumber).second) << "version " << one.versionnumber << " came twice";
      if (one.session) {
        EXPECT_FALSE(is_deleting) << "a session behind a deletion";
        copy_[one.flowsessionid] = one.versionnumber;
        EXPECT_EQ(one.session->flowsessionid(), one.flowsessionid);
      } else {
        if (!is_deleting) last_version = 0;
        is_deleting = true;
        EXPECT_TRUE(one.deletedon);
        copy_.erase(one.flowsessionid);
      }
      EXPECT_GT(one.versionnumber, last_version);
      last_version = one.versionnumber;
      token_ = range.token();
    }
    token_ = range.token();
    return false;
  }
  [[nodiscard]] const std::map<Guid, std::int64_t>& copy() const { return copy_; }
  [[nodiscard]] const std::string& token() const { return token_; }

 private:
  std::string token_{};
  std::map<Guid, std::int64_t> copy_{};
  std::set<std::int64_t> seen_{};
};

TEST(Changes, MakeACopyOfTheStore) {
  const auto seed = std::random_device{}();
  SCOPED_TRACE(seed);
  std::mt19937_64 random(seed);
  TestStore store;
  std::map<Guid, std::int64_t> model;
  std::set<Guid> gone;
  Follower follower;
  for (int step = 0; step < 3000; ++step) {
    const auto any = [&] { return std::next(model.begin(), static_cast<std::ptrdiff_t>(random() % model.size())); };
    switch (random() % 6) {
      case 0:
      case 1: {
        const Guid id = value_of(store->create(running()));
        model[id] = value_of(store->get(id)).versionnumber.value();
        break;
      }
      case 2:
        if (!model.empty()) {
          SessionUpdate update;
          update.set.name = std::to_string(step);
          const auto at = any();
          at->second = value_of(store->update(at->first, update));
        }
        break;
      case 3:
        if (!model.empty() && random() % 2 == 0) {
          const auto at = any();
          ASSERT_TRUE(store->erase(at->first));
          gone.insert(at->first);
          model.erase(at);
        }
        break;
      case 4:
        if (random() % 3 == 0 && !gone.empty()) {  // comes again under its id
          Session session = running();
          session.flowsessionid = *gone.begin();
          ASSERT_TRUE(store->import_sessions(std::vector{session}));
          model[*gone.begin()] = value_of(store->get(*gone.begin())).versionnumber.value();
          gone.erase(gone.begin());
        }
        follower.take(*store, random() % 8);
        break;
      default:
        if (random() % 200 == 0) store.reopen();
        if (random() % 20 == 0) {
          while (follower.take(*store, 1 + random() % 100)) {
          }
          ASSERT_EQ(follower.copy(), model) << step;
          EXPECT_FALSE(value_of(value_of(store->snapshot()).has_changes(follower.token())));
        }
    }
  }
  while (follower.take(*store, 5)) {
  }
  EXPECT_EQ(follower.copy(), model);
}

TEST(Changes, BeginWithEverything) {
  const TestStore store;
  EXPECT_FALSE(value_of(value_of(store->snapshot()).has_changes("")));
  const Guid gone = value_of(store->create(running()));
  const Guid there = value_of(store->create(running()));
  ASSERT_TRUE(store->erase(gone));
  EXPECT_TRUE(value_of(value_of(store->snapshot()).has_changes("")));
  Follower follower;
  EXPECT_FALSE(follower.take(*store, 100));
  EXPECT_EQ(follower.copy().size(), 1U);
  EXPECT_TRUE(follower.copy().contains(there));
}

TEST(Changes, RefuseTokensThatAreNotTheirs) {
  TestStore store;
  ASSERT_TRUE(store->create(running()));
  Follower follower;
  follower.take(*store, 100);
  const auto refusal_of = [](const Store& asked, const std::string& token) {
    const auto snapshot = value_of(asked.snapshot());
    ChangeRange range = snapshot.changes(token);
    std::vector<Error> errors;
    for (const auto& change : range) {
      if (!change) errors.push_back(change.error());
    }
    EXPECT_EQ(errors.size(), 1U) << token;
    EXPECT_EQ(range.token(), "");
    const auto changes = snapshot.has_changes(token);
    if (errors.empty() || changes) return Error{};
    EXPECT_EQ(changes.error().code, errors[0].code);
    return errors[0];
  };
  std::string damaged = follower.token();
  damaged[20] = damaged[20] == '0' ? '1' : '0';
  const std::string of_a_query = query::encode_token(1, {1, index::RowKey()});
  for (const std::string& token : {std::string("x"), damaged, of_a_query, follower.token() + "0"}) {
    EXPECT_THAT(refusal_of(*store, token).message, HasSubstr("not one that changes of a store gave"));
  }
  const TestStore other;
  EXPECT_THAT(refusal_of(*other, follower.token()).message, HasSubstr("another store"));

  const Guid store_id = value_of(store->stats()).store_id;
  const Error old = refusal_of(*store, query::encode_change_token(store_id, {1, 1, now() - change_token_life - 1s}));
  EXPECT_EQ(old.code, Errc::expired);
  EXPECT_THAT(old.message, HasSubstr("begin without one"));
  EXPECT_TRUE(value_of(store->snapshot())
                  .has_changes(query::encode_change_token(store_id, {0, 0, now() - change_token_life + 10s})));

  // A copy of an earlier time does not know what became of the later.
  const std::string copy = store.path() + "-copy";
  ASSERT_TRUE(store->backup(copy));
  ASSERT_TRUE(store->create(running()));
  follower.take(*store, 100);
  const auto earlier = value_of(Store::open(copy));
  EXPECT_THAT(refusal_of(earlier, follower.token()).message, HasSubstr("earlier copy"));
}

// What comes again under an id that was deleted is no deletion, for whoever applies one line after the other.
TEST(Changes, OfASessionThatCameAgain) {
  const TestStore store;
  Session session = running();
  session.flowsessionid = Guid::make();
  ASSERT_TRUE(store->create(session));
  const Guid other = value_of(store->create(running()));
  Follower follower;
  follower.take(*store, 100);
  ASSERT_TRUE(store->erase(*session.flowsessionid));
  ASSERT_TRUE(store->create(session));
  ASSERT_TRUE(store->erase(other));
  follower.take(*store, 100);
  EXPECT_THAT(follower.copy(), testing::ElementsAre(testing::Key(*session.flowsessionid)));
}

// As many as are shown: none is no change.
TEST(Changes, AreThereWhereSomeAreShown) {
  const TestStore store;
  const Guid first = value_of(store->create(running()));
  const Guid second = value_of(store->create(running()));
  ASSERT_TRUE(store->erase(first));
  SessionUpdate update;
  update.set.name = "later than the deletion";
  ASSERT_TRUE(store->update(second, update));
  {
    const auto snapshot = value_of(store->snapshot());
    ChangeRange range = snapshot.changes();
    const auto it = range.begin();
    ASSERT_NE(it, range.end());
    EXPECT_FALSE(value_of(snapshot.has_changes(range.token()))) << "the token of the last row";
  }
  ASSERT_TRUE(store->erase(second));
  EXPECT_FALSE(value_of(value_of(store->snapshot()).has_changes("")));
}

// A snapshot may be kept for days: what was deleted behind it is younger than its token.
TEST(Changes, HaveTheTimeOfTheirSnapshot) {
  const TestStore store;
  ASSERT_TRUE(store->create(running()));
  const auto snapshot = value_of(store->snapshot());
  const Timestamp after = now();
  while (now() <= after) {
  }
  ChangeRange range = snapshot.changes();
  for (auto it = range.begin(); it != range.end(); ++it) {
  }
  const auto place = value_of(query::decode_change_token(value_of(store->stats()).store_id, range.token(), after));
  EXPECT_LE(place.time, after);
}

TEST(Changes, AreWaitedFor) {
  const TestStore store;
  ASSERT_TRUE(store->create(running()));
  Follower follower;
  follower.take(*store, 100);
  EXPECT_FALSE(value_of(store->await_changes(follower.token(), 0ms)));
  std::thread writer([&] { EXPECT_TRUE(store->create(running())); });
  EXPECT_TRUE(value_of(store->await_changes(follower.token(), std::chrono::milliseconds::max())));
  writer.join();
  EXPECT_EQ(test::refusal(store->await_changes("x", 0ms)).code, Errc::invalid_argument);
}

}  // namespace
}  // namespace flowkeep

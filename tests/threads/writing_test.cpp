// Writers beside writers: of those that want the same, one wins.
#include <algorithm>
#include <atomic>
#include <map>
#include <set>

#include "fixture.hpp"
#include "thread_group.hpp"

namespace flowkeep::threads {
namespace {

using fault::code_of;
using fault::expect_clean;
using fault::named;
using fault::open_store;
using fault::TemporaryDirectory;

class Writing : public testing::Test {
 protected:
  TemporaryDirectory directory{};
  Store store = open_store(directory.file());
};

constexpr StatusCode ends[] = {StatusCode::skipped, StatusCode::ignored,   StatusCode::cancelled,
                               StatusCode::failed,  StatusCode::faulted,   StatusCode::timed_out,
                               StatusCode::aborted, StatusCode::terminated};

TEST_F(Writing, OneOfManyTransitionsToAnEndWins) {
  for (int round = 0; round < 10; ++round) {
    const Guid id = store.create(named("contested")).value();
    std::atomic<int> wins{0};
    std::atomic<StatusCode> winner{};
    run_together(std::size(ends), [&](int i) {
      const auto moved = store.transition(id, ends[i]);
      if (moved) {
        ++wins;
        winner = ends[i];
      } else {
        EXPECT_EQ(moved.error().code, Errc::invalid_transition);
      }
    });
    EXPECT_EQ(wins, 1);
    EXPECT_EQ(store.get(id)->statuscode, winner.load());
  }
  expect_clean(store);
}

TEST_F(Writing, OneOfManyUpdatesOfAVersionWins) {
  const Guid id = store.create(named("contested")).value();
  for (int round = 0; round < 12; ++round) {
    const std::int64_t version = *store.get(id)->versionnumber;
    std::atomic<int> wins{0};
    run_together(8, [&](int i) {
      SessionUpdate update;
      update.set.name = std::to_string(i);
      const auto changed = store.update(id, update, Precondition::if_match(version));
      if (changed) {
        ++wins;
        EXPECT_GT(*changed, version);
      } else {
        EXPECT_EQ(changed.error().code, Errc::version_mismatch);
      }
    });
    EXPECT_EQ(wins, 1) << "version " << version;
  }
}

TEST_F(Writing, CountsByRetryingLoseNothing) {
  Session session = named("counter");
  session.runduration = 0;
  const Guid id = store.create(session).value();
  constexpr int threads = 5;
  constexpr int each = 12;
  run_together(threads, [&](int) {
    for (int done = 0; done < each;) {
      const Session present = store.get(id).value();
      SessionUpdate update;
      update.set.runduration = *present.runduration + 1;
      if (store.update(id, update, Precondition::if_match(*present.versionnumber))) ++done;
    }
  });
  EXPECT_EQ(store.get(id)->runduration, threads * each);
}

TEST_F(Writing, OneOfManyCreatesOfAnIdWins) {
  for (int round = 0; round < 10; ++round) {
    Session session = named("contested");
    session.flowsessionid = Guid::make();
    std::atomic<int> wins{0};
    run_together(6, [&](int) {
      const auto made = store.create(session);
      if (made) {
        ++wins;
      } else {
        EXPECT_EQ(made.error().code, Errc::already_exists);
      }
    });
    EXPECT_EQ(wins, 1);
  }
  EXPECT_EQ(fault::size_of(store), 10U);
}

TEST_F(Writing, OneOfManyErasesWins) {
  const Guid id = store.create(named("contested")).value();
  std::atomic<int> wins{0};
  run_together(6, [&](int) {
    const auto erased = store.erase(id);
    if (erased) {
      ++wins;
    } else {
      EXPECT_EQ(erased.error().code, Errc::not_found);
    }
  });
  EXPECT_EQ(wins, 1);
  expect_clean(store);
}

TEST_F(Writing, GivesEveryWriteAVersionOfItsOwn) {
  constexpr int threads = 6;
  constexpr int each = 30;
  std::vector<std::vector<std::int64_t>> versions(threads);
  run_together(threads, [&](int i) {
    const Guid id = store.create(named("row")).value();
    for (int n = 0; n < each; ++n) {
      SessionUpdate update;
      update.set.name = std::to_string(n);
      versions[static_cast<std::size_t>(i)].push_back(store.update(id, update).value());
    }
  });
  std::set<std::int64_t> all;
  for (const auto& of_thread : versions) {
    EXPECT_TRUE(std::is_sorted(of_thread.begin(), of_thread.end()));
    all.insert(of_thread.begin(), of_thread.end());
  }
  EXPECT_EQ(all.size(), std::size_t{threads * each});
}

TEST_F(Writing, WaitsItsTurnAndThenIsBusy) {
  const Store hurried = open_store(directory.file("hurried.flowkeep"), {.busy_timeout = std::chrono::milliseconds(20)});
  auto transaction = std::make_optional(hurried.write().value());
  std::thread([&] { EXPECT_EQ(code_of(hurried.create(named("late"))), Errc::busy); }).join();
  transaction.reset();
  std::thread([&] { EXPECT_TRUE(hurried.create(named("in time"))); }).join();
}

TEST_F(Writing, TransactionRefusesAnotherThread) {
  auto transaction = store.write().value();
  std::thread([&] { EXPECT_EQ(code_of(transaction.create(named("foreign"))), Errc::invalid_argument); }).join();
  ASSERT_TRUE(transaction.create(named("own")));
  ASSERT_TRUE(transaction.commit());
  EXPECT_EQ(fault::size_of(store), 1U);
}

TEST_F(Writing, IndexAddedMeanwhileIsComplete) {
  constexpr const char* errorcodes[] = {"Timeout", "UIElementNotFound", "SessionCreationError", "Cancelled"};
  constexpr int writers = 3;
  std::vector<Session> early(200, named("early"));
  for (std::size_t i = 0; i < early.size(); ++i) early[i].errorcode = errorcodes[i % 4];
  ASSERT_TRUE(store.create_multiple(early));
  run_together(writers + 1, [&](int i) {
    if (i == writers) {
      const auto added = store.add_index(IndexId::errorcode);
      EXPECT_TRUE(added) << added.error().message;
      return;
    }
    std::vector<Guid> own;
    for (int n = 0; n < 40; ++n) {
      Session session = named("meanwhile");
      session.errorcode = errorcodes[n % 4];
      own.push_back(store.create(session).value());
      SessionUpdate update;
      update.set.errorcode = errorcodes[i];
      ASSERT_TRUE(store.update(own[own.size() / 2], update));
      if (n % 4 == 3) {
        ASSERT_TRUE(store.erase(own.back()));
        own.pop_back();
      }
    }
  });
  const auto snapshot = store.snapshot().value();
  EXPECT_EQ(snapshot.index_status().value()[static_cast<std::size_t>(IndexId::errorcode)], IndexStatus::active);
  std::map<std::string, std::set<Guid>> expected;
  for (const auto& row : snapshot.select({}))
    expected[std::string(row.value().errorcode().value())].insert(row->flowsessionid());
  for (const auto& [errorcode, ids] : expected) {
    Query query;
    query.errorcode = errorcode;
    std::set<Guid> found;
    for (const auto& row : snapshot.select(query)) found.insert(row.value().flowsessionid());
    EXPECT_EQ(found, ids) << errorcode;
    EXPECT_EQ(snapshot.count(query), ids.size());
  }
  expect_clean(store);
}

TEST_F(Writing, IndexAddedByManyIsAddedOnce) {
  std::vector<Session> rows(100, named("row"));
  ASSERT_TRUE(store.create_multiple(rows));
  std::atomic<int> added{0};
  run_together(4, [&](int) {
    const auto answer = store.add_index(IndexId::owner);
    if (answer) {
      ++added;
    } else {
      EXPECT_TRUE(answer.error().code == Errc::already_exists || answer.error().code == Errc::busy)
          << answer.error().message;
    }
  });
  EXPECT_GE(added, 1);
  expect_clean(store);
}

TEST_F(Writing, StateModelSetMeanwhileIsObeyed) {
  constexpr int writers = 4;
  std::atomic<int> accepted{0};
  std::atomic<int> writing{writers};
  run_together(writers + 1, [&](int i) {
    if (i == writers) {
      for (bool lax = true; writing.load() > 0; lax = !lax) {
        ASSERT_TRUE(store.set_state_model(lax ? StateModel::platform() : StateModel::desktop_flow()));
      }
      return;
    }
    const Guid id = store.create(named("row")).value();
    ASSERT_TRUE(store.transition(id, StatusCode::failed));
    for (int n = 0; n < 50; ++n) {
      const StatusCode to = n % 2 == 0 ? StatusCode::succeeded : StatusCode::failed;
      const auto moved = store.transition(id, to);
      if (moved) {
        ++accepted;
      } else {
        ASSERT_EQ(moved.error().code, Errc::invalid_transition) << moved.error().message;
      }
    }
    --writing;
  });
  ASSERT_TRUE(store.set_state_model(StateModel::desktop_flow()));
  run_together(writers, [&](int) {
    Session done = named("done");
    done.statuscode = StatusCode::failed;
    const Guid id = store.create(done).value();
    EXPECT_EQ(code_of(store.transition(id, StatusCode::succeeded)), Errc::invalid_transition);
  });
  EXPECT_EQ(store.snapshot()->state_model()->name(), "desktop-flow");
  expect_clean(store);
}

TEST_F(Writing, CheckAndStatsGoOnMeanwhile) {
  std::atomic<int> writing{2};
  run_together(4, [&](int i) {
    if (i < 2) {
      for (int n = 0; n < 40; ++n) {
        const Guid id = store.create(fault::bulky(5'000, static_cast<std::uint64_t>(n))).value();
        if (n % 2 == 0) continue;
        ASSERT_TRUE(store.erase(id));
      }
      --writing;
      return;
    }
    for (bool more = true; more;) {
      more = writing.load() > 0;
      if (i == 2) expect_clean(store);
      const auto stats = store.stats();
      ASSERT_TRUE(stats) << stats.error().message;
      ASSERT_EQ(stats->active + stats->inactive, stats->sessions);
    }
  });
  EXPECT_EQ(fault::size_of(store), 40U);
}

TEST(GuidMake, IsUniqueAndRisesInEveryThread) {
  constexpr int threads = 8;
  constexpr std::size_t each = 5'000;
  std::vector<std::vector<Guid>> made(threads);
  run_together(threads, [&](int i) {
    auto& own = made[static_cast<std::size_t>(i)];
    own.reserve(each);
    for (std::size_t n = 0; n < each; ++n) own.push_back(Guid::make());
  });
  std::vector<Guid> all;
  for (const auto& own : made) {
    EXPECT_TRUE(std::is_sorted(own.begin(), own.end()));
    all.insert(all.end(), own.begin(), own.end());
  }
  std::sort(all.begin(), all.end());
  EXPECT_EQ(std::adjacent_find(all.begin(), all.end()), all.end());
}

TEST(OpenAtOnce, OneOfManyThreadsWins) {
  for (int round = 0; round < 5; ++round) {
    const TemporaryDirectory directory;
    std::vector<std::optional<Store>> stores(6);
    std::atomic<int> busy{0};
    run_together(6, [&](int i) {
      auto store = Store::open(directory.file());
      if (store) {
        stores[static_cast<std::size_t>(i)].emplace(std::move(*store));
      } else {
        EXPECT_EQ(store.error().code, Errc::busy) << store.error().message;
        ++busy;
      }
    });
    EXPECT_EQ(busy, 5);
  }
}

}  // namespace
}  // namespace flowkeep::threads

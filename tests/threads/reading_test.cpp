// Readers beside writers: what a snapshot shows is whole and does not move.
#include <algorithm>
#include <atomic>
#include <random>

#include "fixture.hpp"
#include "thread_group.hpp"

namespace flowkeep::threads {
namespace {

using fault::expect_clean;
using fault::named;
using fault::noise;
using fault::open_store;
using fault::TemporaryDirectory;

class Reading : public testing::Test {
 protected:
  TemporaryDirectory directory{};
  Store store = open_store(directory.file());
};

/// Creates, moves and erases sessions of one machine; the ids that are left.
std::vector<Guid> write_of_every_kind(const Store& store, const Guid& machine, int rounds, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  std::vector<Guid> alive;
  for (int i = 0; i < rounds; ++i) {
    Session session = named("row");
    session.machineid = machine;
    const auto id = store.create(session);
    EXPECT_TRUE(id);
    alive.push_back(*id);
    EXPECT_TRUE(store.transition(alive[random() % alive.size()], StatusCode::running));
    if (i % 3 == 2) {
      const std::size_t victim = random() % alive.size();
      EXPECT_TRUE(store.erase(alive[victim]));
      alive.erase(alive.begin() + static_cast<std::ptrdiff_t>(victim));
    }
  }
  return alive;
}

/// One snapshot, read in several ways that have to agree.
void expect_consistent(const Snapshot& snapshot, const Guid& machine) {
  std::uint64_t rows = 0;
  std::uint64_t of_machine = 0;
  std::optional<Timestamp> before;
  for (const auto& row : snapshot.select({})) {
    ASSERT_TRUE(row) << row.error().message;
    ASSERT_TRUE(!before || row->createdon() <= *before);
    before = row->createdon();
    ++rows;
    if (row->machineid() && row->machineid()->id == machine) {
      ++of_machine;
      const auto again = snapshot.get(row->flowsessionid());
      ASSERT_TRUE(again) << again.error().message;
      EXPECT_EQ(again->versionnumber(), row->versionnumber());
    }
  }
  EXPECT_EQ(snapshot.size(), rows);
  Query query;
  query.machineid = machine;
  EXPECT_EQ(snapshot.count(query), of_machine);
  std::uint64_t walked = 0;
  for (const auto& row : snapshot.by_machine(machine, oldest_first)) walked += row ? 1 : 0;
  EXPECT_EQ(walked, of_machine);
}

TEST_F(Reading, GoesOnBesideWriters) {
  constexpr int writers = 4;
  constexpr int readers = 8;
  std::vector<Guid> machines(writers);
  for (Guid& machine : machines) machine = Guid::make();
  std::vector<std::vector<Guid>> left(writers);
  std::atomic<int> writing{writers};
  run_together(writers + readers, [&](int i) {
    const auto at = static_cast<std::size_t>(i);
    if (i < writers) {
      left[at] = write_of_every_kind(store, machines[at], 40, at);
      --writing;
      return;
    }
    auto snapshot = store.snapshot().value();
    for (bool more = true; more;) {
      more = writing.load() > 0;
      expect_consistent(snapshot, machines[at % writers]);
      ASSERT_TRUE(snapshot.renew());
    }
  });
  const auto snapshot = store.snapshot().value();
  std::uint64_t rows = 0;
  for (std::size_t i = 0; i < writers; ++i) {
    for (const Guid& id : left[i]) EXPECT_TRUE(snapshot.get(id));
    rows += left[i].size();
  }
  EXPECT_EQ(snapshot.size(), rows);
  expect_clean(store);
}

TEST_F(Reading, SeesTransfersWholeOrNotAtAll) {
  constexpr int accounts = 20;
  constexpr std::int64_t total = accounts * 1000;
  std::vector<Session> sessions(accounts, named("account"));
  for (Session& session : sessions) session.runduration = 1000;
  const std::vector<Guid> ids = store.create_multiple(sessions).value();
  const auto sum = [](const Snapshot& snapshot) {
    std::int64_t found = 0;
    for (const auto& row : snapshot.select({})) found += row.value().runduration().value();
    return found;
  };
  constexpr int writers = 3;
  std::atomic<int> writing{writers};
  run_together(writers + 4, [&](int i) {
    if (i < writers) {
      std::mt19937_64 random(static_cast<std::uint64_t>(i));
      for (int transfer = 0; transfer < 60; ++transfer) {
        auto transaction = store.write().value();
        const Guid& from = ids[random() % ids.size()];
        const Guid& to = ids[random() % ids.size()];
        SessionUpdate update;
        update.set.runduration = transaction.get(from)->runduration.value() - 1;
        ASSERT_TRUE(transaction.update(from, update));
        update.set.runduration = transaction.get(to)->runduration.value() + 1;
        ASSERT_TRUE(transaction.update(to, update));
        if (transfer % 5 == 0) continue;
        ASSERT_TRUE(transaction.commit());
      }
      --writing;
      return;
    }
    for (bool more = true; more;) {
      more = writing.load() > 0;
      const auto snapshot = store.snapshot().value();
      ASSERT_EQ(sum(snapshot), total);
      const auto first = snapshot.get(ids[0]).value().versionnumber();
      std::this_thread::yield();
      ASSERT_EQ(sum(snapshot), total);
      ASSERT_EQ(snapshot.get(ids[0]).value().versionnumber(), first);
    }
  });
  EXPECT_EQ(sum(store.snapshot().value()), total);
  expect_clean(store);
}

TEST_F(Reading, SeesItsOwnWritesAtOnce) {
  run_together(6, [&](int i) {
    auto snapshot = store.snapshot().value();
    for (int round = 0; round < 25; ++round) {
      const std::string name = std::to_string(i * 1000 + round);
      const Guid id = store.create(named(name)).value();
      ASSERT_EQ(store.get(id)->name, name);
      const std::int64_t version = store.transition(id, StatusCode::running).value();
      ASSERT_TRUE(snapshot.renew());
      ASSERT_EQ(snapshot.get(id)->versionnumber(), version);
      ASSERT_EQ(snapshot.get(id)->statuscode(), StatusCode::running);
      ASSERT_TRUE(store.erase(id));
      ASSERT_FALSE(store.find(id).value());
    }
  });
  EXPECT_EQ(fault::size_of(store), 0U);
}

TEST_F(Reading, NeverGoesBackInTime) {
  std::atomic<bool> writing{true};
  run_together(5, [&](int i) {
    if (i == 0) {
      for (int row = 0; row < 150; ++row) ASSERT_TRUE(store.create(named("row")));
      writing = false;
      return;
    }
    std::uint64_t seen = 0;
    for (bool more = true; more;) {
      more = writing.load();
      const std::uint64_t rows = fault::size_of(store);
      ASSERT_GE(rows, seen);
      seen = rows;
    }
    ASSERT_EQ(seen, 150U);
  });
}

TEST_F(Reading, StreamsContentThatIsErasedMeanwhile) {
  constexpr std::size_t size = 700'000;
  run_together(4, [&](int i) {
    const auto seed = static_cast<std::uint64_t>(i);
    for (int round = 0; round < 4; ++round) {
      const Guid id = store.create(fault::bulky(size, seed)).value();
      const auto snapshot = store.snapshot().value();
      const SessionView session = snapshot.get(id).value();
      auto reader = snapshot.stream(*session.inputs().stored).value();
      ASSERT_TRUE(store.erase(id));
      std::string bytes;
      for (auto piece = reader.next(); piece && !piece->empty(); piece = reader.next()) bytes += *piece;
      ASSERT_TRUE(bytes == noise(size, seed));
    }
  });
  expect_clean(store);
}

TEST_F(Reading, SnapshotMayGoFromThreadToThread) {
  const Guid id = store.create(named("handed on")).value();
  auto snapshot = store.snapshot().value();
  for (int i = 0; i < 8; ++i) {
    std::thread([&] {
      EXPECT_EQ(snapshot.get(id)->name(), "handed on");
      EXPECT_TRUE(snapshot.renew());
    }).join();
  }
  std::thread([moved = std::move(snapshot), id] { EXPECT_TRUE(moved.get(id)); }).join();
  EXPECT_EQ(store.stats()->readers.size(), 0U);
}

TEST_F(Reading, ViewsOfOneSnapshotAreReadByManyThreads) {
  std::vector<Session> sessions(50, named("shared"));
  ASSERT_TRUE(store.create_multiple(sessions));
  const auto snapshot = store.snapshot().value();
  std::vector<SessionView> views;
  for (const auto& row : snapshot.select({})) views.push_back(row.value());
  run_together(6, [&](int) {
    for (const SessionView& view : views) ASSERT_EQ(view.copy()->name, "shared");
  });
}

TEST_F(Reading, GoesOnWhileTheStoreLearnsToPack) {
  constexpr int writers = 3;
  constexpr int each = 700;
  const auto text_of = [](int thread, int number) {
    return R"({"hostName":"robot.example.org","attendedMode":"Unattended","thread":)" + std::to_string(thread) +
           R"(,"number":)" + std::to_string(number) + "}";
  };
  std::atomic<int> wrong{0};
  run_together(2 * writers, [&](int thread) {
    if (thread >= writers) {
      for (int round = 0; round < 60; ++round) {
        const auto snapshot = store.snapshot().value();
        Query query;
        query.limit = limit(100);
        for (const auto& row : snapshot.select(query)) {
          const auto context = row.value().context();
          const auto inputs = snapshot.read(row.value().inputs());
          if (!context || !inputs || *context != *inputs) ++wrong;
        }
      }
      return;
    }
    for (int number = 0; number < each; ++number) {
      Session session = named("row");
      session.context = text_of(thread, number);
      session.inputs.emplace().content = Content(*session.context);
      if (!store.create(session)) ++wrong;
    }
  });
  EXPECT_EQ(wrong, 0);
  // A write finds that there were enough before it.
  ASSERT_TRUE(store.create(named("last")));
  expect_clean(store);
}

TEST_F(Reading, OutlivesTheStoreThatIsClosed) {
  auto other = std::make_optional(open_store(directory.file("other.flowkeep")));
  const Guid id = other->create(named("kept")).value();
  constexpr int readers = 6;
  std::latch made(readers + 1);
  std::latch closed(1);
  std::vector<std::thread> threads;
  for (int i = 0; i < readers; ++i) {
    threads.emplace_back([&] {
      auto snapshot = other->snapshot().value();
      made.arrive_and_wait();
      closed.wait();
      for (int round = 0; round < 20; ++round) {
        ASSERT_EQ(snapshot.get(id)->name(), "kept");
        ASSERT_TRUE(snapshot.renew());
      }
    });
  }
  made.arrive_and_wait();
  other.reset();
  EXPECT_EQ(fault::refusal(directory.file("other.flowkeep")), Errc::busy);
  closed.count_down();
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(fault::refusal(directory.file("other.flowkeep")), std::nullopt);
}

TEST_F(Reading, BeyondMaxReadersIsBusyAndRecovers) {
  const Store narrow = open_store(directory.file("narrow.flowkeep"), {.max_readers = 3});
  const Guid id = narrow.create(named("one")).value();
  std::atomic<int> read{0};
  run_together(8, [&](int) {
    for (int got = 0; got < 30;) {
      const auto session = narrow.get(id);
      if (session) {
        ++got;
        ++read;
      } else {
        ASSERT_EQ(session.error().code, Errc::busy);
        std::this_thread::yield();
      }
    }
  });
  EXPECT_EQ(read, 8 * 30);
}

TEST(GrowingMap, IsFollowedWhileThreadsRead) {
  const TemporaryDirectory directory;
  fault::Gate grow;
  fault::Pipe grown;
  { ASSERT_TRUE(open_store(directory.file()).create(named("one"))); }
  // Forked before there are threads.
  fault::Child child([&] {
    grow.arrive_and_wait();
    const Store store = open_store(directory.file(), {.map_bytes = 256ULL << 20});
    for (std::uint64_t i = 0; i < 40; ++i) {
      if (!store.create(fault::bulky(400'000, i))) return 1;
    }
    grown.write(".");
    return 0;
  });
  grow.await();
  const Store store = open_store(directory.file(), {.map_bytes = 4ULL << 20});
  grow.open();
  std::atomic<bool> growing{true};
  run_together(5, [&](int i) {
    if (i == 0) {
      EXPECT_EQ(grown.read(1), ".");
      growing = false;
      return;
    }
    for (bool more = true; more;) {
      more = growing.load();
      const auto snapshot = store.snapshot();
      ASSERT_TRUE(snapshot) << snapshot.error().message;
      for (const auto& row : snapshot->select({})) ASSERT_TRUE(row) << row.error().message;
    }
  });
  EXPECT_EQ(child.wait(), 0);
  EXPECT_EQ(fault::size_of(store), 41U);
  expect_clean(store);
}

// The map moves when no transaction is open: whoever has one, the applier above all, must not wait for a checkpoint
// that waits for the map.
TEST(GrowingMap, GrowsBesideCommitsAndCheckpoints) {
  constexpr int writers = 4;
  for (int round = 0; round < 16; ++round) {
    const TemporaryDirectory directory;
    OpenOptions options;
    options.map_bytes = 1U << 20;
    options.busy_timeout = std::chrono::seconds(5);
    options.durability = Durability::process_safe;
    const Store store = open_store(directory.file(), std::move(options));
    run_together(writers, [&](int i) {
      for (int batch = 0; batch < 100; ++batch) {
        Session session = fault::bulky(400, static_cast<std::uint64_t>(1000 * i + batch));
        session.flowsessionid.reset();
        const auto ids = store.create_multiple(std::vector<Session>(100, session));
        ASSERT_TRUE(ids) << ids.error().message;
      }
    });
    EXPECT_EQ(fault::size_of(store), writers * 100U * 100U);
  }
}

// What was acknowledged is there at once, and nobody sees a session go back: while it is on its way to the tables, too.
TEST_F(Reading, SeesASessionAsItWasAcknowledged) {
  constexpr int writers = 3;
  constexpr int readers = 3;
  std::vector<Guid> ids(writers);
  std::vector<std::atomic<std::int64_t>> acknowledged(writers);
  for (Guid& id : ids) id = store.create(named("watched")).value();
  std::atomic<int> writing{writers};
  run_together(writers + readers, [&](int i) {
    if (i < writers) {
      const auto at = static_cast<std::size_t>(i);
      for (int round = 0; round < 150; ++round) {
        SessionUpdate update;
        update.set.runduration = round;
        const auto version = store.update(ids[at], update);
        ASSERT_TRUE(version) << version.error().message;
        acknowledged[at].store(*version);
        ASSERT_EQ(store.get(ids[at])->runduration, round);
        // One that comes and goes.
        const auto id = store.create(named("short"));
        ASSERT_TRUE(id);
        EXPECT_TRUE(store.status_of(*id));
        EXPECT_TRUE(store.erase(*id));
        EXPECT_EQ(store.status_of(*id).error().code, Errc::not_found);
        EXPECT_FALSE(store.find(*id)->has_value());
      }
      --writing;
      return;
    }
    std::vector<std::int64_t> seen(writers);
    while (writing.load() > 0) {
      for (std::size_t at = 0; at < ids.size(); ++at) {
        const std::int64_t before = std::max(acknowledged[at].load(), seen[at]);
        const auto status = store.status_of(ids[at]);
        ASSERT_TRUE(status) << status.error().message;
        ASSERT_GE(status->versionnumber, before);
        seen[at] = status->versionnumber;
        if (i % 2 == 0) continue;
        const auto snapshot = store.snapshot();
        ASSERT_TRUE(snapshot);
        ASSERT_GE(snapshot->get(ids[at])->versionnumber(), seen[at]);
      }
    }
  });
  expect_clean(store);
}

}  // namespace
}  // namespace flowkeep::threads

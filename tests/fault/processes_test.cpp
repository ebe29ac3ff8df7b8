// Several processes on one file, some of which die.
#include <map>
#include <random>
#include <set>
#include <thread>

#include "fixture.hpp"

namespace flowkeep::fault {
namespace {

TEST(Processes, AreToldBusyByAWriterThatStays) {
  const TemporaryDirectory directory;
  { const Store made = open_store(directory.file()); }
  Gate writing;
  Child writer([&] {
    const Store store = open_store(directory.file());
    const auto transaction = store.write();
    writing.arrive_and_wait();
    return transaction ? 0 : 1;
  });
  writing.await(1);
  OpenOptions options;
  options.busy_timeout = std::chrono::milliseconds(30);
  const Store store = open_store(directory.file(), options);
  const auto refused = store.create(named("late"));
  EXPECT_EQ(code_of(refused), Errc::busy);
  const std::string sentence = "process " + std::to_string(writer.pid()) + " has been writing for 30 ms";
  EXPECT_NE(refused.error().message.find(sentence), std::string::npos) << refused.error().message;
  writing.open();
  EXPECT_EQ(writer.wait(), 0);
  EXPECT_TRUE(store.create(named("in time")));
}

TEST(Processes, WriteAtOnceAndLoseNothing) {
  constexpr int writers = 4;
  constexpr int each = 300;
  const TemporaryDirectory directory;
  { const Store made = open_store(directory.file()); }
  Gate start;
  std::vector<Child> children;
  for (int writer = 0; writer < writers; ++writer) {
    children.emplace_back([&, writer] {
      const Store store = open_store(directory.file());
      start.arrive_and_wait();
      for (int i = 0; i < each; ++i) {
        Session session = named("writer " + std::to_string(writer));
        session.correlationid = std::to_string(writer);
        const auto id = store.create(session);
        if (!id) return 1;
        if (!store.transition(*id, StatusCode::running)) return 2;
        if (i % 2 == 0 && !store.transition(*id, StatusCode::succeeded)) return 3;
        if (store.get(*id)->name != session.name) return 4;
      }
      return 0;
    });
  }
  start.await(writers);
  start.open();
  for (Child& child : children) EXPECT_EQ(child.wait(), 0);

  const Store store = open_store(directory.file());
  expect_clean(store);
  const auto snapshot = store.snapshot().value();
  EXPECT_EQ(snapshot.size(), std::uint64_t{writers * each});
  for (int writer = 0; writer < writers; ++writer) {
    Query query;
    query.correlationid = std::to_string(writer);
    EXPECT_EQ(snapshot.count(query), std::uint64_t{each});
  }
  std::set<std::int64_t> versions;
  for (const auto& row : snapshot.select({})) versions.insert(row.value().versionnumber());
  EXPECT_EQ(versions.size(), std::size_t{writers * each});
  EXPECT_EQ(store.stats()->last_version, *versions.rbegin());
  EXPECT_EQ(store.stats()->by_status[static_cast<std::size_t>(StatusCode::succeeded)],
            std::uint64_t{writers * each / 2});
}

TEST(Processes, SeeEachOthersCommitsWithinFiftyMilliseconds) {
  const TemporaryDirectory directory;
  const Store store = open_store(directory.file());
  std::vector<std::chrono::steady_clock::duration> delays;
  for (int round = 0; round < 20; ++round) {
    Pipe made;
    Child child([&] {
      const Store other = open_store(directory.file());
      made.write(other.create(named("elsewhere")).value().str());
      return 0;
    });
    const auto id = Guid::parse(made.read(36));
    ASSERT_TRUE(id);
    const auto acknowledged = std::chrono::steady_clock::now();
    while (!store.find(*id).value() && std::chrono::steady_clock::now() < acknowledged + std::chrono::seconds(10)) {
    }
    delays.push_back(std::chrono::steady_clock::now() - acknowledged);
    EXPECT_EQ(store.get(*id)->name, "elsewhere");
    EXPECT_EQ(child.wait(), 0);
  }
  // Of a noisy machine not every delay is ours.
  std::nth_element(delays.begin(), delays.begin() + 10, delays.end());
  EXPECT_LT(delays[10], std::chrono::milliseconds(50));
}

TEST(Processes, ThatComeLaterSeeWhatWasAcknowledged) {
  const TemporaryDirectory directory;
  const Store store = open_store(directory.file());
  ASSERT_TRUE(store.create(named("the tables have had nothing for long")));
  for (int round = 0; round < 20; ++round) {
    const bool reads_only = round % 2 == 0;
    const Guid id = store.create(named("a moment ago")).value();
    EXPECT_EQ(in_child([&] {
                const auto mode = reads_only ? OpenMode::read_only : OpenMode::existing;
                const Store other = open_store(directory.file(), {.mode = mode});
                return other.find(id).value() ? 0 : 1;
              }),
              0);
  }
}

// A reader that comes while a writer's turn has no end, and no writer, finds what the reader before it found.
TEST(Processes, ThatOnlyReadMayJoinAReader) {
  const TemporaryDirectory directory;
  const Guid id = [&] {
    const Store store = open_store(directory.file());
    return store.create(named("early")).value();
  }();
  const Store reader = open_store(directory.file(), {.mode = OpenMode::read_only});
  EXPECT_EQ(in_child([&]() -> int {
              const Store other = open_store(directory.file());
              auto transaction = other.write();
              std::_Exit(transaction ? 0 : 1);  // with the turn, and nothing behind the checkpoint that it made
            }),
            0);
  EXPECT_EQ(in_child([&] {
              const Store second = open_store(directory.file(), {.mode = OpenMode::read_only});
              return second.find(id).value() ? 0 : 1;
            }),
            0);
}

// A reader that closes last cannot make the file whole, but what it leaves can be read.
TEST(Processes, ThatOnlyReadMayCloseLast) {
  const TemporaryDirectory directory;
  Gate reading;
  std::optional<Child> reader;
  {
    const Store store = open_store(directory.file());
    EXPECT_TRUE(store.create(named("early")));
    reader.emplace([&] {
      const Store other = open_store(directory.file(), {.mode = OpenMode::read_only});
      reading.arrive_and_wait();
      return 0;
    });
    reading.await(1);
    EXPECT_TRUE(store.create(named("late")));
  }
  reading.open();
  EXPECT_EQ(reader->wait(), 0);
  {
    const Store store = open_store(directory.file(), {.mode = OpenMode::read_only});
    EXPECT_EQ(size_of(store), 2U);
    expect_clean(store);
  }
  const Store store = open_store(directory.file());
  EXPECT_TRUE(store.create(named("later")));
  expect_clean(store);
}

TEST(Processes, ObeyAModelAndAnIndexThatAnotherOneSets) {
  const TemporaryDirectory directory;
  const Store store = open_store(directory.file());
  Session done = named("done");
  done.statuscode = StatusCode::succeeded;
  const Guid id = store.create(done).value();
  ASSERT_EQ(code_of(store.transition(id, StatusCode::running)), Errc::invalid_transition);
  EXPECT_EQ(in_child([&] {
              const Store other = open_store(directory.file());
              return other.set_state_model(StateModel::platform()) && other.add_index(IndexId::startedon) ? 0 : 1;
            }),
            0);
  EXPECT_TRUE(store.transition(id, StatusCode::running));
  EXPECT_EQ(store.snapshot()->index_status().value()[static_cast<std::size_t>(IndexId::startedon)],
            IndexStatus::active);
  expect_clean(store);
}

TEST(Processes, MakeTheSameNewStoreAtOnce) {
  constexpr int makers = 6;
  for (int round = 0; round < 15; ++round) {
    const TemporaryDirectory directory(Place::disk);
    Gate start;
    std::vector<Child> children;
    for (int maker = 0; maker < makers; ++maker) {
      children.emplace_back([&] {
        start.arrive_and_wait();
        const auto store = Store::open(directory.file());
        if (!store) return 10 + static_cast<int>(store.error().code);
        return store->create(named("maker")) ? 0 : 1;
      });
    }
    start.await(makers);
    start.open();
    for (Child& child : children) EXPECT_EQ(child.wait(), 0) << "10 and more: an Errc of the open";
    const Store store = open_store(directory.file());
    EXPECT_EQ(size_of(store), std::uint64_t{makers});
    expect_clean(store);
  }
}

TEST(Processes, MakeTheSameNewStoreOnlyOnceWhereTheyInsist) {
  constexpr int makers = 6;
  for (int round = 0; round < 10; ++round) {
    const TemporaryDirectory directory(Place::disk);
    Gate start;
    std::vector<Child> children;
    for (int maker = 0; maker < makers; ++maker) {
      children.emplace_back([&] {
        start.arrive_and_wait();
        const auto store = Store::open(directory.file(), {.mode = OpenMode::create_new});
        return store ? 0 : static_cast<int>(store.error().code);
      });
    }
    start.await(makers);
    start.open();
    int made = 0;
    for (Child& child : children) {
      const int answer = child.wait();
      if (answer == 0) {
        ++made;
      } else {
        EXPECT_EQ(static_cast<Errc>(answer), Errc::already_exists);
      }
    }
    EXPECT_EQ(made, 1);
    expect_clean(open_store(directory.file()));
  }
}

std::string line_about(char kind, const std::string& what) {
  std::string line(1, kind);
  line += what;
  line += '\n';
  return line;
}

/// A process that writes until it is killed: single creates, transitions, and batches of ten that share a
/// correlationid. Every line of the pipe is an acknowledgement, "c<id>" or "b<batch>".
int write_until_killed(const std::string& path, int life, const Pipe& acknowledged) {
  const Store store = open_store(path);
  for (int i = 0;; ++i) {
    const auto id = store.create(named("single"));
    if (!id) return 1;
    acknowledged.write(line_about('c', id->str()));
    if (!store.transition(*id, StatusCode::running)) return 2;
    std::string batch = std::to_string(life) + "-" + std::to_string(i);
    batch.resize(36, ' ');
    std::vector<Session> sessions(10, named("batch"));
    for (Session& session : sessions) session.correlationid = batch;
    sessions.front().inputs = Binary{std::nullopt, Content(noise(20'000, static_cast<std::uint64_t>(i % 3))), {}, {}};
    if (!store.create_multiple(sessions)) return 3;
    acknowledged.write(line_about('b', batch));
  }
}

TEST(Processes, ThatAreKilledLoseNothingAcknowledged) {
  constexpr int lives = 60;
  const std::uint64_t seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  const TemporaryDirectory directory;
  { const Store made = open_store(directory.file()); }
  std::uint64_t acknowledged_in_all = 0;
  for (int life = 0; life < lives && !testing::Test::HasFailure(); ++life) {
    SCOPED_TRACE("life " + std::to_string(life));
    Pipe acknowledged;
    acknowledged.narrow();
    Child child([&] { return write_until_killed(directory.file(), life, acknowledged); });
    acknowledged.close_writing();
    constexpr std::size_t line_size = 38;
    std::string lines = acknowledged.read(line_size * (random() % 12));
    // The moment of the kill within a write: a wait whose length nobody relies on.
    for (std::uint64_t turns = random() % 40; turns > 0; --turns) std::this_thread::yield();
    child.kill();
    lines += acknowledged.read_all();

    const Store store = open_store(directory.file());
    expect_clean(store);
    const auto snapshot = store.snapshot().value();
    for (std::size_t at = 0; at < lines.size(); at += line_size) {
      const std::string about = lines.substr(at + 1, 36);
      ++acknowledged_in_all;
      if (lines[at] == 'c') {
        EXPECT_TRUE(snapshot.get(*Guid::parse(about))) << about;
      } else {
        Query query;
        query.correlationid = about;
        EXPECT_EQ(snapshot.count(query), 10U) << about;
      }
    }
    std::map<std::string, int> batches;
    for (const auto& row : snapshot.select({})) {
      if (row.value().correlationid()) ++batches[std::string(*row->correlationid())];
    }
    for (const auto& [batch, rows] : batches) EXPECT_EQ(rows, 10) << "half a batch: " << batch;
  }
  EXPECT_GT(acknowledged_in_all, std::uint64_t{lives});
}

TEST(Processes, ThatAreKilledInATransactionLeaveTheLockToOthers) {
  const TemporaryDirectory directory;
  const Store store = open_store(directory.file());
  for (int round = 0; round < 5; ++round) {
    Gate gate;
    Child child([&] {
      const Store other = open_store(directory.file());
      auto transaction = other.write().value();
      (void)transaction.create(named("never"));
      gate.arrive_and_wait();
      return 0;
    });
    gate.await();
    child.kill();
    const auto id = store.create(named("after"));
    ASSERT_TRUE(id) << id.error().message;
  }
  EXPECT_EQ(size_of(store), 5U);
  expect_clean(store);
}

}  // namespace
}  // namespace flowkeep::fault

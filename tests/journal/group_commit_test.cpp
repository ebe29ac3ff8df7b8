// Where records go, and who writes them.
#include "journal/group_commit.hpp"

#include <atomic>
#include <barrier>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <mutex>
#include <random>
#include <thread>

#include "journal_fixture.hpp"

namespace flowkeep::journal {
namespace {

using Level = GroupCommit::Level;

class GroupCommitTest : public JournalFixture {
 protected:
  GroupCommitTest() { group_.reset(header_.start, header_.start, capacity); }
  GroupCommit group_{file_};
};

TEST_F(GroupCommitTest, WritesNothingBeforeSomebodyWaits) {
  const auto ticket = group_.enqueue("a change", Level::synced);
  EXPECT_EQ(ticket.lsn, 1U);
  EXPECT_FALSE(group_.is_done(ticket));
  EXPECT_EQ(group_.appliable(), 0U);
  EXPECT_TRUE(scan(header_.start).payloads.empty());
  ASSERT_TRUE(group_.wait(ticket));
  EXPECT_TRUE(group_.is_done(ticket));
  EXPECT_EQ(scan(header_.start).payloads, std::vector<std::string>{"a change"});
  EXPECT_EQ(scan(header_.start).end, ticket.behind);
  EXPECT_EQ(group_.tail(), ticket.behind);
}

TEST_F(GroupCommitTest, TellsWrittenFromSynced) {
  const auto written = group_.enqueue("written", Level::written);
  ASSERT_TRUE(group_.wait(written));
  EXPECT_EQ(group_.appliable(), 1U);
  EXPECT_EQ(group_.durable(), 0U);
  // A synced record makes those before it durable, too.
  ASSERT_TRUE(group_.wait(group_.enqueue("synced", Level::synced)));
  EXPECT_EQ(group_.durable(), 2U);
  ASSERT_TRUE(group_.wait(group_.enqueue("written again", Level::written)));
  EXPECT_EQ(group_.durable(), 2U);
  ASSERT_TRUE(group_.flush());
  EXPECT_EQ(group_.durable(), 3U);
}

TEST_F(GroupCommitTest, WritesOneGroupForAllThatAreQueued) {
  const auto first = group_.enqueue("one", Level::synced);
  const auto second = group_.enqueue("two", Level::written);
  EXPECT_EQ(first.group, second.group);
  ASSERT_TRUE(group_.wait(first));
  EXPECT_TRUE(group_.is_done(second));
  EXPECT_EQ(group_.durable(), 2U);
  EXPECT_GT(group_.enqueue("three", Level::synced).group, second.group);
}

TEST_F(GroupCommitTest, WritesWhatNobodyWaitsFor) {
  const auto ticket = group_.enqueue("left alone", Level::written);
  ASSERT_TRUE(group_.write_queued());
  EXPECT_EQ(group_.appliable(), 1U);
  EXPECT_TRUE(group_.is_done(ticket));
  ASSERT_TRUE(group_.write_queued());
}

TEST_F(GroupCommitTest, FillsTheFileOnceAndNoMore) {
  const std::string payload(1000, 'p');
  std::uint64_t count = 0;
  GroupCommit::Ticket last;
  while (group_.fits(payload.size())) {
    last = group_.enqueue(payload, Level::written);
    ++count;
  }
  EXPECT_EQ(count, (capacity - records_begin - record_header_bytes) / record_bytes(payload.size()));
  ASSERT_TRUE(group_.flush());
  EXPECT_EQ(scan(header_.start).payloads.size(), count);
  EXPECT_EQ(last.lsn, count);
  EXPECT_EQ(group_.used_bytes(), count * record_bytes(payload.size()));
  // All may be written over: there is room again.
  group_.recycle(group_.tail(), capacity);
  EXPECT_EQ(group_.used_bytes(), 0U);
  EXPECT_TRUE(group_.fits(payload.size()));
}

TEST_F(GroupCommitTest, HasNoRoomForWhatIsLargerThanTheFile) {
  EXPECT_FALSE(group_.fits(capacity));
  EXPECT_FALSE(group_.fits(capacity - records_begin - record_header_bytes));
  EXPECT_TRUE(group_.fits(capacity - records_begin - 2 * record_header_bytes));
}

// Against a model that knows which bytes have to stay.
class Model {
 public:
  struct Piece {
    std::uint64_t lsn;
    std::uint64_t from;
    std::uint64_t to;
    std::string payload;
    bool is_wrap;
  };

  // The bytes that a record, and the wrap before it, will be written to; "" or what they would destroy.
  std::string add(const Position& before, const GroupCommit::Ticket& ticket, const std::string& payload) {
    const std::uint64_t to = ticket.behind.offset;
    const std::uint64_t from = to - record_bytes(payload.size());
    std::string wrong;
    if (from != before.offset) {
      if (from != records_begin) return "a record was put at " + std::to_string(from);
      wrong = put({ticket.lsn, before.offset, before.offset + record_header_bytes, {}, true});
    }
    return wrong.empty() ? put({ticket.lsn, from, to, payload, false}) : wrong;
  }
  void recycle(std::uint64_t lsn) {
    while (!pieces_.empty() && pieces_.front().lsn < lsn) pieces_.pop_front();
  }
  [[nodiscard]] std::vector<std::string> payloads() const {
    std::vector<std::string> all;
    for (const Piece& piece : pieces_) {
      if (!piece.is_wrap) all.push_back(piece.payload);
    }
    return all;
  }
  std::uint64_t capacity = 0;

 private:
  std::string put(Piece piece) {
    if (piece.from < records_begin || piece.to > capacity) return "a record lies outside of the file's records";
    for (const Piece& other : pieces_) {
      if (piece.from < other.to && other.from < piece.to) {
        return "record " + std::to_string(piece.lsn) + " is written over " + std::to_string(other.lsn);
      }
    }
    pieces_.push_back(std::move(piece));
    return {};
  }
  std::deque<Piece> pieces_{};
};

class GroupCommitModel : public GroupCommitTest, public testing::WithParamInterface<std::uint64_t> {};

TEST_P(GroupCommitModel, NeverWritesOverWhatHasToStay) {
  std::mt19937_64 random(GetParam());
  const auto between = [&](std::uint64_t least, std::uint64_t most) {
    return std::uniform_int_distribution<std::uint64_t>(least, most)(random);
  };
  Model model;
  model.capacity = capacity;
  Position start = header_.start;
  std::vector<Position> applied;  // from where on records may have to stay
  int laps = 0;
  int refused = 0;
  for (int step = 0; step < 1500; ++step) {
    const std::uint64_t roll = between(0, 99);
    if (roll < 92) {
      const std::string payload(between(0, 9) == 0 ? between(0, capacity / 4) : between(0, 3000), 'p');
      if (!group_.fits(payload.size())) {
        ++refused;
        continue;
      }
      const Position before = group_.tail();
      const auto ticket = group_.enqueue(payload, between(0, 1) == 0 ? Level::synced : Level::written);
      ASSERT_EQ(model.add(before, ticket, payload), "") << "step " << step;
      laps += ticket.behind.offset < before.offset ? 1 : 0;
      applied.push_back(ticket.behind);
    } else if (roll < 96) {
      ASSERT_TRUE(group_.flush());
    } else if (!applied.empty()) {
      // A checkpoint holds what was written up to some record.
      ASSERT_TRUE(group_.flush());
      if (between(0, 9) == 0 && model.capacity < 4 * capacity) {
        ASSERT_TRUE(file_.extend(model.capacity, model.capacity + capacity / 2));
        model.capacity += capacity / 2;
      }
      const std::size_t which = between(0, applied.size() - 1);
      start = applied[which];
      applied.erase(applied.begin(), applied.begin() + static_cast<std::ptrdiff_t>(which) + 1);
      model.recycle(start.lsn);
      group_.recycle(start, model.capacity);
      const Scanned scanned = scan(start, model.capacity);
      ASSERT_EQ(scanned.payloads, model.payloads()) << "step " << step;
      ASSERT_EQ(scanned.end, group_.tail()) << "step " << step;
    }
    ASSERT_LE(group_.used_bytes(), model.capacity - records_begin) << "step " << step;
  }
  EXPECT_GT(laps, 5);
  EXPECT_GT(refused, 5);
}

INSTANTIATE_TEST_SUITE_P(Seeds, GroupCommitModel, testing::Range<std::uint64_t>(1, 13));

TEST_F(GroupCommitTest, OfManyThreadsKeepsTheOrderOfTheQueue) {
  constexpr int threads = 8;
  constexpr int each = 40;
  std::mutex writers;
  std::vector<std::string> order;
  std::vector<std::thread> running;
  for (int thread = 0; thread < threads; ++thread) {
    running.emplace_back([&, thread] {
      for (int i = 0; i < each; ++i) {
        GroupCommit::Ticket ticket;
        const std::string payload = std::to_string(thread) + "/" + std::to_string(i);
        {
          const std::lock_guard lock(writers);
          ASSERT_TRUE(group_.fits(payload.size()));
          ticket = group_.enqueue(payload, i % 3 == 0 ? Level::written : Level::synced);
          order.push_back(payload);
        }
        ASSERT_TRUE(group_.wait(ticket));
        ASSERT_GE(group_.appliable(), ticket.lsn);
        if (i % 3 != 0) {
          ASSERT_GE(group_.durable(), ticket.lsn);
        }
      }
    });
  }
  for (std::thread& thread : running) thread.join();
  EXPECT_EQ(scan(header_.start).payloads, order);
}

// Nobody comes after them who would wake whoever was forgotten.
TEST_F(GroupCommitTest, ForgetsNobodyWhoFlushesWhileAGroupGathers) {
  constexpr int committers = 4;
  constexpr int rounds = 4000;
  std::mutex writers;
  std::barrier round(committers + 1);
  std::atomic<int> finished{0};
  const auto pause = [](std::uint64_t nanoseconds) {
    const auto until = std::chrono::steady_clock::now() + std::chrono::nanoseconds(nanoseconds);
    while (std::chrono::steady_clock::now() < until) {
    }
  };
  std::vector<std::thread> threads;
  for (int thread = 0; thread < committers; ++thread) {
    threads.emplace_back([&, thread] {
      std::mt19937_64 random(thread);
      for (int i = 0; i < rounds; ++i) {
        round.arrive_and_wait();
        pause(random() % 200'000);
        std::unique_lock lock(writers);
        const auto ticket = group_.enqueue("a change", Level::synced);
        group_.recycle(ticket.behind, capacity);  // all that is written may be written over
        lock.unlock();
        ASSERT_TRUE(group_.wait(ticket));
      }
      ++finished;
    });
  }
  threads.emplace_back([&] {
    std::mt19937_64 random(committers);
    for (int i = 0; i < rounds; ++i) {
      round.arrive_and_wait();
      pause(random() % 200'000);
      ASSERT_TRUE(group_.flush());
    }
    ++finished;
  });
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  while (finished <= committers) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
    if (std::chrono::steady_clock::now() < deadline) continue;
    std::fputs("a thread waits for a group that nobody writes\n", stderr);
    std::abort();  // it cannot be joined
  }
  for (std::thread& thread : threads) thread.join();
}

TEST(GroupCommitFailure, IsFinalAndToldToAll) {
  // Every write to it fails.
  auto file = JournalFile::open("/dev/full");
  ASSERT_TRUE(file);
  GroupCommit group(*file);
  group.reset({1, records_begin, 1}, {1, records_begin, 1}, 64U << 10);
  const auto ticket = group.enqueue("lost", Level::synced);
  const auto waited = group.wait(ticket);
  ASSERT_FALSE(waited);
  EXPECT_EQ(waited.error().code, Errc::io);
  EXPECT_EQ(group.appliable(), 0U);
  EXPECT_EQ(group.durable(), 0U);
  EXPECT_TRUE(group.is_done(ticket));
  EXPECT_FALSE(group.wait(group.enqueue("later", Level::written)));
  EXPECT_FALSE(group.flush());
  EXPECT_FALSE(group.write_queued());
}

}  // namespace
}  // namespace flowkeep::journal

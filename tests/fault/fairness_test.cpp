// Processes that write at full speed share the turn.
#include <algorithm>
#include <array>
#include <atomic>
#include <cstdio>

#include "fixture.hpp"

namespace flowkeep::fault {
namespace {

using Clock = std::chrono::steady_clock;
constexpr std::chrono::seconds duration{4};

// Counted in writes, not in time: how long one takes is a matter of the disk.
struct Share {
  std::atomic<std::uint64_t> writes;
  std::atomic<std::uint64_t> longest_wait;  // in writes of the others
};
struct Shares {
  std::atomic<std::uint64_t> all;
  std::array<Share, 4> of;
};

int write_at_full_speed(const std::string& path, Shares& shares, Share& own, Gate& start) {
  const Store store = open_store(path);
  start.arrive_and_wait();
  const auto end = Clock::now() + duration;
  for (std::uint64_t last = shares.all; Clock::now() < end;) {
    if (!store.create(named("as fast as can be"))) return 1;
    ++own.writes;
    const std::uint64_t present = ++shares.all;
    own.longest_wait = std::max<std::uint64_t>(own.longest_wait, present - last - 1);
    last = present;
  }
  return 0;
}

class Fairness : public testing::TestWithParam<unsigned> {};

TEST_P(Fairness, OfTheTurn) {
  const Watchdog watchdog;
  const TemporaryDirectory directory;
  { const Store made = open_store(directory.file()); }
  const Shared<Shares> shares;
  Gate start;
  std::vector<Child> writers;
  for (unsigned writer = 0; writer < GetParam(); ++writer) {
    writers.emplace_back(
        [&, writer] { return write_at_full_speed(directory.file(), *shares, shares->of[writer], start); });
  }
  start.await(static_cast<int>(GetParam()));
  start.open();
  for (Child& writer : writers) EXPECT_EQ(writer.wait(), 0);

  const std::uint64_t all = shares->all;
  for (unsigned writer = 0; writer < GetParam(); ++writer) {
    const Share& share = shares->of[writer];
    EXPECT_GT(share.writes * GetParam() * 5, all) << "writer " << writer << " has less than a fifth of its share";
    EXPECT_LT(share.longest_wait, all / 2) << "writer " << writer << " starved";
    std::printf("writer %u: %llu of %llu writes, at most %llu of others in between\n", writer,
                static_cast<unsigned long long>(share.writes), static_cast<unsigned long long>(all),
                static_cast<unsigned long long>(share.longest_wait));
  }
  expect_clean(open_store(directory.file()));
}

INSTANTIATE_TEST_SUITE_P(OfProcesses, Fairness, testing::Values(2U, 4U),
                         [](const auto& of) { return std::to_string(of.param); });

}  // namespace
}  // namespace flowkeep::fault

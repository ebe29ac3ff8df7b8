// Processes that write at full speed share the turn.
#include <algorithm>
#include <array>
#include <atomic>
#include <cstdio>

#include "fixture.hpp"

namespace flowkeep::fault {
namespace {

using Clock = std::chrono::steady_clock;
constexpr std::size_t seconds = 4;

struct Share {
  std::array<std::atomic<std::uint64_t>, seconds> writes;  // in each second
  std::atomic<std::uint64_t> longest_wait_us;
};
using Shares = std::array<Share, 4>;

int write_at_full_speed(const std::string& path, Share& share, Gate& start) {
  const Store store = open_store(path);
  start.arrive_and_wait();
  const auto began = Clock::now();
  for (auto last = began;;) {
    if (!store.create(named("as fast as can be"))) return 1;
    const auto present = Clock::now();
    const auto waited = std::chrono::duration_cast<std::chrono::microseconds>(present - last);
    share.longest_wait_us = std::max<std::uint64_t>(share.longest_wait_us, static_cast<std::uint64_t>(waited.count()));
    last = present;
    const auto second = static_cast<std::size_t>((present - began) / std::chrono::seconds(1));
    if (second >= seconds) return 0;
    ++share.writes[second];
  }
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
    writers.emplace_back([&, writer] { return write_at_full_speed(directory.file(), (*shares)[writer], start); });
  }
  start.await(static_cast<int>(GetParam()));
  start.open();
  for (Child& writer : writers) EXPECT_EQ(writer.wait(), 0);

  std::uint64_t all = 0;
  std::array<std::uint64_t, 4> each{};
  std::uint64_t longest = 0;
  for (unsigned writer = 0; writer < GetParam(); ++writer) {
    const Share& share = (*shares)[writer];
    for (std::size_t second = 0; second < seconds; ++second) {
      EXPECT_GT(share.writes[second], 0U) << "writer " << writer << " starved in second " << second;
      each[writer] += share.writes[second];
    }
    all += each[writer];
    longest = std::max<std::uint64_t>(longest, share.longest_wait_us);
  }
  for (unsigned writer = 0; writer < GetParam(); ++writer) {
    EXPECT_GT(each[writer] * GetParam() * 5, all) << "writer " << writer << " has less than a fifth of its share";
    std::printf("writer %u: %llu of %llu writes\n", writer, static_cast<unsigned long long>(each[writer]),
                static_cast<unsigned long long>(all));
  }
  std::printf("longest wait: %llu ms\n", static_cast<unsigned long long>(longest / 1000));
  EXPECT_LT(longest, 2'000'000U);
  expect_clean(open_store(directory.file()));
}

INSTANTIATE_TEST_SUITE_P(OfProcesses, Fairness, testing::Values(2U, 4U),
                         [](const auto& of) { return std::to_string(of.param); });

}  // namespace
}  // namespace flowkeep::fault

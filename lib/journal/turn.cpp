#include "journal/turn.hpp"

#include <unistd.h>

#include <thread>

#include "base/process.hpp"

namespace flowkeep::journal {

namespace {

using Clock = std::chrono::steady_clock;
constexpr std::chrono::microseconds poll_interval{300};
// Well over the poll interval: a waiting process is seen although it was not scheduled at once.
constexpr std::int64_t wanted_for_ns = 20'000'000;
constexpr std::chrono::milliseconds courtesy{3};
// What a turn costs (the tables catch up, the next one reads them anew) is shared by all commits of so long a time.
constexpr std::int64_t share_ns = 5'000'000;

}  // namespace

bool is_stopped(std::int64_t pid) {
  const auto process = base::read_process(pid);
  return process && process->is_stopped();
}

std::string describe_process(std::int64_t pid) {
  return "process " + std::to_string(pid) + (is_stopped(pid) ? ", which is stopped" : "");
}

Result<Turn::Since> Turn::take(std::chrono::milliseconds timeout) {
  const auto deadline = Clock::now() + timeout;
  SharedState& state = page_.state();
  for (;;) {
    auto locked = lock_.try_lock(storage::FileLock::Byte::turn, storage::FileLock::Kind::exclusive);
    if (!locked) return fail(std::move(locked.error()));
    if (*locked) break;
    if (timeout > timeout.zero()) state.wanted_at = monotonic_ns();
    if (Clock::now() >= deadline) {
      const std::int64_t writer = state.in_turn;
      return fail(Errc::busy, path_ + ": " + (writer == 0 ? std::string("another process") : describe_process(writer)) +
                                  " has been writing for " + std::to_string(timeout.count()) +
                                  " ms (busy_timeout): try again");
    }
    std::this_thread::sleep_for(poll_interval);
  }
  held_ = true;
  taken_at_ = monotonic_ns();
  state.wanted_at = 0;  // others that wait will say so again
  const bool died = state.in_turn != 0;
  const bool others = state.turns != my_turn_ || my_turn_ == 0;
  state.in_turn = ::getpid();
  if (others) {
    state.last_writer = ::getpid();
    my_turn_ = state.turns.fetch_add(1) + 1;
  }
  if (died) return Since::died;
  return others ? Since::others : Since::nothing;
}

void Turn::give() noexcept {
  page_.state().in_turn = 0;
  abandon();
}

void Turn::abandon() noexcept {
  held_ = false;
  lock_.unlock(storage::FileLock::Byte::turn);
}

bool Turn::is_to_pass_on() const noexcept {
  const std::int64_t present = monotonic_ns();
  return present - page_.state().wanted_at < wanted_for_ns && present - taken_at_ >= share_ns;
}

void Turn::let_others_in() const {
  const auto deadline = Clock::now() + courtesy;
  while (page_.state().turns == my_turn_ && Clock::now() < deadline) {
    std::this_thread::sleep_for(std::chrono::microseconds(100));
  }
  if (page_.state().turns == my_turn_) page_.state().wanted_at = 0;  // it has given up
}

bool Turn::others_wrote() const noexcept {
  return page_.state().turns != my_turn_;
}

}  // namespace flowkeep::journal

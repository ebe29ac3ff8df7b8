#include "kill_oracle.hpp"

#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <new>
#include <random>

namespace flowkeep::torture {

void Lane::intend(const std::vector<RowAfter>& rows) noexcept {
  Change& change = changes_[intended_ % most_intended];
  change.rows = static_cast<std::uint32_t>(rows.size());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    change.slots[i] = rows[i].slot;
    change.after[i] = rows[i].after.packed();
  }
  intended_.fetch_add(1);
}

void Lane::acknowledge() noexcept {
  Change& change = changes_[acknowledged_ % most_intended];
  change.acknowledged_at = monotonic_ns();
  acknowledged_.fetch_add(1);
  apply(change);
  applied_.store(acknowledged_);
}

void Lane::apply(const Change& change) noexcept {
  for (std::uint32_t i = 0; i < change.rows; ++i) slots_[change.slots[i]] = change.after[i].load();
}

LaneState Lane::state_after(std::uint64_t happened) const noexcept {
  LaneState state;
  for (unsigned slot = 0; slot < slots_per_lane; ++slot) state[slot] = SlotState::unpack(slots_[slot]);
  for (std::uint64_t number = applied_; number < acknowledged_ + happened; ++number) {
    const Change& change = changes_[number % most_intended];
    for (std::uint32_t i = 0; i < change.rows; ++i) state[change.slots[i]] = SlotState::unpack(change.after[i]);
  }
  return state;
}

// Killed between any two of these steps, the lane means the same.
void Lane::settle(std::uint64_t happened) noexcept {
  acknowledged_.fetch_add(happened);
  while (applied_ < acknowledged_) {
    apply(changes_[applied_ % most_intended]);
    applied_.fetch_add(1);
  }
  intended_.store(acknowledged_);
}

bool Lane::last_acknowledged(Acknowledgement& last) const noexcept {
  last.number = acknowledged_;
  if (last.number == 0) return false;
  const Change& change = changes_[(last.number - 1) % most_intended];
  last.at_ns = change.acknowledged_at;
  last.slot = change.slots[0];
  last.state = SlotState::unpack(change.after[0]);
  // Nothing of it was overwritten meanwhile.
  return intended_ < last.number + most_intended - 1 && last.state.exists() && last.slot < slots_per_lane;
}

void Delays::note(std::uint64_t microseconds) noexcept {
  ++counts[std::min<std::uint64_t>(microseconds / step_us, steps)];
  std::uint64_t known = longest_us;
  while (known < microseconds && !longest_us.compare_exchange_weak(known, microseconds)) {
  }
}

std::string Delays::summary() const {
  std::uint64_t all = 0;
  for (const auto& count : counts) all += count;
  if (all == 0) return "nothing measured";
  const auto at = [&](double share) {
    std::uint64_t seen = 0;
    for (std::size_t step = 0; step < counts.size(); ++step) {
      seen += counts[step];
      if (static_cast<double>(seen) < share * static_cast<double>(all)) continue;
      const std::uint64_t hundredths = (step + 1) * step_us / 10;
      return step == steps ? std::string("over 100 ms")
                           : "within " + std::to_string(hundredths / 100) + "." +
                                 std::to_string(hundredths % 100 / 10) + std::to_string(hundredths % 10) + " ms";
    }
    return std::string();
  };
  std::uint64_t late = 0;
  for (std::size_t step = 50'000 / step_us; step < counts.size(); ++step) late += counts[step];
  return std::to_string(all) + " changes, half " + at(0.5) + ", 99 % " + at(0.99) + ", " + std::to_string(late) +
         " after more than 50 ms, the last after " + std::to_string(longest_us / 1000) + " ms";
}

Oracle& Oracle::make() {
  void* memory = ::mmap(nullptr, sizeof(Oracle), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) std::abort();
  return *new (memory) Oracle{};
}

void Oracle::forget_lanes() noexcept {
  for (Lane& lane : lanes) new (&lane) Lane{};
  is_made = 0;
}

std::uint64_t Oracle::acknowledged() const noexcept {
  std::uint64_t all = 0;
  for (const Lane& lane : lanes) all += lane.acknowledged();
  return all;
}

std::uint64_t Oracle::acknowledged_by(unsigned process) const noexcept {
  std::uint64_t all = 0;
  for (unsigned thread = 0; thread < lanes_per_process; ++thread) {
    all += lanes[process * lanes_per_process + thread].acknowledged();
  }
  return all;
}

void Oracle::complain(const std::string& what) noexcept {
  ++bad;
  const std::string line = "torture_kill: BAD: " + what + "\n";
  static_cast<void>(!::write(STDERR_FILENO, line.data(), line.size()));
}

std::int64_t monotonic_ns() noexcept {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1'000'000'000 + now.tv_nsec;
}

Guid id_of(unsigned lane, unsigned slot) noexcept {
  Guid id;
  // Spread over the key space, so that neighbours in a lane are none in the store.
  std::mt19937_64 random((std::uint64_t{lane} << 32 | slot) + 1);
  for (std::size_t i = 0; i < 14; ++i) id.bytes[i] = static_cast<std::uint8_t>(random());
  id.bytes[14] = static_cast<std::uint8_t>(lane);
  id.bytes[15] = static_cast<std::uint8_t>(slot);
  return id;
}

std::string name_of(unsigned lane, unsigned slot, std::uint64_t value) {
  return "L" + std::to_string(lane) + " S" + std::to_string(slot) + " V" + std::to_string(value);
}

std::uint64_t value_of(std::string_view name, unsigned lane, unsigned slot) {
  const std::string begin = "L" + std::to_string(lane) + " S" + std::to_string(slot) + " V";
  std::uint64_t value = 0;
  if (name.substr(0, begin.size()) != begin) return 0;
  const char* end = name.data() + name.size();
  const auto [stopped, error] = std::from_chars(name.data() + begin.size(), end, value);
  return error == std::errc() && stopped == end ? value : 0;
}

std::string correlation_of(unsigned lane) {
  return "lane " + std::to_string(lane);
}

std::string context_of(std::uint64_t value, unsigned lane) {
  return R"({"hostName":"robot-)" + std::to_string(lane) +
         R"(.example.org","attendedMode":"Unattended","agentVersion":"2.45.404.24142","value":)" +
         std::to_string(value) + R"(,"connectionType":"directToMachine"})";
}

std::string content_of(std::uint64_t value, unsigned lane) {
  std::mt19937_64 random(value * 64 + lane);
  std::size_t size = 0;
  switch (random() % 16) {
    case 0:
      size = 22'000 + random() % 40'000;  // more than a third of a small journal
      break;
    case 1:
    case 2:
    case 3:
      size = 1 + random() % 3'000;
      break;
    case 4:
    case 5:
    case 6:
    case 7:
    case 8:
      // Of a form that the store learns.
      return context_of(value, lane) + context_of(value / 3, lane);
    default:
      return {};
  }
  std::string bytes(size, '\0');
  for (char& byte : bytes) byte = static_cast<char>(random());
  return bytes;
}

}  // namespace flowkeep::torture

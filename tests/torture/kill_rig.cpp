#include "kill_rig.hpp"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <thread>

#include "kill_verify.hpp"
#include "kill_writer.hpp"

namespace flowkeep::torture {

namespace {

using Clock = std::chrono::steady_clock;
using fault::Child;

constexpr std::uint64_t kills_of_one_store = 1000;
constexpr std::chrono::microseconds glance{100};
constexpr std::chrono::seconds standstill{60};

// A child that does not outlive its parent, however that ends.
std::unique_ptr<Child> child_of(const std::function<int()>& body) {
  const pid_t parent = ::getpid();
  return std::make_unique<Child>([&body, parent] {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    return ::getppid() == parent ? body() : 1;
  });
}

bool has_ended(const Child& child) {
  siginfo_t info{};
  return ::waitid(P_PID, static_cast<id_t>(child.pid()), &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid != 0;
}

const std::vector<std::string>& suffixes() {
  static const std::vector<std::string> names{"", "-wal", "-shm", "-lock"};
  return names;
}

}  // namespace

KillRig::KillRig(Oracle& oracle, KillOptions options)
    : oracle_(oracle), options_(std::move(options)), random_(options_.seed), writers_(options_.processes) {}

KillFigures KillRig::run() {
  while (figures_.kills < options_.kills && may_go_on()) {
    run_round(std::min(kills_of_one_store, options_.kills - figures_.kills));
  }
  return figures_;
}

bool KillRig::is_good() {
  if (oracle_.bad != 0) return false;
  for (unsigned process = 0; process < writers_.size(); ++process) {
    const auto& child = writers_[process].child;
    if (child && oracle_.stop == 0 && has_ended(*child)) {
      complain("writer " + std::to_string(process) + " has ended by itself");
    }
  }
  if (watcher_ && has_ended(*watcher_)) complain("the reader has ended by itself");
  return oracle_.bad == 0;
}

bool KillRig::may_go_on() {
  return is_good() && Clock::now() < options_.deadline;
}

void KillRig::complain(const std::string& what) {
  oracle_.complain(what + " (seed " + std::to_string(options_.seed) + ", " + std::to_string(options_.processes) +
                   " processes, kill " + std::to_string(figures_.kills) + ", file " + path_ + ")");
}

void KillRig::run_round(std::uint64_t kills) {
  static unsigned round = 0;
  path_ = options_.directory + "/round-" + std::to_string(round++) + ".flowkeep";
  oracle_.forget_lanes();
  const std::uint64_t until = figures_.kills + kills;
  for (unsigned process = 0; process < writers_.size(); ++process) start(process);
  while (figures_.kills < until && may_go_on()) {
    tend_watcher();
    const auto victim = static_cast<unsigned>(upto(writers_.size()));
    wait_for_the_moment(victim);
    if (!is_good()) break;
    if (writers_.size() == 1 || upto(6) == 0) {
      kill_all();
      if (upto(2) == 0) verify_all();
    } else {
      kill(victim);
      ++figures_.takeovers;
      if (upto(2) == 0) verify_beside_others(victim);
    }
    for (unsigned process = 0; process < writers_.size() && is_good(); ++process) {
      if (!writers_[process].child) start(process);
    }
  }
  end_round();
}

void KillRig::start(unsigned process) {
  Writer& writer = writers_[process];
  writer.acknowledged_before = oracle_.acknowledged_by(process);
  writer.opens_before = oracle_.opens[process];
  ++oracle_.lives[process];
  writer.child = child_of([&, seed = random_()] { return write_until_killed(oracle_, path_, process, seed); });
}

void KillRig::wait_for_the_moment(unsigned process) {
  const Writer& writer = writers_[process];
  if (upto(4) == 0) {
    std::this_thread::sleep_for(std::chrono::microseconds(upto(4000)));  // perhaps it opens, or recovers
    return;
  }
  const std::uint64_t wanted = writer.acknowledged_before + (1ULL << upto(9));
  const auto deadline = Clock::now() + standstill;
  while (oracle_.acknowledged_by(process) < wanted && is_good()) {
    if (Clock::now() > deadline) return complain("writer " + std::to_string(process) + " does not get on for a minute");
    std::this_thread::sleep_for(glance);
  }
  std::this_thread::sleep_for(std::chrono::microseconds(upto(3000)));
}

void KillRig::kill(unsigned process) {
  Writer& writer = writers_[process];
  if (!writer.child) return;
  ++oracle_.lives[process];
  writer.child->kill();
  writer.child.reset();
  ++figures_.kills;
  if (oracle_.opens[process] == writer.opens_before) ++figures_.while_opening;
  for (unsigned thread = 0; thread < lanes_per_process; ++thread) {
    if (oracle_.lane(process, thread).under_way() == 0) continue;
    ++figures_.under_way;
    break;
  }
}

void KillRig::kill_all() {
  for (const Writer& writer : writers_) ::kill(writer.child->pid(), SIGKILL);
  for (unsigned process = 0; process < writers_.size(); ++process) {
    ++figures_.at_once;
    kill(process);
  }
  ++figures_.recoveries;
}

void KillRig::examine(const std::string& what, const std::function<std::string()>& look) {
  ++figures_.verifications;
  const auto child = child_of([&] {
    const std::string wrong = look();
    if (!wrong.empty()) complain(what + ": " + wrong);
    return 0;
  });
  if (const int status = child->wait(); status != 0) complain(what + " ended with " + std::to_string(status));
}

// The files as they were found are kept beside the store.
void KillRig::verify_all() {
  if (oracle_.is_made == 0) return;
  end_watcher();
  for (const std::string& suffix : suffixes()) {
    std::error_code ignored;
    std::filesystem::remove(path_ + ".found" + suffix, ignored);
    std::filesystem::copy_file(path_ + suffix, path_ + ".found" + suffix, ignored);
  }
  while (upto(3) == 0) {
    // Killed while it recovers, or verifies.
    const auto child = child_of([&] { return what_is_wrong(oracle_, path_).empty() ? 0 : 1; });
    std::this_thread::sleep_for(std::chrono::microseconds(upto(5000)));
    child->kill();
    ++figures_.kills;
    ++figures_.while_opening;
  }
  examine("after all writers were killed", [&] { return what_is_wrong(oracle_, path_); });
}

void KillRig::verify_beside_others(unsigned process) {
  if (oracle_.is_made == 0) return;
  examine("while others write on", [&] { return what_others_miss(oracle_, path_, process); });
}

// A reader comes and goes, so that stores are opened with it and without it.
void KillRig::tend_watcher() {
  if (upto(12) != 0) return;
  if (watcher_) return end_watcher();
  watcher_ = child_of([&, seed = random_()] { return watch_until_killed(oracle_, path_, seed); });
}

void KillRig::end_watcher() {
  if (!watcher_) return;
  watcher_->kill();
  watcher_.reset();
}

void KillRig::end_round() {
  const bool in_peace = is_good() && upto(2) == 0;
  if (in_peace) {
    end_watcher();
    oracle_.stop = 1;
    for (unsigned process = 0; process < writers_.size(); ++process) {
      if (!writers_[process].child) continue;
      ++oracle_.lives[process];
      if (const int status = writers_[process].child->wait(); status != 0) {
        complain("writer " + std::to_string(process) + " ended with " + std::to_string(status));
      }
      writers_[process].child.reset();
    }
    oracle_.stop = 0;
    for (const std::string& suffix : suffixes()) {
      if (!suffix.empty() && std::filesystem::exists(path_ + suffix)) complain("all have closed, but left " + suffix);
    }
  }
  for (unsigned process = 0; process < writers_.size(); ++process) kill(process);
  if (is_good()) verify_all();
  end_watcher();
  figures_.changes += oracle_.acknowledged();
  figures_.rows = oracle_.rows_acknowledged;
  if (oracle_.bad != 0) return;
  for (const std::string& suffix : suffixes()) {
    std::error_code ignored;
    std::filesystem::remove(path_ + suffix, ignored);
    std::filesystem::remove(path_ + ".found" + suffix, ignored);
  }
}

}  // namespace flowkeep::torture

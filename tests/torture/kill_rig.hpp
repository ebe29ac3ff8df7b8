// Kills writers and looks at what they leave.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "fixture.hpp"
#include "kill_oracle.hpp"

namespace flowkeep::torture {

struct KillOptions {
  std::uint64_t kills = 500;
  unsigned processes = 4;
  std::uint64_t seed = 0;
  std::string directory{};  ///< where the store is made; it is kept where something is bad
  std::chrono::steady_clock::time_point deadline{};
};

struct KillFigures {
  std::uint64_t kills = 0;
  std::uint64_t at_once = 0;        ///< of them, killed together with all others
  std::uint64_t while_opening = 0;  ///< of them, before the writer had the store open
  std::uint64_t under_way = 0;      ///< of them, with changes that were not acknowledged
  std::uint64_t takeovers = 0;      ///< a writer died with changes under way, and others wrote on
  std::uint64_t recoveries = 0;     ///< a store was opened that nobody alive had open and a killed writer had left
  std::uint64_t verifications = 0;
  std::uint64_t changes = 0;
  std::uint64_t rows = 0;
};

class KillRig {
 public:
  KillRig(Oracle& oracle, KillOptions options);

  /// Kills as often as was asked for, or until the deadline or the first thing that is bad.
  [[nodiscard]] KillFigures run();

 private:
  struct Writer {
    std::unique_ptr<fault::Child> child{};
    std::uint64_t acknowledged_before = 0;
    std::uint64_t opens_before = 0;
  };

  void run_round(std::uint64_t kills);
  void start(unsigned process);
  /// Lets time pass until the kill: while the process opens, or after some changes of it.
  void wait_for_the_moment(unsigned process);
  void kill(unsigned process);
  void kill_all();
  void tend_watcher();
  void end_watcher();
  void verify_all();
  void verify_beside_others(unsigned process);
  void end_round();
  /// Runs something in a child, since a file can be open once in a process. What it answers is bad.
  void examine(const std::string& what, const std::function<std::string()>& look);
  /// Whether the rig may go on: nothing bad, nobody ended by itself.
  [[nodiscard]] bool is_good();
  [[nodiscard]] bool may_go_on();
  [[nodiscard]] std::uint64_t upto(std::uint64_t bound) { return random_() % bound; }
  void complain(const std::string& what);

  Oracle& oracle_;
  KillOptions options_;
  std::mt19937_64 random_;
  std::string path_;
  std::vector<Writer> writers_;
  std::unique_ptr<fault::Child> watcher_{};
  KillFigures figures_{};
};

}  // namespace flowkeep::torture

// The program whose disk loses its power: a store under a varied load, recorded.
#pragma once

#include <cstdint>
#include <string>

#include <flowkeep/flowkeep.hpp>

#include "trace.hpp"

namespace flowkeep::torture {

/// What one recorded run does; drawn from a seed.
struct Plan {
  std::uint64_t seed = 0;
  unsigned threads = 1;
  unsigned processes = 1;  ///< 2: another one, of one thread, writes meanwhile; it may die, and the first takes over
  unsigned phases = 2;     ///< times the store is opened
  unsigned changes = 60;   ///< of each thread, in each phase
  std::uint64_t journal_bytes = 64U << 10;
  double process_safe = 0;  ///< share of changes
  double pipelined = 0;     ///< share that is handed over without waiting
  double large = 0.02;      ///< share that bypasses the journal
  double maintenance = 0;   ///< share of state models and indexes; one thread only
  double reading = 0;   ///< share of changes before which a snapshot is taken: what is accepted is then applied at once
  bool learns = false;  ///< whether it begins with enough sessions for the store to make dictionaries
  bool dies = false;    ///< whether phases end by a kill; the last one may end in a close
  DiskManners manners{};

  /// Whether a change is one of the second process.
  [[nodiscard]] static bool is_of_second(std::uint64_t key) { return (key >> 32 & 0xFFFF) == second_thread; }
  static constexpr unsigned second_thread = 15;

  [[nodiscard]] static Plan draw(std::uint64_t seed);
  /// Makes checkpoints long and commits many.
  void slow_down();
};

[[nodiscard]] OpenOptions options_of(const Plan& plan, OpenMode mode);

inline constexpr int died_as_planned = 42;
/// Opens the store, writes, and closes it or dies. `others`: a pipe's ends, on which the first process says that it has
/// opened the store, or the second one's, whose end is told by the closing of its end. Ends the process; a status other
/// than 0 and died_as_planned is a failure, which was told to stderr.
struct Meeting {
  int first_is_open[2];
  int second_is_gone[2];
};
[[noreturn]] void run_phase(const Plan& plan, unsigned phase, Recording& recording, const std::string& directory,
                            const Meeting& meeting);
/// What the second process does.
[[noreturn]] void run_second(const Plan& plan, unsigned phase, Recording& recording, const std::string& directory,
                             const Meeting& meeting);

}  // namespace flowkeep::torture

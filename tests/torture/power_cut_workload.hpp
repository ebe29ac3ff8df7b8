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
  unsigned phases = 2;    ///< times the store is opened
  unsigned changes = 60;  ///< of each thread, in each phase
  std::uint64_t journal_bytes = 64U << 10;
  double process_safe = 0;  ///< share of changes
  double pipelined = 0;     ///< share that is handed over without waiting
  double large = 0.02;      ///< share that bypasses the journal
  double maintenance = 0;   ///< share of state models and indexes; one thread only
  bool dies = false;        ///< whether phases end by a kill; the last one may end in a close
  DiskManners manners{};

  [[nodiscard]] static Plan draw(std::uint64_t seed);
};

[[nodiscard]] OpenOptions options_of(const Plan& plan, OpenMode mode);

inline constexpr int died_as_planned = 42;
/// Opens the store, writes, and closes it or dies. Ends the process; a status other than 0 and died_as_planned is a
/// failure, which was told to stderr.
[[noreturn]] void run_phase(const Plan& plan, unsigned phase, Recording& recording, const std::string& directory);

}  // namespace flowkeep::torture

// Recorded runs, and images of them, one after the other.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <string>

#include "disk_image.hpp"

namespace flowkeep::torture {

struct RunOptions {
  std::uint64_t seed = 1;
  std::uint64_t images = 1000;
  std::uint64_t images_per_run = 50;
  unsigned jobs = 2;           ///< processes at work
  std::uint64_t most_bad = 0;  ///< ends once so many were found; 0: never
  bool has_slow_disk = false;  ///< in all runs: checkpoints take long, and commits go on meanwhile
  Lie lie = Lie::none;         ///< what the disk pretends in recorded runs
  int wrong_order = 0;         ///< of recorded runs, where the program was built for it
  std::string keep_bad{};      ///< directory for images that were bad; none: they are not kept
};

/// What was done, counted by all processes.
struct Figures {
  std::atomic<std::uint64_t> runs{0};
  std::atomic<std::uint64_t> changes{0};
  std::atomic<std::uint64_t> events{0};
  std::atomic<std::uint64_t> kills{0};         ///< of recorded programs, each followed by a recovery that is recorded
  std::atomic<std::uint64_t> takeovers{0};     ///< of a process that was killed while another wrote
  std::atomic<std::uint64_t> header_slots{0};  ///< written
  std::atomic<std::uint64_t> laps{0};          ///< times the journal began anew at its beginning
  std::atomic<std::uint64_t> growths{0};       ///< times it became longer
  std::atomic<std::uint64_t> images{0};
  std::atomic<std::uint64_t> before_creation{0};  ///< of the images: without a store, or refused as none
  std::atomic<std::uint64_t> recovered{0};        ///< of the images: with a journal in use
  std::atomic<std::uint64_t> second_cuts{0};
  std::atomic<std::uint64_t> bad{0};
  std::array<std::atomic<std::uint64_t>, strategy_count> by_strategy{};
  std::array<std::atomic<std::uint64_t>, strategy_count> bad_by_strategy{};
};

/// Makes the runs and images. Called by a process with one thread; what goes wrong is told to stdout.
void run_power_cuts(const RunOptions& options, Figures& figures);

}  // namespace flowkeep::torture

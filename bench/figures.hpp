// One table of many runs: medians, ranges, and how Flowkeep stands to the others.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>

namespace flowkeep::bench {

/// What is run: a benchmark's name as it was registered, WORKLOAD/ENGINE.
using Names = std::vector<std::string>;

/// A benchmark whose figure is no rate and no time names it so.
inline constexpr const char* value_counter = "value";

/// Runs workload by workload: each engine of it once a round, in turn, so that what else the machine does falls on all
/// of them, with `between(workload)` called before each. Prints the table to standard output, and writes the figures to
/// the file `json`, unless that is empty; whether that was possible.
[[nodiscard]] bool run_in_rounds(const Names& names, int rounds, const std::string& json,
                                 const std::function<void(const std::string&)>& between);

}  // namespace flowkeep::bench

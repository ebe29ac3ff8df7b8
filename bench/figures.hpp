// One table of many runs: medians, ranges, and how Flowkeep stands to the others.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>

namespace flowkeep::bench {

/// What is run: a benchmark's name as it was registered, WORKLOAD/ENGINE.
using Names = std::vector<std::string>;

/// Runs each of `names` once a round, in order, so that what else the machine does falls on all of them, with
/// `between` called before each. Prints the table to standard output.
void run_in_rounds(const Names& names, int rounds, const std::function<void()>& between);

}  // namespace flowkeep::bench

// flowkeep-bench: how fast a store of generated sessions, and the real file, are written and read.
//   FLOWKEEP_BENCH_SESSIONS  how many sessions there are (default 100 000, rounded up to a multiple of 16)
//   FLOWKEEP_BENCH_NO_BINARIES  set: they have no File columns
//   FLOWKEEP_BENCH_DIR       where stores are made, and removed (default bench-data); about 10 KB a session
//   FLOWKEEP_SHARED          the folder that holds data/workflow-sessions.jsonl.gz
//   --rounds=N               runs each workload so often, engine by engine in turn, and prints one table of medians and
//                            ratios; without it, Google Benchmark's own options and output
//   --json=FILE              the figures of those rounds
// Exit status: 0; 1 where a benchmark got a wrong answer; 2 usage.

#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <regex>
#include <string_view>
#include <thread>

#include "figures.hpp"
#include "workspace.hpp"

namespace {

using namespace flowkeep::bench;

constexpr std::uint64_t most_sessions = 100'000'000;

constexpr std::uint64_t most_rounds = 1000;

std::optional<std::uint64_t> number_in(std::string_view text, std::uint64_t most) {
  std::uint64_t number = 0;
  const auto [stop, code] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (code != std::errc() || stop != text.data() + text.size() || number == 0 || number > most) return std::nullopt;
  return number;
}

std::optional<std::uint64_t> wanted_sessions() {
  const char* text = std::getenv("FLOWKEEP_BENCH_SESSIONS");
  return text == nullptr ? 100'000 : number_in(text, most_sessions);
}

/// Takes "--NAME=VALUE" out of the arguments: the value, "" where it is not there.
std::string take_option(int& argc, char** argv, std::string_view option) {
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    if (argument.compare(0, option.size(), option) != 0) continue;
    std::copy(argv + i + 1, argv + argc, argv + i);
    --argc;
    return argument.substr(option.size());
  }
  return "";
}

/// Those that --benchmark_filter names: a regular expression, behind a "-" of those that are left out.
Names filtered(const Names& names) {
  std::string filter = benchmark::GetBenchmarkFilter();
  if (filter.empty() || filter == "all") return names;
  const bool left_out = filter.front() == '-';
  const std::regex pattern(left_out ? filter.substr(1) : filter);
  Names found;
  for (const std::string& name : names) {
    if (std::regex_search(name, pattern) != left_out) found.push_back(name);
  }
  return found;
}

void print_environment(const Workspace& workspace) {
  double load[3] = {};
  static_cast<void>(::getloadavg(load, 3));
  std::printf("flowkeep %s", flowkeep::version());
  for (const EngineInfo& info : engines()) {
    if (info.version != nullptr) std::printf(", %s %s", info.name, info.version);
  }
  std::printf("; %u processors, load %.1f; %s; %llu sessions\n\n", std::thread::hardware_concurrency(), load[0],
              workspace.file_system().c_str(), static_cast<unsigned long long>(workspace.sessions()));
}

void describe(const Workspace& workspace) {
  benchmark::AddCustomContext("flowkeep", flowkeep::version());
  benchmark::AddCustomContext("sessions", std::to_string(workspace.sessions()));
  benchmark::AddCustomContext("file system", workspace.file_system());
  if (!workspace.on_disk()) {
    std::fprintf(stderr,
                 "WARNING: the stores lie on %s: figures of durable writes say nothing. Name a folder on a disk in "
                 "FLOWKEEP_BENCH_DIR.\n",
                 workspace.file_system().c_str());
  }
  double load = 0;
  if (::getloadavg(&load, 1) == 1 && load > 0.5 * std::thread::hardware_concurrency()) {
    std::fprintf(stderr, "WARNING: the machine is busy (load %.1f): figures are low, and ratios uncertain.\n", load);
  }
#ifndef __OPTIMIZE__
  std::fprintf(stderr, "WARNING: built without optimisation: the figures are worthless.\n");
#endif
}

}  // namespace

int main(int argc, char** argv) {
  if (const auto status = run_as_child(argc, argv)) return *status;
  const std::string rounds_text = take_option(argc, argv, "--rounds=");
  const std::string json = take_option(argc, argv, "--json=");
  const auto rounds = rounds_text.empty() ? 0 : number_in(rounds_text, most_rounds);
  if (!rounds) {
    std::fprintf(stderr, "--rounds has to be a number from 1 to %llu\n", static_cast<unsigned long long>(most_rounds));
    return 2;
  }
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  const auto sessions = wanted_sessions();
  if (!sessions) {
    std::fprintf(stderr, "FLOWKEEP_BENCH_SESSIONS has to be a number from 1 to %llu\n",
                 static_cast<unsigned long long>(most_sessions));
    return 2;
  }
  const char* directory = std::getenv("FLOWKEEP_BENCH_DIR");
  auto workspace = Workspace::make(directory != nullptr ? directory : "bench-data", *sessions);
  if (!workspace) {
    std::fprintf(stderr, "%s\n", workspace.error().message.c_str());
    return 2;
  }
  describe(**workspace);
  Names names;
  // Sizes and reads come before what writes.
  add_load_benchmarks(**workspace, names);
  add_read_benchmarks(**workspace, names);
  add_access_benchmarks(**workspace, names);
  add_write_benchmarks(**workspace, names);
  add_process_benchmarks(**workspace, names);
#ifdef FLOWKEEP_BENCH_JSON
  add_real_benchmarks(**workspace, names);
#endif
  if (*rounds == 0) {
    benchmark::RunSpecifiedBenchmarks();
  } else {
    print_environment(**workspace);
    // What one engine has left to be written is not to fall on the next one's figures. Reads leave nothing.
    const std::regex writes("^(import|durable|batch|mixed|delete)");
    const auto settle_before = [&](const std::string& workload) {
      if (std::regex_search(workload, writes)) (*workspace)->settle();
    };
    Names wanted;
    try {
      wanted = filtered(names);
    } catch (const std::regex_error&) {
      // It says the same as an expression that fits nothing.
    }
    if (wanted.empty()) {
      std::fprintf(stderr, "no benchmark is named as \"%s\" says (a regular expression over WORKLOAD/ENGINE)\n",
                   benchmark::GetBenchmarkFilter().c_str());
      return 2;
    }
    if (!json.empty() && !std::ofstream(json)) {
      std::fprintf(stderr, "cannot write %s\n", json.c_str());
      return 2;
    }
    if (!run_in_rounds(wanted, static_cast<int>(*rounds), json, settle_before)) {
      std::fprintf(stderr, "cannot write %s\n", json.c_str());
      return 2;
    }
  }
  benchmark::Shutdown();
  return anything_wrong() ? 1 : 0;
}

// flowkeep-bench: how fast a store of generated sessions, and the real file, are written and read.
//   FLOWKEEP_BENCH_SESSIONS  how many sessions there are (default 100 000, rounded up to a multiple of 16)
//   FLOWKEEP_BENCH_DIR       where stores are made, and removed (default bench-data); about 10 KB a session
//   FLOWKEEP_SHARED          the folder that holds data/workflow-sessions.jsonl.gz
//   --rounds=N               runs each benchmark once a round, engine by engine, and prints one table of medians and
//                            ratios; without it, Google Benchmark's own options and output
// Exit status: 0; 1 where a benchmark got a wrong answer; 2 usage.

#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <cstring>
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

/// Takes --rounds=N out of the arguments. 0: it is not there; std::nullopt: it is wrong.
std::optional<std::uint64_t> take_rounds(int& argc, char** argv) {
  constexpr std::string_view option = "--rounds=";
  for (int i = 1; i < argc; ++i) {
    const std::string_view argument = argv[i];
    if (argument.substr(0, option.size()) != option) continue;
    std::copy(argv + i + 1, argv + argc, argv + i);
    --argc;
    return number_in(argument.substr(option.size()), most_rounds);
  }
  return 0;
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
  std::printf("flowkeep %s, LMDB %d.%d.%d%s; %u processors, load %.1f; %s; %llu sessions\n\n", flowkeep::version(),
              MDB_VERSION_MAJOR, MDB_VERSION_MINOR, MDB_VERSION_PATCH,
#ifdef FLOWKEEP_BENCH_SQLITE
              ", SQLite " SQLITE_VERSION,
#else
              "",
#endif
              std::thread::hardware_concurrency(), load[0], workspace.file_system().c_str(),
              static_cast<unsigned long long>(workspace.sessions()));
}

void describe(const Workspace& workspace) {
  benchmark::AddCustomContext("flowkeep", flowkeep::version());
  benchmark::AddCustomContext("lmdb", ::mdb_version(nullptr, nullptr, nullptr));
  benchmark::AddCustomContext("sessions", std::to_string(workspace.sessions()));
  benchmark::AddCustomContext("file system", workspace.file_system());
  if (!workspace.on_disk()) {
    std::fprintf(stderr,
                 "WARNING: the stores lie on %s: figures of durable writes say nothing. Name a folder on a disk in "
                 "FLOWKEEP_BENCH_DIR.\n",
                 workspace.file_system().c_str());
  }
#ifndef __OPTIMIZE__
  std::fprintf(stderr, "WARNING: built without optimisation: the figures are worthless.\n");
#endif
}

}  // namespace

int main(int argc, char** argv) {
  const auto rounds = take_rounds(argc, argv);
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
  add_read_benchmarks(**workspace, names);
  add_write_benchmarks(**workspace, names);
  add_process_benchmarks(**workspace, names);
#ifdef FLOWKEEP_BENCH_JSON
  add_real_benchmarks(**workspace, names);
#endif
  if (*rounds == 0) {
    benchmark::RunSpecifiedBenchmarks();
  } else {
    print_environment(**workspace);
    run_in_rounds(filtered(names), static_cast<int>(*rounds), [&] { (*workspace)->settle(); });
  }
  benchmark::Shutdown();
  return anything_wrong() ? 1 : 0;
}

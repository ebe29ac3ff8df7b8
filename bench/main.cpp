// flowkeep-bench: how fast a store of generated sessions, and the real file, are written and read.
//   FLOWKEEP_BENCH_SESSIONS  how many sessions there are (default 100 000, rounded up to a multiple of 16)
//   FLOWKEEP_BENCH_DIR       where stores are made, and removed (default bench-data); about 10 KB a session
//   FLOWKEEP_SHARED          the folder that holds data/workflow-sessions.jsonl.gz
// Exit status: 0; 1 where a benchmark got a wrong answer; 2 usage.

#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "workspace.hpp"

namespace {

using namespace flowkeep::bench;

constexpr std::uint64_t most_sessions = 100'000'000;

std::optional<std::uint64_t> wanted_sessions() {
  const char* text = std::getenv("FLOWKEEP_BENCH_SESSIONS");
  if (text == nullptr) return 100'000;
  std::uint64_t sessions = 0;
  const char* end = text + std::strlen(text);
  const auto [stop, code] = std::from_chars(text, end, sessions);
  if (code != std::errc() || stop != end || sessions == 0 || sessions > most_sessions) return std::nullopt;
  return sessions;
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
  describe(*workspace);
  add_read_benchmarks(*workspace);
  add_write_benchmarks(*workspace);
#ifdef FLOWKEEP_BENCH_JSON
  add_real_benchmarks(*workspace);
#endif
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
  return anything_wrong() ? 1 : 0;
}

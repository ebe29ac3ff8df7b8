// What happens to a store as a whole: loading it, its size, opening it.
#include <algorithm>
#include <chrono>
#include <filesystem>

#include "generated_sessions.hpp"
#include "workspace.hpp"

namespace flowkeep::bench {

namespace {

using benchmark::State;
using Clock = std::chrono::steady_clock;

/// Into an empty store, in batches of 5 000: a fifth of the sessions that there are elsewhere.
void import(State& state, Workspace& workspace, const EngineInfo& info) {
  const std::uint64_t rows = std::max<std::uint64_t>(workspace.sessions() / 5, correlation_group);
  for (auto _ : state) {
    const auto directory = workspace.empty_directory("import");
    if (!directory) return wrong(state, directory.error().message);
    const auto engine = info.open(*directory);
    if (!engine) return wrong(state, engine.error().message);
    const auto writer = (*engine)->writer();
    if (!writer) return wrong(state, writer.error().message);
    std::chrono::duration<double> spent{};
    for (std::uint64_t number = 0; number < rows;) {
      std::vector<NewSession> batch;  // made before the clock runs
      for (; batch.size() < 5000 && number < rows; ++number) batch.push_back(make_past(number));
      const auto began = Clock::now();
      if (const auto stored = (*writer)->create_batch(batch); !stored) return wrong(state, stored.error().message);
      spent += Clock::now() - began;
    }
    state.SetIterationTime(spent.count());
    const auto count = (*engine)->count();
    if (!count || *count != rows) return wrong(state, "rows are missing after an import");
    const auto seen = (*engine)->read_back(session_id(rows - 1));
    if (!seen || seen->outputs != make_past(rows - 1).binaries[1])
      return wrong(state, "an import has lost its outputs");
  }
  std::error_code ignored;
  std::filesystem::remove_all(workspace.path("import"), ignored);
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(rows));
}

/// Three of ten sessions go, those that were completed first; then as many come, which take their place.
void prune(State& state, Workspace& workspace, const EngineInfo& info) {
  const std::uint64_t sessions = workspace.sessions();
  const std::uint64_t rows = sessions * 3 / 10;
  double grown = 0;
  for (auto _ : state) {
    const auto directory = workspace.empty_directory("prune");
    if (!directory) return wrong(state, directory.error().message);
    const auto engine = info.open(*directory);
    if (!engine) return wrong(state, engine.error().message);
    const auto writer = (*engine)->writer();
    if (!writer) return wrong(state, writer.error().message);
    if (auto ok = load(**writer, 0, sessions); !ok) return wrong(state, ok.error().message);
    if (auto ok = (*engine)->tidy(); !ok) return wrong(state, ok.error().message);
    workspace.settle();
    const std::uint64_t before = bytes_in(*directory);
    const auto began = Clock::now();
    if (auto ok = (*writer)->prune(rows); !ok) return wrong(state, ok.error().message);
    state.SetIterationTime(std::chrono::duration<double>(Clock::now() - began).count());
    const auto count = (*engine)->count();
    if (!count || *count != sessions - rows) return wrong(state, "not as many went as should");
    if (auto ok = load(**writer, sessions, sessions + rows); !ok) return wrong(state, ok.error().message);
    if (auto ok = (*engine)->tidy(); !ok) return wrong(state, ok.error().message);
    workspace.settle();
    grown = static_cast<double>(bytes_in(*directory)) / static_cast<double>(before);
  }
  std::error_code ignored;
  std::filesystem::remove_all(workspace.path("prune"), ignored);
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(rows));
  state.counters["file_after_refill"] = grown;
}

void measure_size(State& state, Workspace& workspace, const EngineInfo& info) {
  const auto target = workspace.target(info);
  if (!target) return wrong(state, target.error().message);
  if (!(*target)->is_as_loaded) return wrong(state, "the store has been written to");
  const auto count = (*target)->engine->count();
  if (!count || *count != workspace.sessions()) return wrong(state, "sessions are missing");
  (*target)->engine.reset();
  for (auto _ : state) state.SetIterationTime(1e-3);
  state.counters[value_counter] =
      static_cast<double>(bytes_in((*target)->directory)) / static_cast<double>(workspace.sessions());
}

/// To the first answer.
void open(State& state, Workspace& workspace, const EngineInfo& info) {
  const auto target = workspace.target(info);
  if (!target) return wrong(state, target.error().message);
  for (auto _ : state) {
    (*target)->engine.reset();
    auto opened = open_to_first_answer(info, (*target)->directory);
    if (!opened) return wrong(state, opened.error().message);
    state.SetIterationTime(opened->took.count());
    (*target)->engine = std::move(opened->engine);
  }
}

}  // namespace

void add_load_benchmarks(Workspace& workspace, Names& names) {
  struct Workload {
    const char* name;
    void (*body)(State&, Workspace&, const EngineInfo&);
    std::int64_t iterations;
  };
  for (const Workload& workload : {Workload{"import", import, 1}, Workload{"prune", prune, 1},
                                   Workload{"disk-bytes-generated", measure_size, 1}, Workload{"open", open, 5}}) {
    for (const EngineInfo& info : engines()) {
      if (workload.body == prune && !info.prunes) continue;
      names.push_back(std::string(workload.name) + "/" + info.name);
      benchmark::RegisterBenchmark(names.back().c_str(), [&workspace, info, body = workload.body](
                                                             State& state) { body(state, workspace, info); })
          ->UseManualTime()
          ->Iterations(workload.iterations)
          ->Unit(benchmark::kMillisecond);
    }
  }
}

}  // namespace flowkeep::bench

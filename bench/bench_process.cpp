#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <sstream>
#include <string_view>

#include "child_process.hpp"
#include "generated_sessions.hpp"
#include "workspace.hpp"

namespace flowkeep::bench {

namespace {

using benchmark::State;
using Clock = std::chrono::steady_clock;

constexpr std::uint64_t memory_sessions = 1'000'000;
constexpr std::uint64_t writing_threads = 16;
constexpr std::uint64_t writing_seconds = 10;
const std::uint64_t full_journal_bytes = OpenOptions{}.journal_bytes;
constexpr std::chrono::seconds silence{10};
constexpr const char* write_until_killed_option = "--write-until-killed";
constexpr std::uint64_t killed_batch_rows = 100;
constexpr std::uint64_t killed_after_batches = 100;

std::uint64_t wanted(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);
  std::uint64_t value = otherwise;
  if (text != nullptr) std::from_chars(text, text + std::strlen(text), value);
  return std::max<std::uint64_t>(value, 1);
}

void remove_store(const std::string& path) {
  std::error_code ignored;
  for (const char* suffix : {"", "-wal", "-shm", "-lock"}) std::filesystem::remove(path + suffix, ignored);
}

Result<void> load(const std::string& path, std::uint64_t sessions) {
  auto child = ChildProcess::start({"load", path, std::to_string(sessions)});
  if (!child) return fail(child.error());
  auto loaded = child->finish();
  if (!loaded) return fail(loaded.error());
  return {};
}

/// The time to the first answer of a store whose writer was killed while it wrote batches.
void recover(State& state, Workspace& workspace, const EngineInfo& info) {
  const std::string name = "recovery";
  for (auto _ : state) {
    const auto directory = workspace.empty_directory(name);
    if (!directory) return wrong(state, directory.error().message);
    auto child = ChildProcess::start({write_until_killed_option, info.name, *directory}, ChildProcess::Program::self);
    if (!child) return wrong(state, child.error().message);
    const auto acknowledged = child->kill_when_printed(killed_after_batches);
    if (!acknowledged) return wrong(state, acknowledged.error().message);

    const auto opened = open_to_first_answer(info, *directory);
    if (!opened) return wrong(state, opened.error().message);
    state.SetIterationTime(opened->took.count());
    const auto count = opened->engine->count();
    if (!count) return wrong(state, count.error().message);
    // One batch more may be stored that was not acknowledged yet.
    if (*count < *acknowledged * killed_batch_rows || *count > (*acknowledged + 1) * killed_batch_rows) {
      return wrong(state, "of " + std::to_string(*acknowledged) + " acknowledged batches there are " +
                              std::to_string(*count) + " sessions");
    }
  }
  std::error_code ignored;
  std::filesystem::remove_all(workspace.path(name), ignored);
}

/// The time to open a store whose writer was killed with a journal full of changes that no checkpoint held. The store
/// is large: in a small one writers wait sooner, for the pages that the held checkpoint keeps from being used again.
void recover_full_journal(State& state, Workspace& workspace) {
  const std::string path = workspace.path("killed.flowkeep");
  const std::uint64_t stored = 5 * workspace.sessions();
  std::uint64_t replayed = 0;
  std::uint64_t journal_bytes = 0;
  for (auto _ : state) {
    remove_store(path);
    if (auto ok = load(path, stored); !ok) return wrong(state, ok.error().message);
    auto child = ChildProcess::start({"fill", path});
    if (!child) return wrong(state, child.error().message);
    const auto acknowledged = child->kill_when_silent(silence);
    if (!acknowledged) return wrong(state, acknowledged.error().message);

    OpenOptions options;
    options.map_bytes = 64ULL << 30;
    const auto began = Clock::now();
    const auto store = Store::open(path, std::move(options));
    if (!store) return wrong(state, store.error().message);
    state.SetIterationTime(std::chrono::duration<double>(Clock::now() - began).count());

    const auto snapshot = store->snapshot();
    if (!snapshot) return wrong(state, snapshot.error().message);
    const auto size = snapshot->size();
    if (!size) return wrong(state, size.error().message);
    // One more may be stored that was not acknowledged yet.
    replayed = *size - stored;
    if (replayed < acknowledged->size() || replayed > acknowledged->size() + 1) {
      return wrong(state, "of " + std::to_string(acknowledged->size()) + " acknowledged sessions there are " +
                              std::to_string(replayed));
    }
    const auto stats = store->stats();
    if (!stats) return wrong(state, stats.error().message);
    if (stats->recovery) journal_bytes = stats->recovery->bytes;
    if (journal_bytes < full_journal_bytes * 9 / 10) {
      return wrong(state, "the journal was not full: it held " + std::to_string(journal_bytes) + " bytes");
    }
    const Session last = new_session(*size - 1);
    auto found = snapshot->by_correlationid(*last.correlationid);
    if (found.begin() == found.end()) return wrong(state, "the last session is not found");
  }
  state.counters["sessions_written"] = static_cast<double>(replayed);
  state.counters["journal_mib"] = static_cast<double>(journal_bytes) / (1 << 20);
  remove_store(path);
}

/// Private memory of a process that writes with many threads; the file's own pages, mapped, do not count.
void write_by_many_threads(State& state, Workspace& workspace) {
  const std::uint64_t sessions = wanted("FLOWKEEP_BENCH_MEMORY_SESSIONS", memory_sessions);
  const std::uint64_t seconds = wanted("FLOWKEEP_BENCH_MEMORY_SECONDS", writing_seconds);
  const std::string path = workspace.path("large.flowkeep");
  std::error_code code;
  if (!std::filesystem::exists(path, code)) {
    if (auto ok = load(path, sessions); !ok) return wrong(state, ok.error().message);
  }
  for (auto _ : state) {
    const auto began = Clock::now();
    auto child = ChildProcess::start({"write", path, std::to_string(writing_threads), std::to_string(seconds)});
    if (!child) return wrong(state, child.error().message);
    const auto printed = child->finish();
    if (!printed) return wrong(state, printed.error().message);
    state.SetIterationTime(std::chrono::duration<double>(Clock::now() - began).count());
    std::uint64_t writes = 0;
    double before = 0;
    double peak = 0;
    std::istringstream(*printed) >> writes >> before >> peak;
    if (writes == 0 || peak == 0) return wrong(state, "nothing was written");
    state.counters["writes"] = static_cast<double>(writes);
    state.counters["mib_before_open"] = before / 1024;
    state.counters["mib_peak"] = peak / 1024;
  }
}

}  // namespace

std::optional<int> run_as_child(int argc, char** argv) {
  if (argc != 4 || std::string_view(argv[1]) != write_until_killed_option) return std::nullopt;
  const auto info = std::find_if(engines().begin(), engines().end(),
                                 [&](const EngineInfo& one) { return std::string_view(one.name) == argv[2]; });
  if (info == engines().end()) return 2;
  const auto engine = info->open(argv[3]);
  const auto writer = engine ? (*engine)->writer() : Result<std::unique_ptr<Writer>>(fail(engine.error()));
  if (!writer) return 1;
  for (std::uint64_t number = 0;;) {
    std::vector<NewSession> batch;
    for (; batch.size() < killed_batch_rows; ++number) batch.push_back(make_past(number));
    if (!(*writer)->create_batch(batch) || ::write(STDOUT_FILENO, "+", 1) != 1) return 1;
  }
}

void add_process_benchmarks(Workspace& workspace, Names& names) {
  const auto add = [&](const char* name, void (*body)(State&, Workspace&)) {
    names.push_back(name);
    benchmark::RegisterBenchmark(name, [body, &workspace](State& state) { body(state, workspace); })
        ->Iterations(1)
        ->UseManualTime()
        ->Unit(benchmark::kMillisecond);
  };
  for (const EngineInfo& info : engines()) {
    names.push_back(std::string("recovery/") + info.name);
    benchmark::RegisterBenchmark(names.back().c_str(),
                                 [&workspace, info](State& state) { recover(state, workspace, info); })
        ->Iterations(1)
        ->UseManualTime()
        ->Unit(benchmark::kMillisecond);
  }
  add("recovery-full-journal/flowkeep", recover_full_journal);
  add("memory-16-writers/flowkeep", write_by_many_threads);
}

}  // namespace flowkeep::bench

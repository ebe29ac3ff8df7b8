// The stores that the benchmarks work on, in a directory that goes away afterwards.
// Owns: the directory and its files, made when a benchmark first asks. Promises: nothing stays behind unless the
// process is killed; a benchmark whose answers are wrong makes the run fail.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>

#include <flowkeep/flowkeep.hpp>

#include "engine.hpp"
#include "figures.hpp"

namespace flowkeep::bench {

/// An engine's store of generated sessions, and what of it the workloads have changed.
struct Target {
  struct Mover {
    Guid id;
    StatusCode status;
  };
  EngineInfo info{};
  std::string directory{};
  std::unique_ptr<Engine> engine{};
  std::vector<Mover> movers{};           ///< open sessions here and there, as they are now
  std::uint64_t deleted = 0;             ///< of the oldest
  std::atomic<bool> is_as_loaded{true};  ///< nothing was written since
};

class Workspace {
 public:
  /// Makes a directory of its own inside `parent` (which is made where it is missing).
  [[nodiscard]] static Result<std::unique_ptr<Workspace>> make(const std::filesystem::path& parent,
                                                               std::uint64_t sessions);
  Workspace(const Workspace&) = delete;
  Workspace& operator=(const Workspace&) = delete;
  ~Workspace();

  [[nodiscard]] std::uint64_t sessions() const noexcept { return sessions_; }
  /// A path inside the directory.
  [[nodiscard]] std::string path(const std::string& name) const { return (directory_ / name).string(); }
  /// The name of the file system, and whether its figures say something about a disk.
  [[nodiscard]] std::string file_system() const;
  [[nodiscard]] bool on_disk() const;
  /// Writes out what the engines have left to the system, so that it does not fall on the next one's figures.
  void settle() const;

  /// The store of an engine, open; made of sessions() generated sessions at the first call. Any thread.
  [[nodiscard]] Result<Target*> target(const EngineInfo& info);
  /// An empty directory of that name.
  [[nodiscard]] Result<std::string> empty_directory(const std::string& name) const;

  /// New numbers of sessions, the first of them. Any thread.
  [[nodiscard]] std::uint64_t take_numbers(std::uint64_t count) noexcept { return next_number_.fetch_add(count); }

 private:
  Workspace(std::filesystem::path directory, std::optional<std::filesystem::path> parent, std::uint64_t sessions)
      : directory_(std::move(directory)), parent_(std::move(parent)), sessions_(sessions), next_number_(sessions) {}

  std::filesystem::path directory_;
  std::optional<std::filesystem::path> parent_;  ///< where it goes away, too
  std::uint64_t sessions_;
  std::atomic<std::uint64_t> next_number_;
  std::mutex targets_mutex_{};
  std::map<std::string, Target> targets_{};
};

/// Stores the sessions `first` to `last - 1` as an import brings them.
[[nodiscard]] Result<void> load(Writer& writer, std::uint64_t first, std::uint64_t last);
/// Opens a store and polls its first session; how long the two took.
struct Opened {
  std::unique_ptr<Engine> engine{};
  std::chrono::duration<double> took{};
};
[[nodiscard]] Result<Opened> open_to_first_answer(const EngineInfo& info, const std::string& directory);
/// The bytes of all files in a directory, as the file system counts them.
[[nodiscard]] std::uint64_t bytes_in(const std::string& directory);

/// Ends a benchmark whose answer is wrong, or that cannot go on; the whole run fails then.
void wrong(benchmark::State& state, const std::string& why);
[[nodiscard]] bool anything_wrong() noexcept;

// Each adds names, WORKLOAD/ENGINE; the engines of a workload follow each other.
void add_load_benchmarks(Workspace& workspace, Names& names);
void add_read_benchmarks(Workspace& workspace, Names& names);
/// What access rules cost.
void add_access_benchmarks(Workspace& workspace, Names& names);
void add_write_benchmarks(Workspace& workspace, Names& names);
/// What needs a process of its own.
void add_process_benchmarks(Workspace& workspace, Names& names);
/// Does what add_process_benchmarks() started this program for, where it did: the exit status.
[[nodiscard]] std::optional<int> run_as_child(int argc, char** argv);
#ifdef FLOWKEEP_BENCH_JSON
void add_real_benchmarks(Workspace& workspace, Names& names);
#endif

}  // namespace flowkeep::bench

// The stores that the benchmarks work on, in a directory that goes away afterwards.
// Owns: the directory and its files, made when a benchmark first asks. Promises: nothing stays behind unless the
// process is killed; a benchmark whose answers are wrong makes the run fail.
#pragma once

#include <atomic>
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

#include "bare_lmdb.hpp"
#include "engine.hpp"
#include "figures.hpp"
#ifdef FLOWKEEP_BENCH_SQLITE
#include "sqlite_store.hpp"
#endif

namespace flowkeep::bench {

/// A store that is only read, and what to read from it.
struct ReadStore {
  struct Lookup {
    Guid id;
    std::uint64_t sum;  ///< poll_sum() of the session
  };
  Store store;
  Snapshot snapshot;
  std::vector<Lookup> lookups;  ///< random sessions, as many as there are
};

/// Who does the work.
enum class EngineKind : std::uint8_t {
  flowkeep,
  sqlite,         ///< a connection for each thread
  sqlite_shared,  ///< one connection behind a mutex, to the same file
};

/// An engine that is written to.
struct WriteTarget {
  struct Mover {
    Guid id;
    StatusCode status;
  };
  std::unique_ptr<Engine> engine;
  std::vector<Mover> movers;  ///< open sessions here and there, as they are now
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
  [[nodiscard]] std::string path(const char* name) const { return (directory_ / name).string(); }
  /// The name of the file system, and whether its figures say something about a disk.
  [[nodiscard]] std::string file_system() const;
  [[nodiscard]] bool on_disk() const;
  /// Writes out what the engines have left to the system, so that it does not fall on the next one's figures.
  void settle() const;

  // Of sessions() generated sessions; each made at the first call.
  [[nodiscard]] Result<ReadStore*> read_store();
  /// Any thread.
  [[nodiscard]] Result<WriteTarget*> write_target(EngineKind kind);
  [[nodiscard]] Result<BareLmdb*> bare();

  /// New numbers of sessions, the first of them. Any thread.
  [[nodiscard]] std::uint64_t take_numbers(std::uint64_t count) noexcept { return next_number_.fetch_add(count); }
  /// Room for all of it several times over, and little enough for valgrind.
  [[nodiscard]] std::uint64_t map_bytes() const noexcept { return (8ULL << 30) + sessions_ * (16ULL << 10); }

 private:
  Workspace(std::filesystem::path directory, std::optional<std::filesystem::path> parent, std::uint64_t sessions)
      : directory_(std::move(directory)), parent_(std::move(parent)), sessions_(sessions), next_number_(sessions) {}
  /// Makes the file of generated sessions, and its copies for writing and for bare LMDB, while no store is open.
  [[nodiscard]] Result<void> make_files();
  [[nodiscard]] Result<std::unique_ptr<Engine>> make_engine(EngineKind kind);

  std::filesystem::path directory_;
  std::optional<std::filesystem::path> parent_;  ///< where it goes away, too
  std::uint64_t sessions_;
  std::atomic<std::uint64_t> next_number_;
  bool files_made_ = false;
  std::unique_ptr<ReadStore> read_store_{};
  std::mutex targets_mutex_{};
#ifdef FLOWKEEP_BENCH_SQLITE
  std::unique_ptr<SqliteFile> sqlite_file_{};
#endif
  std::map<EngineKind, WriteTarget> targets_{};
  std::unique_ptr<BareLmdb> bare_{};
};

/// Ends a benchmark whose answer is wrong, or that cannot go on; the whole run fails then.
void wrong(benchmark::State& state, const std::string& why);
[[nodiscard]] bool anything_wrong() noexcept;

void add_read_benchmarks(Workspace& workspace, Names& names);
void add_write_benchmarks(Workspace& workspace, Names& names);
/// What needs a process of its own.
void add_process_benchmarks(Workspace& workspace, Names& names);
#ifdef FLOWKEEP_BENCH_JSON
void add_real_benchmarks(Workspace& workspace, Names& names);
#endif

}  // namespace flowkeep::bench

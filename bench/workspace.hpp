// The stores that the benchmarks work on, in a directory that goes away afterwards.
// Owns: the directory and its files, made when a benchmark first asks. Promises: nothing stays behind unless the
// process is killed; a benchmark whose answers are wrong makes the run fail.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>

#include <flowkeep/flowkeep.hpp>

#include "bare_lmdb.hpp"

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

/// A store that is written to; every write keeps these true.
struct WriteStore {
  Store store;
  std::uint64_t sessions;  ///< how many there are
  std::uint64_t next;      ///< the number of the next new session
};

class Workspace {
 public:
  /// Makes a directory of its own inside `parent` (which is made where it is missing).
  [[nodiscard]] static Result<Workspace> make(const std::filesystem::path& parent, std::uint64_t sessions);
  Workspace(Workspace&&) = default;
  Workspace& operator=(Workspace&&) = delete;
  ~Workspace();

  [[nodiscard]] std::uint64_t sessions() const noexcept { return sessions_; }
  /// A path inside the directory.
  [[nodiscard]] std::string path(const char* name) const { return (directory_ / name).string(); }
  /// The name of the file system, and whether its figures say something about a disk.
  [[nodiscard]] std::string file_system() const;
  [[nodiscard]] bool on_disk() const;

  // Of sessions() generated sessions; each made at the first call.
  [[nodiscard]] Result<ReadStore*> read_store();
  [[nodiscard]] Result<WriteStore*> write_store();
  [[nodiscard]] Result<BareLmdb*> bare();

 private:
  Workspace(std::filesystem::path directory, std::optional<std::filesystem::path> parent, std::uint64_t sessions)
      : directory_(std::move(directory)), parent_(std::move(parent)), sessions_(sessions) {}
  /// Room for all of it several times over, and little enough for valgrind.
  [[nodiscard]] std::uint64_t map_bytes() const noexcept { return (8ULL << 30) + sessions_ * (16ULL << 10); }
  /// Makes the file of generated sessions, and its copies for writing and for bare LMDB, while no store is open.
  [[nodiscard]] Result<void> make_files();

  std::filesystem::path directory_;
  std::optional<std::filesystem::path> parent_;  ///< where it goes away, too
  std::uint64_t sessions_;
  bool files_made_ = false;
  std::unique_ptr<ReadStore> read_store_{};
  std::unique_ptr<WriteStore> write_store_{};
  std::unique_ptr<BareLmdb> bare_{};
};

/// Ends a benchmark whose answer is wrong, or that cannot go on; the whole run fails then.
void wrong(benchmark::State& state, const std::string& why);
[[nodiscard]] bool anything_wrong() noexcept;

void add_read_benchmarks(Workspace& workspace);
void add_write_benchmarks(Workspace& workspace);
#ifdef FLOWKEEP_BENCH_JSON
void add_real_benchmarks(Workspace& workspace);
#endif

}  // namespace flowkeep::bench

// Copies of a store, and a store without its free pages.
#pragma once

#include <chrono>
#include <cstdint>
#include <string_view>

#include <flowkeep/index.hpp>
#include <flowkeep/result.hpp>

namespace flowkeep {

struct BackupOptions {
  enum class Pages : std::uint8_t {
    all,   ///< as they lie in the file: as fast as the disk
    used,  ///< without the free ones, in order: a smaller file, for more work; `progress` is not called meanwhile
  } pages = Pages::all;
  enum class Verify : std::uint8_t {
    no,
    yes,  ///< the whole copy, as by Store::check(), before it appears; asks for a local file system
  } verify = Verify::no;
  Progress progress{};  ///< of pages, then of what is verified; answering false ends the backup with busy
};

struct BackupReport {
  std::uint64_t bytes = 0;     ///< size of the copy
  std::uint64_t sessions = 0;  ///< in the copy, where it was verified
};

struct CompactOptions {
  /// How long to wait for another process that opens or closes the file.
  std::chrono::milliseconds busy_timeout{10'000};
  Progress progress{};  ///< of what is verified; answering false ends the compaction with busy
};

struct CompactReport {
  std::uint64_t bytes_before = 0;
  std::uint64_t bytes_after = 0;
};

/// Puts a copy without free pages in the place of a store that nobody has open, this process neither; it is recovered
/// first, where it was not closed. The copy is verified before that, and needs room beside the store; owner and mode
/// stay. After a crash at any moment the old file is there, or the new one, whole; a file .NAME.… that is then left
/// beside it may be removed. Errors: busy (somebody has it open), those of Store::open(), full, corrupt (the store is
/// damaged; it is left as it is), io.
[[nodiscard]] FLOWKEEP_API Result<CompactReport> compact(std::string_view path, const CompactOptions& options = {});

}  // namespace flowkeep

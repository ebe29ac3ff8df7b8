// Opening and closing the files of a store, among processes that do the same.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include <flowkeep/store.hpp>

#include "journal/format.hpp"
#include "journal/shared_page.hpp"
#include "storage/environment.hpp"
#include "storage/file_lock.hpp"
#include "store/open_files.hpp"

namespace flowkeep::store {

/// The files of an open store, and what says so to other processes. Gives the locks back when it goes.
struct StoreFiles {
  std::string path{};       ///< as it was given
  std::string real_path{};  ///< without links: every process names the files beside it after this one
  OpenFile file;            ///< goes last
  storage::FileLock lock{};
  std::optional<journal::SharedPage> page{};  ///< none: opened for reading, and nobody writes
  std::unique_ptr<storage::Environment> environment{};
};

/// What open_files() found. Kept until the store is ready.
struct Opened {
  StoreFiles files;              ///< may be moved away
  storage::OpeningLock opening;  ///< held until the store is ready
  bool is_alone = false;         ///< nobody else has the store open; others wait for `opening`
  /// The transaction of the checkpoint that was put back: the journal has to be replayed.
  std::optional<std::uint64_t> checkpoint{};
  /// Others have the store open, none of them for writing, and what the last writer left is not known: the journal has
  /// to be replayed over the tables as they are.
  bool is_left_by_dead = false;
};

/// Opens the files of a store, the checkpoint put back where nobody closed it. Errors: as Store::open().
[[nodiscard]] Result<Opened> open_files(const std::string& path, const OpenOptions& options);

/// Takes the place among those who have the store open. Errors: busy (somebody has it alone), io.
[[nodiscard]] Result<void> show_presence(StoreFiles& files);

/// The refusal of a store that has to be opened for writing first.
[[nodiscard]] Error needs_recovery(const std::string& path);

/// Waits, as one who has just come, for what was acknowledged before: the tables of the one that writes are a little
/// behind, and catch up when it sees that another has the store open. A second at most, and not for a process that is
/// stopped. True: who had the turn died.
[[nodiscard]] bool has_dead_writer(StoreFiles& files);

/// Waits until the tables hold what the process that has the turn has accepted; true: it died, and they will not.
/// Errors: busy, io (a write has failed).
[[nodiscard]] Result<bool> wait_for_writer(StoreFiles& files, std::chrono::milliseconds timeout);

/// Lets everything go after an opening that failed.
void give_up_opening(StoreFiles& files, bool is_alone);

/// Closes the files, where `is_settled`: everything accepted is in the tables, and nobody of this process writes. The
/// last process leaves the data file alone behind, whole and durable. Errors: io, busy (then the next one recovers).
[[nodiscard]] Result<void> close_files(StoreFiles& files, const OpenOptions& options, bool is_settled);

}  // namespace flowkeep::store

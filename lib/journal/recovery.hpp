// What a store's files say about how they were left, and the way back to the last checkpoint.
#pragma once

#include <optional>
#include <string>

#include <flowkeep/guid.hpp>
#include <flowkeep/result.hpp>

#include "journal/format.hpp"

namespace flowkeep::journal {

[[nodiscard]] inline std::string journal_path(const std::string& path) {
  return path + "-wal";
}
[[nodiscard]] inline std::string shared_page_path(const std::string& path) {
  return path + "-shm";
}
[[nodiscard]] inline std::string lock_path(const std::string& path) {
  return path + "-lock";
}

/// Looks at the data file and its journal. std::nullopt: the file is whole by itself (a journal that is there was left
/// over when it was made or removed). Else the header to recover from: epoch, store and trees fit the file.
/// Errors: corrupt (the journal is missing, or another file's or state's), io.
[[nodiscard]] Result<std::optional<Header>> examine(int descriptor, const std::string& path);

/// How far a file that is whole by itself has come in a journal.
struct Applied {
  Guid epoch{};
  Position next{};  ///< behind the last record that the file holds
};
/// Whether the journal beside such a file holds changes of the same store that the file lacks: then the file is an
/// earlier state of the store, put beside a journal that a crash has left. Errors: io.
[[nodiscard]] Result<bool> holds_later_changes(const std::string& path, const Guid& store_id,
                                               const std::optional<Applied>& applied);

/// Whether the file is the checkpoint, byte for byte where it matters, and the journal holds nothing behind it: then it
/// can be read as it is. Errors: io.
[[nodiscard]] Result<bool> is_at_checkpoint(const Header& header, int descriptor, const std::string& path);

/// Puts the checkpoint's meta pages back, while nobody has the store open. A pair of files that was copied is walked
/// page by page first. Errors: corrupt, io.
[[nodiscard]] Result<void> restore_checkpoint(const Header& header, int descriptor, const std::string& path);

}  // namespace flowkeep::journal

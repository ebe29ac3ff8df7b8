// Checkpoints: what a recovery goes back to.
#pragma once

#include <array>
#include <memory>

#include <flowkeep/result.hpp>

#include "journal/journal_file.hpp"
#include "storage/environment.hpp"

namespace flowkeep::journal {

/// Makes checkpoints of an LMDB file whose commits are not synced. The order of its steps is what keeps the file whole;
/// docs/DESIGN.md argues why. Only by the process that has the turn, one checkpoint at a time.
class Checkpointer {
 public:
  /// Reserves two pins, so that a checkpoint never fails for want of a reader slot. Errors: busy.
  [[nodiscard]] static Result<Checkpointer> make(storage::Environment& environment);

  /// A checkpoint that has begun.
  struct Job {
    Header header{};
    storage::Pin* pin = nullptr;
  };
  /// Pins the last commit and notes its meta pages, between two commits. `header` is the durable one; `start` is behind
  /// the last record that the commit holds. Errors: corrupt (another program commits to the file), io.
  [[nodiscard]] Result<Job> begin(const Header& header, const Position& start);
  /// Syncs the file, makes the header durable and lets the older pin go; commits may go on meanwhile. On success
  /// `job.header` is the durable one. An error is final. Errors: io.
  [[nodiscard]] Result<void> finish(Job& job, JournalFile& journal);

  /// Whether this process may let LMDB use pages again: it holds a pin that is not newer than the checkpoint. Where the
  /// checkpoint is the last commit, that is the pin it holds afterwards. Not while a checkpoint is made.
  [[nodiscard]] Result<bool> guard(const Header& header);
  /// The commits that are pinned, in no order; 0: none.
  [[nodiscard]] std::array<std::uint64_t, 2> pinned() const noexcept;
  /// Lets every pin go. No commit of this process may follow before guard() or a checkpoint.
  void release() noexcept;

 private:
  Checkpointer(storage::Environment& environment, storage::Pin first, storage::Pin second)
      : environment_(&environment), pins_(new std::array<storage::Pin, 2>{std::move(first), std::move(second)}) {}
  storage::Environment* environment_;
  std::unique_ptr<std::array<storage::Pin, 2>> pins_;
};

}  // namespace flowkeep::journal

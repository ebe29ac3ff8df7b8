// The way of a change from validated to stored.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include <flowkeep/write_transaction.hpp>

#include "journal/group_commit.hpp"
#include "journal/turn.hpp"
#include "store/applier.hpp"
#include "store/checkpoints.hpp"
#include "store/overlay.hpp"
#include "store/space_ahead.hpp"
#include "store/writers_lock.hpp"

namespace flowkeep::store {

struct CommitterOptions {
  std::string path{};
  std::chrono::milliseconds busy_timeout{};
  std::uint64_t journal_bytes = 0;
  std::chrono::milliseconds sync_interval{};
  codec::FormatRow format{};
  /// Brings the store to the present format, if nobody else has it open; called in the turn, while there is no journal.
  std::function<Result<bool>()> upgrade{};
};

/// Takes changes in, one transaction after the other, makes them durable and has them applied. docs/DESIGN.md, "The way
/// of a change", is its plan.
/// The writer's lock is held from begin() to end(); with it, most members may be called. It comes with the turn among
/// processes, which this object keeps as long as something is unapplied, and with what only the writer knows: counters,
/// catalogue and overlay.
class Committer : private Applier::Listener {
 public:
  /// Of LMDB's reader slots: two pins, and what validations read.
  static constexpr unsigned reader_slots = 3;
  using Ticket = journal::GroupCommit::Ticket;

  /// While this process opens the store, with NAME-shm and NAME-lock in use.
  [[nodiscard]] static Result<std::unique_ptr<Committer>> make(storage::Environment& environment, const Tables& tables,
                                                               storage::FileLock& lock, journal::SharedPage& page,
                                                               CommitterOptions options);
  Committer(const Committer&) = delete;
  Committer& operator=(const Committer&) = delete;
  ~Committer() override;

  /// Applies what the journal holds behind the checkpoint that was put back, and makes a checkpoint. Before anything
  /// else, while nobody else has the store open. Errors: corrupt, full, io, busy.
  [[nodiscard]] Result<void> recover();
  /// Does the same for a process that died while others have the store open, if one did and nobody has the turn.
  [[nodiscard]] Result<void> recover_others();

  /// Takes the writer's lock. Errors: busy, io, corrupt, full.
  [[nodiscard]] Result<void> begin();
  void end() noexcept;

  // Between begin() and end().
  /// The tables as they were at begin(), or later.
  [[nodiscard]] const storage::ReadTransaction& base() const noexcept { return base_; }
  [[nodiscard]] const Overlay& overlay() const noexcept { return overlay_; }
  [[nodiscard]] const codec::CountersRow& counters() const noexcept { return counters_; }
  [[nodiscard]] const std::shared_ptr<const Catalogue>& catalogue() const noexcept { return catalogue_; }
  /// Brings base() up to what is accepted. Errors: busy, io.
  [[nodiscard]] Result<void> refresh();
  /// Accepts changes as one record of the journal; end() may follow at once. Large ones are stored when it returns.
  /// Errors: full, busy, io.
  [[nodiscard]] Result<Ticket> submit(std::shared_ptr<const Changes> changes, Durability durability);

  /// A write to the tables without a journal: for what is too large for it, or no Change.
  class Direct {
   public:
    [[nodiscard]] storage::WriteTransaction& transaction() noexcept { return *transaction_; }
    /// Commits, and makes a checkpoint: what was written is durable when it returns. `catalogue`: nullptr where it is
    /// as before.
    [[nodiscard]] Result<void> commit(const codec::CountersRow& counters, std::shared_ptr<const Catalogue> catalogue);

   private:
    friend class Committer;
    explicit Direct(Committer& committer) : committer_(&committer), lock_(committer.commits_.mutex) {}
    Committer* committer_;
    std::unique_lock<FairMutex> lock_;
    std::optional<storage::WriteTransaction> transaction_{};  // ends before the lock
  };
  /// Errors: busy, io.
  [[nodiscard]] Result<Direct> begin_direct();

  /// Everything accepted so far, in the tables, and a checkpoint of it. Errors: busy, io.
  [[nodiscard]] Result<void> settle_down();

  // Any thread.
  /// While one lives, a writer alone may be no further ahead of the tables than one that others look at: the memory is
  /// lent to who has it.
  class BurstLoan {
   public:
    explicit BurstLoan(Committer& committer) noexcept : committer_(committer) { ++committer_.burst_loans_; }
    BurstLoan(const BurstLoan&) = delete;
    BurstLoan& operator=(const BurstLoan&) = delete;
    ~BurstLoan() { --committer_.burst_loans_; }

   private:
    Committer& committer_;
  };
  /// Waits until a record is as durable as was asked for. Errors: io.
  [[nodiscard]] Result<void> wait(const Ticket& ticket);
  [[nodiscard]] bool is_done(const Ticket& ticket) const { return group_.is_done(ticket); }
  /// Waits until the tables show what was acknowledged. Errors: io, busy.
  [[nodiscard]] Result<void> make_visible();
  /// What was acknowledged on a session; std::nullopt: what the tables show of it from now on. Errors: as
  /// make_visible(), for which it waits where a later change on the session is on its way.
  [[nodiscard]] Result<std::optional<PendingRow>> pending_row(const Guid& id);
  /// Ends the threads once all is applied, and gives the turn back. `others`: who has the store open besides; readers
  /// that come when they alone are left need a checkpoint that is the last commit. Errors: io, busy (then the next open
  /// recovers).
  enum class Others : std::uint8_t { none, some };
  [[nodiscard]] Result<void> close(Others others);

  [[nodiscard]] const Health& health() const noexcept { return health_; }
  [[nodiscard]] const Applier& applier() const noexcept { return applier_; }
  [[nodiscard]] const Checkpoints& checkpoints() const noexcept { return checkpoints_; }
  [[nodiscard]] const journal::GroupCommit& group() const noexcept { return group_; }

 private:
  Committer(storage::Environment& environment, const Tables& tables, storage::FileLock& lock, journal::SharedPage& page,
            journal::Sidecars sidecars, journal::Checkpointer checkpointer, storage::ReadTransaction base,
            CommitterOptions options);

  // The turn; with the writer's lock.
  enum class Begin : std::uint8_t { normally, after_crash };
  [[nodiscard]] Result<void> take_turn(std::chrono::milliseconds timeout, Begin how = Begin::normally);
  [[nodiscard]] Result<void> begin_turn(journal::Turn::Since since);
  [[nodiscard]] Result<void> give_way();
  void give_turn() noexcept;
  void make_last_checkpoint();
  [[nodiscard]] Result<void> catch_up();

  [[nodiscard]] Result<void> noted(Result<void> done);

  // What a turn begins with.
  [[nodiscard]] Result<void> settle(journal::Turn::Since since);
  /// How long this process may take over what it has accepted; others' turns have busy_timeout.
  [[nodiscard]] std::chrono::milliseconds patience() const noexcept;
  [[nodiscard]] Result<void> create_journal();
  [[nodiscard]] Result<void> open_journal(const Guid& epoch);
  [[nodiscard]] Result<void> upgrade_format();
  [[nodiscard]] Result<void> mend_writer_mutex();
  [[nodiscard]] Result<journal::Position> find_applied();
  [[nodiscard]] Result<void> replay(const journal::Position& from);
  [[nodiscard]] Result<void> replay_batch(const std::vector<Changes>& batch, const journal::Position& behind,
                                          const codec::RecoveryRow* recovery);
  [[nodiscard]] Result<void> read_rows();
  [[nodiscard]] Result<void> check_format();

  [[nodiscard]] Result<void> reserve_space(SpaceAhead::Need need, SpaceAhead::Purpose purpose);
  /// Whether the journal has room for a record, if need be after a checkpoint.
  [[nodiscard]] Result<bool> make_room(std::uint64_t payload_bytes);
  [[nodiscard]] Result<Ticket> submit_directly(const Changes& changes);
  void accept(const Changes& changes);
  /// Whether no other process has the store open.
  [[nodiscard]] bool is_alone() const noexcept;
  void look_at_free_list();
  [[nodiscard]] std::uint64_t next_capacity() const;

  // By the applier's thread.
  void committed(std::uint64_t lsn) override;
  Applier::Clock::duration rest() override;
  Applier::Clock::duration linger() override;
  [[nodiscard]] Applier::Clock::duration end_turn();
  [[nodiscard]] Applier::Clock::duration rest_long();
  /// Syncs process_safe commits where it is time; answers how long that is off otherwise.
  [[nodiscard]] Applier::Clock::duration sync_when_due();

  storage::Environment& environment_;
  const Tables& tables_;
  storage::FileLock& lock_;
  journal::SharedPage& page_;
  CommitterOptions options_;
  Health health_;
  WritersLock writers_{};

  journal::Turn turn_;
  bool is_settled_ = false;  // what follows is as the last turn left it
  journal::JournalFile journal_{};
  journal::GroupCommit group_{journal_};
  CommitState commits_{};
  SpaceAhead space_;
  storage::ReadTransaction base_;
  PendingIds pending_ids_{};
  Overlay overlay_{&pending_ids_};
  codec::CountersRow counters_{};
  std::shared_ptr<const Catalogue> catalogue_{};
  std::string payload_{};

  // What commits have freed, and the pin of the checkpoint keeps from being used again, as begin() last saw it.
  std::uint64_t looked_at_ = 0;  // the commit it saw
  std::atomic<std::uint64_t> retained_bytes_{0};
  std::atomic<std::int64_t> retained_since_{0};  // when that pin was taken

  std::atomic<std::uint64_t> acknowledged_{0};
  Applier::Clock::time_point synced_at_{};  // of the applier's thread
  // With the writer's lock, or in the turn by the applier's thread:
  std::atomic<bool> is_dirty_{false};  // there are commits behind the last checkpoint that an idle process made
  std::atomic<Applier::Clock::time_point> turn_ended_at_{};
  const journal::Sidecars sidecars_;
  Checkpoints checkpoints_;
  Applier applier_;
  std::atomic<int> burst_loans_{0};
};

}  // namespace flowkeep::store

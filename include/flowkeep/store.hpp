// A store: one file of flow sessions.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <flowkeep/access.hpp>
#include <flowkeep/backup.hpp>
#include <flowkeep/callback.hpp>
#include <flowkeep/cancel.hpp>
#include <flowkeep/index.hpp>
#include <flowkeep/retention.hpp>
#include <flowkeep/snapshot.hpp>
#include <flowkeep/state_model.hpp>
#include <flowkeep/sweep.hpp>
#include <flowkeep/write_transaction.hpp>

namespace flowkeep {

enum class OpenMode : std::uint8_t {
  open_or_create,  ///< create the file where it is missing
  existing,        ///< not_found where it is missing
  create_new,      ///< already_exists where it is there
  read_only,       ///< as existing; every write is refused with access_denied
};

/// What a process is to the sessions of a store.
enum class Role : std::uint8_t {
  visitor,  ///< it looks, imports, tends; the sessions that it writes are run by others
  /// It runs them: a session that it moves to Running is its own, until the run ends or another agent takes it over;
  /// where the process ends before that, a sweep closes the session. Opening sweeps, and one thread more applies the
  /// file's retention schedule.
  agent,
};

/// A snapshot that is open, in any process.
struct ReaderStats {
  std::int64_t pid = 0;
  std::uint64_t transaction = 0;                   ///< the commit it reads
  std::uint64_t lag = 0;                           ///< commits made since
  std::optional<std::chrono::milliseconds> age{};  ///< since the first of those; not known where no process writes
  /// Of pages that commits since have freed: writes cannot use them again, and the file grows instead, while the
  /// snapshot is open.
  std::uint64_t held_bytes = 0;
};

struct OpenOptions {
  OpenMode mode = OpenMode::open_or_create;

  /// For a store that is created: its state model, and the optional indexes it keeps from the start.
  StateModel model = StateModel::desktop_flow();
  std::vector<IndexId> indexes{};

  Role role = Role::visitor;
  /// For an agent: told of a request to cancel one of its own sessions, at once where this process made it, within 100
  /// ms where another did; those that stand when the store is opened again, too. Once a request. Called by a thread of
  /// its own, which holds no lock: it may use the store, but must not throw, fork or destroy the Store, whose end waits
  /// for it.
  std::function<void(const CancelRequest&)> on_cancel{};

  /// Who writes, unless a transaction says otherwise.
  Caller caller{};

  /// What a power cut may take from a commit that says nothing else.
  Durability durability = Durability::power_safe;
  /// How long a process_safe commit may wait for the disk.
  std::chrono::milliseconds sync_interval{100};
  /// The most bytes of the journal, NAME-wal, 64 KiB to 1 GiB; it begins with 256 KiB and grows as it is used. A
  /// transaction of more than a third of this is slower, for it does without.
  std::uint64_t journal_bytes = 24ULL << 20;

  /// Address space reserved for the file, in bytes; it costs no memory and no disk. A file that outgrows it is mapped
  /// anew, for which this process's snapshots have to end; so let it be more than is needed.
  std::uint64_t map_bytes = 256ULL << 30;
  /// The most bytes of the file in use before writes of this process are refused with `full`; deletes still work. 0: as
  /// many as the disk has.
  std::uint64_t quota_bytes = 0;
  /// How many snapshots may be alive at once, in all processes. Each further process that writes takes three.
  unsigned max_readers = 1024;
  /// How long a write waits for the other writers, of this process and of others, and an open for another process that
  /// is opening the file, before it gives up with `busy`.
  std::chrono::milliseconds busy_timeout{10'000};

  /// Told of a snapshot, of any process, that is older than `slow_reader_age` (counted from the first commit it does
  /// not show) or holds back more than `slow_reader_bytes`; once, and again each minute while it stays open. Called by
  /// a thread of its own, which holds no lock: it may use the store, but must not throw, fork or destroy the Store,
  /// whose end waits for it.
  std::function<void(const ReaderStats&)> on_slow_reader{};
  std::chrono::milliseconds slow_reader_age{60'000};
  std::uint64_t slow_reader_bytes = 64ULL << 20;
};

/// What was put right when the store was opened after a crash, the last time that was needed.
struct RecoveryStats {
  Timestamp finished{};
  std::uint64_t changes = 0;  ///< transactions that came from the journal
  std::uint64_t bytes = 0;    ///< of them
  std::chrono::milliseconds took{};
};

/// The journal as the process that wrote last left it.
struct JournalStats {
  std::uint64_t used_bytes = 0;  ///< what a recovery would have to read
  std::uint64_t capacity_bytes = 0;
  std::uint64_t checkpoints = 0;                              ///< made since the store was opened by anybody
  std::optional<std::chrono::milliseconds> checkpoint_age{};  ///< of the last of those
};

/// What a store holds and what it takes.
struct StoreStats {
  std::string path{};
  Guid store_id{};
  std::uint32_t format_version = 0;
  Timestamp created{};
  std::string model{};
  std::uint64_t sessions = 0;
  std::array<std::uint64_t, status_count> by_status{};  ///< sessions of each statuscode
  std::uint64_t active = 0;                             ///< sessions of statecode 0
  std::uint64_t inactive = 0;                           ///< sessions of statecode 1
  std::int64_t last_version = 0;                        ///< the highest versionnumber given
  std::uint64_t deletions = 0;                          ///< deletion records kept
  std::uint64_t cancel_requests = 0;                    ///< that wait for an agent's answer
  std::uint64_t callbacks_waiting = 0;

  std::uint64_t file_bytes = 0;  ///< size of the file
  std::uint64_t live_bytes = 0;  ///< of pages in use
  std::uint64_t free_bytes = 0;  ///< of pages that writes will use again
  std::uint64_t map_bytes = 0;
  std::uint64_t quota_bytes = 0;
  std::uint64_t page_bytes = 0;

  struct Table {
    std::string name{};
    std::uint64_t entries = 0;
    std::uint64_t bytes = 0;  ///< pages × page size
    unsigned depth = 0;       ///< of the B-tree
  };
  std::vector<Table> tables{};
  std::array<IndexStatus, index_count> indexes{};

  /// Index entries that writes of this Store found not to agree with their records: run a check.
  std::uint64_t disagreements = 0;
  using Reader = ReaderStats;
  std::vector<Reader> readers{};  ///< those with a snapshot open now, of every process
  std::uint64_t last_transaction = 0;

  std::optional<RecoveryStats> recovery{};

  std::optional<JournalStats> journal{};   ///< none: nobody has written since the store was opened
  std::optional<Durability> durability{};  ///< of the process that opened the store for writing last
  std::int64_t writer_pid = 0;             ///< whose turn to write it is; 0: nobody's
  enum class WriterState : std::uint8_t { runs, stopped } writer_state = WriterState::runs;
  /// A write or sync has failed in some process: nobody writes until all have closed the store.
  bool has_failed = false;
};

/// One thing that is wrong with a store.
struct Finding {
  std::string where{};  ///< table and row, e.g. "sessions 3219b349-…", "index machine", "page 17"
  std::string what{};
};

/// The outcome of a check.
struct CheckReport {
  std::uint64_t sessions = 0;
  std::uint64_t index_entries = 0;
  std::uint64_t binaries = 0;
  std::uint64_t binary_bytes = 0;  ///< uncompressed
  std::uint64_t pages = 0;
  std::uint64_t findings_total = 0;
  std::vector<Finding> findings{};  ///< the first 100
  [[nodiscard]] bool clean() const noexcept { return findings_total == 0; }
};

/// How a session stands.
struct SessionStatus {
  StatusCode statuscode{};
  StateCode statecode{};
  std::optional<Timestamp> startedon{};
  std::optional<Timestamp> completedon{};
  std::int64_t versionnumber = 0;
};

/// A store that is open in this process. Threads: all members may be called by many threads at once; writes
/// are done one after the other. A file is open once in a process: a second open is refused with busy; share
/// the Store instead. Other processes may open the file too, and read and write.
/// After fork() the child must not use the Store (forked); it opens the file itself.
/// Files: NAME.flowkeep and, beside it while it is open, NAME.flowkeep-wal (the journal), -shm and -lock (mode 0600);
/// docs/OPERATIONS.md says what they are. A process that writes has two threads of the store's, one
/// more with on_slow_reader, and one for moments, which learns what rows are packed with. Not on network file systems.
class FLOWKEEP_API Store {
 public:
  class Impl;

  /// Opens a store. Errors: not_found, already_exists, access_denied, busy (open in this process already),
  /// not_a_store, newer_format, corrupt (the file is cut short or damaged), invalid_argument (a network
  /// file system, options out of range), io, no_memory.
  [[nodiscard]] static Result<Store> open(std::string_view path, OpenOptions options = {});

  Store(Store&&) noexcept;
  Store& operator=(Store&&) noexcept;
  /// Closes the file once the last Snapshot and WriteTransaction are gone too.
  ~Store();

  /// The store as a principal sees it: what he may not read is not there, in whatever call, count, range or token; what
  /// he may not do is refused with access_denied (PrivilegeDenied). What he writes he does in his name (Caller::user).
  /// What is of the file as a whole (state model, indexes, retention schedule, sweep, outbox, figures, checks, backups)
  /// is refused likewise. What was shared with him later than it changed last is not among changes() until it changes
  /// again; what was taken from him is not told as gone. Reads wait for the tables, as snapshots do. Sessions come
  /// fast where the store keeps index `owner`; without it, all of them are looked through. It keeps the file open, as
  /// this Store does. Errors: access_denied (of a principal's store).
  [[nodiscard]] Result<Store> as(const Principal& principal) const;

  /// A consistent view for reading. Errors: busy (max_readers snapshots are alive), forked, io.
  [[nodiscard]] Result<Snapshot> snapshot() const;
  /// Begins a transaction. A thread has at most one at a time. Errors: busy (another thread or process held the
  /// lock for busy_timeout, or this thread does), access_denied (read-only), forked, io.
  [[nodiscard]] Result<WriteTransaction> write() const;
  /// The same in somebody's name.
  [[nodiscard]] Result<WriteTransaction> write(const Caller& caller) const;

  // Each of these is a transaction of its own, committed and durable on return; see WriteTransaction.
  [[nodiscard]] Result<Guid> create(const Session& session) const;
  [[nodiscard]] Result<std::vector<Guid>> create_multiple(std::span<const Session> sessions) const;
  [[nodiscard]] Result<std::int64_t> update(const Guid& id, const SessionUpdate& update,
                                            Precondition precondition = {}) const;
  [[nodiscard]] Result<std::uint64_t> update_multiple(std::span<const SessionUpdate> updates) const;
  [[nodiscard]] Result<UpsertResult> upsert(const Guid& id, const SessionUpdate& update,
                                            Precondition precondition = {}) const;
  [[nodiscard]] Result<std::vector<UpsertResult>> upsert_multiple(std::span<const SessionUpdate> updates) const;
  [[nodiscard]] Result<std::int64_t> transition(const Guid& id, StatusCode status, std::optional<StateCode> state = {},
                                                Precondition precondition = {}) const;
  [[nodiscard]] Result<AccessRights> grant_access(const Guid& id, const Reference& principal,
                                                  AccessRights rights) const;
  [[nodiscard]] Result<void> modify_access(const Guid& id, const Reference& principal, AccessRights rights) const;
  [[nodiscard]] Result<bool> revoke_access(const Guid& id, const Reference& principal) const;
  [[nodiscard]] Result<std::int64_t> assign(const Guid& id, const Reference& owner) const;
  [[nodiscard]] Result<CancelOutcome> cancel(const Guid& id) const;
  [[nodiscard]] Result<void> trigger_callback(const Guid& id) const;
  [[nodiscard]] Result<Guid> add_child(const Guid& session, const Child& child) const;
  [[nodiscard]] Result<std::vector<Guid>> add_children(const Guid& session, std::span<const Child> children) const;
  [[nodiscard]] Result<void> remove_child(Collection collection, const Guid& id) const;
  [[nodiscard]] Result<void> put_parent(const Parent& parent) const;
  [[nodiscard]] Result<void> erase(const Guid& id, Precondition precondition = {}) const;
  [[nodiscard]] Result<std::uint64_t> erase_multiple(std::span<const Guid> ids) const;
  [[nodiscard]] tl::expected<ImportResult, ImportFailure> import_sessions(std::span<const Session> sessions,
                                                                          ImportOptions options = {}) const;

  // Each of these shows a session as it is now, with what this process was told is stored; it does not wait for the
  // tables of the file, as a snapshot does.
  /// An owned copy of one session. Errors: not_found.
  [[nodiscard]] Result<Session> get(const Guid& id) const;
  [[nodiscard]] Result<std::optional<Session>> find(const Guid& id) const;
  /// What callers poll a session for. Nothing is unpacked or copied for it, so it costs less than get(). Errors:
  /// not_found.
  [[nodiscard]] Result<SessionStatus> status_of(const Guid& id) const;
  [[nodiscard]] Result<bool> is_valid_state_transition(const Guid& id, std::string_view new_state,
                                                       std::int32_t new_status) const;

  /// Waits until Snapshot::changes() of the token has something to show, whoever wrote it; false: the time (a year at
  /// most) was up. It looks every 20 ms. A token does not become younger by waiting: ask for changes() now and then.
  /// Errors: as Snapshot::has_changes(), and those of snapshot().
  [[nodiscard]] Result<bool> await_changes(std::string_view since, std::chrono::milliseconds timeout) const;

  /// A token that tells when a session is asked to end. One thread of the store's serves all of them. Errors:
  /// not_found, and those of snapshot().
  [[nodiscard]] Result<CancelToken> cancel_token(const Guid& id) const;

  /// Takes callbacks that are due, for a deliverer: at most so many, the longest due first. Each is due again after
  /// `lease`, and goes to somebody else then, unless note_callback() was told of it: so a deliverer that dies loses
  /// none, and one may come twice.
  [[nodiscard]] Result<std::vector<Callback>> claim_callbacks(std::size_t most, std::chrono::milliseconds lease) const;
  /// Notes how an attempt went; a callback that is still waiting is due again `again` from now. false: it was enqueued
  /// anew, or its lease was over and somebody else has it: nothing was noted.
  [[nodiscard]] Result<bool> note_callback(const Callback& claimed, const CallbackAttempt& attempt,
                                           std::chrono::milliseconds again) const;

  /// Replaces the model that writes of every process obey from now on; stored rows are left as they are.
  [[nodiscard]] Result<void> set_state_model(const StateModel& model) const;

  /// Adds an index in many short transactions, while others read and write. Called again after it was cut
  /// short (a kill, or `progress` answering false: busy), it starts over. Errors: already_exists.
  [[nodiscard]] Result<void> add_index(IndexId index, const Progress& progress = {}) const;
  /// Drops an optional index, or the summary, which add_index() then makes anew. Errors: not_found (not kept),
  /// invalid_argument (another default index).
  [[nodiscard]] Result<void> drop_index(IndexId index) const;

  /// Deletes closed sessions that exceed the limits of a policy, in many short transactions, while others read and
  /// write. One that changes meanwhile stays until the next time. What was deleted stays so if it is cut short. Errors:
  /// invalid_argument (no limit, a status that is open), and those of the transactions.
  [[nodiscard]] Result<PruneResult> prune(const RetentionPolicy& policy, const PruneOptions& options = {}) const;

  /// Deletes what sessions lead to, whether its name is known or not. By its type: of a workflow its sessions go, too;
  /// of a flowmachine or flowmachinegroup the lookup becomes null, as by an update; a businessunit, team or systemuser
  /// is refused while it owns sessions (by ownerid and its twins; createdby and its like keep the id); of others
  /// nothing else happens. In many short transactions, while others read and write, the parent's own row last: cut
  /// short by a crash, it is ended by calling it again. A session that leads to it later is none of its business.
  /// Errors: in_use (CannotDeleteDueToAssociation), not_found (no such parent, no session), invalid_argument, busy
  /// (`progress` answered false), and those of transactions.
  [[nodiscard]] Result<ParentDeletion> delete_parent(EntityType type, const Guid& id,
                                                     const DeleteParentOptions& options = {}) const;

  /// What the store's agents prune by themselves; std::nullopt: nothing.
  [[nodiscard]] Result<std::optional<RetentionSchedule>> retention_schedule() const;
  /// Sets it, for every process (last_run is kept as it was), or removes it. Errors: invalid_argument (no limit, a
  /// status that is open, an interval that is out of range), busy (the file is of an older format, and others have it
  /// open).
  [[nodiscard]] Result<void> set_retention_schedule(const std::optional<RetentionSchedule>& schedule) const;

  /// Moves sessions to Aborted that were left open by agents that are gone: the process has ended, or the system was
  /// started anew. Those of a living agent, and those that no agent ran, stay. What a model in force does not allow is
  /// counted, and stays. Errors: io (the system does not say which processes there are), and those of transactions.
  [[nodiscard]] Result<SweepResult> sweep(const SweepOptions& options = {}) const;

  /// Walks page counts and readers, not rows.
  [[nodiscard]] Result<StoreStats> stats() const;
  /// Verifies every checksum, every FlatBuffer, every index both ways, binary reference counts and the page
  /// accounting, on one snapshot. A bad sector under the file raises SIGBUS: run it where that may happen.
  /// Errors: io, busy (`progress` answered false); what is wrong with the content is in the report.
  [[nodiscard]] Result<CheckReport> check(const Progress& progress = {}) const;

  /// Copies the store to `destination`, where nothing may be, while this and other processes go on reading and writing:
  /// one file, mode 0600, a store of its own that needs no journal; it keeps the store's id. Everything acknowledged by
  /// any process before the call is in it. It appears when it is whole and on the disk. While pages are copied, writes
  /// cannot use pages again that are freed meanwhile, so that the store grows by those; that ends with the copying,
  /// before verifying. Errors: already_exists, not_found (the directory), full, access_denied, busy (a writer does not
  /// catch up, e.g. is stopped; `progress` answered false), needs_recovery (opened for reading only, and a writer
  /// died), corrupt (found by verifying), io.
  [[nodiscard]] Result<BackupReport> backup(std::string_view destination, const BackupOptions& options = {}) const;

  [[nodiscard]] const std::string& path() const& noexcept;
  const std::string& path() const&& = delete;

 private:
  explicit Store(std::shared_ptr<Impl> impl) noexcept;
  std::shared_ptr<Impl> impl_;
};

/// The version of the library, e.g. "0.1.0".
[[nodiscard]] FLOWKEEP_API const char* version() noexcept;

}  // namespace flowkeep

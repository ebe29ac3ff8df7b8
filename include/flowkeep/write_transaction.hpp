// Changes to a store: one transaction, all or nothing.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include <flowkeep/access.hpp>
#include <flowkeep/cancel.hpp>
#include <flowkeep/child.hpp>
#include <flowkeep/parent.hpp>
#include <flowkeep/session.hpp>
#include <flowkeep/state_model.hpp>

namespace flowkeep {

/// What must be true of the stored row. A row that If-Match asks for and that is not there is refused with not_found
/// (ObjectDoesNotExist); everything else with version_mismatch (ConcurrencyVersionMismatch). The ETag of a row is
/// W/"<versionnumber>".
struct Precondition {
  enum class Kind : std::uint8_t {
    none,
    if_match,           ///< the row is there, with this versionnumber
    if_match_any,       ///< If-Match: *, the row is there (an upsert becomes an update)
    if_none_match_any,  ///< If-None-Match: *, the row is not there (an upsert becomes a create)
  };
  Kind kind = Kind::none;
  std::int64_t versionnumber = 0;

  [[nodiscard]] static constexpr Precondition if_match(std::int64_t version) noexcept {
    return {Kind::if_match, version};
  }
  [[nodiscard]] static constexpr Precondition if_match_any() noexcept { return {Kind::if_match_any, 0}; }
  [[nodiscard]] static constexpr Precondition if_none_match_any() noexcept { return {Kind::if_none_match_any, 0}; }
};

/// Reads W/"42", "42" in double quotes, 42 or *. std::nullopt: none of these.
[[nodiscard]] FLOWKEEP_API std::optional<Precondition> parse_etag(std::string_view text) noexcept;

/// Who writes: becomes createdby, modifiedby and, where none is given, ownerid. Without a user these stay null.
struct Caller {
  std::optional<Guid> user{};          ///< a systemuser
  std::optional<Guid> on_behalf_of{};  ///< the delegate, for the *onbehalfby columns
  std::optional<Guid> businessunit{};  ///< owningbusinessunit of what is created
};

/// What a power cut may take from a transaction whose commit() has returned. A crash of the process takes nothing.
enum class Durability : std::uint8_t {
  power_safe,    ///< nothing: it is on the disk
  process_safe,  ///< it, where the cut comes within OpenOptions::sync_interval; never the file, nor half of it
};

/// What an upsert or an import did with one row.
enum class Outcome : std::uint8_t { created, updated, replaced, skipped };

struct UpsertResult {
  Guid id{};
  Outcome outcome = Outcome::created;
  std::int64_t versionnumber = 0;
};

/// What an import does with a row whose id is in the store already.
enum class OnConflict : std::uint8_t { error, skip, replace };

struct ImportOptions {
  OnConflict on_conflict = OnConflict::error;
  /// Names of parents, which are stored with the sessions (where they are new).
  std::span<const Parent> parents{};
  /// None, or for each of the sessions its children, which are stored with it. The rule for conflicts holds for each of
  /// them; those of a session that is skipped are skipped, too, and those that a replaced one has already stay.
  std::span<const std::vector<Child>> children{};
};

/// What an import did.
struct ImportResult {
  std::uint64_t created = 0;
  std::uint64_t replaced = 0;
  std::uint64_t skipped = 0;
};

/// A failed import: which of the given sessions was refused (counted from 0).
struct ImportFailure {
  Error error{};
  std::size_t position = 0;
};

/// A transaction that was handed over and is on its way to the disk. Threads: any.
class FLOWKEEP_API Pending {
 public:
  struct Impl;
  Pending(const Pending&) noexcept;
  Pending(Pending&&) noexcept;
  Pending& operator=(const Pending&) noexcept;
  Pending& operator=(Pending&&) noexcept;
  ~Pending();

  /// Returns when the transaction is as durable as was asked for; snapshots show it from then on. Errors: io (whether
  /// it is stored is not known until the store has been closed and opened again).
  [[nodiscard]] Result<void> wait() const;
  /// Whether wait() would return at once.
  [[nodiscard]] bool is_done() const;

  explicit Pending(std::shared_ptr<const Impl> impl) noexcept;  // internal: Impl is not published

 private:
  std::shared_ptr<const Impl> impl_;
};

/// A transaction that changes the store. It holds the store's write lock from the begin to commit() or
/// destruction, so keep it short; commit() gives it back before it waits for the disk. Nothing is seen by others, and
/// nothing is durable, before commit() has returned success; without it everything is undone. Each operation is all or
/// nothing by itself: after a refusal (not_found, already_exists, version_mismatch, invalid_transition,
/// invalid_argument, full by the quota) the transaction stands as before it and goes on. After any other error it is
/// dead: every later call, commit() too, returns that error. Threads: only the thread that began it. Writes refuse,
/// with invalid_argument and a sentence that names column, value and limit: text that is too long (UTF-16 units) or not
/// UTF-8, numbers and times out of range, choices outside the option set, lookups of a wrong kind, File columns over 32
/// MiB, read-only columns, create-only columns in an update, and a row over 4 MiB without its File columns.
class FLOWKEEP_API WriteTransaction {
 public:
  class Impl;
  WriteTransaction(WriteTransaction&&) noexcept;
  WriteTransaction& operator=(WriteTransaction&&) noexcept;
  ~WriteTransaction();

  /// Reads a session, this transaction's own changes included.
  [[nodiscard]] Result<std::optional<Session>> find(const Guid& id) const;
  [[nodiscard]] Result<Session> get(const Guid& id) const;
  /// IsValidStateTransition, as Snapshot has it.
  [[nodiscard]] Result<bool> is_valid_state_transition(const Guid& id, std::string_view new_state,
                                                       std::int32_t new_status) const;

  /// Adds a session and returns its id. Errors: already_exists (DuplicateRecord), invalid_transition.
  [[nodiscard]] Result<Guid> create(const Session& session);
  /// CreateMultiple: all or none; ids in input order. The same id twice is refused.
  [[nodiscard]] Result<std::vector<Guid>> create_multiple(std::span<const Session> sessions);

  /// Changes some columns; returns the new versionnumber.
  /// Errors: not_found (ObjectDoesNotExist), version_mismatch, invalid_transition.
  [[nodiscard]] Result<std::int64_t> update(const Guid& id, const SessionUpdate& update,
                                            Precondition precondition = {});
  /// UpdateMultiple: all or none; each update's set.flowsessionid names its row. Of the same id twice the first
  /// is applied, later ones are ignored. Returns the number applied.
  [[nodiscard]] Result<std::uint64_t> update_multiple(std::span<const SessionUpdate> updates);

  /// Updates the session, or creates it where there is none (clearing counts for nothing then).
  [[nodiscard]] Result<UpsertResult> upsert(const Guid& id, const SessionUpdate& update,
                                            Precondition precondition = {});
  /// UpsertMultiple: all or none; each update's set.flowsessionid names its row (none: create). The same id twice
  /// is refused.
  [[nodiscard]] Result<std::vector<UpsertResult>> upsert_multiple(std::span<const SessionUpdate> updates);

  /// Moves a session to a status, which brings its own state; `state`, where given, has to be that state.
  /// Returns the new versionnumber. Errors: not_found, version_mismatch, invalid_transition.
  [[nodiscard]] Result<std::int64_t> transition(const Guid& id, StatusCode status, std::optional<StateCode> state = {},
                                                Precondition precondition = {});

  // Of all of these: `principal` is a systemuser (also where its type is none) or a team; the session gets no new
  // versionnumber. Errors: not_found, access_denied (who shares needs the right to share, and those that he gives),
  // invalid_argument (another kind of principal), busy (the file is of an older format, and others have it open).
  /// GrantAccess: adds rights to what the principal has by a share, and answers with all of them. Errors: those, and
  /// invalid_argument (no right).
  [[nodiscard]] Result<AccessRights> grant_access(const Guid& id, const Reference& principal, AccessRights rights);
  /// ModifyAccess: puts rights in the place of those; none: the share goes.
  [[nodiscard]] Result<void> modify_access(const Guid& id, const Reference& principal, AccessRights rights);
  /// RevokeAccess; false: nothing was there.
  [[nodiscard]] Result<bool> revoke_access(const Guid& id, const Reference& principal);
  /// Gives a session to another owner, a systemuser or a team; shares stay. Returns the new versionnumber. Errors: as
  /// update(), and access_denied.
  [[nodiscard]] Result<std::int64_t> assign(const Guid& id, const Reference& owner);

  /// CancelDesktopFlowRun. A run that has not started (no startedon) is Cancelled; one that has gets a request, which
  /// its agent learns of (OpenOptions::on_cancel, CancelToken) and answers by moving it to Cancelled; whatever
  /// terminal status it enters first stands. Errors: not_found, invalid_transition (it has a terminal status, or the
  /// model has no way from its status to Cancelled), busy (the file is of an older format, and others have it open).
  [[nodiscard]] Result<CancelOutcome> cancel(const Guid& id);

  /// TriggerDesktopFlowRunCallback: enqueues the callback of a session that has ended once more. Errors: not_found,
  /// invalid_transition (it has no terminal status), invalid_argument (it has no callbackurl), busy (as cancel()).
  [[nodiscard]] Result<void> trigger_callback(const Guid& id);

  /// Deletes a session, its File columns, its index entries and its children, but those of collections that keep them
  /// (CollectionInfo::on_delete); a record of the deletion stays for 8 days. All in this transaction: of a session with
  /// many children it takes some hundred bytes of memory each.
  /// Errors: not_found, version_mismatch.
  [[nodiscard]] Result<void> erase(const Guid& id, Precondition precondition = {});
  /// Deletes many: all or none. The same id twice counts once. Returns the number deleted.
  [[nodiscard]] Result<std::uint64_t> erase_multiple(std::span<const Guid> ids);

  /// Records sessions that happened elsewhere: all or none. Read-only columns that are given are kept (except
  /// versionnumber), createdon is set where it is absent, and nothing else is filled in; of the state rules only
  /// the legality of the pair is checked. The same id twice meets the conflict rule at its second coming.
  [[nodiscard]] tl::expected<ImportResult, ImportFailure> import_sessions(std::span<const Session> sessions,
                                                                          ImportOptions options = {});

  /// Adds a child to a session and returns its id. The session's versionnumber stays. Errors: not_found (no such
  /// session), already_exists (DuplicateRecord: its collection has that id, of whichever session), invalid_argument,
  /// busy (the file is of an older format, and others have it open).
  [[nodiscard]] Result<Guid> add_child(const Guid& session, const Child& child);
  /// The same with many: all or none; ids in input order.
  [[nodiscard]] Result<std::vector<Guid>> add_children(const Guid& session, std::span<const Child> children);
  /// Errors: not_found (ObjectDoesNotExist), invalid_argument (no such collection).
  [[nodiscard]] Result<void> remove_child(Collection collection, const Guid& id);
  /// Gives a parent a name, whatever it had. Errors: invalid_argument, busy (as add_child()).
  [[nodiscard]] Result<void> put_parent(const Parent& parent);

  /// Makes the changes durable and visible, all or none of them. The transaction is over afterwards, whatever the
  /// answer. Other threads write meanwhile; those that commit at the same time share one write to the disk.
  /// Errors: full, busy (nothing was changed), io (whether they are stored is not known until the store has been
  /// closed by all and opened again; until then nothing more is written).
  [[nodiscard]] Result<void> commit();
  /// The same, with another durability than OpenOptions::durability.
  [[nodiscard]] Result<void> commit(Durability durability);
  /// Hands the changes over without waiting for the disk: the transaction is over, later ones build upon it, and
  /// nothing is promised before Pending::wait() has returned success. Errors: as commit().
  [[nodiscard]] Result<Pending> submit(std::optional<Durability> durability = {});

  explicit WriteTransaction(std::unique_ptr<Impl> impl) noexcept;  // internal: Impl is not published

 private:
  std::unique_ptr<Impl> impl_;
};

}  // namespace flowkeep

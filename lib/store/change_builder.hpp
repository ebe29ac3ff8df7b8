// Validation: operations in, a Change out.
#pragma once

#include <array>
#include <cstddef>
#include <memory_resource>
#include <optional>
#include <set>
#include <unordered_map>

#include <flowkeep/access.hpp>
#include <flowkeep/callback.hpp>
#include <flowkeep/cancel.hpp>
#include <flowkeep/child.hpp>
#include <flowkeep/parent.hpp>
#include <flowkeep/write_transaction.hpp>

#include "codec/record.hpp"
#include "store/catalogue.hpp"
#include "store/change.hpp"
#include "store/overlay.hpp"
#include "store/viewer.hpp"
#include "store/write_rules.hpp"

namespace flowkeep::store {

/// How rows are written.
struct Forms {
  codec::RecordForm record{};
  /// For what stands beside packed records; nullptr: there is none yet.
  const base::PackingDictionary* contents = nullptr;
  /// The number of the writing process, where it runs sessions (OpenOptions::role); else 0.
  std::uint32_t process = 0;
};

/// Validates the parts of one operation against the rows as they are and against its own earlier parts, and gathers
/// what they do. Writes nothing: after a refusal it is thrown away, and nothing has happened.
class ChangeBuilder {
 public:
  /// `viewer`: whose rights hold; nullptr: the system's, which are all.
  ChangeBuilder(const Basis& basis, const Catalogue& catalogue, const Forms& forms, const codec::CountersRow& counters,
                const Caller& caller, const Viewer* viewer);

  /// Finds a session for somebody who needs these rights on it (and that to read). std::nullopt: it is not there, or
  /// not for him. Errors: access_denied (he may read it, no more), corrupt.
  [[nodiscard]] Result<std::optional<StoredRow>> find(const Guid& id, AccessRights needed) const;

  [[nodiscard]] Result<Guid> create(const Session& session);
  [[nodiscard]] Result<std::int64_t> update(const Guid& id, const SessionUpdate& update, Precondition precondition);
  [[nodiscard]] Result<UpsertResult> upsert(const Guid& id, const SessionUpdate& update, Precondition precondition);
  [[nodiscard]] Result<void> erase(const Guid& id, Precondition precondition);
  [[nodiscard]] Result<Outcome> import(const Session& session, OnConflict on_conflict);

  // Shares (access_changes.cpp).
  [[nodiscard]] Result<AccessRights> grant(const Guid& id, const Reference& principal, AccessRights rights);
  [[nodiscard]] Result<void> modify(const Guid& id, const Reference& principal, AccessRights rights);
  [[nodiscard]] Result<bool> revoke(const Guid& id, const Reference& principal);

  // What stands beside sessions (run_changes.cpp).
  [[nodiscard]] Result<CancelOutcome> cancel(const Guid& id);
  [[nodiscard]] Result<void> trigger_callback(const Guid& id);
  /// Takes callbacks that are due, at most so many; each is due again at `until`.
  [[nodiscard]] Result<std::vector<Callback>> claim_callbacks(std::size_t most, Timestamp until);
  /// Notes an attempt. false: the callback is not the one that was claimed any more.
  [[nodiscard]] Result<bool> note_callback(const Callback& claimed, const CallbackAttempt& attempt, Timestamp next);
  /// Enters a process that runs sessions, or finds it; answers its number. Errors: full (there are too many).
  [[nodiscard]] Result<std::uint32_t> enter_process(const codec::ProcessRow& process);
  [[nodiscard]] Result<void> forget_process(std::uint32_t number, const codec::ProcessRow& process);
  /// Aborts a session that this process, which has ended, has left. false: it is not its any more.
  [[nodiscard]] Result<bool> sweep(const Guid& id, std::uint32_t number, const codec::ProcessRow& process);

  // Children and parents (child_changes.cpp).
  /// Answers its id. Errors: not_found (no such session), already_exists.
  [[nodiscard]] Result<Guid> add_child(const Guid& session, const Child& child);
  [[nodiscard]] Result<Outcome> import_child(const Guid& session, const Child& child, OnConflict on_conflict);
  [[nodiscard]] Result<void> remove_child(Collection collection, const Guid& id);
  /// Answers whether its name was another, or none.
  [[nodiscard]] Result<bool> put_parent(const Parent& parent);
  /// The same where the store's format has parents.
  [[nodiscard]] Result<bool> import_parent(const Parent& parent);
  /// Answers whether it was there.
  [[nodiscard]] Result<bool> remove_parent(EntityType type, const Guid& id);
  /// The id of the session that was imported last.
  [[nodiscard]] const Guid& imported_id() const noexcept { return *session_.flowsessionid; }

  /// When it all happens.
  [[nodiscard]] Timestamp time() const noexcept { return time_; }
  /// Whether an earlier part was about this session.
  [[nodiscard]] bool has(const Guid& id) const { return positions_.count(id) != 0; }
  /// The change; the builder is done.
  [[nodiscard]] Result<Change> finish();

 private:
  [[nodiscard]] WriteContext context() const noexcept { return {caller_, catalogue_.model, time_}; }
  // These are about session_.
  /// Puts it where `before` stood (or anew): versionnumber, binaries, extra columns, record, and what stands beside it.
  enum class Written : std::uint8_t { here, elsewhere };  ///< elsewhere: it is imported
  [[nodiscard]] Result<std::int64_t> put(const std::optional<StoredRow>& before, Written written);
  /// Which process runs it.
  [[nodiscard]] std::uint32_t process_after(const std::optional<StoredRow>& before, Written written) const;
  /// What the end of its run brings with it.
  [[nodiscard]] Result<void> end_run(const std::optional<StoredRow>& before, Written written);
  [[nodiscard]] Result<void> enqueue_callback(const Session& session);
  [[nodiscard]] Result<void> put_callback(const Callback& row);
  /// Removes what stands beside a session that goes; `deletion` learns who could read it.
  [[nodiscard]] Result<void> erase_side_rows(const StoredRow& row, codec::DeletionRow& deletion);
  [[nodiscard]] Result<std::optional<codec::ShareRow>> find_share(const Guid& id, const Guid& principal) const;
  void put_share(const StoredRow& session, const Guid& principal, const codec::ShareRow& share);
  void remove_share(const Guid& id, const index::RowKey& row, std::string_view principal_key);
  [[nodiscard]] Result<StoredRow> find_to_share(const Guid& id, AccessRights given) const;
  /// Sessions that stand elsewhere now are found there by those they are shared with.
  [[nodiscard]] Result<void> move_shares();
  /// Errors: access_denied (who writes has not all of these privileges).
  [[nodiscard]] Result<void> need_privileges(const Guid& id, AccessRights needed) const;
  /// Whether a session has an id, or, where a principal writes, something is left of one that had it.
  [[nodiscard]] Result<bool> is_taken(const Guid& id) const;
  /// Whether it may be given to its owner, who is not the one of before.
  [[nodiscard]] Result<void> check_assign(const std::optional<StoredRow>& before) const;
  /// The same of children that go with their session.
  [[nodiscard]] Result<void> erase_children(const Guid& session);
  struct PlacedChild {
    std::string key{};
    std::optional<StoredContent> content{};
  };
  /// Whether a session is there to get children. Errors: not_found, access_denied.
  [[nodiscard]] Result<void> check_session(const Guid& id) const;
  /// false: it is not there for the one who asks. Errors: access_denied.
  [[nodiscard]] Result<bool> may_change_child(Collection collection, const PlacedChild& placed) const;
  [[nodiscard]] Result<std::optional<PlacedChild>> find_child(Collection collection, const Guid& id) const;
  [[nodiscard]] Result<void> put_child(const Guid& session, const Child& child, const Guid& id);
  void remove_placed(Collection collection, const Guid& id, const PlacedChild& placed);
  [[nodiscard]] Result<void> remove_if_there(codec::SideTable table, std::string_view key);
  [[nodiscard]] Result<bool> is_entered(std::uint32_t number, const codec::ProcessRow& process) const;
  /// Errors: busy (the file is of an older format, which others have open).
  [[nodiscard]] Result<void> need_side_rows() const;
  /// Gives every content of its File columns a place, and takes it from those of `before`.
  [[nodiscard]] Result<void> place_binaries(RowChange& row, const std::optional<StoredRow>& before);
  /// Puts content beside the record.
  class SmallContents;
  [[nodiscard]] Result<void> write_contents(RowChange& row, SmallContents& contents);
  /// Errors: invalid_argument (the store has met too many names).
  [[nodiscard]] Result<void> note_extra_columns();
  /// Writes its record into `row`. Errors: invalid_argument (it is too large).
  [[nodiscard]] Result<void> encode(RowChange& row, std::uint32_t process);
  /// A binary that has this content, of this change or of before.
  [[nodiscard]] Result<std::optional<std::uint64_t>> find_content(const blob::PreparedView& content) const;
  [[nodiscard]] Result<void> place_content(Binary& binary, Column column, const RowChange& row, SmallContents& small);
  [[nodiscard]] Result<std::uint64_t> place_blob(const std::shared_ptr<const blob::Prepared>& content);
  void refer(std::uint64_t blob_id, std::int64_t difference);
  /// Answers whether small contents go with it.
  [[nodiscard]] Result<bool> release_binaries(const SessionView& session);
  [[nodiscard]] Result<void> count_references();
  [[nodiscard]] Result<void> expire_deletions();

  const Basis& basis_;
  const Catalogue& catalogue_;
  const Caller& caller_;
  const Viewer* viewer_;
  Timestamp time_;
  Forms forms_;
  std::string value_{};
  Session session_{};  // the one that is being put; its memory serves them all
  Change change_{};
  std::array<std::byte, 256> first_memory_;
  std::pmr::monotonic_buffer_resource memory_{first_memory_.data(), first_memory_.size()};
  std::pmr::unordered_map<Guid, std::size_t> positions_{&memory_};  // of rows in change_.rows
  std::uint64_t first_blob_;                                        // those of change_.blobs follow each other
  std::unordered_multimap<std::uint64_t, std::size_t> by_hash_{};   // of shared content -> position in change_.blobs
  std::map<std::uint64_t, std::int64_t> references_{};  // of binaries that are there: by how much they change
  std::set<std::string> new_extra_columns_{};
  std::size_t erased_ = 0;
  // What this change made of children, by the key of their place, and of parents.
  std::map<std::string, std::optional<PlacedChild>> children_{};
  std::map<std::string, std::string> parents_{};
  Guid child_id_{};  // of the child that was put last
};

}  // namespace flowkeep::store

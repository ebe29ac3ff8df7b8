// A consistent view of a store, for reading.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <flowkeep/access.hpp>
#include <flowkeep/binary.hpp>
#include <flowkeep/callback.hpp>
#include <flowkeep/cancel.hpp>
#include <flowkeep/changes.hpp>
#include <flowkeep/child.hpp>
#include <flowkeep/index.hpp>
#include <flowkeep/parent.hpp>
#include <flowkeep/query.hpp>
#include <flowkeep/session_summary.hpp>
#include <flowkeep/session_view.hpp>
#include <flowkeep/state_model.hpp>

namespace flowkeep {

/// Reads the content of one File column piece by piece.
/// Lifetime: made only by a Snapshot, dies with it (or with its next renew()).
class FLOWKEEP_API BinaryReader {
 public:
  struct Impl;
  BinaryReader(BinaryReader&&) noexcept;
  BinaryReader& operator=(BinaryReader&&) noexcept;
  ~BinaryReader();

  /// The next bytes (at most 256 KiB), valid until the next call; empty at the end.
  /// Errors: corrupt (a piece is missing or fails its checksum).
  [[nodiscard]] Result<std::string_view> next();

  explicit BinaryReader(std::unique_ptr<Impl> impl) noexcept;  // internal: Impl is not published

 private:
  std::unique_ptr<Impl> impl_;
};

/// The store as it was when the snapshot was made: later writes do not show. Made by Store::snapshot().
/// Threads: one thread at a time, any thread. Lifetime: it keeps the store's file open; views, ranges and
/// readers made from it die with it. While it lives, pages that writers replace stay in the file, so that it
/// grows: keep a snapshot for milliseconds, and renew() it in long work.
/// Errors of every call: corrupt (a checksum or structure is wrong; the sentence says which row), io, forked.
class FLOWKEEP_API Snapshot {
 public:
  class Impl;
  Snapshot(Snapshot&&) noexcept;
  Snapshot& operator=(Snapshot&&) noexcept;
  ~Snapshot();

  /// Finds a session; std::nullopt where there is none. Two look-ups, a checksum and a verification.
  [[nodiscard]] Result<std::optional<SessionView>> find(const Guid& id) const&;
  Result<std::optional<SessionView>> find(const Guid& id) const&& = delete;
  /// The same, for a session that has to be there. Errors: not_found (ObjectDoesNotExist).
  [[nodiscard]] Result<SessionView> get(const Guid& id) const&;
  Result<SessionView> get(const Guid& id) const&& = delete;

  /// Selects sessions. Errors (as the range's only element): invalid_argument (a token of another query or
  /// store, since after until, a window by versionnumber).
  [[nodiscard]] SessionRange select(const Query& query) const&;
  SessionRange select(const Query& query) const&& = delete;

  /// Selects sessions as select() does, and shows of each what figures over many are made of. Where the store keeps the
  /// index `summary`, and the query has conditions on those columns only and the order of createdon, this reads packed
  /// blocks of them, 10 to 40 bytes a session, many times as fast as the sessions themselves; elsewhere it reads
  /// these.
  [[nodiscard]] SummaryRange summaries(const Query& query) const&;
  SummaryRange summaries(const Query& query) const&& = delete;
  /// The session of a summary. Errors: not_found (this snapshot has none of that createdon and arrival).
  [[nodiscard]] Result<SessionView> get(const SessionSummary& summary) const&;
  Result<SessionView> get(const SessionSummary& summary) const&& = delete;

  [[nodiscard]] SessionRange by_machine(const Guid& machine, Order order = newest_first, Limit limit = {}) const&;
  [[nodiscard]] SessionRange by_correlationid(std::string_view id, Order order = newest_first, Limit limit = {}) const&;
  [[nodiscard]] SessionRange by_flow(const Guid& flow, Order order = newest_first, Limit limit = {}) const&;
  [[nodiscard]] SessionRange by_statecode(StateCode state, Order order = newest_first, Limit limit = {}) const&;
  [[nodiscard]] SessionRange by_statuscode(StatusCode status, Order order = newest_first, Limit limit = {}) const&;
  SessionRange by_machine(const Guid&, Order = newest_first, Limit = {}) const&& = delete;
  SessionRange by_correlationid(std::string_view, Order = newest_first, Limit = {}) const&& = delete;
  SessionRange by_flow(const Guid&, Order = newest_first, Limit = {}) const&& = delete;
  SessionRange by_statecode(StateCode, Order = newest_first, Limit = {}) const&& = delete;
  SessionRange by_statuscode(StatusCode, Order = newest_first, Limit = {}) const&& = delete;
  /// Sessions whose lookup leads to this row, by the name of the navigation property that leads back
  /// ("lk_flowsession_createdby"). An index is walked for machine, flow, and, where it is kept, group and owner; else
  /// all sessions are looked at. Errors (as the range's only element): invalid_argument (no such name).
  [[nodiscard]] SessionRange sessions_by(std::string_view partner, const Guid& id, Order order = newest_first,
                                         Limit limit = {}) const&;
  SessionRange sessions_by(std::string_view, const Guid&, Order = newest_first, Limit = {}) const&& = delete;
  /// Sessions whose versionnumber is greater than `version`, in rising order of it: what changed since.
  [[nodiscard]] SessionRange changed_since(std::int64_t version, Limit limit = {}) const&;
  SessionRange changed_since(std::int64_t, Limit = {}) const&& = delete;

  /// What became of the sessions since the token of an earlier range; "": all that there are. A session that was
  /// written more than once shows once, as it is now. Whoever keeps the token together with what it came with meets
  /// each version once; whoever keeps it afterwards may meet the last ones again; nothing is passed over. Errors (as
  /// the range's only element): invalid_argument (no token of this store's changes), expired (older than
  /// change_token_life).
  [[nodiscard]] ChangeRange changes(std::string_view since = {}) const&;
  ChangeRange changes(std::string_view = {}) const&& = delete;
  /// Whether changes() of that token would show any. Errors: as there.
  [[nodiscard]] Result<bool> has_changes(std::string_view since) const;

  /// Counts what select() would return (limit and token left aside). Without scanning where one indexed
  /// condition is all the query has (statuses and a state count as one), or none; otherwise it walks.
  [[nodiscard]] Result<std::uint64_t> count(const Query& query) const;
  /// All sessions.
  [[nodiscard]] Result<std::uint64_t> size() const;

  /// All bytes of a File column of this snapshot; "" where it has no content.
  [[nodiscard]] Result<std::string> read(const BinaryView& binary) const;
  [[nodiscard]] Result<std::string> read(const StoredContent& stored) const;
  /// The same piece by piece.
  [[nodiscard]] Result<BinaryReader> stream(const StoredContent& stored) const&;
  Result<BinaryReader> stream(const StoredContent& stored) const&& = delete;

  /// IsValidStateTransition: whether the session may become (new_state, new_status); see state_model.hpp.
  /// Errors: not_found (no such session), invalid_argument (unknown state name).
  [[nodiscard]] Result<bool> is_valid_state_transition(const Guid& id, std::string_view new_state,
                                                       std::int32_t new_status) const;
  /// RetrievePrincipalAccess: what a principal may do with a session. Errors: not_found.
  [[nodiscard]] Result<AccessRights> access(const Guid& id, const Principal& principal) const;
  /// What who looks may do with it: all, where that is the system.
  [[nodiscard]] Result<AccessRights> access(const Guid& id) const;
  /// RetrieveSharedPrincipalsAndAccess: whom a session is shared with, in the order of their ids. Errors: not_found.
  [[nodiscard]] Result<std::vector<SharedPrincipal>> shares(const Guid& id) const;

  /// The request to cancel a session, where there is one.
  [[nodiscard]] Result<std::optional<CancelRequest>> cancel_request(const Guid& id) const;
  /// All of them, in the order of ids.
  [[nodiscard]] Result<std::vector<CancelRequest>> cancel_requests() const;
  /// The callback of a session, where there is one.
  [[nodiscard]] Result<std::optional<Callback>> callback(const Guid& id) const;
  /// Callbacks in the order of ids, those behind `after`, at most `most`; of one state alone where it is given.
  [[nodiscard]] Result<std::vector<Callback>> callbacks(std::optional<CallbackState> state = {},
                                                        const std::optional<Guid>& after = {},
                                                        std::size_t most = 1000) const;

  /// Children of a session, by createdon and then by id, at most `limit` (they are owned, so ask for parts of what may
  /// be many); `after` is the token of an earlier part, good while the store is written to. The content of files is
  /// read by read() and stream(). The session may be gone. Errors: invalid_argument (no token of this list).
  [[nodiscard]] Result<ChildPage> children(const Guid& session, Collection collection, Order order = oldest_first,
                                           Limit limit = {}, std::string_view after = {}) const;
  /// Whether it has any, in any collection.
  [[nodiscard]] Result<bool> has_children(const Guid& session) const;
  /// A child by its id; std::nullopt where there is none.
  [[nodiscard]] Result<std::optional<Child>> child(Collection collection, const Guid& id) const;
  /// A parent whose name is known; std::nullopt where it is not, though sessions may lead to it.
  [[nodiscard]] Result<std::optional<Parent>> parent(EntityType type, const Guid& id) const;
  /// Those that are known, by type and id, of one type where it is given, those behind `after`, at most `most`.
  [[nodiscard]] Result<std::vector<Parent>> parents(std::optional<EntityType> type = {},
                                                    const std::optional<Parent>& after = {},
                                                    std::size_t most = 1000) const;

  /// The model that writes obey.
  [[nodiscard]] Result<StateModel> state_model() const;
  [[nodiscard]] Result<std::array<IndexStatus, index_count>> index_status() const;
  /// The names of extra columns that any session ever had, in order.
  [[nodiscard]] Result<std::vector<std::string>> extra_columns() const;

  /// Moves the snapshot to the store as it is now, cheaper than making another. Everything made from it dies.
  [[nodiscard]] Result<void> renew();

  explicit Snapshot(std::unique_ptr<Impl> impl) noexcept;  // internal: Impl is not published

 private:
  std::unique_ptr<Impl> impl_;
};

}  // namespace flowkeep

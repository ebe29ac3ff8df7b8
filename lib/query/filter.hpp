// Query: which sessions, in which order.
// Owns: the conditions of a query, the choice of the index to walk, the walks, and tokens.
// Promises: rows come in the order asked for, each once; what an index says is checked on the row; a damaged row
// ends the walk with an error. Reads only.
#pragma once

#include <array>
#include <bitset>
#include <optional>
#include <string>
#include <vector>

#include <flowkeep/query.hpp>
#include <flowkeep/session_summary.hpp>

#include "index/index_table.hpp"
#include "query/walk.hpp"
#include "store/snapshot_impl.hpp"

namespace flowkeep::query {

/// The indexes that a condition of a query is one key of.
inline constexpr std::array keyed_indexes{IndexId::machine,        IndexId::correlation, IndexId::flow,
                                          IndexId::machinegroup,   IndexId::errorcode,   IndexId::owner,
                                          IndexId::clienttracking, IndexId::parentrun};

/// What of a query cannot be meant, in a sentence.
[[nodiscard]] std::optional<std::string> contradiction(const Query& query);

/// The conditions of a query in the form that rows are checked with. Strings are folded.
class Filter {
 public:
  /// Who looks through the snapshot sees what he may read, and no more. It outlives the filter.
  Filter(const Query& query, Snapshot::Impl& snapshot);

  /// `sight`: what the walk that leads to it knows. Errors: as SessionView::unpack(), corrupt.
  [[nodiscard]] Result<bool> matches(const SessionView& session, const Sight& sight) const;
  /// Whether it may be known that a session that does not match is there.
  [[nodiscard]] Result<bool> may_show(const SessionView& session) const { return snapshot_.may_read(session); }
  /// Who looks; nullptr: the system.
  [[nodiscard]] const store::Viewer* viewer() const noexcept { return snapshot_.viewer(); }
  /// The same, where is_summarized().
  [[nodiscard]] bool matches(const SessionSummary& summary) const noexcept;
  /// Whether a summary tells whether its session matches.
  [[nodiscard]] bool is_summarized() const noexcept;
  /// What a session is sorted by before its row key: ticks of a time, or its versionnumber; 0 by createdon, which the
  /// row key begins with. std::nullopt where the session has no such time.
  [[nodiscard]] std::optional<std::int64_t> rank_of(const SessionView& session) const noexcept;
  /// The index that is in the query's order; none: the row keys are.
  [[nodiscard]] std::optional<IndexId> order_index() const noexcept;
  /// Whether the query has a window, of times or of versions.
  [[nodiscard]] bool is_windowed() const noexcept;

  /// Statuses that are possible at all, as keys of the statecode index; std::nullopt: every status.
  [[nodiscard]] std::optional<std::vector<index::Key>> state_keys() const;
  /// The condition on a single-valued index other than statecode, as a key of it.
  [[nodiscard]] std::optional<index::Key> key_for(IndexId index, index::KeyForm form) const;
  /// How many conditions there are, statuses and state counting as one, the window as none; what the one who looks may
  /// not see is one.
  [[nodiscard]] int conditions() const noexcept;

  [[nodiscard]] const Query& query() const noexcept { return query_; }

 private:
  [[nodiscard]] bool has_status(StatusCode status) const noexcept {
    return any_status_ || statuses_[static_cast<std::size_t>(status)];
  }
  [[nodiscard]] bool in_window(const SessionView& session) const noexcept;
  [[nodiscard]] bool in_window(const std::optional<Timestamp>& time) const noexcept {
    return time && (!query_.since || *time >= *query_.since) && (!query_.until || *time < *query_.until);
  }

  [[nodiscard]] Result<bool> satisfies(const SessionView& session) const;
  [[nodiscard]] Result<bool> is_visible(const SessionView& session, const Sight& sight) const;

  Query query_;
  Snapshot::Impl& snapshot_;
  std::optional<Guid> correlation_guid_{};  // where the correlationid that is wanted is one
  bool needs_columns_ = false;              // to tell whether a session matches
  bool any_status_ = true;
  std::bitset<status_count> statuses_{};
};

}  // namespace flowkeep::query

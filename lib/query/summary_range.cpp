#include <utility>

#include <flowkeep/snapshot.hpp>

#include "codec/summary.hpp"
#include "query/filter.hpp"
#include "query/plan.hpp"
#include "query/row_range.hpp"
#include "query/summary_walk.hpp"
#include "query/token.hpp"
#include "store/reading.hpp"
#include "store/snapshot_impl.hpp"
#include "store/summary_table.hpp"

namespace flowkeep {

/// Either walks the summary, or, where that does not have what the query asks for, the sessions themselves.
template <>
class RowSource<SessionSummary> {
 public:
  RowSource(Snapshot::Impl& snapshot, const Query& query, query::SummaryWalk walk)
      : snapshot_(snapshot), filter_(query, snapshot), remaining_(query.limit.rows), walk_(std::move(walk)) {}
  RowSource(Snapshot::Impl& snapshot, const Query& query, SessionRange sessions)
      : snapshot_(snapshot), filter_(query, snapshot), remaining_(query.limit.rows), sessions_(std::move(sessions)) {}

  /// Puts the next row into `current`; nothing at the end, which an error is too, once it was shown.
  void next(std::optional<Result<SessionSummary>>& current) {
    if (sessions_) return show_next_session(current);
    if (auto ok = snapshot_.check_process(); !ok) {  // the map is the parent's, who may write over what it shows
      if (walk_) return end_with(current, std::move(ok.error()));
      return current.reset();
    }
    if (is_due() && position_) paused_ = true;
    while (!paused_ && walk_ && remaining_ != 0) {
      if (walk_->is_through()) {
        auto more = walk_->load();
        if (!more) return end_with(current, std::move(more.error()));
        if (!*more) break;
      }
      const SessionSummary row = walk_->take();
      ++examined_;
      if (matches_all_ || filter_.matches(row)) {
        --remaining_;
        position_ = row;
        current = row;
        return;
      }
      if (!is_due()) continue;
      position_ = row;
      paused_ = true;
    }
    current.reset();
    if (paused_) return;
    walk_.reset();
    position_.reset();
  }

  [[nodiscard]] bool is_paused() const noexcept { return sessions_ ? sessions_->is_paused() : paused_; }

  [[nodiscard]] std::string token() const {
    if (sessions_) return sessions_->token();
    if (!position_) return {};
    return query::encode_token(query::fingerprint(snapshot_.token_id(), filter_.query()),
                               {0, store::row_key_of(*position_)});
  }

 private:
  void show_next_session(std::optional<Result<SessionSummary>>& current) {
    if (!at_) {
      at_ = sessions_->begin();
    } else if (*at_ != sessions_->end()) {
      ++*at_;
    }
    if (*at_ == sessions_->end()) {
      current.reset();
    } else if (const Result<SessionView>& session = **at_) {
      block_.show(codec::summary_of(*session));
      current = block_[0];
    } else {
      current = fail(session.error());
    }
  }

  void end_with(std::optional<Result<SessionSummary>>& current, Error error) {
    walk_.reset();
    position_.reset();
    current = fail(std::move(error));
  }

  [[nodiscard]] bool is_due() const noexcept { return examined_ >= filter_.query().pause_after && remaining_ != 0; }

  Snapshot::Impl& snapshot_;
  query::Filter filter_;
  std::uint64_t remaining_;
  std::uint64_t examined_ = 0;
  bool paused_ = false;
  const bool matches_all_ = filter_.conditions() == 0;  // the walk keeps to the window
  std::optional<query::SummaryWalk> walk_{};
  std::optional<SessionSummary> position_{};
  std::optional<SessionRange> sessions_{};
  std::optional<SessionRange::iterator> at_{};
  codec::SummaryBlock block_{};  // of the session's row
};

template class RowRange<SessionSummary>;

SummaryRange Snapshot::summaries(const Query& query) const& {
  auto walk = query::walk_summary(*impl_, query);
  if (walk && *walk) return SummaryRange(std::make_unique<SummaryRange::Impl>(*impl_, query, std::move(**walk)));
  // What is wrong with a query, its sessions say.
  return SummaryRange(std::make_unique<SummaryRange::Impl>(*impl_, query, select(query)));
}

Result<SessionView> Snapshot::get(const SessionSummary& summary) const& {
  if (auto ok = impl_->check_process(); !ok) return fail(std::move(ok.error()));
  const index::RowKey key = store::row_key_of(summary);
  auto value = impl_->transaction().get(impl_->tables().sessions, key.bytes());
  if (!value) return fail(std::move(value.error()));
  const auto missing = [&summary] {
    return fail(Errc::not_found, "there is no session that was created on " + format_timestamp(summary.createdon()) +
                                     " and arrived as number " + std::to_string(summary.arrival()));
  };
  if (!*value) return missing();
  auto row = store::decode_row(impl_->transaction(), impl_->tables(), key.bytes(), **value);
  if (!row) return fail(std::move(row.error()));
  auto may_read = impl_->may_read(row->session);
  if (!may_read) return fail(std::move(may_read.error()));
  if (!*may_read) return missing();
  return std::move(row->session);
}

}  // namespace flowkeep

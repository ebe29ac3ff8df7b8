#include <utility>

#include <flowkeep/snapshot.hpp>

#include "query/filter.hpp"
#include "query/plan.hpp"
#include "query/row_range.hpp"
#include "query/token.hpp"
#include "query/walk.hpp"
#include "store/reading.hpp"
#include "store/snapshot_impl.hpp"

namespace flowkeep {

template <>
class RowSource<SessionView> {
 public:
  RowSource(Snapshot::Impl& snapshot, const Query& query)
      : snapshot_(snapshot),
        cursors_(snapshot.row_cursors()),
        transaction_number_(cursors_->number()),
        filter_(query, snapshot),
        remaining_(query.limit.rows) {
    start(query);
  }
  RowSource(const RowSource&) = delete;
  RowSource& operator=(const RowSource&) = delete;
  ~RowSource() {
    if (rows_) cursors_->give(std::move(*rows_), transaction_number_);
  }
  /// Puts the next row into `current`; nothing at the end, which an error is too, once it was shown.
  void next(std::optional<Result<SessionView>>& current) { current = next(); }

  [[nodiscard]] bool is_paused() const noexcept { return paused_; }

  [[nodiscard]] std::string token() const {
    if (!position_) return {};
    return query::encode_token(fingerprint(), *position_);
  }

 private:
  std::optional<Result<SessionView>> next() {
    if (auto ok = snapshot_.check_process(); !ok) return forked(std::move(ok.error()));
    if (is_due() && position_) paused_ = true;
    if (paused_) return std::nullopt;
    position_.reset();
    if (error_) return fail(std::exchange(error_, std::nullopt).value());
    while (plan_.walk != nullptr && remaining_ != 0) {
      auto position = plan_.walk->next();
      if (!position) return ended(std::move(position.error()));
      if (!*position) break;
      auto row = read((*position)->key);
      if (!row) return ended(std::move(row.error()));
      if (auto ok = query::check_claim(filter_, **position, row->session); !ok) return ended(std::move(ok.error()));
      const auto matches = filter_.matches(row->session, plan_.walk->sight());
      if (!matches) return ended(matches.error());
      auto counts = counts_as_examined(row->session, *matches);
      if (!counts) return ended(std::move(counts.error()));
      if (*counts) ++examined_;
      if (*matches) {
        position_ = **position;
        --remaining_;
        return std::move(row->session);
      }
      if (auto ok = query::check_claim(plan_.access, row->session); !ok) return ended(std::move(ok.error()));
      if (is_due()) {
        // A token says where it stands.
        const auto may_show = filter_.may_show(row->session);
        if (!may_show) return ended(may_show.error());
        if (!*may_show) continue;
        position_ = **position;
        paused_ = true;
        return std::nullopt;
      }
    }
    plan_.walk.reset();
    return std::nullopt;
  }

  void start(const Query& query) {
    if (auto ok = snapshot_.check_process(); !ok) {
      error_ = std::move(ok.error());
      return;
    }
    if (auto refusal = query::contradiction(query)) {
      error_ = Error{Errc::invalid_argument, std::move(*refusal)};
      return;
    }
    std::optional<query::Position> after;
    if (!query.after.empty()) {
      auto position = query::decode_token(fingerprint(), query.after);
      if (!position) {
        error_ = std::move(position.error());
        return;
      }
      after = *position;
    }
    use(query::plan(snapshot_, filter_, after));
  }

  // What the one who looks may not see is not counted: where a range pauses would tell him how many there are.
  [[nodiscard]] Result<bool> counts_as_examined(const SessionView& session, bool matches) const {
    if (filter_.query().pause_after == Query{}.pause_after || !plan_.walk->can_pause()) return false;
    return matches || filter_.viewer() == nullptr ? Result<bool>(true) : filter_.may_show(session);
  }

  [[nodiscard]] bool is_due() const noexcept { return examined_ >= filter_.query().pause_after && remaining_ != 0; }

  [[nodiscard]] std::uint64_t fingerprint() const { return query::fingerprint(snapshot_.token_id(), filter_.query()); }

  void use(Result<query::Plan> plan) {
    if (plan) {
      plan_ = std::move(*plan);
    } else {
      error_ = std::move(plan.error());
    }
  }

  // Once; then the range is at its end. What it holds is the parent's.
  std::optional<Result<SessionView>> forked(Error error) {
    if (std::exchange(said_forked_, true)) return std::nullopt;
    return fail(std::move(error));
  }

  std::optional<Result<SessionView>> ended(Error error) {
    plan_.walk.reset();
    return fail(std::move(error));
  }

  // One cursor serves all rows: neighbours are mostly on the page it stands on.
  Result<store::StoredRow> read(const index::RowKey& key) {
    if (const auto value = plan_.walk->row_value()) {
      return store::decode_row(snapshot_.transaction(), snapshot_.tables(), key.bytes(), *value);
    }
    if (!rows_) {
      auto cursor = cursors_->take(snapshot_.transaction(), snapshot_.tables().sessions);
      if (!cursor) return fail(std::move(cursor.error()));
      rows_.emplace(std::move(*cursor));
    }
    auto found = rows_->find(key.bytes());
    if (!found) return fail(std::move(found.error()));
    if (!*found)
      return store::read_row(snapshot_.transaction(), snapshot_.tables(), key.bytes());  // says what is missing
    return store::decode_row(snapshot_.transaction(), snapshot_.tables(), rows_->key(), rows_->value());
  }

  Snapshot::Impl& snapshot_;
  const std::shared_ptr<RowCursors> cursors_;
  const std::uint64_t transaction_number_;
  query::Filter filter_;
  std::uint64_t remaining_;
  std::uint64_t examined_ = 0;
  bool paused_ = false;
  bool said_forked_ = false;
  query::Plan plan_{};
  std::optional<storage::Cursor> rows_{};
  std::optional<query::Position> position_{};
  std::optional<Error> error_{};
};

template class RowRange<SessionView>;

SessionRange Snapshot::select(const Query& query) const& {
  return SessionRange(std::make_unique<SessionRange::Impl>(*impl_, query));
}

SessionRange Snapshot::by_machine(const Guid& machine, Order order, Limit limit) const& {
  Query query;
  query.machineid = machine;
  query.order = order;
  query.limit = limit;
  return select(query);
}

SessionRange Snapshot::by_correlationid(std::string_view id, Order order, Limit limit) const& {
  Query query;
  query.correlationid = std::string(id);
  query.order = order;
  query.limit = limit;
  return select(query);
}

SessionRange Snapshot::by_flow(const Guid& flow, Order order, Limit limit) const& {
  Query query;
  query.regardingobjectid = flow;
  query.order = order;
  query.limit = limit;
  return select(query);
}

SessionRange Snapshot::by_statecode(StateCode state, Order order, Limit limit) const& {
  Query query;
  query.statecode = state;
  query.order = order;
  query.limit = limit;
  return select(query);
}

SessionRange Snapshot::by_statuscode(StatusCode status, Order order, Limit limit) const& {
  Query query;
  query.statuscodes = {status};
  query.order = order;
  query.limit = limit;
  return select(query);
}

SessionRange Snapshot::changed_since(std::int64_t version, Limit limit) const& {
  Query query;
  query.by = OrderBy::versionnumber;
  query.changed_since = version;
  query.order = Order::oldest_first;
  query.limit = limit;
  return select(query);
}

Result<std::uint64_t> Snapshot::count(const Query& query) const {
  if (auto ok = impl_->check_process(); !ok) return fail(std::move(ok.error()));
  if (auto refusal = query::contradiction(query)) return fail(Errc::invalid_argument, std::move(*refusal));
  return query::count(*impl_, query::Filter(query, *impl_));
}

}  // namespace flowkeep

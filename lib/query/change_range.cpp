#include <algorithm>
#include <thread>
#include <utility>

#include <flowkeep/changes.hpp>
#include <flowkeep/store.hpp>

#include "codec/value.hpp"
#include "query/change_token.hpp"
#include "query/row_range.hpp"
#include "storage/cursor.hpp"
#include "store/catalogue.hpp"
#include "store/reading.hpp"
#include "store/snapshot_impl.hpp"

namespace flowkeep {

namespace {

/// Where a range begins.
struct Beginning {
  Timestamp time{};
  std::int64_t last = 0;  ///< version of the snapshot
  query::ChangePlace place{};
};

Result<Beginning> begin(Snapshot::Impl& snapshot, std::string_view since) {
  if (auto ok = snapshot.check_process(); !ok) return fail(std::move(ok.error()));
  auto counters = store::read_counters(snapshot.transaction(), snapshot.tables().meta);
  if (!counters) return fail(std::move(counters.error()));
  const std::int64_t last = counters->version;
  // Who begins knows of no session that could have been deleted before.
  const Timestamp time = snapshot.time();
  if (since.empty()) return Beginning{time, last, {0, last, time}};
  auto place = query::decode_change_token(snapshot.token_id(), since, now());
  if (!place) return fail(std::move(place.error()));
  if (std::max(place->sessions, place->deletions) > last) {
    return fail(Errc::invalid_argument,
                "the token is of a later time than the store, which is an earlier copy: begin without one");
  }
  // A clock that was wrong, then put right, lets deletions be forgotten before their time.
  if (place->deletions < counters->forgotten) {
    return fail(Errc::expired, "deletions later than the token are forgotten already: begin without one");
  }
  return Beginning{time, last, *place};
}

}  // namespace

/// First the sessions by version, then the deletions, of one snapshot.
template <>
class RowSource<SessionChange> {
 public:
  RowSource(Snapshot::Impl& snapshot, Result<Beginning> beginning, SessionRange sessions)
      : snapshot_(snapshot), sessions_(std::move(sessions)) {
    if (beginning) {
      beginning_ = *beginning;
      place_ = beginning_.place;
      is_started_ = true;
    } else {
      error_ = std::move(beginning.error());
    }
  }

  void next(std::optional<Result<SessionChange>>& current) {
    if (auto ok = snapshot_.check_process(); !ok) return end(current, std::move(ok.error()));
    if (error_) return end(current, std::move(*std::exchange(error_, std::nullopt)));
    if (sessions_) {
      if (next_session(current)) return;
      sessions_.reset();
      place_.sessions = beginning_.last;
    }
    if (is_over_) return current.reset();
    if (next_deletion(current)) return;
    place_ = {beginning_.last, beginning_.last, std::max(place_.time, beginning_.time)};
    is_over_ = true;
    current.reset();
  }

  [[nodiscard]] bool is_paused() const noexcept { return false; }
  [[nodiscard]] std::string token() const {
    if (!is_started_) return {};
    return query::encode_change_token(snapshot_.token_id(), place_);
  }

 private:
  // What fails is shown once; then the range is at its end.
  void end(std::optional<Result<SessionChange>>& current, Error error) {
    sessions_.reset();
    if (std::exchange(has_failed_, true)) return current.reset();
    is_over_ = true;
    current.emplace(fail(std::move(error)));
  }

  bool next_session(std::optional<Result<SessionChange>>& current) {
    if (!at_) {
      at_.emplace(sessions_->begin());
    } else {
      ++*at_;
    }
    if (*at_ == sessions_->end()) {
      at_.reset();
      return false;
    }
    const Result<SessionView>& row = **at_;
    if (!row) {
      Error error = row.error();
      at_.reset();
      end(current, std::move(error));
      return true;
    }
    place_.sessions = row->versionnumber();
    current.emplace(SessionChange{row->flowsessionid(), row->versionnumber(), *row, {}, {}});
    return true;
  }

  bool next_deletion(std::optional<Result<SessionChange>>& current) {
    for (;;) {
      auto found = read_deletion();
      if (!found) {
        end(current, std::move(found.error()));
        return true;
      }
      if (!*found) return false;
      place_.deletions = (*found)->versionnumber;
      place_.time = std::max(place_.time, *(*found)->deletedon);
      // One that came again has a greater version: whoever applies this last would lose it.
      auto present = store::find_row_key(snapshot_.transaction(), snapshot_.tables(), (*found)->flowsessionid);
      if (!present) {
        end(current, std::move(present.error()));
        return true;
      }
      if (*present || !may_show_) continue;
      current.emplace(std::move(**found));
      return true;
    }
  }

  Result<std::optional<SessionChange>> read_deletion() {
    Result<bool> found(false);
    if (!deletions_) {
      auto cursor = storage::Cursor::open(snapshot_.transaction(), snapshot_.tables().deletions);
      if (!cursor) return fail(std::move(cursor.error()));
      deletions_.emplace(std::move(*cursor));
      found = deletions_->seek(storage::IntegerKey(static_cast<std::uint64_t>(place_.deletions) + 1).bytes());
    } else {
      found = deletions_->next();
    }
    if (!found) return fail(std::move(found.error()));
    if (!*found) return std::nullopt;
    auto value = codec::decode_value(codec::ValueKind::deletion, deletions_->key(), deletions_->value());
    if (!value) return fail(std::move(value.error()));
    auto row = codec::decode_deletion(value->payload);
    if (!row) return fail(std::move(row.error()));
    const auto version = static_cast<std::int64_t>(storage::IntegerKey::value_of(deletions_->key()));
    may_show_ = snapshot_.viewer() == nullptr || snapshot_.viewer()->could_read(*row);
    return SessionChange{row->flowsessionid, version, {}, row->deletedon, row->deletedby};
  }

  Snapshot::Impl& snapshot_;
  Beginning beginning_{};
  query::ChangePlace place_{};
  std::optional<SessionRange> sessions_;
  std::optional<SessionRange::iterator> at_{};
  std::optional<storage::Cursor> deletions_{};
  bool may_show_ = true;  // the deletion that was read last
  bool is_started_ = false;
  bool is_over_ = false;
  bool has_failed_ = false;
  std::optional<Error> error_{};
};

template class RowRange<SessionChange>;

ChangeRange Snapshot::changes(std::string_view since) const& {
  auto beginning = begin(*impl_, since);
  Query query;
  query.by = OrderBy::versionnumber;
  query.order = oldest_first;
  query.changed_since = beginning ? beginning->place.sessions : 0;
  return ChangeRange(std::make_unique<ChangeRange::Impl>(*impl_, std::move(beginning), select(query)));
}

Result<bool> Snapshot::has_changes(std::string_view since) const {
  ChangeRange range = changes(since);
  const auto first = range.begin();
  if (first == range.end()) return false;
  if (!*first) return fail(first->error());
  return true;
}

Result<bool> Store::await_changes(std::string_view since, std::chrono::milliseconds timeout) const {
  using Clock = std::chrono::steady_clock;
  // What another process writes is in the tables within such a time.
  constexpr Clock::duration longest_pause = std::chrono::milliseconds(20);
  constexpr std::chrono::milliseconds longest = std::chrono::hours(24 * 365);
  const Clock::time_point end = Clock::now() + std::clamp(timeout, std::chrono::milliseconds(0), longest);
  for (Clock::duration pause = std::chrono::milliseconds(1);; pause = std::min(2 * pause, longest_pause)) {
    {
      const auto view = snapshot();
      if (!view) return fail(view.error());
      auto changed = view->has_changes(since);
      if (!changed || *changed) return changed;
    }
    const Clock::duration left = end - Clock::now();
    if (left <= Clock::duration::zero()) return false;
    std::this_thread::sleep_for(std::min(pause, left));
  }
}

}  // namespace flowkeep

#include "query/walk.hpp"

#include <utility>

#include "base/bytes.hpp"
#include "codec/side_rows.hpp"

namespace flowkeep::query {

using index::RowKey;
using storage::Cursor;

namespace {

using Found = Result<bool>;
using Next = Result<std::optional<Position>>;

Result<RowKey> row_key_of(std::string_view bytes) {
  const auto key = RowKey::from(bytes);
  if (!key) return fail(Errc::corrupt, "an index entry has " + std::to_string(bytes.size()) + " bytes, not 16");
  return *key;
}

bool inside(const Bounds& bounds, const Position& position) noexcept {
  return !(bounds.from && position < *bounds.from) && !(bounds.to && !(position < *bounds.to));
}

class TableWalk final : public Walk {
 public:
  TableWalk(Cursor cursor, Order order, Bounds bounds)
      : cursor_(std::move(cursor)), order_(order), bounds_(std::move(bounds)) {}

  Next next() override {
    Found found = move();
    if (!found) return fail(std::move(found.error()));
    if (!*found) return std::nullopt;
    auto key = row_key_of(cursor_.key());
    if (!key) return fail(std::move(key.error()));
    const Position position{0, *key};
    if (!inside(bounds_, position)) return std::nullopt;
    return position;
  }
  std::optional<std::string_view> row_value() const noexcept override { return cursor_.value(); }

 private:
  Found move() {
    if (std::exchange(started_, true)) return order_ == Order::oldest_first ? cursor_.next() : cursor_.previous();
    if (order_ == Order::oldest_first) {
      return bounds_.from ? cursor_.seek(bounds_.from->key.bytes()) : cursor_.first();
    }
    return bounds_.to ? cursor_.seek_before(bounds_.to->key.bytes()) : cursor_.last();
  }

  Cursor cursor_;
  Order order_;
  Bounds bounds_;
  bool started_ = false;
};

// Stands at the first member of the present key's set that is not less than `member`, or, going backwards, at the
// last that is less.
Found seek_in_set(Cursor& cursor, std::string_view key, std::string_view member, Order order) {
  Found found = cursor.seek_member(key, member);
  if (!found || order == Order::oldest_first) return found;
  if (*found) return cursor.previous_member();
  found = cursor.find(key);
  return found && *found ? cursor.last_member() : std::move(found);
}

class KeyWalk final : public Walk {
 public:
  KeyWalk(Cursor cursor, index::Key key, Order order, Bounds bounds, const Sight& sight)
      : cursor_(std::move(cursor)), key_(std::move(key)), order_(order), bounds_(std::move(bounds)), sight_(sight) {}

  Next next() override {
    Found found = move();
    if (!found) return fail(std::move(found.error()));
    if (!*found) return std::nullopt;
    auto key = row_key_of(cursor_.value());
    if (!key) return fail(std::move(key.error()));
    const Position position{0, *key};
    if (!inside(bounds_, position)) return std::nullopt;
    return position;
  }
  Sight sight() const noexcept override { return sight_; }

 private:
  Found move() {
    if (std::exchange(started_, true)) {
      return order_ == Order::oldest_first ? cursor_.next_member() : cursor_.previous_member();
    }
    const auto& edge = order_ == Order::oldest_first ? bounds_.from : bounds_.to;
    if (edge) return seek_in_set(cursor_, key_, edge->key.bytes(), order_);
    Found found = cursor_.find(key_);
    if (!found || !*found || order_ == Order::oldest_first) return found;
    return cursor_.last_member();
  }

  Cursor cursor_;
  index::Key key_;
  Order order_;
  Bounds bounds_;
  Sight sight_;
  bool started_ = false;
};

class MergeWalk final : public Walk {
 public:
  MergeWalk(std::vector<WalkPtr> walks, Order order) : order_(order) {
    for (WalkPtr& walk : walks) legs_.push_back({std::move(walk), std::nullopt, true});
  }

  Next next() override {
    const Leg* best = nullptr;
    for (Leg& leg : legs_) {
      if (leg.wants_move) {
        auto position = leg.walk->next();
        if (!position) return fail(std::move(position.error()));
        leg.head = *position;
        leg.wants_move = false;
      }
      if (!leg.head) continue;
      const bool ahead =
          best == nullptr || (order_ == Order::oldest_first ? *leg.head < *best->head : *best->head < *leg.head);
      if (ahead) best = &leg;
    }
    if (best == nullptr) return std::nullopt;
    // One row may be on several ways.
    const std::optional<Position> position = best->head;
    sight_ = {};
    for (Leg& leg : legs_) {
      if (leg.head != position) continue;
      leg.wants_move = true;
      const Sight sight = leg.walk->sight();
      sight_.shared = sight_.shared | sight.shared;
      sight_.is_owned = sight_.is_owned || sight.is_owned;
      sight_.is_known = sight_.is_known || sight.is_known;
    }
    return position;
  }
  Sight sight() const noexcept override { return sight_; }

 private:
  struct Leg {
    WalkPtr walk;
    std::optional<Position> head;
    bool wants_move;
  };
  std::vector<Leg> legs_{};
  Order order_;
  Sight sight_{};
};

class SharedWalk final : public Walk {
 public:
  SharedWalk(Cursor cursor, std::string prefix, Order order, Bounds bounds)
      : cursor_(std::move(cursor)), prefix_(std::move(prefix)), order_(order), bounds_(std::move(bounds)) {}

  Next next() override {
    Found found = move();
    if (!found) return fail(std::move(found.error()));
    if (!*found || cursor_.key().substr(0, prefix_.size()) != prefix_) return std::nullopt;
    auto key = row_key_of(cursor_.key().substr(prefix_.size()));
    if (!key) return fail(std::move(key.error()));
    const Position position{0, *key};
    if (!inside(bounds_, position)) return std::nullopt;
    auto value = codec::decode_value(codec::ValueKind::share, cursor_.key(), cursor_.value());
    if (!value) return fail(std::move(value.error()));
    auto share = codec::decode_share(value->payload);
    if (!share) return fail(std::move(share.error()));
    rights_ = AccessRights::from_bits(share->rights);
    return position;
  }
  Sight sight() const noexcept override { return {rights_, false, true}; }

 private:
  Found move() {
    const bool forward = order_ == Order::oldest_first;
    if (std::exchange(started_, true)) return forward ? cursor_.next() : cursor_.previous();
    std::string edge = prefix_;
    if (forward) {
      if (bounds_.from) edge += bounds_.from->key.bytes();
      return cursor_.seek(edge);
    }
    edge += bounds_.to ? std::string(bounds_.to->key.bytes()) : std::string(RowKey::size + 1, '\xff');
    return cursor_.seek_before(edge);
  }

  Cursor cursor_;
  std::string prefix_;
  Order order_;
  Bounds bounds_;
  AccessRights rights_{};
  bool started_ = false;
};

class NumberWalk final : public Walk {
 public:
  NumberWalk(Cursor cursor, Order order, Bounds bounds)
      : cursor_(std::move(cursor)), order_(order), bounds_(std::move(bounds)) {}

  Next next() override {
    Found found = move();
    if (!found) return fail(std::move(found.error()));
    if (!*found) return std::nullopt;
    auto key = row_key_of(cursor_.value());
    if (!key) return fail(std::move(key.error()));
    if (cursor_.key().size() != 8) return fail(Errc::corrupt, "an index key is not of 8 bytes");
    const Position position{base::from_ordered(base::get_be64(cursor_.key().data())), *key};
    if (!inside(bounds_, position)) return std::nullopt;
    return position;
  }

 private:
  Found move() {
    const bool forward = order_ == Order::oldest_first;
    if (std::exchange(started_, true)) return forward ? cursor_.next() : cursor_.previous();
    const auto& edge = forward ? bounds_.from : bounds_.to;
    if (!edge) return forward ? cursor_.first() : to_last();
    const index::Key key = index::version_key(edge->first);
    Found found = seek_in_set(cursor_, key, edge->key.bytes(), order_);
    if (!found || *found) return found;
    // Nothing on this side in the set of that very number: the neighbouring number's set.
    found = cursor_.seek(key);
    if (!found) return found;
    if (forward) return *found && cursor_.key() == key ? cursor_.next_key() : std::move(found);
    return *found ? cursor_.previous_key() : to_last();
  }

  Found to_last() {
    Found found = cursor_.last();
    return found && *found ? cursor_.last_member() : std::move(found);
  }

  Cursor cursor_;
  Order order_;
  Bounds bounds_;
  bool started_ = false;
};

class SortedWalk final : public Walk {
 public:
  explicit SortedWalk(std::vector<Position> positions) : positions_(std::move(positions)) {}
  Next next() override {
    if (at_ == positions_.size()) return std::nullopt;
    return positions_[at_++];
  }
  bool can_pause() const noexcept override { return false; }

 private:
  std::vector<Position> positions_;
  std::size_t at_ = 0;
};

}  // namespace

Result<WalkPtr> walk_table(const storage::Transaction& transaction, storage::Table sessions, Order order,
                           const Bounds& bounds) {
  auto cursor = Cursor::open(transaction, sessions);
  if (!cursor) return fail(std::move(cursor.error()));
  return std::make_unique<TableWalk>(std::move(*cursor), order, bounds);
}

Result<WalkPtr> walk_keys(const storage::Transaction& transaction, storage::Table index, Order order,
                          const Bounds& bounds, const std::vector<index::Key>& keys, const Sight& sight) {
  std::vector<WalkPtr> walks;
  for (const index::Key& key : keys) {
    auto cursor = Cursor::open(transaction, index);
    if (!cursor) return fail(std::move(cursor.error()));
    walks.push_back(std::make_unique<KeyWalk>(std::move(*cursor), key, order, bounds, sight));
  }
  if (walks.size() == 1) return std::move(walks.front());
  return std::make_unique<MergeWalk>(std::move(walks), order);
}

Result<WalkPtr> walk_numbers(const storage::Transaction& transaction, storage::Table index, Order order,
                             const Bounds& bounds) {
  auto cursor = Cursor::open(transaction, index);
  if (!cursor) return fail(std::move(cursor.error()));
  return std::make_unique<NumberWalk>(std::move(*cursor), order, bounds);
}

Result<WalkPtr> walk_shared(const storage::Transaction& transaction, storage::Table shared_with, Order order,
                            const Bounds& bounds, const index::Key& principal) {
  auto cursor = Cursor::open(transaction, shared_with);
  if (!cursor) return fail(std::move(cursor.error()));
  return std::make_unique<SharedWalk>(std::move(*cursor), principal, order, bounds);
}

WalkPtr walk_all(std::vector<WalkPtr> walks, Order order) {
  return std::make_unique<MergeWalk>(std::move(walks), order);
}

WalkPtr walk_sorted(std::vector<Position> positions) {
  return std::make_unique<SortedWalk>(std::move(positions));
}

}  // namespace flowkeep::query

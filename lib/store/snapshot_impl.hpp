// What a Snapshot holds.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include <flowkeep/snapshot.hpp>

#include "storage/cursor.hpp"
#include "store/engine.hpp"
#include "store/reading.hpp"
#include "store/viewer.hpp"

namespace flowkeep {

/// A cursor that the last range has left: to open one takes as long as to find a row. Shared by a snapshot and its
/// ranges, of which one may end after it.
class RowCursors {
 public:
  /// Which transaction, of those that the snapshot has had.
  [[nodiscard]] std::uint64_t number() const noexcept { return number_; }
  [[nodiscard]] Result<storage::Cursor> take(const storage::Transaction& transaction, storage::Table sessions) {
    if (!idle_) return storage::Cursor::open(transaction, sessions);
    storage::Cursor cursor = std::move(*idle_);
    idle_.reset();
    return cursor;
  }
  /// Takes one back that was given during transaction `number`.
  void give(storage::Cursor cursor, std::uint64_t number) noexcept {
    if (number == number_) idle_.emplace(std::move(cursor));
  }
  /// The transaction ends.
  void end() noexcept {
    idle_.reset();
    ++number_;
  }

 private:
  std::optional<storage::Cursor> idle_{};
  std::uint64_t number_ = 0;
};

class Snapshot::Impl {
 public:
  /// `transaction_time`: before it began. `viewer`: whose rights hold; nullptr: the system's.
  Impl(std::shared_ptr<store::Engine> engine, storage::ReadTransaction transaction, Timestamp transaction_time,
       std::shared_ptr<const store::Viewer> viewer)
      : engine_(std::move(engine)),
        transaction_(std::move(transaction)),
        time_(transaction_time),
        viewer_(std::move(viewer)) {}

  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;
  ~Impl() { row_cursors_->end(); }

  [[nodiscard]] store::Engine& engine() const noexcept { return *engine_; }
  [[nodiscard]] const store::Tables& tables() const noexcept { return engine_->tables(); }
  [[nodiscard]] storage::ReadTransaction& transaction() noexcept { return transaction_; }
  /// No later than what it shows was the present.
  [[nodiscard]] Timestamp time() const noexcept { return time_; }
  /// nullptr: the system looks, who sees everything.
  [[nodiscard]] const store::Viewer* viewer() const noexcept { return viewer_.get(); }
  /// What tokens are bound to: the store, and who looks.
  [[nodiscard]] Guid token_id() const noexcept {
    Guid id = engine_->format().store_id;
    if (!viewer_) return id;
    for (std::size_t i = 0; i < id.bytes.size(); ++i) id.bytes[i] ^= viewer_->principal().user.bytes[i];
    return id;
  }
  /// What somebody may do with a session that this snapshot shows.
  [[nodiscard]] Result<AccessRights> rights(const store::Viewer& of, const SessionView& session) {
    return of.rights(session, [this](std::string_view key) {
      return store::find_side_row(transaction_, tables(), codec::SideTable::shares, key);
    });
  }
  /// Whether who looks may see a session.
  [[nodiscard]] Result<bool> may_read(const SessionView& session) {
    if (!viewer_) return true;
    auto rights_on_it = rights(*viewer_, session);
    if (!rights_on_it) return fail(std::move(rights_on_it.error()));
    return rights_on_it->has(AccessRight::read);
  }
  /// Whether who looks may see the children of a session in a collection: those that shares cascade to, as the session,
  /// the others as its owner. (Of a session that is gone they are the system's.)
  [[nodiscard]] Result<bool> may_read_children(const Guid& id, Collection collection) {
    if (!viewer_) return true;
    auto row = store::find_row(transaction_, tables(), id);
    if (!row) return fail(std::move(row.error()));
    if (!*row) return false;
    auto visible = may_read((*row)->session);
    if (!visible || !*visible || info(collection).shares_cascade) return visible;
    return viewer_->owns((*row)->session);
  }
  [[nodiscard]] Result<void> check_process() const { return engine_->environment().check_process(); }
  /// What this snapshot sees; read once.
  [[nodiscard]] Result<const store::Catalogue*> catalogue() {
    if (!catalogue_) {
      auto read = engine_->catalogue(transaction_);
      if (!read) return fail(std::move(read.error()));
      catalogue_ = std::move(*read);
    }
    return catalogue_.get();
  }
  /// Cursors of table `sessions` that were used before.
  [[nodiscard]] const std::shared_ptr<RowCursors>& row_cursors() const noexcept { return row_cursors_; }
  [[nodiscard]] Result<void> renew() {
    catalogue_.reset();
    row_cursors_->end();
    if (auto ok = check_process(); !ok) return ok;
    Result<void> visible;
    if (auto* committer = engine_->find_committer()) {
      // Not while it is open: the applier may wait for a map that has to move, and that for open transactions.
      transaction_.release();
      visible = committer->make_visible();
    }
    time_ = now();
    auto renewed = transaction_.renew();
    return visible ? renewed : visible;
  }

 private:
  std::shared_ptr<store::Engine> engine_;
  storage::ReadTransaction transaction_;  // ends before the engine goes
  Timestamp time_;
  std::shared_ptr<const store::Viewer> viewer_;
  std::shared_ptr<const store::Catalogue> catalogue_{};
  std::shared_ptr<RowCursors> row_cursors_ = std::make_shared<RowCursors>();
};

}  // namespace flowkeep

// What a Snapshot holds.
#pragma once

#include <memory>

#include <flowkeep/snapshot.hpp>

#include "store/engine.hpp"

namespace flowkeep {

class Snapshot::Impl {
 public:
  Impl(std::shared_ptr<store::Engine> engine, storage::ReadTransaction transaction)
      : engine_(std::move(engine)), transaction_(std::move(transaction)) {}

  [[nodiscard]] store::Engine& engine() const noexcept { return *engine_; }
  [[nodiscard]] const store::Tables& tables() const noexcept { return engine_->tables(); }
  [[nodiscard]] storage::ReadTransaction& transaction() noexcept { return transaction_; }
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
  [[nodiscard]] Result<void> renew() {
    catalogue_.reset();
    if (auto ok = check_process(); !ok) return ok;
    Result<void> visible;
    if (auto* committer = engine_->find_committer()) {
      // Not while it is open: the applier may wait for a map that has to move, and that for open transactions.
      transaction_.release();
      visible = committer->make_visible();
    }
    auto renewed = transaction_.renew();
    return visible ? renewed : visible;
  }

 private:
  std::shared_ptr<store::Engine> engine_;
  storage::ReadTransaction transaction_;  // ends before the engine goes
  std::shared_ptr<const store::Catalogue> catalogue_{};
};

}  // namespace flowkeep

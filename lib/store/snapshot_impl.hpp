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
    if (auto* committer = engine_->find_committer()) {
      if (auto ok = check_process(); !ok) return ok;
      if (auto ok = committer->make_visible(); !ok) return ok;
    }
    return transaction_.renew();
  }

 private:
  std::shared_ptr<store::Engine> engine_;
  storage::ReadTransaction transaction_;  // ends before the engine goes
  std::shared_ptr<const store::Catalogue> catalogue_{};
};

}  // namespace flowkeep

// Changes to what all processes must agree on.
#pragma once

#include <memory>
#include <optional>
#include <string_view>
#include <utility>

#include "store/engine.hpp"

namespace flowkeep::store {

/// A write to the tables, without a journal, in which the catalogue may be edited. What is committed is durable. It has
/// the writer's lock as long as it lives.
class CatalogueEdit {
 public:
  [[nodiscard]] static Result<CatalogueEdit> begin(Engine& engine) {
    auto committer = engine.committer();
    if (!committer) return fail(std::move(committer.error()));
    if (auto ok = (*committer)->begin(); !ok) return fail(std::move(ok.error()));
    CatalogueEdit edit(engine, **committer);
    auto direct = (*committer)->begin_direct();
    if (!direct) return fail(std::move(direct.error()));
    edit.direct_.emplace(std::move(*direct));
    edit.counters = (*committer)->counters();
    edit.catalogue = *(*committer)->catalogue();
    return edit;
  }
  CatalogueEdit(CatalogueEdit&& other) noexcept
      : counters(other.counters),
        catalogue(std::move(other.catalogue)),
        engine_(other.engine_),
        committer_(std::exchange(other.committer_, nullptr)),
        direct_(std::move(other.direct_)) {}
  ~CatalogueEdit() {
    if (committer_ == nullptr) return;
    direct_.reset();
    committer_->end();
  }

  [[nodiscard]] storage::WriteTransaction& transaction() noexcept { return direct_->transaction(); }
  [[nodiscard]] codec::IndexState& state(IndexId index) noexcept {
    return catalogue.indexes[static_cast<std::size_t>(index)];
  }
  [[nodiscard]] Result<void> write(codec::MetaRow row, std::string_view payload) {
    return write_meta(transaction(), engine_->tables().meta, row, payload);
  }
  /// Tells every process to read the catalogue anew.
  [[nodiscard]] Result<void> commit_catalogue() {
    if (auto ok = write(codec::MetaRow::indexes, codec::encode(catalogue.indexes)); !ok) return ok;
    if (auto ok = write(codec::MetaRow::model, codec::encode(catalogue.model)); !ok) return ok;
    if (engine_->has_packing()) {
      if (auto ok = write(codec::MetaRow::packing, codec::encode(catalogue.packing)); !ok) return ok;
    }
    ++counters.catalogue;
    catalogue.number = counters.catalogue;
    if (auto ok = write(codec::MetaRow::counters, codec::encode(counters)); !ok) return ok;
    return direct_->commit(counters, std::make_shared<const Catalogue>(catalogue));
  }
  [[nodiscard]] Result<void> commit_rows() { return direct_->commit(counters, nullptr); }

  codec::CountersRow counters{};
  Catalogue catalogue{};

 private:
  CatalogueEdit(Engine& engine, Committer& committer) : engine_(&engine), committer_(&committer) {}
  Engine* engine_;
  Committer* committer_;
  std::optional<Committer::Direct> direct_{};
};

}  // namespace flowkeep::store

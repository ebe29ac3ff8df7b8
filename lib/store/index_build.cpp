#include <algorithm>
#include <optional>
#include <vector>

#include "storage/cursor.hpp"
#include "store/maintenance.hpp"
#include "store/reading.hpp"

namespace flowkeep::store {

using codec::MetaRow;

namespace {

constexpr std::size_t rows_per_transaction = 5000;

// A write transaction that edits the catalogue.
class Edit {
 public:
  [[nodiscard]] static Result<Edit> begin(Engine& engine) {
    auto committer = engine.committer();
    if (!committer) return fail(std::move(committer.error()));
    if (auto ok = (*committer)->begin(); !ok) return fail(std::move(ok.error()));
    Edit edit(engine, **committer);
    auto direct = (*committer)->begin_direct();
    if (!direct) return fail(std::move(direct.error()));
    edit.direct_.emplace(std::move(*direct));
    edit.counters = (*committer)->counters();
    edit.catalogue = *(*committer)->catalogue();
    return edit;
  }
  Edit(Edit&& other) noexcept
      : counters(other.counters),
        catalogue(std::move(other.catalogue)),
        engine_(other.engine_),
        committer_(std::exchange(other.committer_, nullptr)),
        direct_(std::move(other.direct_)) {}
  ~Edit() {
    if (committer_ == nullptr) return;
    direct_.reset();
    committer_->end();
  }

  [[nodiscard]] storage::WriteTransaction& transaction() noexcept { return direct_->transaction(); }
  [[nodiscard]] codec::IndexState& state(IndexId index) noexcept {
    return catalogue.indexes[static_cast<std::size_t>(index)];
  }
  [[nodiscard]] Result<void> write(MetaRow row, std::string_view payload) {
    return write_meta(transaction(), engine_->tables().meta, row, payload);
  }
  /// Tells every process to read the catalogue anew.
  [[nodiscard]] Result<void> commit_catalogue() {
    if (auto ok = write(MetaRow::indexes, codec::encode(catalogue.indexes)); !ok) return ok;
    if (auto ok = write(MetaRow::model, codec::encode(catalogue.model)); !ok) return ok;
    ++counters.catalogue;
    catalogue.number = counters.catalogue;
    if (auto ok = write(MetaRow::counters, codec::encode(counters)); !ok) return ok;
    return direct_->commit(counters, std::make_shared<const Catalogue>(catalogue));
  }
  [[nodiscard]] Result<void> commit_rows() { return direct_->commit(counters, nullptr); }

  codec::CountersRow counters{};
  Catalogue catalogue{};

 private:
  Edit(Engine& engine, Committer& committer) : engine_(&engine), committer_(&committer) {}
  Engine* engine_;
  Committer* committer_;
  std::optional<Committer::Direct> direct_{};
};

Error name_index(IndexId index, Errc code, const char* what) {
  return Error{code, "index " + std::string(index::definition(index).info.name) + what};
}

// Adds the entries of the next rows behind `done`; false: there are none left.
Result<bool> add_entries(storage::WriteTransaction& transaction, const Tables& tables, IndexId index,
                         std::optional<index::RowKey>& done, std::uint64_t& rows) {
  auto cursor = storage::Cursor::open(transaction, tables.sessions);
  if (!cursor) return fail(std::move(cursor.error()));
  auto found = done ? cursor->seek(done->bytes()) : cursor->first();
  if (found && *found && done && cursor->key() == done->bytes()) found = cursor->next();
  std::vector<std::pair<index::Key, index::RowKey>> entries;
  std::size_t seen = 0;
  for (; found && *found && seen < rows_per_transaction; found = cursor->next(), ++seen) {
    auto row = decode_row(cursor->key(), cursor->value());
    if (!row) return fail(std::move(row.error()));
    done = row->key;
    if (auto key = index::definition(index).key(row->session)) entries.emplace_back(std::move(*key), row->key);
  }
  if (!found) return fail(std::move(found.error()));
  rows += seen;
  std::sort(entries.begin(), entries.end());
  for (const auto& [key, row] : entries) {
    auto added = transaction.add(tables.indexes[static_cast<std::size_t>(index)], key, row.bytes());
    if (!added) return fail(std::move(added.error()));
  }
  return seen == rows_per_transaction;
}

}  // namespace

Result<void> set_state_model(Engine& engine, const StateModel& model) {
  auto edit = Edit::begin(engine);
  if (!edit) return fail(std::move(edit.error()));
  edit->catalogue.model = model;
  return edit->commit_catalogue();
}

Result<void> add_index(Engine& engine, IndexId index, const Progress& progress) {
  const auto& table = engine.tables().indexes[static_cast<std::size_t>(index)];
  std::uint64_t ticket = 0;
  {
    auto edit = Edit::begin(engine);
    if (!edit) return fail(std::move(edit.error()));
    codec::IndexState& state = edit->state(index);
    if (state.status == IndexStatus::active) return fail(name_index(index, Errc::already_exists, " is kept already"));
    if (auto ok = edit->transaction().clear(table); !ok) return ok;
    ticket = edit->counters.catalogue + 1;
    state = {IndexStatus::building, ticket};
    if (auto ok = edit->commit_catalogue(); !ok) return ok;
  }
  // From here on every write maintains the index, and this loop adds the rows that were there before.
  std::optional<index::RowKey> done;
  std::uint64_t rows = 0;
  for (bool more = true; more;) {
    std::uint64_t total = 0;
    {
      auto edit = Edit::begin(engine);
      if (!edit) return fail(std::move(edit.error()));
      const codec::IndexState& state = edit->state(index);
      if (state.status != IndexStatus::building || state.ticket != ticket) {
        return fail(name_index(index, Errc::busy, " is being added or dropped by somebody else: try again"));
      }
      auto added = add_entries(edit->transaction(), engine.tables(), index, done, rows);
      if (!added) return fail(std::move(added.error()));
      more = *added;
      auto stat = edit->transaction().stat(engine.tables().sessions);
      if (!stat) return fail(std::move(stat.error()));
      total = stat->entries;
      if (more) {
        if (auto ok = edit->commit_rows(); !ok) return ok;
      } else {
        edit->state(index) = {IndexStatus::active, 0};
        if (auto ok = edit->commit_catalogue(); !ok) return ok;
      }
    }
    if (progress && !progress(rows, std::max(rows, total)) && more) {
      return fail(name_index(index, Errc::busy, " is not complete: adding it was stopped; add it again"));
    }
  }
  return {};
}

Result<void> drop_index(Engine& engine, IndexId index) {
  if (index::definition(index).info.by_default) {
    return fail(name_index(index, Errc::invalid_argument, " is one that every store keeps; it cannot be dropped"));
  }
  auto edit = Edit::begin(engine);
  if (!edit) return fail(std::move(edit.error()));
  if (edit->state(index).status == IndexStatus::absent) {
    return fail(name_index(index, Errc::not_found, " is not kept by this store"));
  }
  edit->state(index) = {};
  if (auto ok = edit->transaction().clear(engine.tables().indexes[static_cast<std::size_t>(index)]); !ok) return ok;
  return edit->commit_catalogue();
}

}  // namespace flowkeep::store

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
    if (auto ok = engine.environment().check_process(); !ok) return fail(std::move(ok.error()));
    if (engine.options().mode == OpenMode::read_only) {
      return fail(Errc::access_denied, engine.path() + " was opened for reading only");
    }
    if (auto ok = engine.turn().take(engine.options().busy_timeout); !ok) return fail(std::move(ok.error()));
    Edit edit(engine);
    auto transaction = engine.environment().begin_write();
    if (!transaction) return fail(std::move(transaction.error()));
    edit.transaction_.emplace(std::move(*transaction));
    auto counters = read_counters(*edit.transaction_, engine.tables().meta);
    if (!counters) return fail(std::move(counters.error()));
    edit.counters = *counters;
    auto catalogue = read_catalogue(*edit.transaction_, engine.tables().meta, counters->catalogue);
    if (!catalogue) return fail(std::move(catalogue.error()));
    edit.catalogue = std::move(*catalogue);
    return edit;
  }
  Edit(Edit&& other) noexcept
      : counters(other.counters),
        catalogue(std::move(other.catalogue)),
        engine_(std::exchange(other.engine_, nullptr)),
        transaction_(std::move(other.transaction_)) {}
  ~Edit() {
    if (engine_ == nullptr) return;
    transaction_.reset();
    engine_->turn().give();
  }

  [[nodiscard]] storage::WriteTransaction& transaction() noexcept { return *transaction_; }
  [[nodiscard]] codec::IndexState& state(IndexId index) noexcept {
    return catalogue.indexes[static_cast<std::size_t>(index)];
  }
  [[nodiscard]] Result<void> write(MetaRow row, std::string_view payload) {
    return write_meta(*transaction_, engine_->tables().meta, row, payload);
  }
  /// Tells every process to read the catalogue anew.
  [[nodiscard]] Result<void> commit_catalogue() {
    if (auto ok = write(MetaRow::indexes, codec::encode(catalogue.indexes)); !ok) return ok;
    if (auto ok = write(MetaRow::model, codec::encode(catalogue.model)); !ok) return ok;
    ++counters.catalogue;
    if (auto ok = write(MetaRow::counters, codec::encode(counters)); !ok) return ok;
    return transaction_->commit();
  }

  codec::CountersRow counters{};
  Catalogue catalogue{};

 private:
  explicit Edit(Engine& engine) : engine_(&engine) {}
  Engine* engine_;
  std::optional<storage::WriteTransaction> transaction_{};
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
        if (auto ok = edit->transaction().commit(); !ok) return ok;
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

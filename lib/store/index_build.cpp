#include <algorithm>
#include <optional>
#include <vector>

#include "codec/summary.hpp"
#include "storage/cursor.hpp"
#include "store/catalogue_edit.hpp"
#include "store/maintenance.hpp"
#include "store/reading.hpp"
#include "store/summary_table.hpp"

namespace flowkeep::store {

using codec::MetaRow;

namespace {

constexpr std::size_t rows_per_transaction = 5000;

const IndexInfo& info_of(IndexId index) noexcept {
  return indexes()[static_cast<std::size_t>(index)];
}

Error name_index(IndexId index, Errc code, const char* what) {
  return Error{code, "index " + std::string(info_of(index).name) + what};
}

// Adds the entries of the next rows behind `done`; false: there are none left.
Result<bool> add_entries(storage::WriteTransaction& transaction, const Tables& tables, IndexId index,
                         codec::KeyForm form, std::optional<index::RowKey>& done, std::uint64_t& rows) {
  auto cursor = storage::Cursor::open(transaction, tables.sessions);
  if (!cursor) return fail(std::move(cursor.error()));
  auto found = done ? cursor->seek(done->bytes()) : cursor->first();
  if (found && *found && done && cursor->key() == done->bytes()) found = cursor->next();
  std::vector<std::pair<index::Key, index::RowKey>> entries;
  std::vector<SummaryMove> summaries;
  std::size_t seen = 0;
  for (; found && *found && seen < rows_per_transaction; found = cursor->next(), ++seen) {
    auto row = decode_row(transaction, tables, cursor->key(), cursor->value());
    if (!row) return fail(std::move(row.error()));
    done = row->key;
    if (index == IndexId::summary) {
      summaries.push_back({row->key, codec::summary_of(row->session), false});
      continue;
    }
    auto key = index::key_of(index::definition(index), row->session, form);
    if (!key) return fail(std::move(key.error()));
    if (*key) entries.emplace_back(std::move(**key), row->key);
  }
  if (!found) return fail(std::move(found.error()));
  rows += seen;
  if (!summaries.empty()) {
    auto written = write_summaries(transaction, tables, std::move(summaries));
    if (!written) return fail(std::move(written.error()));
  }
  std::sort(entries.begin(), entries.end());
  for (const auto& [key, row] : entries) {
    auto added = transaction.add(tables.indexes[static_cast<std::size_t>(index)], key, row.bytes());
    if (!added) return fail(std::move(added.error()));
  }
  return seen == rows_per_transaction;
}

}  // namespace

Result<void> set_state_model(Engine& engine, const StateModel& model) {
  auto edit = CatalogueEdit::begin(engine);
  if (!edit) return fail(std::move(edit.error()));
  edit->catalogue.model = model;
  return edit->commit_catalogue();
}

Result<void> add_index(Engine& engine, IndexId index, const Progress& progress) {
  const auto& table = engine.tables().indexes[static_cast<std::size_t>(index)];
  std::uint64_t ticket = 0;
  {
    auto edit = CatalogueEdit::begin(engine);
    if (!edit) return fail(std::move(edit.error()));
    if (!table.is_open()) {
      return fail(name_index(index, Errc::busy,
                             " comes with a newer format of the file, which it gets when nobody else has it open: "
                             "close it everywhere, then try again"));
    }
    codec::IndexState& state = edit->state(index);
    if (state.status == IndexStatus::active) return fail(name_index(index, Errc::already_exists, " is kept already"));
    if (auto ok = edit->transaction().clear(table); !ok) return ok;
    ticket = edit->counters.catalogue + 1;
    state = {IndexStatus::building, ticket, engine.key_form()};
    if (auto ok = edit->commit_catalogue(); !ok) return ok;
  }
  // From here on every write maintains the index, and this loop adds the rows that were there before.
  std::optional<index::RowKey> done;
  std::uint64_t rows = 0;
  for (bool more = true; more;) {
    std::uint64_t total = 0;
    {
      auto edit = CatalogueEdit::begin(engine);
      if (!edit) return fail(std::move(edit.error()));
      const codec::IndexState& state = edit->state(index);
      if (state.status != IndexStatus::building || state.ticket != ticket) {
        return fail(name_index(index, Errc::busy, " is being added or dropped by somebody else: try again"));
      }
      auto added = add_entries(edit->transaction(), engine.tables(), index, state.key_form, done, rows);
      if (!added) return fail(std::move(added.error()));
      more = *added;
      auto stat = edit->transaction().stat(engine.tables().sessions);
      if (!stat) return fail(std::move(stat.error()));
      total = stat->entries;
      if (more) {
        if (auto ok = edit->commit_rows(); !ok) return ok;
      } else {
        edit->state(index) = {IndexStatus::active, 0, state.key_form};
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
  // The summary is none that a query needs, and drop and add make a damaged one whole.
  if (info_of(index).by_default && index != IndexId::summary) {
    return fail(name_index(index, Errc::invalid_argument, " is one that every store keeps; it cannot be dropped"));
  }
  auto edit = CatalogueEdit::begin(engine);
  if (!edit) return fail(std::move(edit.error()));
  if (edit->state(index).status == IndexStatus::absent) {
    return fail(name_index(index, Errc::not_found, " is not kept by this store"));
  }
  edit->state(index) = {};
  if (auto ok = edit->transaction().clear(engine.tables().indexes[static_cast<std::size_t>(index)]); !ok) return ok;
  return edit->commit_catalogue();
}

}  // namespace flowkeep::store

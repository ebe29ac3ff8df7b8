#include <sys/stat.h>

#include <algorithm>

#include "index/index_table.hpp"
#include "journal/turn.hpp"
#include "storage/cursor.hpp"
#include "store/maintenance.hpp"
#include "store/readers.hpp"

namespace flowkeep::store {

namespace {

Result<void> count_statuses(const storage::Transaction& transaction, const Tables& tables, StoreStats& stats) {
  auto cursor = storage::Cursor::open(transaction, tables.indexes[static_cast<std::size_t>(IndexId::statecode)]);
  if (!cursor) return fail(std::move(cursor.error()));
  for (std::int32_t code = 0; code < status_count; ++code) {
    const auto status = static_cast<StatusCode>(code);
    auto found = cursor->find(index::state_key(state_of(status), status));
    if (!found) return fail(std::move(found.error()));
    if (!*found) continue;
    auto members = cursor->members();
    if (!members) return fail(std::move(members.error()));
    stats.by_status[static_cast<std::size_t>(code)] = *members;
    (state_of(status) == StateCode::active ? stats.active : stats.inactive) += *members;
  }
  return {};
}

Result<void> read_recovery(const storage::Transaction& transaction, const Tables& tables, StoreStats& stats) {
  auto payload = read_meta(transaction, tables.meta, codec::MetaRow::recovery);
  if (!payload) return fail(std::move(payload.error()));
  if (!*payload) return {};
  auto row = codec::decode_recovery(**payload);
  if (!row) return fail(std::move(row.error()));
  stats.recovery = {row->finished, row->changes, row->bytes, std::chrono::milliseconds(row->milliseconds)};
  return {};
}

void read_shared_page(const journal::SharedPage& page, StoreStats& stats) {
  const journal::SharedState& state = page.state();
  if (const std::uint64_t capacity = state.journal_capacity; capacity != 0) {
    JournalStats& journal = stats.journal.emplace();
    journal.capacity_bytes = capacity;
    journal.used_bytes = state.journal_used;
    journal.checkpoints = state.checkpoints;
    if (const std::int64_t made_at = state.checkpoint_at; made_at != 0) {
      const std::chrono::nanoseconds age(journal::monotonic_ns() - made_at);
      journal.checkpoint_age = std::chrono::duration_cast<std::chrono::milliseconds>(age);
    }
  }
  if (const std::uint32_t durability = state.durability; durability != 0) {
    stats.durability = static_cast<Durability>(durability - 1);
  }
  stats.writer_pid = state.in_turn;
  if (journal::is_stopped(stats.writer_pid)) stats.writer_state = StoreStats::WriterState::stopped;
  stats.has_failed = state.poisoned != 0;
}

}  // namespace

Result<StoreStats> stats(Engine& engine) {
  storage::Environment& environment = engine.environment();
  auto transaction = engine.begin_read();
  if (!transaction) return fail(std::move(transaction.error()));
  auto catalogue = engine.catalogue(*transaction);
  if (!catalogue) return fail(std::move(catalogue.error()));
  auto counters = read_counters(*transaction, engine.tables().meta);
  if (!counters) return fail(std::move(counters.error()));

  StoreStats stats;
  stats.path = engine.path();
  stats.store_id = engine.format().store_id;
  stats.format_version = engine.format().major;
  stats.created = engine.format().created;
  stats.model = (*catalogue)->model.name();
  stats.last_version = counters->version;
  for (std::size_t i = 0; i < index_count; ++i) stats.indexes[i] = (*catalogue)->indexes[i].status;
  if (auto ok = count_statuses(*transaction, engine.tables(), stats); !ok) return fail(std::move(ok.error()));

  if (const Committer* committer = engine.find_committer()) stats.disagreements = committer->applier().disagreements();

  const storage::EnvironmentInfo info = environment.info();
  Tables tables = engine.tables();
  for (const TableInfo& table : table_infos(tables)) {
    if (!table.table->is_open()) continue;  // the store's format is older
    auto stat = transaction->stat(*table.table);
    if (!stat) return fail(std::move(stat.error()));
    stats.tables.push_back({table.name, stat->entries, stat->pages * info.page_bytes, stat->depth});
    if (table.table == &tables.sessions) stats.sessions = stat->entries;
    if (table.table == &tables.deletions) stats.deletions = stat->entries;
    const auto is = [&](codec::SideTable side) { return table.table == &tables.side[static_cast<std::size_t>(side)]; };
    if (is(codec::SideTable::cancel_requests)) stats.cancel_requests = stat->entries;
    if (is(codec::SideTable::callbacks_due)) stats.callbacks_waiting = stat->entries;
  }
  auto free = storage::Environment::free_pages(*transaction);
  if (!free) return fail(std::move(free.error()));
  struct stat file {};
  if (::fstat(environment.descriptor(), &file) == 0) stats.file_bytes = static_cast<std::uint64_t>(file.st_size);
  const std::uint64_t used_pages = info.last_page + 1;
  stats.free_bytes = *free * info.page_bytes;
  stats.live_bytes = (used_pages - std::min(used_pages, *free)) * info.page_bytes;
  stats.map_bytes = info.map_bytes;
  stats.quota_bytes = engine.options().quota_bytes;
  stats.page_bytes = info.page_bytes;
  stats.last_transaction = info.last_transaction;

  auto readers = list_readers(engine, *transaction);
  if (!readers) return fail(std::move(readers.error()));
  stats.readers = std::move(*readers);
  if (auto ok = read_recovery(*transaction, engine.tables(), stats); !ok) return fail(std::move(ok.error()));
  if (const auto* page = engine.shared_page()) read_shared_page(*page, stats);
  if (engine.find_committer() != nullptr) stats.durability = engine.options().durability;
  return stats;
}

}  // namespace flowkeep::store

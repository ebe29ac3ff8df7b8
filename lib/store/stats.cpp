#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "index/index_table.hpp"
#include "storage/cursor.hpp"
#include "store/maintenance.hpp"

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
    auto stat = transaction->stat(*table.table);
    if (!stat) return fail(std::move(stat.error()));
    stats.tables.push_back({table.name, stat->entries, stat->pages * info.page_bytes, stat->depth});
    if (table.table == &tables.sessions) stats.sessions = stat->entries;
    if (table.table == &tables.deletions) stats.deletions = stat->entries;
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

  // The snapshot that these figures are read from is nobody's, and a writer's pins are not snapshots.
  std::vector<std::pair<std::int64_t, std::uint64_t>> hidden{{::getpid(), transaction->id()}};
  if (const auto page = engine.shared_page()) {
    const journal::SharedState& state = page->state();
    for (const auto& pinned : state.pinned) hidden.emplace_back(state.last_writer.load(), pinned.load());
  }
  for (const storage::ReaderSlot& slot : environment.readers()) {
    const auto known = std::find(hidden.begin(), hidden.end(), std::pair(slot.pid, slot.transaction));
    if (known != hidden.end()) {
      hidden.erase(known);
      continue;
    }
    stats.readers.push_back(
        {slot.pid, slot.transaction, info.last_transaction - std::min(info.last_transaction, slot.transaction)});
  }
  return stats;
}

}  // namespace flowkeep::store

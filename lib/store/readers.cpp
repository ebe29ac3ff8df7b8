#include "store/readers.hpp"

#include <unistd.h>

#include <algorithm>
#include <utility>

namespace flowkeep::store {

namespace {

using Slots = std::vector<std::pair<std::int64_t, std::uint64_t>>;

// Those of the last writer, which are no snapshots.
void add_pins(Slots& slots, const journal::SharedState& state) {
  for (const auto& pinned : state.pinned) {
    const std::pair pin(state.last_writer.load(), pinned.load());
    if (std::find(slots.begin(), slots.end(), pin) == slots.end()) slots.push_back(pin);
  }
}

}  // namespace

Result<std::vector<StoreStats::Reader>> list_readers(Engine& engine, const storage::ReadTransaction& transaction) {
  storage::Environment& environment = engine.environment();
  const journal::SharedPage* page = engine.shared_page();
  Slots hidden;
  if (page != nullptr) add_pins(hidden, page->state());
  const auto slots = environment.readers();
  if (page != nullptr) add_pins(hidden, page->state());  // a checkpoint may have come in between
  hidden.emplace_back(::getpid(), transaction.id());
  std::vector<StoreStats::Reader> readers;
  for (const storage::ReaderSlot& slot : slots) {
    const auto known = std::find(hidden.begin(), hidden.end(), std::pair(slot.pid, slot.transaction));
    if (known != hidden.end()) {
      hidden.erase(known);
      continue;
    }
    StoreStats::Reader reader{slot.pid, slot.transaction};
    reader.lag = transaction.id() - std::min(transaction.id(), slot.transaction);
    if (page != nullptr && reader.lag > 0) reader.age = page->superseded_for(slot.transaction);
    readers.push_back(reader);
  }
  if (std::all_of(readers.begin(), readers.end(), [](const auto& reader) { return reader.lag == 0; })) return readers;

  auto freed = storage::Environment::free_list(transaction);
  if (!freed) return fail(std::move(freed.error()));
  const std::uint64_t page_bytes = environment.info().page_bytes;
  for (StoreStats::Reader& reader : readers) {
    for (const storage::FreedPages& by : *freed) {
      if (by.transaction > reader.transaction) reader.held_bytes += by.pages * page_bytes;
    }
  }
  return readers;
}

}  // namespace flowkeep::store

#include "store/overlay.hpp"

#include <algorithm>

#include "codec/value.hpp"

namespace flowkeep::store {

void Overlay::add(const std::shared_ptr<const Changes>& changes, std::uint64_t lsn) {
  const std::lock_guard lock(mutex_);
  for (const Change& change : *changes) add(change, lsn);
  records_.emplace_back(lsn, changes);
}

void Overlay::add(const Change& change, std::uint64_t lsn) {
  for (const RowChange& row : change.rows) {
    const auto [at, is_new] = rows_.try_emplace(row.id);
    at->second.change = &row;
    at->second.lsn = lsn;
    if (row.contents) {
      at->second.contents = row.contents;
      at->second.contents_lsn = lsn;
    }
    if (is_new && ids_ != nullptr) ids_->add(row.id);
  }
  for (const BlobChange& blob : change.blobs) {
    if (blob.references != 0 && blob::is_shared(blob.content.size)) by_hash_.emplace(blob.content.hash, &blob);
  }
  for (const auto& [id, count] : change.references) references_.insert_or_assign(id, References{count, lsn});
  for (const SideChange& row : change.side_rows) {
    side_rows_.erase({row.table, row.key});  // its key may be of an older change
    side_rows_.emplace(SideKey(row.table, row.key), PendingSide{row.value, lsn});
  }
  if (!change.expired_deletions.empty()) expired_ = std::max(expired_, change.expired_deletions.back());
  changes_.push_back(&change);
}

void Overlay::prune(std::uint64_t lsn) {
  const std::lock_guard lock(mutex_);
  while (!records_.empty() && records_.front().first <= lsn) {
    for (const Change& change : *records_.front().second) forget(change, lsn);
    records_.pop_front();
  }
}

void Overlay::forget(const Change& change, std::uint64_t lsn) {
  for (const RowChange& row : change.rows) {
    const auto at = rows_.find(row.id);
    if (at == rows_.end()) continue;
    if (at->second.lsn > lsn) {
      if (at->second.contents_lsn <= lsn) at->second.contents.reset();
      continue;
    }
    rows_.erase(at);
    if (ids_ != nullptr) ids_->remove(row.id);
  }
  for (const BlobChange& blob : change.blobs) {
    if (!blob::is_shared(blob.content.size)) continue;
    const auto [first, last] = by_hash_.equal_range(blob.content.hash);
    const auto at = std::find_if(first, last, [&](const auto& entry) { return entry.second == &blob; });
    if (at != last) by_hash_.erase(at);
  }
  for (const auto& [id, count] : change.references) {
    const auto at = references_.find(id);
    if (at != references_.end() && at->second.lsn <= lsn) references_.erase(at);
  }
  for (const SideChange& row : change.side_rows) {
    const auto at = side_rows_.find({row.table, row.key});
    if (at != side_rows_.end() && at->second.lsn <= lsn) side_rows_.erase(at);
  }
  changes_.pop_front();
}

std::optional<std::optional<std::string_view>> Overlay::find_side_row(codec::SideTable table,
                                                                      std::string_view key) const {
  const auto at = side_rows_.find({table, key});
  if (at == side_rows_.end()) return std::nullopt;
  return at->second.value;
}

void Overlay::put_side_rows(codec::SideTable table, std::string_view prefix, SideRows& rows) const {
  for (auto at = side_rows_.lower_bound({table, prefix}); at != side_rows_.end(); ++at) {
    const auto& [found, key] = at->first;
    if (found != table || key.substr(0, prefix.size()) != prefix) return;
    rows.insert_or_assign(key, at->second.value);
  }
}

const RowChange* Overlay::find_row(const Guid& id) const {
  const auto at = rows_.find(id);
  return at == rows_.end() ? nullptr : at->second.change;
}

std::optional<PendingRow> Overlay::copy_row(const Guid& id) const {
  const std::lock_guard lock(mutex_);
  const auto at = rows_.find(id);
  if (at == rows_.end()) return std::nullopt;
  const RowChange& change = *at->second.change;
  return PendingRow{at->second.lsn, change.new_key, std::string(change.value)};
}

std::optional<std::string_view> Overlay::find_contents(const Guid& id) const {
  const auto at = rows_.find(id);
  return at == rows_.end() ? std::nullopt : at->second.contents;
}

const BlobChange* Overlay::find_new_blob(std::uint64_t id) const {
  const auto change =
      std::lower_bound(changes_.begin(), changes_.end(), id,
                       [](const Change* one, std::uint64_t wanted) { return one->counters.blob < wanted; });
  if (change == changes_.end()) return nullptr;
  const auto& blobs = (*change)->blobs;
  const auto blob = std::lower_bound(blobs.begin(), blobs.end(), id,
                                     [](const BlobChange& one, std::uint64_t wanted) { return one.id < wanted; });
  return blob != blobs.end() && blob->id == id ? &*blob : nullptr;
}

std::optional<std::uint64_t> Overlay::references(std::uint64_t blob_id) const {
  if (const auto changed = references_.find(blob_id); changed != references_.end()) return changed->second.count;
  const BlobChange* const made = find_new_blob(blob_id);
  if (made == nullptr) return std::nullopt;
  return static_cast<std::uint64_t>(made->references);
}

std::optional<std::uint64_t> Overlay::find_equal(const blob::PreparedView& content) const {
  const auto [first, last] = by_hash_.equal_range(content.hash);
  for (auto at = first; at != last; ++at) {
    const BlobChange& blob = *at->second;
    if (references(blob.id).value_or(0) != 0 && blob::equal(blob.content, content)) return blob.id;
  }
  return std::nullopt;
}

const RowChange* Basis::pending(const Guid& id) const {
  for (const Overlay* overlay : overlays_) {
    if (const RowChange* row = overlay->find_row(id)) return row;
  }
  return nullptr;
}

Result<std::optional<index::RowKey>> Basis::find_row_key(const Guid& id) const {
  if (const RowChange* row = pending(id)) return row->new_key;
  return store::find_row_key(transaction_, tables_, id);
}

Result<std::optional<StoredRow>> Basis::find_row(const Guid& id) const {
  const RowChange* row = pending(id);
  if (row == nullptr) return store::find_row(transaction_, tables_, id);
  if (!row->new_key) return std::nullopt;
  auto shown = show_row(transaction_, tables_, *row);
  if (!shown) return fail(std::move(shown.error()));
  return std::move(*shown);
}

Result<std::optional<std::uint64_t>> Basis::find_equal(const blob::PreparedView& content) const {
  for (const Overlay* overlay : overlays_) {
    const auto id = overlay->find_equal(content);
    if (id && references(*id).value_or(0) > 0) return id;
    if (overlays_.front() == overlays_.back()) break;
  }
  auto stored = blob::find_equal(transaction_, tables_.blobs, content);
  if (!stored || !*stored) return stored;
  // Its last reference may be on its way out.
  for (const Overlay* overlay : overlays_) {
    const auto references = overlay->references(**stored);
    if (!references) continue;
    if (*references == 0) return std::nullopt;
    break;
  }
  return stored;
}

Result<codec::Slots> Basis::contents(const StoredRow& row, std::string& buffer) const {
  for (const Overlay* overlay : overlays_) {
    if (const auto value = overlay->find_contents(row.session.flowsessionid())) {
      return open_contents(transaction_, tables_, *value, buffer);
    }
  }
  return read_contents(transaction_, tables_, row.key.arrival(), buffer);
}

Result<std::uint64_t> Basis::references(std::uint64_t blob_id) const {
  for (const Overlay* overlay : overlays_) {
    if (const auto references = overlay->references(blob_id)) return *references;
  }
  auto row = blob::get_row(transaction_, tables_.blobs, blob_id);
  if (!row) return fail(std::move(row.error()));
  return row->references;
}

Result<std::optional<std::string_view>> Basis::find_side_row(codec::SideTable table, std::string_view key) const {
  std::optional<std::string_view> value;
  bool is_pending = false;
  for (const Overlay* overlay : overlays_) {
    const auto found = overlay->find_side_row(table, key);
    if (!found) continue;
    value = *found;
    is_pending = true;
    break;
  }
  if (!is_pending) return store::find_side_row(transaction_, tables_, table, key);
  if (!value) return std::nullopt;
  return codec::payload_of(*value);
}

Result<void> Basis::for_each_side_row(codec::SideTable table, std::string_view prefix, const UseSideRow& use) const {
  if (!tables_.of(table).is_open()) return {};
  Overlay::SideRows rows;
  overlays_.back()->put_side_rows(table, prefix, rows);
  if (overlays_.front() != overlays_.back()) overlays_.front()->put_side_rows(table, prefix, rows);
  // What is stored, with what is pending before, in the place of, or behind it.
  auto pending = rows.begin();
  const auto use_pending = [&]() -> Result<bool> {
    const auto& [key, value] = *pending++;
    return value ? use(key, codec::payload_of(*value)) : Result<bool>(true);
  };
  bool goes_on = true;
  auto walked = store::for_each_side_row(
      transaction_, tables_, table, prefix, [&](std::string_view key, std::string_view payload) -> Result<bool> {
        while (goes_on && pending != rows.end() && pending->first < key) {
          auto used = use_pending();
          if (!used) return used;
          goes_on = *used;
        }
        if (!goes_on) return false;
        auto used = pending != rows.end() && pending->first == key ? use_pending() : use(key, payload);
        if (used) goes_on = *used;
        return used;
      });
  if (!walked) return walked;
  while (goes_on && pending != rows.end()) {
    auto used = use_pending();
    if (!used) return fail(std::move(used.error()));
    goes_on = *used;
  }
  return {};
}

}  // namespace flowkeep::store

#include "store/change.hpp"

#include <algorithm>
#include <utility>

#include "codec/value.hpp"

namespace flowkeep::store {

void Change::add_blob(std::uint64_t id, std::shared_ptr<const blob::Prepared> content, std::int64_t times) {
  // To go to small content where it lies, from another thread, costs more than to have it here.
  constexpr std::size_t most_copied_bytes = 1024;
  BlobChange& blob = blobs.emplace_back();
  blob.id = id;
  blob.references = times;
  if (content->others.empty() && content->first.size() <= most_copied_bytes) {
    blob.content = {content->size, content->hash, memory.keep(content->first)};
  } else {
    blob.content = *content;
    blob.owner = std::move(content);
  }
}

void Change::put_side_row(codec::SideTable table, std::string_view key, std::string_view payload) {
  std::string value;
  codec::encode_value(value, codec::info(table).kind, 0, key, payload);
  side_rows.push_back({table, memory.keep(key), memory.keep(value)});
}

void Change::remove_side_row(codec::SideTable table, std::string_view key) {
  side_rows.push_back({table, memory.keep(key), std::nullopt});
}

bool Change::adds_rows() const noexcept {
  return std::any_of(rows.begin(), rows.end(), [](const RowChange& row) { return row.new_key.has_value(); }) ||
         std::any_of(side_rows.begin(), side_rows.end(), [](const SideChange& row) { return row.value.has_value(); });
}

std::uint64_t Change::bytes() const noexcept {
  std::uint64_t total = 0;
  for (const RowChange& row : rows)
    total += row.value.size() + row.contents.value_or(std::string_view()).size() + row_overhead;
  for (const BlobChange& blob : blobs) {
    for (std::size_t number = 0; number < blob.content.pieces(); ++number) {
      total += blob.content.piece(number).size() + 128;
    }
  }
  for (const SideChange& row : side_rows) {
    if (row.value) total += row.key.size() + row.value->size() + side_row_overhead;
  }
  return total;
}

}  // namespace flowkeep::store

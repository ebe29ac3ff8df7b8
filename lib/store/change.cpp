#include "store/change.hpp"

#include <utility>

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

std::uint64_t Change::bytes() const noexcept {
  std::uint64_t total = 0;
  for (const RowChange& row : rows)
    total += row.value.size() + row.contents.value_or(std::string_view()).size() + row_overhead;
  for (const BlobChange& blob : blobs) {
    for (std::size_t number = 0; number < blob.content.pieces(); ++number) {
      total += blob.content.piece(number).size() + 128;
    }
  }
  return total;
}

}  // namespace flowkeep::store

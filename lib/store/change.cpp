#include "store/change.hpp"

#include <algorithm>
#include <cstring>

namespace flowkeep::store {

std::string_view RecordMemory::keep(std::string_view record) {
  constexpr std::size_t alignment = 8;
  constexpr std::size_t most_block_bytes = 64U << 10;
  static_assert(__STDCPP_DEFAULT_NEW_ALIGNMENT__ % alignment == 0);
  const std::size_t bytes = (record.size() + alignment - 1) / alignment * alignment;
  if (bytes > left_) {
    last_block_bytes_ = std::max(bytes, std::min(2 * last_block_bytes_, most_block_bytes));
    blocks_.push_back(std::make_unique_for_overwrite<char[]>(last_block_bytes_));
    next_ = blocks_.back().get();
    left_ = last_block_bytes_;
  }
  char* const kept = next_;
  if (!record.empty()) std::memcpy(kept, record.data(), record.size());
  next_ += bytes;
  left_ -= bytes;
  return {kept, record.size()};
}

std::uint64_t Change::bytes() const noexcept {
  std::uint64_t total = 0;
  for (const RowChange& row : rows) total += row.record.size() + row_overhead;
  for (const BlobChange& blob : blobs) {
    for (const std::string& chunk : blob.content->chunks) total += chunk.size() + 128;
  }
  return total;
}

}  // namespace flowkeep::store

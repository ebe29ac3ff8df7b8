#include "base/arena.hpp"

#include <algorithm>
#include <cstring>

namespace flowkeep::base {

std::string_view Arena::keep(std::string_view bytes) {
  constexpr std::size_t alignment = 8;
  constexpr std::size_t most_block_bytes = 64U << 10;
  static_assert(__STDCPP_DEFAULT_NEW_ALIGNMENT__ % alignment == 0);
  const std::size_t room = (bytes.size() + alignment - 1) / alignment * alignment;
  if (room > left_) {
    last_block_bytes_ = std::max(room, std::min(2 * last_block_bytes_, most_block_bytes));
    blocks_.push_back(std::make_unique_for_overwrite<char[]>(last_block_bytes_));
    next_ = blocks_.back().get();
    left_ = last_block_bytes_;
  }
  char* const kept = next_;
  if (!bytes.empty()) std::memcpy(kept, bytes.data(), bytes.size());
  next_ += room;
  left_ -= room;
  return {kept, bytes.size()};
}

}  // namespace flowkeep::base

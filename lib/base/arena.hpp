// Many small pieces of memory that end together.
#pragma once

#include <cstddef>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

namespace flowkeep::base {

/// Keeps copies of bytes in few pieces of memory, where one for each would cost more than what is done with them.
class Arena {
 public:
  Arena() = default;
  Arena(Arena&& other) noexcept
      : blocks_(std::move(other.blocks_)),
        next_(std::exchange(other.next_, nullptr)),
        left_(std::exchange(other.left_, 0)),
        last_block_bytes_(std::exchange(other.last_block_bytes_, 0)) {}
  Arena& operator=(Arena&& other) noexcept {
    blocks_ = std::move(other.blocks_);
    next_ = std::exchange(other.next_, nullptr);
    left_ = std::exchange(other.left_, 0);
    last_block_bytes_ = std::exchange(other.last_block_bytes_, 0);
    return *this;
  }
  /// A copy that lives as long as this does, moved or not, and is aligned as a FlatBuffer has to be.
  [[nodiscard]] std::string_view keep(std::string_view bytes);

 private:
  std::vector<std::unique_ptr<char[]>> blocks_{};
  char* next_ = nullptr;
  std::size_t left_ = 0;
  std::size_t last_block_bytes_ = 0;
};

}  // namespace flowkeep::base

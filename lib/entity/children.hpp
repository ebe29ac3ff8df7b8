// The rules that a child and a parent have to keep by themselves.
#pragma once

#include <flowkeep/child.hpp>
#include <flowkeep/parent.hpp>
#include <flowkeep/result.hpp>

namespace flowkeep::entity {

/// Whether a number is that of a collection.
[[nodiscard]] constexpr bool is_collection(std::uint64_t number) noexcept {
  return number >= 1 && number <= collection_count;
}

/// Checks what is given: lengths, UTF-8, ranges, that what only some collections have is of one of those, content, and
/// extra columns. Errors: invalid_argument, with a sentence that names column, value and limit.
[[nodiscard]] Result<void> check_child(const Child& child);
/// Errors: invalid_argument.
[[nodiscard]] Result<void> check_parent(const Parent& parent);

}  // namespace flowkeep::entity

#include "base/arena.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <vector>

namespace flowkeep::base {
namespace {

TEST(Arena, KeepsCopiesThatStayWhereTheyAre) {
  Arena arena;
  std::vector<std::pair<std::string, std::string_view>> kept;
  for (std::size_t size = 0; size < 400'000; size = size * 3 + 1) {
    for (char fill = 'a'; fill < 'e'; ++fill) {
      std::string bytes(size, fill);
      kept.emplace_back(bytes, arena.keep(bytes));
    }
  }
  const Arena moved = std::move(arena);
  for (const auto& [bytes, copy] : kept) {
    EXPECT_EQ(copy, bytes);
    EXPECT_NE(copy.data(), bytes.data());
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(copy.data()) % 8, 0U);
  }
}

TEST(Arena, ThatWasMovedFromWritesToMemoryOfItsOwn) {
  Arena first;
  static_cast<void>(first.keep("before"));
  Arena second = std::move(first);
  const std::string_view of_second = second.keep("of the second");
  const std::string_view of_first = first.keep("of the first!");
  EXPECT_EQ(of_second, "of the second");
  EXPECT_EQ(of_first, "of the first!");
}

}  // namespace
}  // namespace flowkeep::base

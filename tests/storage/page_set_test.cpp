#include "storage/page_set.hpp"

#include <gtest/gtest.h>

#include <random>
#include <set>
#include <utility>
#include <vector>

namespace flowkeep::storage {
namespace {

using Gaps = std::vector<std::pair<std::uint64_t, std::uint64_t>>;

Gaps gaps_of(const PageSet& set, std::uint64_t from, std::uint64_t to) {
  Gaps gaps;
  set.for_each_gap(from, to, [&gaps](std::uint64_t first, std::uint64_t last) { gaps.emplace_back(first, last); });
  return gaps;
}

TEST(PageSet, KnowsAPageThatWasThere) {
  PageSet set;
  EXPECT_TRUE(set.insert(64));
  EXPECT_FALSE(set.insert(64));
  EXPECT_TRUE(set.contains(64));
  EXPECT_FALSE(set.contains(63));
  EXPECT_EQ(set.size(), 1U);
}

TEST(PageSet, FindsOneGapInNothing) {
  EXPECT_EQ(gaps_of(PageSet{}, 2, 1ULL << 40), (Gaps{{2, 1ULL << 40}}));
}

TEST(PageSet, FindsNoGapInAnEmptyRange) {
  EXPECT_EQ(gaps_of(PageSet{}, 2, 1), Gaps{});
}

TEST(PageSet, FindsTheGapsAndCountsThatAPlainSetFinds) {
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937_64 random(seed);
    const std::uint64_t limit = 10 + random() % 500;
    PageSet pages;
    PageSet others;
    std::set<std::uint64_t> plain;
    for (std::uint64_t count = random() % (2 * limit); count > 0; --count) {
      const std::uint64_t page = random() % limit;
      (count % 3 == 0 ? others : pages).insert(page);
      plain.insert(page);
    }
    pages.insert_all(others);
    ASSERT_EQ(pages.size(), plain.size());
    const std::uint64_t from = random() % limit;
    const std::uint64_t to = from + random() % limit;
    ASSERT_EQ(pages.count_from(from), std::uint64_t(std::distance(plain.lower_bound(from), plain.end())));
    Gaps expected;
    for (std::uint64_t page = from; page <= to; ++page) {
      if (plain.contains(page)) continue;
      if (!expected.empty() && expected.back().second + 1 == page) {
        expected.back().second = page;
      } else {
        expected.emplace_back(page, page);
      }
    }
    ASSERT_EQ(gaps_of(pages, from, to), expected);
  }
}

}  // namespace
}  // namespace flowkeep::storage

// A set of page numbers that stays small for runs of pages, however large the numbers are.
#pragma once

#include <cstdint>
#include <map>

namespace flowkeep::storage {

class PageSet {
 public:
  /// Returns false where the page is in the set already.
  bool insert(std::uint64_t page) {
    std::uint64_t& word = words_[page / word_bits];
    const std::uint64_t bit = std::uint64_t{1} << (page % word_bits);
    if ((word & bit) != 0) return false;
    word |= bit;
    ++size_;
    return true;
  }

  [[nodiscard]] bool contains(std::uint64_t page) const {
    const auto at = words_.find(page / word_bits);
    return at != words_.end() && ((at->second >> (page % word_bits)) & 1) != 0;
  }

  [[nodiscard]] std::uint64_t size() const noexcept { return size_; }

  [[nodiscard]] std::uint64_t count_from(std::uint64_t first) const {
    std::uint64_t count = 0;
    for (auto at = words_.lower_bound(first / word_bits); at != words_.end(); ++at) {
      std::uint64_t word = at->second;
      if (at->first == first / word_bits) word &= ~std::uint64_t{0} << (first % word_bits);
      count += static_cast<std::uint64_t>(__builtin_popcountll(word));
    }
    return count;
  }

  void insert_all(const PageSet& other) {
    for (const auto& [index, bits] : other.words_) {
      std::uint64_t& word = words_[index];
      size_ += static_cast<std::uint64_t>(__builtin_popcountll(bits & ~word));
      word |= bits;
    }
  }

  /// Calls visit(first, last) for every run of pages in [from, to] that are not in the set.
  template <class Visit>
  void for_each_gap(std::uint64_t from, std::uint64_t to, Visit&& visit) const {
    std::uint64_t next = from;  // the first page that may begin or continue a gap
    for (auto at = words_.lower_bound(from / word_bits); at != words_.end(); ++at) {
      for (std::uint64_t word = at->second; word != 0; word &= word - 1) {
        const std::uint64_t page = at->first * word_bits + static_cast<std::uint64_t>(__builtin_ctzll(word));
        if (page < next) continue;
        if (page > to) break;
        if (page > next) visit(next, page - 1);
        next = page + 1;
      }
    }
    if (next <= to) visit(next, to);
  }

 private:
  static constexpr std::uint64_t word_bits = 64;
  std::map<std::uint64_t, std::uint64_t> words_{};
  std::uint64_t size_ = 0;
};

}  // namespace flowkeep::storage

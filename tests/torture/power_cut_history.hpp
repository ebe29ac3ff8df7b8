// What a recorded program has written and was told, up to a moment.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "power_cut_content.hpp"
#include "trace.hpp"

namespace flowkeep::torture {

/// Follows the notes of a recording. A power cut has to leave the content after one of the changes from `least()` to
/// `most()`: all that were acknowledged, no half of one, none without those before it.
/// Those that a second process had handed over when it was killed may be missing though later ones are there.
class History {
 public:
  /// Of a program that created the store.
  explicit History(const std::vector<Event>& events);
  /// Of one that found this in it.
  History(const std::vector<Event>& events, const Rows& found, const std::array<bool, index_count>& indexes)
      : events_(events), content_(found), first_sum_(found.sum()), is_created_(true), indexes_(indexes) {}

  void run_until(std::size_t end);

  /// Whether the store has been created: before, there may be none.
  [[nodiscard]] bool is_created() const { return is_created_; }
  [[nodiscard]] std::size_t least() const { return least_; }
  [[nodiscard]] std::size_t most() const { return changes_.size(); }
  /// After which change the content is this; std::nullopt: after none of those that may be the last.
  struct Place {
    std::size_t change = 0;
    std::size_t dropped = 0;  ///< of the uncertain changes before it, so many are not there
  };
  [[nodiscard]] std::optional<Place> find(std::uint64_t sum) const;
  [[nodiscard]] Rows content_after(std::size_t change) const;
  [[nodiscard]] const std::array<bool, index_count>& indexes() const { return indexes_; }
  /// What was wrong with the recording itself: content that was seen after a kill and should not have been.
  [[nodiscard]] const std::string& fault() const { return fault_; }

 private:
  struct Change {
    std::uint64_t key = 0;
    bool is_power_safe = true;
    std::uint64_t sum = 0;    // of the content afterwards
    std::uint64_t added = 0;  // to the sum
    bool is_uncertain = false;
    std::vector<std::pair<Guid, std::uint64_t>> before{};
  };
  void step(const Event& event);
  void undo_to(Rows& content, std::size_t change) const;
  void go_back_to(const Place& place);

  const std::vector<Event>& events_;
  std::size_t at_ = 0;
  std::set<std::uint64_t> never_acknowledged_{};  // of the second process
  Rows content_{};
  std::uint64_t first_sum_ = 0;
  std::vector<Change> changes_{};
  std::size_t least_ = 0;
  bool is_created_ = false;
  std::array<bool, index_count> indexes_{};
  std::string fault_{};
};

}  // namespace flowkeep::torture

#include "power_cut_history.hpp"

#include <algorithm>

namespace flowkeep::torture {

void History::run_until(std::size_t end) {
  for (; at_ < end; ++at_) {
    if (events_[at_].act == Act::note) step(events_[at_]);
  }
}

std::optional<std::size_t> History::find(std::uint64_t sum) const {
  for (std::size_t change = least_; change <= changes_.size(); ++change) {
    if ((change == 0 ? first_sum_ : changes_[change - 1].sum) == sum) return change;
  }
  return std::nullopt;
}

void History::undo_to(Rows& content, std::size_t change) const {
  for (std::size_t i = changes_.size(); i-- > change;) {
    const auto& before = changes_[i].before;
    for (auto row = before.rbegin(); row != before.rend(); ++row) content.put(row->first, row->second);
  }
}

Rows History::content_after(std::size_t change) const {
  Rows content = content_;
  undo_to(content, change);
  return content;
}

void History::step(const Event& event) {
  switch (static_cast<Note>(event.offset)) {
    case Note::opened: {
      const std::uint64_t sum = number_in(event.bytes);
      if (!is_created_) {
        is_created_ = true;
        content_.put(model_row(), fingerprint(StateModel::desktop_flow().name()));
        first_sum_ = content_.sum();
      }
      const auto found = find(sum);
      if (!found) {
        fault_ = "after a kill the store held what it could not: between " + std::to_string(least_) + " and " +
                 std::to_string(changes_.size()) + " changes were expected";
        return;
      }
      // What was seen stays.
      undo_to(content_, *found);
      changes_.resize(*found);
      least_ = *found;
      break;
    }
    case Note::submitted: {
      const ChangeNote note = ChangeNote::decode(event.bytes);
      Change change{note.key, note.is_power_safe, 0, {}};
      for (const auto& [id, row] : note.rows) change.before.emplace_back(id, content_.put(id, row));
      change.sum = content_.sum();
      changes_.push_back(std::move(change));
      break;
    }
    case Note::acknowledged: {
      const std::uint64_t key = number_in(event.bytes);
      for (std::size_t i = changes_.size(); i-- > least_;) {
        if (changes_[i].key != key) continue;
        if (changes_[i].is_power_safe) least_ = i + 1;
        break;
      }
      break;
    }
    case Note::closed:
      least_ = changes_.size();
      break;
    case Note::index_added:
      indexes_.at(number_in(event.bytes)) = true;
      break;
    case Note::index_dropping:
      indexes_.at(number_in(event.bytes)) = false;
      break;
  }
}

}  // namespace flowkeep::torture

#include "power_cut_history.hpp"

#include <algorithm>

#include "power_cut_workload.hpp"

namespace flowkeep::torture {

void History::run_until(std::size_t end) {
  for (; at_ < end; ++at_) {
    if (events_[at_].act == Act::note) step(events_[at_]);
  }
}

History::History(const std::vector<Event>& events) : events_(events) {
  for (const Event& event : events) {
    if (event.act != Act::note) continue;
    if (event.offset == static_cast<std::uint64_t>(Note::submitted)) {
      const std::uint64_t key = number_in(event.bytes);
      if (Plan::is_of_second(key)) never_acknowledged_.insert(key);
    } else if (event.offset == static_cast<std::uint64_t>(Note::acknowledged)) {
      never_acknowledged_.erase(number_in(event.bytes));
    }
  }
}

std::optional<History::Place> History::find(std::uint64_t sum) const {
  for (std::size_t change = least_; change <= changes_.size(); ++change) {
    Place place{change, 0};
    std::uint64_t expected = change == 0 ? first_sum_ : changes_[change - 1].sum;
    if (expected == sum) return place;
    // The last of them go first: nothing of that process follows them.
    for (std::size_t i = change; i-- > 0;) {
      if (!changes_[i].is_uncertain) continue;
      expected -= changes_[i].added;
      ++place.dropped;
      if (expected == sum) return place;
    }
  }
  return std::nullopt;
}

void History::go_back_to(const Place& place) {
  undo_to(content_, place.change);
  changes_.resize(place.change);
  std::size_t left = place.dropped;
  for (std::size_t i = changes_.size(); left > 0 && i-- > 0;) {
    if (!changes_[i].is_uncertain) continue;
    const auto& before = changes_[i].before;
    for (auto row = before.rbegin(); row != before.rend(); ++row) content_.put(row->first, row->second);
    for (std::size_t later = i + 1; later < changes_.size(); ++later) changes_[later].sum -= changes_[i].added;
    changes_.erase(changes_.begin() + static_cast<std::ptrdiff_t>(i));
    --left;
  }
  // What was seen stays.
  for (Change& change : changes_) change.is_uncertain = false;
  least_ = changes_.size();
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
      go_back_to(*found);
      break;
    }
    case Note::submitted: {
      const ChangeNote note = ChangeNote::decode(event.bytes);
      Change change{note.key, note.is_power_safe, 0, content_.sum(), never_acknowledged_.count(note.key) != 0, {}};
      for (const auto& [id, row] : note.rows) change.before.emplace_back(id, content_.put(id, row));
      change.sum = content_.sum();
      change.added = change.sum - change.added;
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

#include <algorithm>
#include <charconv>
#include <flowkeep/choices.hpp>

#include "base/text.hpp"
#include "entity/option_sets.hpp"

namespace flowkeep {
namespace {

std::string_view label_of(std::span<const Choice> choices, std::int32_t value) noexcept {
  if (value < 0 || static_cast<std::size_t>(value) >= choices.size()) return {};
  return choices[static_cast<std::size_t>(value)].label;
}

std::optional<std::int32_t> parse_number(std::string_view text) noexcept {
  if (text.empty() || text.front() < '0' || text.front() > '9') return std::nullopt;
  std::int32_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

std::optional<std::int32_t> parse_choice(std::span<const Choice> choices, std::string_view text) noexcept {
  const std::optional<std::int32_t> number = parse_number(text);
  const auto matches = [&](const Choice& choice) {
    return number ? choice.value == *number : base::equals_ascii_case(choice.label, text);
  };
  const auto found = std::find_if(choices.begin(), choices.end(), matches);
  if (found == choices.end()) return std::nullopt;
  return found->value;
}

}  // namespace

std::span<const Choice> statecode_choices() noexcept {
  return entity::statecodes;
}
std::span<const Choice> statuscode_choices() noexcept {
  return entity::statuscodes;
}
std::span<const Choice> runmode_choices() noexcept {
  return entity::runmodes;
}
std::span<const Choice> runsessionmode_choices() noexcept {
  return entity::runsessionmodes;
}
std::span<const Choice> subcategory_choices() noexcept {
  return entity::subcategories;
}
std::span<const Choice> triggertype_choices() noexcept {
  return entity::triggertypes;
}

std::string_view label(StateCode state) noexcept {
  return label_of(entity::statecodes, static_cast<std::int32_t>(state));
}

std::string_view label(StatusCode status) noexcept {
  return label_of(entity::statuscodes, static_cast<std::int32_t>(status));
}

std::optional<StateCode> parse_statecode(std::string_view text) noexcept {
  const auto value = parse_choice(entity::statecodes, text);
  return value ? std::optional(static_cast<StateCode>(*value)) : std::nullopt;
}

std::optional<StatusCode> parse_statuscode(std::string_view text) noexcept {
  const auto value = parse_choice(entity::statuscodes, text);
  return value ? std::optional(static_cast<StatusCode>(*value)) : std::nullopt;
}

StateCode state_of(StatusCode status) noexcept {
  switch (status) {
    case StatusCode::not_specified:
    case StatusCode::deleted:
    case StatusCode::terminated:
      return StateCode::inactive;
    default:
      return StateCode::active;
  }
}

bool is_terminal(StatusCode status) noexcept {
  switch (status) {
    case StatusCode::succeeded:
    case StatusCode::skipped:
    case StatusCode::cancelled:
    case StatusCode::failed:
    case StatusCode::faulted:
    case StatusCode::timed_out:
    case StatusCode::aborted:
    case StatusCode::ignored:
    case StatusCode::deleted:
    case StatusCode::terminated:
      return true;
    default:
      return false;
  }
}

}  // namespace flowkeep

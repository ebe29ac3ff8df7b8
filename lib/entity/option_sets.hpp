// lib/entity owns what a flow session is: its columns, option sets, lookups and the rules that a row has to keep by
// itself. It is pure: no row is stored or looked up here.
//
// This header: the option sets as constants.
#pragma once

#include <array>
#include <flowkeep/choices.hpp>

namespace flowkeep::entity {

inline constexpr std::array<Choice, state_count> statecodes{{{0, "Active"}, {1, "Inactive"}}};

inline constexpr std::array<Choice, status_count> statuscodes{{{0, "NotSpecified"},
                                                               {1, "Paused"},
                                                               {2, "Running"},
                                                               {3, "Waiting"},
                                                               {4, "Succeeded"},
                                                               {5, "Skipped"},
                                                               {6, "Suspended"},
                                                               {7, "Cancelled"},
                                                               {8, "Failed"},
                                                               {9, "Faulted"},
                                                               {10, "TimedOut"},
                                                               {11, "Aborted"},
                                                               {12, "Ignored"},
                                                               {13, "Deleted"},
                                                               {14, "Terminated"}}};

inline constexpr std::array<Choice, 3> runmodes{{{0, "Local"}, {1, "Attended"}, {2, "Unattended"}}};

inline constexpr std::array<Choice, 3> runsessionmodes{{{0, "Unapplicable"}, {1, "Default"}, {2, "PictureInPicture"}}};

inline constexpr std::array<Choice, 2> subcategories{{{0, "Default"}, {1, "Test"}}};

inline constexpr std::array<Choice, 5> triggertypes{
    {{0, "ApiFlow"}, {1, "DesktopFlow"}, {2, "Local"}, {3, "RunDesktopFlowDataverseApi"}, {4, "Cua"}}};

/// Whether every set runs 0, 1, 2 … so that a value is its own place.
template <std::size_t N>
constexpr bool counts_from_zero(const std::array<Choice, N>& choices) noexcept {
  for (std::size_t i = 0; i < N; ++i) {
    if (choices[i].value != static_cast<std::int32_t>(i)) return false;
  }
  return true;
}
static_assert(counts_from_zero(statecodes) && counts_from_zero(statuscodes) && counts_from_zero(runmodes) &&
              counts_from_zero(runsessionmodes) && counts_from_zero(subcategories) && counts_from_zero(triggertypes));

}  // namespace flowkeep::entity

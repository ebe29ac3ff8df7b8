#include <flowkeep/choices.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

namespace flowkeep {
namespace {

std::string listed(std::span<const Choice> choices) {
  std::string text;
  for (const Choice& choice : choices) text += std::to_string(choice.value) + std::string(choice.label) + " ";
  return text;
}

TEST(Choices, AreThePublishedOptionSets) {
  EXPECT_EQ(listed(statecode_choices()), "0Active 1Inactive ");
  EXPECT_EQ(listed(statuscode_choices()),
            "0NotSpecified 1Paused 2Running 3Waiting 4Succeeded 5Skipped 6Suspended 7Cancelled 8Failed 9Faulted "
            "10TimedOut 11Aborted 12Ignored 13Deleted 14Terminated ");
  EXPECT_EQ(listed(runmode_choices()), "0Local 1Attended 2Unattended ");
  EXPECT_EQ(listed(runsessionmode_choices()), "0Unapplicable 1Default 2PictureInPicture ");
  EXPECT_EQ(listed(subcategory_choices()), "0Default 1Test ");
  EXPECT_EQ(listed(triggertype_choices()), "0ApiFlow 1DesktopFlow 2Local 3RunDesktopFlowDataverseApi 4Cua ");
}

TEST(Label, NamesCodes) {
  EXPECT_EQ(label(StateCode::inactive), "Inactive");
  EXPECT_EQ(label(StatusCode::not_specified), "NotSpecified");
  EXPECT_EQ(label(StatusCode::terminated), "Terminated");
}

TEST(Label, IsEmptyOutsideTheOptionSet) {
  for (const int code : {-1, 15, 1000}) EXPECT_EQ(label(static_cast<StatusCode>(code)), "");
  for (const int code : {-1, 2}) EXPECT_EQ(label(static_cast<StateCode>(code)), "");
}

TEST(ParseStatuscode, ReadsLabelsAndNumbers) {
  for (const Choice& choice : statuscode_choices()) {
    const auto status = static_cast<StatusCode>(choice.value);
    EXPECT_EQ(parse_statuscode(choice.label), status);
    EXPECT_EQ(parse_statuscode(std::to_string(choice.value)), status);
  }
  EXPECT_EQ(parse_statuscode("tIMEDoUT"), StatusCode::timed_out);
  EXPECT_EQ(parse_statecode("inactive"), StateCode::inactive);
  EXPECT_EQ(parse_statecode("0"), StateCode::active);
}

TEST(ParseStatuscode, RefusesTheRest) {
  for (const char* text : {"", " ", "15", "-1", "-0", "+1", "1 ", " 1", "1.0", "0x1", "99999999999", "Runnin",
                           "Runningg", "Timed Out", "4Succeeded", "Active"}) {
    EXPECT_EQ(parse_statuscode(text), std::nullopt) << text;
  }
  for (const char* text : {"", "2", "-1", "Running"}) EXPECT_EQ(parse_statecode(text), std::nullopt) << text;
}

TEST(IsTerminal, HoldsForTheStatusesThatEndARun) {
  // In the order of the codes.
  constexpr bool terminal[status_count] = {false, false, false, false, true, true, false, true,
                                           true,  true,  true,  true,  true, true, true};
  for (int i = 0; i < status_count; ++i) EXPECT_EQ(is_terminal(static_cast<StatusCode>(i)), terminal[i]) << i;
}

TEST(OpenStatuses, AreNotTerminal) {
  EXPECT_TRUE(std::none_of(open_statuses.begin(), open_statuses.end(), is_terminal));
}

}  // namespace
}  // namespace flowkeep

#include <gtest/gtest.h>

#include <flowkeep/state_model.hpp>
#include <optional>

namespace flowkeep {
namespace {

using enum StatusCode;
using enum StateCode;

constexpr auto none = std::nullopt;

void expect_refused(const Result<StatePair>& result, DataverseCode code, std::string_view message) {
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, Errc::invalid_transition);
  EXPECT_EQ(result.error().dataverse, code);
  EXPECT_EQ(result.error().message, message);
}

TEST(PairTable, IsTheEntitysOwn) {
  // By status: the one state it belongs to.
  constexpr StateCode states[status_count] = {inactive, active, active, active, active, active,   active,  active,
                                              active,   active, active, active, active, inactive, inactive};
  for (int i = 0; i < status_count; ++i) {
    const auto status = static_cast<StatusCode>(i);
    EXPECT_EQ(is_legal_pair(active, status), states[i] == active) << i;
    EXPECT_EQ(is_legal_pair(inactive, status), states[i] == inactive) << i;
  }
}

TEST(PairTable, HasNothingOutsideTheOptionSets) {
  for (const int status : {-1, 15, 1000}) {
    EXPECT_FALSE(is_legal_pair(active, static_cast<StatusCode>(status)));
    EXPECT_FALSE(is_legal_pair(inactive, static_cast<StatusCode>(status)));
  }
  for (const int state : {-1, 2}) {
    EXPECT_FALSE(is_legal_pair(static_cast<StateCode>(state), paused));
    EXPECT_FALSE(is_legal_pair(static_cast<StateCode>(state), deleted));
  }
}

TEST(DefaultStatus, IsPausedForActiveOnly) {
  EXPECT_EQ(default_status(active), paused);
  EXPECT_EQ(default_status(inactive), none);
  EXPECT_EQ(default_status(static_cast<StateCode>(2)), none);
}

TEST(InitialState, FollowsThePlatformsRule) {
  EXPECT_EQ(initial_state(none, none), (StatePair{active, paused}));
  EXPECT_EQ(initial_state(none, waiting), (StatePair{active, waiting}));
  EXPECT_EQ(initial_state(active, none), (StatePair{active, paused}));
}

TEST(InitialState, StartsAtAnyLegalPair) {
  for (int i = 0; i < status_count; ++i) {
    const auto status = static_cast<StatusCode>(i);
    const StatePair pair{state_of(status), status};
    EXPECT_EQ(initial_state(pair.state, pair.status), pair);
    EXPECT_FALSE(initial_state(pair.state == active ? inactive : active, pair.status));
  }
}

TEST(InitialState, RefusesIllegalPairs) {
  constexpr auto code = DataverseCode::invalid_state_code_status_code;
  expect_refused(initial_state(none, deleted), code,
                 "statuscode 13 Deleted does not belong to statecode 0 Active (its statuses are 1 Paused, 2 Running, 3 "
                 "Waiting, 4 Succeeded, 5 Skipped, 6 Suspended, 7 Cancelled, 8 Failed, 9 Faulted, 10 TimedOut, 11 "
                 "Aborted and 12 Ignored)");
  expect_refused(initial_state(inactive, none), code,
                 "statecode 1 Inactive has no default status: a statuscode has to be given (its statuses are 0 "
                 "NotSpecified, 13 Deleted and 14 Terminated)");
  expect_refused(initial_state(inactive, failed), code,
                 "statuscode 8 Failed does not belong to statecode 1 Inactive (its statuses are 0 NotSpecified, 13 "
                 "Deleted and 14 Terminated)");
  expect_refused(initial_state(static_cast<StateCode>(2), paused), code,
                 "statuscode 1 Paused does not belong to statecode 2 (the states are 0 and 1)");
}

TEST(NextState, ChangesNothingWhereNothingIsGiven) {
  const StatePair current{inactive, deleted};
  EXPECT_EQ(next_state(StateModel::desktop_flow(), current, none, none), current);
}

TEST(NextState, KeepsTheStateOfAStatusAlone) {
  const auto& model = StateModel::desktop_flow();
  EXPECT_EQ(next_state(model, {active, waiting}, none, running), (StatePair{active, running}));
  // Terminated belongs to the other state: the state is not inferred.
  const auto refused = next_state(model, {active, waiting}, none, terminated);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().dataverse, DataverseCode::invalid_state_code_status_code);
  EXPECT_EQ(next_state(model, {active, waiting}, inactive, terminated), (StatePair{inactive, terminated}));
  EXPECT_FALSE(next_state(StateModel::platform(), {inactive, deleted}, none, running));
}

TEST(NextState, TakesTheDefaultOfAnotherStateAlone) {
  EXPECT_EQ(next_state(StateModel::desktop_flow(), {inactive, not_specified}, active, none),
            (StatePair{active, paused}));
  EXPECT_EQ(next_state(StateModel::platform(), {inactive, deleted}, active, none), (StatePair{active, paused}));
  expect_refused(
      next_state(StateModel::desktop_flow(), {inactive, deleted}, active, none),
      DataverseCode::invalid_state_transition,
      "statuscode 13 Deleted to 1 Paused: the state model desktop-flow does not allow this move; from there it "
      "allows none");
}

TEST(NextState, ChangesNothingForTheCurrentStateAlone) {
  EXPECT_EQ(next_state(StateModel::desktop_flow(), {active, failed}, active, none), (StatePair{active, failed}));
  EXPECT_EQ(next_state(StateModel::desktop_flow(), {inactive, deleted}, inactive, none),
            (StatePair{inactive, deleted}));
}

TEST(NextState, RefusesInactiveAlone) {
  expect_refused(next_state(StateModel::platform(), {active, running}, inactive, none),
                 DataverseCode::invalid_state_code_status_code,
                 "statecode 1 Inactive has no default status: a statuscode has to be given (its statuses are 0 "
                 "NotSpecified, 13 Deleted and 14 Terminated)");
}

TEST(NextState, RefusesMovesTheModelDoesNotAllow) {
  expect_refused(
      next_state(StateModel::desktop_flow(), {active, succeeded}, none, running),
      DataverseCode::invalid_state_transition,
      "statuscode 4 Succeeded to 2 Running: the state model desktop-flow does not allow this move; from there "
      "it allows 13 Deleted");
  EXPECT_EQ(next_state(StateModel::platform(), {active, succeeded}, none, running), (StatePair{active, running}));
}

TEST(NextState, AlwaysAllowsToStay) {
  const auto model = StateModel::make("nothing", {});
  ASSERT_TRUE(model);
  for (int i = 0; i < status_count; ++i) {
    const auto status = static_cast<StatusCode>(i);
    const StatePair current{state_of(status), status};
    EXPECT_EQ(next_state(*model, current, none, status), current);
    EXPECT_EQ(next_state(*model, current, current.state, status), current);
  }
}

TEST(NextState, RefusesAnIllegalPairBeforeTheMove) {
  const auto staying = next_state(StateModel::desktop_flow(), {active, failed}, inactive, failed);
  ASSERT_FALSE(staying);
  EXPECT_EQ(staying.error().dataverse, DataverseCode::invalid_state_code_status_code);
  const auto unknown = next_state(StateModel::platform(), {active, failed}, none, static_cast<StatusCode>(99));
  ASSERT_FALSE(unknown);
  EXPECT_EQ(unknown.error().dataverse, DataverseCode::invalid_state_code_status_code);
}

TEST(IsValidStateTransition, AnswersForPairAndMove) {
  const auto& desktop_flow = StateModel::desktop_flow();
  const auto& platform = StateModel::platform();
  const struct {
    const char* what;
    const StateModel& model;
    StatePair current;
    const char* new_state;
    std::int32_t new_status;
    bool answer;
  } cases[] = {
      {"an allowed move", desktop_flow, {active, running}, "Active", 4, true},
      {"across states", desktop_flow, {active, running}, "Inactive", 14, true},
      {"the name in any case", desktop_flow, {active, running}, "aCTIVE", 4, true},
      {"staying", desktop_flow, {active, failed}, "Active", 8, true},
      {"a disallowed move", desktop_flow, {active, succeeded}, "Active", 2, false},
      {"the same, any may follow any", platform, {active, succeeded}, "Active", 2, true},
      {"deleting an open run", desktop_flow, {active, running}, "Inactive", 13, false},
      {"deleting a finished run", desktop_flow, {active, failed}, "Inactive", 13, true},
      {"an illegal pair", platform, {active, running}, "Inactive", 4, false},
      {"an illegal pair of the current status", platform, {active, running}, "Inactive", 2, false},
      {"the default of another state", desktop_flow, {inactive, not_specified}, "Active", -1, true},
      {"that default, not allowed", desktop_flow, {inactive, terminated}, "Active", -1, false},
      {"that default, any may follow any", platform, {inactive, terminated}, "Active", -1, true},
      {"Inactive has no default", platform, {active, running}, "Inactive", -1, false},
      {"the current state alone changes nothing", desktop_flow, {active, succeeded}, "Active", -1, true},
      {"the current state alone, inactive", desktop_flow, {inactive, deleted}, "Inactive", -1, true},
      {"no such status", platform, {active, running}, "Active", 15, false},
      {"no such status", platform, {active, running}, "Active", -2, false},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(is_valid_state_transition(c.model, c.current, c.new_state, c.new_status), c.answer) << c.what;
  }
}

TEST(IsValidStateTransition, RefusesUnknownStateNames) {
  for (const char* name : {"", "0", "1", "Activ", "Active ", "Open", "Running"}) {
    const auto result = is_valid_state_transition(StateModel::platform(), {active, running}, name, 4);
    ASSERT_FALSE(result) << name;
    EXPECT_EQ(result.error().code, Errc::invalid_argument);
    EXPECT_EQ(result.error().message, std::string("\"").append(name) + "\" is not a state: Active or Inactive");
  }
}

}  // namespace
}  // namespace flowkeep

#include <gtest/gtest.h>

#include <flowkeep/state_model.hpp>

#include "move_table.hpp"

namespace flowkeep {
namespace {

using enum StatusCode;

void expect_model_follows(const StateModel& model, const std::string& file) {
  const test::MoveTable table = test::read_move_table(file);
  std::vector<Move> moves;
  for (int from = 0; from < status_count; ++from) {
    for (int to = 0; to < status_count; ++to) {
      const Move move{static_cast<StatusCode>(from), static_cast<StatusCode>(to)};
      const bool allowed = table[static_cast<std::size_t>(from)][static_cast<std::size_t>(to)];
      EXPECT_EQ(model.allows(move.from, move.to), allowed) << file << ": " << from << " to " << to;
      if (allowed && from != to) moves.push_back(move);
    }
  }
  EXPECT_EQ(model.moves(), moves);
}

TEST(StateModel, PlatformFollowsItsTable) {
  expect_model_follows(StateModel::platform(), "platform.txt");
}

TEST(StateModel, DesktopFlowFollowsItsTable) {
  expect_model_follows(StateModel::desktop_flow(), "desktop_flow.txt");
}

TEST(StateModel, FindsTheBuiltInsByName) {
  EXPECT_EQ(StateModel::built_in("platform"), StateModel::platform());
  EXPECT_EQ(StateModel::built_in("desktop-flow"), StateModel::desktop_flow());
  EXPECT_EQ(StateModel::platform().name(), "platform");
  EXPECT_EQ(StateModel::desktop_flow().name(), "desktop-flow");
  for (const char* name : {"", "Platform", "desktop_flow", "custom"}) EXPECT_FALSE(StateModel::built_in(name)) << name;
}

TEST(StateModel, IsMadeOfItsMoves) {
  const Move moves[] = {
      {running, succeeded}, {paused, running}, {running, running}, {paused, running}, {paused, deleted}};
  const auto model = StateModel::make("custom", moves);
  ASSERT_TRUE(model);
  EXPECT_EQ(model->name(), "custom");
  EXPECT_EQ(model->moves(), (std::vector<Move>{{paused, running}, {paused, deleted}, {running, succeeded}}));
  EXPECT_EQ(model->targets(paused), (std::vector<StatusCode>{running, deleted}));
  EXPECT_TRUE(model->targets(deleted).empty());
}

TEST(StateModel, AlwaysAllowsTheSameStatus) {
  const auto model = StateModel::make("nothing", {});
  ASSERT_TRUE(model);
  EXPECT_TRUE(model->moves().empty());
  for (int status = 0; status < status_count; ++status) {
    EXPECT_TRUE(model->allows(static_cast<StatusCode>(status), static_cast<StatusCode>(status)));
  }
}

TEST(StateModel, KeepsOneBitPerTarget) {
  const Move moves[] = {{not_specified, terminated}, {terminated, not_specified}, {terminated, paused}};
  const auto model = StateModel::make("custom", moves);
  ASSERT_TRUE(model);
  StateModel::Table table{};
  table[0] = 1U << 14;
  table[14] = 0b11;
  EXPECT_EQ(model->table(), table);
}

TEST(StateModel, RefusesStatusesOutsideTheOptionSet) {
  for (const int status : {-1, 15, 99}) {
    for (const Move move :
         {Move{static_cast<StatusCode>(status), running}, Move{running, static_cast<StatusCode>(status)}}) {
      const auto model = StateModel::make("custom", std::span(&move, 1));
      ASSERT_FALSE(model) << status;
      EXPECT_EQ(model.error().code, Errc::invalid_argument);
      EXPECT_NE(model.error().message.find(std::to_string(status)), std::string::npos) << model.error().message;
    }
    EXPECT_FALSE(StateModel::platform().allows(static_cast<StatusCode>(status), running));
    EXPECT_FALSE(StateModel::platform().allows(running, static_cast<StatusCode>(status)));
  }
}

TEST(StateModel, LimitsItsName) {
  EXPECT_TRUE(StateModel::make(std::string(100, 'x'), {}));
  const auto too_long = StateModel::make(std::string(101, 'x'), {});
  ASSERT_FALSE(too_long);
  EXPECT_EQ(too_long.error().message, "the name of a state model has 101 bytes, at most 100 are allowed");
  const auto empty = StateModel::make("", {});
  ASSERT_FALSE(empty);
  EXPECT_EQ(empty.error().code, Errc::invalid_argument);
}

TEST(StateModel, KeepsTheNamesOfTheBuiltInsForTheirTables) {
  EXPECT_EQ(StateModel::make("desktop-flow", StateModel::desktop_flow().moves()), StateModel::desktop_flow());
  EXPECT_EQ(StateModel::make("platform", StateModel::platform().moves()), StateModel::platform());
  const auto other = StateModel::make("desktop-flow", StateModel::platform().moves());
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().code, Errc::invalid_argument);
}

}  // namespace
}  // namespace flowkeep

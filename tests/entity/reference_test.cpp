#include <flowkeep/reference.hpp>

#include <gtest/gtest.h>

namespace flowkeep {
namespace {

TEST(EntityType, IsFoundByBothNames) {
  for (int i = 1; i <= static_cast<int>(EntityType::flowtrigger); ++i) {
    const auto type = static_cast<EntityType>(i);
    EXPECT_EQ(set_name_of(type), std::string(name_of(type)) + "s");
    EXPECT_EQ(find_entity_type(name_of(type)), type);
    EXPECT_EQ(find_entity_type(set_name_of(type)), type);
  }
  EXPECT_EQ(find_entity_type("flowmachinegroups"), EntityType::flowmachinegroup);
  EXPECT_EQ(name_of(EntityType::computeruseagent), "computeruseagent");
}

TEST(EntityType, HasNoOtherNames) {
  for (const char* name : {"", "SystemUser", "users", "account", "flowsessionss"}) {
    EXPECT_EQ(find_entity_type(name), std::nullopt) << name;
  }
  EXPECT_EQ(name_of(EntityType::none), "");
  EXPECT_EQ(set_name_of(EntityType::none), "");
  EXPECT_EQ(name_of(static_cast<EntityType>(11)), "");
  EXPECT_EQ(name_of(static_cast<EntityType>(255)), "");
}

}  // namespace
}  // namespace flowkeep

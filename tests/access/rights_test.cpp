// Sets of rights, and how they are written.
#include <gtest/gtest.h>

#include <flowkeep/access.hpp>

namespace flowkeep {
namespace {

TEST(Rights, HaveTheNumbersOfDataverse) {
  EXPECT_EQ(AccessRights(AccessRight::read).bits(), 1U);
  EXPECT_EQ(AccessRights(AccessRight::write).bits(), 2U);
  EXPECT_EQ(AccessRights(AccessRight::append).bits(), 4U);
  EXPECT_EQ(AccessRights(AccessRight::append_to).bits(), 16U);
  EXPECT_EQ(AccessRights(AccessRight::create).bits(), 32U);
  EXPECT_EQ(AccessRights(AccessRight::erase).bits(), 65'536U);
  EXPECT_EQ(AccessRights(AccessRight::share).bits(), 262'144U);
  EXPECT_EQ(AccessRights(AccessRight::assign).bits(), 524'288U);
  AccessRights all;
  for (int bit = 0; bit < 32; ++bit) all = all | AccessRights::from_bits(1U << bit);
  EXPECT_EQ(all, AccessRights::all());
}

TEST(Rights, AreWrittenAsTheWebApiWritesThem) {
  EXPECT_EQ((AccessRight::read | AccessRight::write).str(), "ReadAccess, WriteAccess");
  EXPECT_EQ(AccessRights().str(), "None");
  EXPECT_EQ(AccessRights::all().str(),
            "ReadAccess, WriteAccess, AppendAccess, AppendToAccess, CreateAccess, DeleteAccess, ShareAccess, "
            "AssignAccess");
}

TEST(Rights, AreReadInManyForms) {
  EXPECT_EQ(AccessRights::parse("ReadAccess, WriteAccess"), AccessRight::read | AccessRight::write);
  EXPECT_EQ(AccessRights::parse("readaccess,DELETEACCESS"), AccessRight::read | AccessRight::erase);
  EXPECT_EQ(AccessRights::parse("Read,AppendTo"), AccessRight::read | AccessRight::append_to);
  EXPECT_EQ(AccessRights::parse("All"), AccessRights::all());
  EXPECT_EQ(AccessRights::parse("None"), AccessRights());
  EXPECT_EQ(AccessRights::parse(AccessRights::all().str()), AccessRights::all());
  for (const char* wrong : {"", "Read,", ",Read", "Reading", "ReadAccess WriteAccess", "1", "Read;Write"}) {
    EXPECT_EQ(AccessRights::parse(wrong), std::nullopt) << wrong;
  }
}

}  // namespace
}  // namespace flowkeep

#include "entity/rules.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>
#include <type_traits>

#include "entity/members.hpp"
#include "fixture.hpp"

namespace flowkeep::entity {
namespace {

using enum WriteKind;

std::string repeated(std::string_view text, std::size_t count) {
  std::string out;
  for (std::size_t i = 0; i < count; ++i) out += text;
  return out;
}

template <class T>
Session with(std::optional<T> Session::*member, std::type_identity_t<T> value) {
  Session session;
  (session.*member).emplace(std::move(value));
  return session;
}

TEST(CheckColumns, AcceptsAnEmptySession) {
  for (const WriteKind kind : {create, update, import}) EXPECT_EQ(refusal(Session{}, kind), "");
}

TEST(CheckColumns, HoldsEveryTextToItsLength) {
  for_each_member([]<Column column, class T>(std::optional<T> Session::*member) {
    if constexpr (std::is_same_v<T, std::string>) {
      const std::size_t limit = info(column).max_utf16_units;
      for (const char* unit : {"a", "é", "東"}) {
        EXPECT_EQ(refusal(with(member, repeated(unit, limit))), "");
        EXPECT_EQ(refusal(with(member, repeated(unit, limit + 1))),
                  std::string(name_of(column)) + ": " + std::to_string(limit + 1) +
                      " characters (UTF-16 units), at most " + std::to_string(limit) + " are allowed");
      }
    }
  });
}

TEST(CheckColumns, CountsUtf16Units) {
  EXPECT_EQ(refusal(with(&Session::name, repeated("🤖", 50))), "");
  EXPECT_EQ(refusal(with(&Session::name, repeated("🤖", 50) + "a")),
            "name: 101 characters (UTF-16 units), at most 100 are allowed");
}

TEST(CheckColumns, RefusesTextThatIsNotUtf8) {
  for (const WriteKind kind : {create, update, import}) {
    EXPECT_EQ(refusal(with(&Session::context, "a\xFF"), kind), "context: the text is not valid UTF-8");
  }
}

TEST(CheckColumns, NeverQuotesSecrets) {
  for (const auto member : {&Session::credentials, &Session::callbackurl}) {
    EXPECT_EQ(refusal(with(member, "SECRET\xFF")).find("SECRET"), std::string::npos);
    EXPECT_EQ(refusal(with(member, repeated("SECRET", 20'000))).find("SECRET"), std::string::npos);
  }
}

TEST(CheckColumns, HoldsNumbersToTheirRange) {
  using Int32 = std::numeric_limits<std::int32_t>;
  using Int64 = std::numeric_limits<std::int64_t>;
  const double infinity = std::numeric_limits<double>::infinity();
  const struct {
    Session session;
    const char* refusal;
  } cases[] = {
      {with(&Session::machineramusage, 0), ""},
      {with(&Session::machineramusage, Int32::max()), ""},
      {with(&Session::machineramusage, -1), "machineramusage: -1 is outside 0 to 2147483647"},
      {with(&Session::timezoneruleversionnumber, -1), ""},
      {with(&Session::timezoneruleversionnumber, -2), "timezoneruleversionnumber: -2 is outside -1 to 2147483647"},
      {with(&Session::utcconversiontimezonecode, -2), "utcconversiontimezonecode: -2 is outside -1 to 2147483647"},
      {with(&Session::importsequencenumber, Int32::min()), ""},
      {with(&Session::runduration, Int64::min()), ""},
      {with(&Session::runduration, Int64::max()), ""},
      {with(&Session::machinepercentcpuusage, 0.0), ""},
      {with(&Session::machinepercentcpuusage, 100.0), ""},
      {with(&Session::machinepercentcpuusage, -0.5), "machinepercentcpuusage: -0.5 is outside 0 to 100"},
      {with(&Session::machinepercentramusage, 100.25), "machinepercentramusage: 100.25 is outside 0 to 100"},
      {with(&Session::machinepercentcpuusage, std::nan("")),
       "machinepercentcpuusage: nan is not a number from 0 to 100"},
      {with(&Session::machinepercentcpuusage, infinity), "machinepercentcpuusage: inf is not a number from 0 to 100"},
      {with(&Session::machinepercentcpuusage, -infinity), "machinepercentcpuusage: -inf is not a number from 0 to 100"},
  };
  for (const auto& c : cases) EXPECT_EQ(refusal(c.session), c.refusal);
}

TEST(CheckColumns, HoldsTimesToTheLegalRange) {
  EXPECT_EQ(refusal(with(&Session::startedon, min_timestamp)), "");
  EXPECT_EQ(refusal(with(&Session::startedon, max_timestamp)), "");
  EXPECT_EQ(refusal(with(&Session::completedon, max_timestamp + Ticks{1})),
            "completedon: 10000-01-01T00:00:00Z is outside 0001-01-01T00:00:00Z to 9999-12-31T23:59:59.9999999Z");
  EXPECT_NE(refusal(with(&Session::startedon, min_timestamp - Ticks{1})), "");
  EXPECT_NE(refusal(with(&Session::startedon, Timestamp::max())), "");
  EXPECT_NE(refusal(with(&Session::startedon, Timestamp::min())), "");
}

TEST(CheckColumns, HoldsChoicesToTheirOptionSet) {
  EXPECT_EQ(
      refusal(with(&Session::statuscode, static_cast<StatusCode>(99))),
      "statuscode: 99 is not one of 0 NotSpecified, 1 Paused, 2 Running, 3 Waiting, 4 Succeeded, 5 Skipped, 6 "
      "Suspended, 7 Cancelled, 8 Failed, 9 Faulted, 10 TimedOut, 11 Aborted, 12 Ignored, 13 Deleted, 14 Terminated");
  EXPECT_EQ(refusal(with(&Session::runmode, static_cast<RunMode>(-1)), import),
            "runmode: -1 is not one of 0 Local, 1 Attended, 2 Unattended");
  EXPECT_EQ(refusal(with(&Session::statuscode, StatusCode::terminated)), "");
  EXPECT_NE(refusal(with(&Session::statecode, static_cast<StateCode>(2))), "");
  EXPECT_NE(refusal(with(&Session::runsessionmode, static_cast<RunSessionMode>(3))), "");
  EXPECT_NE(refusal(with(&Session::subcategory, static_cast<Subcategory>(2))), "");
  EXPECT_NE(refusal(with(&Session::triggertype, static_cast<TriggerType>(5))), "");
}

TEST(CheckColumns, HoldsLookupsToTheirTables) {
  for_each_member([]<Column column, class T>(std::optional<T> Session::*member) {
    if constexpr (std::is_same_v<T, Reference>) {
      for (int i = 0; i <= static_cast<int>(EntityType::flowtrigger) + 1; ++i) {
        const auto type = static_cast<EntityType>(i);
        const bool is_right = type == EntityType::none || type == info(column).target ||
                              (column == Column::ownerid && type == EntityType::team);
        EXPECT_EQ(refusal(with(member, Reference(some_guid, type)), import) == "", is_right) << name_of(column) << i;
      }
    }
  });
  EXPECT_EQ(refusal(with(&Session::machineid, Reference(some_guid, EntityType::team))),
            "machineid: leads to team, only flowmachine is allowed");
  EXPECT_EQ(refusal(with(&Session::ownerid, Reference(some_guid, EntityType::workflow))),
            "ownerid: leads to workflow, only systemuser or team is allowed");
  EXPECT_EQ(refusal(with(&Session::ownerid, Reference(some_guid, static_cast<EntityType>(200)))),
            "ownerid: leads to unknown table 200, only systemuser or team is allowed");
}

TEST(CheckColumns, LeavesReadOnlyColumnsToTheStore) {
  const struct {
    Session session;
    const char* column;
  } cases[] = {
      {with(&Session::createdon, Timestamp{}), "createdon"},
      {with(&Session::modifiedon, Timestamp{}), "modifiedon"},
      {with(&Session::versionnumber, 1), "versionnumber"},
      {with(&Session::createdby, Reference(some_guid)), "createdby"},
      {with(&Session::createdonbehalfby, Reference(some_guid)), "createdonbehalfby"},
      {with(&Session::modifiedby, Reference(some_guid)), "modifiedby"},
      {with(&Session::modifiedonbehalfby, Reference(some_guid)), "modifiedonbehalfby"},
      {with(&Session::owninguser, Reference(some_guid)), "owninguser"},
      {with(&Session::owningteam, Reference(some_guid)), "owningteam"},
      {with(&Session::owningbusinessunit, Reference(some_guid)), "owningbusinessunit"},
  };
  for (const auto& c : cases) {
    const std::string sentence = std::string(c.column) + ": read-only, set by the store";
    EXPECT_EQ(refusal(c.session, create), sentence);
    EXPECT_EQ(refusal(c.session, update), sentence);
    EXPECT_EQ(refusal(c.session, import), "") << c.column;
  }
}

TEST(CheckColumns, TakesCreateOnlyColumns) {
  Session session;
  session.flowsessionid = Guid{};
  session.regardingobjectid = some_guid;
  session.overriddencreatedon = Timestamp{};
  session.importsequencenumber = 4;
  for (const WriteKind kind : {create, update, import}) EXPECT_EQ(refusal(session, kind), "");
}

TEST(CheckColumns, NamesTheFirstColumnThatIsWrong) {
  Session session;
  session.errorcode = "\xFF";
  session.runmode = static_cast<RunMode>(7);
  EXPECT_EQ(refusal(session).substr(0, 7), "runmode");
}

TEST(IsCreateOnly, FollowsTheColumnTable) {
  EXPECT_TRUE(is_create_only(Column::flowsessionid));
  EXPECT_TRUE(is_create_only(Column::regardingobjectid));
  EXPECT_FALSE(is_create_only(Column::name));
  EXPECT_FALSE(is_create_only(Column::createdon));
}

}  // namespace
}  // namespace flowkeep::entity

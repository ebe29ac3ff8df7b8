#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "samples.hpp"

namespace flowkeep::io {
namespace {

TEST(JsonReader, ReadsEveryColumn) {
  const Session session = read_row(full_row(7));
  for (const ColumnInfo& column : columns())
    EXPECT_NE(value(session, column.column).index(), 0U) << column.name << " is null";
  EXPECT_TRUE(session.extra.empty());
}

TEST(JsonReader, ReadsValuesOfEachKind) {
  const Session session = read_row(R"({"flowsessionid":"3219B349-858C-557F-8825-517AD49B41B4","name":"Rechnungen",
    "statecode":0,"statuscode":8,"startedon":"2022-06-16T12:54:40Z","runduration":309,"machineramusage":2048,
    "machinepercentcpuusage":12.25,"inputs":"Zm9v","inputs_name":"in.json","versionnumber":42})");
  EXPECT_EQ(session.flowsessionid, guid(session_text));
  EXPECT_EQ(session.name, "Rechnungen");
  EXPECT_EQ(session.statecode, StateCode::active);
  EXPECT_EQ(session.statuscode, StatusCode::failed);
  EXPECT_EQ(session.startedon, parse_timestamp("2022-06-16T12:54:40Z"));
  EXPECT_EQ(session.runduration, 309);
  EXPECT_EQ(session.machineramusage, 2048);
  EXPECT_EQ(session.machinepercentcpuusage, 12.25);
  ASSERT_TRUE(session.inputs);
  EXPECT_EQ(session.inputs->content.bytes(), "foo");
  EXPECT_EQ(session.inputs->name, "in.json");
  EXPECT_EQ(session.versionnumber, 42);
}

TEST(JsonReader, ReadsAnEmptyObjectAsASessionWithoutValues) {
  EXPECT_EQ(difference(read_row(" { } "), Session{}), "");
}

TEST(JsonReader, TakesNullAsAbsent) {
  std::string row = "{";
  for (const ColumnInfo& column : columns()) row.append("\"").append(column.name).append("\":null,");
  EXPECT_EQ(difference(read_row(row + "\"somethingnew\":null}"), Session{}), "");
}

TEST(JsonReader, TellsEmptyAndZeroFromAbsent) {
  const Session session = read_row(R"({"name":"","runduration":0,"inputs":"","outputs_name":""})");
  EXPECT_EQ(session.name, "");
  EXPECT_EQ(session.runduration, 0);
  ASSERT_TRUE(session.inputs);
  EXPECT_TRUE(session.inputs->content.has_value());
  EXPECT_EQ(session.inputs->content.size(), 0U);
  ASSERT_TRUE(session.outputs);
  EXPECT_EQ(session.outputs->name, "");
  EXPECT_FALSE(session.outputs->content.has_value());
}

TEST(JsonReader, ReadsEscapesAndUnicode) {
  const Session session = read_row(
      R"({"name":"a\"\\\/\b\f\n\r\té日本","errormessage":"\ud83d\ude00\u00e9\u0000\u001f","errordetails":"naïve 日本語 😀"})");
  EXPECT_EQ(session.name, "a\"\\/\b\f\n\r\té日本");
  EXPECT_EQ(session.errormessage, std::string("😀é\0\x1f", 8));
  EXPECT_EQ(session.errordetails, "naïve 日本語 😀");
}

TEST(JsonReader, ReadsKeysWithEscapes) {
  EXPECT_EQ(read_row(R"({"\u006eame":"x"})").name, "x");
}

TEST(JsonReader, ReadsTheEndsOfTheIntegerRanges) {
  const Session session = read_row(
      R"({"runduration":9223372036854775807,"runwaitduration":-9223372036854775808,"machineramusage":2147483647,"importsequencenumber":-2147483648})");
  EXPECT_EQ(session.runduration, std::numeric_limits<std::int64_t>::max());
  EXPECT_EQ(session.runwaitduration, std::numeric_limits<std::int64_t>::min());
  EXPECT_EQ(session.machineramusage, std::numeric_limits<std::int32_t>::max());
  EXPECT_EQ(session.importsequencenumber, std::numeric_limits<std::int32_t>::min());
}

TEST(JsonReader, ReadsDecimalsInEveryNotation) {
  for (const auto& [text, number] : std::initializer_list<std::pair<const char*, double>>{
           {"0", 0}, {"-0.0", 0}, {"100", 100}, {"1e2", 100}, {"2.5E-1", 0.25}, {"0.1", 0.1}, {"5e-324", 5e-324}}) {
    EXPECT_EQ(read_row(std::string("{\"machinepercentcpuusage\":") + text + "}").machinepercentcpuusage, number)
        << text;
  }
}

TEST(JsonReader, KeepsNumbersOutsideAnOptionSet) {
  const Session session = read_row(R"({"statuscode":99,"runmode":-7})");
  EXPECT_EQ(static_cast<int>(session.statuscode.value()), 99);
  EXPECT_EQ(static_cast<int>(session.runmode.value()), -7);
}

TEST(JsonReader, ReadsALookupInEachOfItsForms) {
  const std::string id(machine_text);
  for (const std::string& row : std::vector<std::string>{
           "{\"machineid\":\"" + id + "\"}",
           "{\"_machineid_value\":\"" + id + "\"}",
           "{\"_machineid_value\":\"{C0EE9698-5AC7-5F78-B464-D9D3A15B9FDA}\"}",
           "{\"MachineId@odata.bind\":\"/flowmachines(" + id + ")\"}",
           "{\"MachineId@odata.bind\":\"flowmachines(" + id + ")\"}",
           "{\"MachineId@odata.bind\":\"https://org.crm4.dynamics.com/api/data/v9.2/flowmachines(" + id + ")\"}",
           "{\"machineid\":\"" + id + "\",\"_machineid_value\":\"" + id +
               "\",\"MachineId@odata.bind\":\"/flowmachines(" + id + ")\"}",
       }) {
    EXPECT_EQ(read_row(row).machineid, Reference(guid(machine_text), EntityType::flowmachine)) << row;
  }
}

TEST(JsonReader, BindsEveryLookupByItsNavigationProperty) {
  for (const ColumnInfo& column : columns()) {
    if (column.kind != ColumnKind::lookup) continue;
    const std::string row = "{\"" + std::string(column.navigation_name) + "@odata.bind\":\"/" +
                            std::string(set_name_of(column.target)) + "(" + std::string(other_text) + ")\"}";
    const Session session = read_row(row);
    const ValueView bound = value(session, column.column);
    ASSERT_TRUE(std::holds_alternative<Reference>(bound)) << row;
    EXPECT_EQ(std::get<Reference>(bound), Reference(guid(other_text), column.target)) << row;
  }
}

TEST(JsonReader, TellsATeamFromAUser) {
  const std::string id(other_text);
  const std::string annotation = "\"_ownerid_value@Microsoft.Dynamics.CRM.lookuplogicalname\"";
  const Reference user(guid(other_text), EntityType::systemuser);
  const Reference team(guid(other_text), EntityType::team);
  EXPECT_EQ(read_row("{\"_ownerid_value\":\"" + id + "\"}").ownerid, user);
  EXPECT_EQ(read_row("{\"_ownerid_value\":\"" + id + "\"," + annotation + ":\"systemuser\"}").ownerid, user);
  EXPECT_EQ(read_row("{\"_ownerid_value\":\"" + id + "\"," + annotation + ":\"team\"}").ownerid, team);
  EXPECT_EQ(read_row("{" + annotation + ":\"team\",\"_ownerid_value\":\"" + id + "\"}").ownerid, team);
  EXPECT_EQ(read_row("{\"ownerid@odata.bind\":\"/teams(" + id + ")\"}").ownerid, team);
  EXPECT_EQ(read_row("{\"ownerid@odata.bind\":\"/systemusers(" + id + ")\"}").ownerid, user);
  EXPECT_EQ(read_row("{\"ownerid@odata.bind\":\"/teams(" + id + ")\",\"_ownerid_value\":\"" + id + "\"}").ownerid,
            team);
  EXPECT_EQ(read_row("{\"_ownerid_value\":\"" + id + "\",\"ownerid@odata.bind\":\"/teams(" + id + ")\"}").ownerid,
            team);
  EXPECT_EQ(read_row("{" + annotation + ":\"team\"}").ownerid, std::nullopt);
}

TEST(JsonReader, ReadsAFileReferenceAsSuch) {
  const Session session = read_row("{\"inputs\":\"" + std::string(other_text) + "\",\"inputs_name\":\"in.json\"}");
  ASSERT_TRUE(session.inputs);
  EXPECT_EQ(session.inputs->reference, guid(other_text));
  EXPECT_FALSE(session.inputs->content.has_value());
  EXPECT_EQ(session.inputs->name, "in.json");
}

TEST(JsonReader, ReadsBase64InEveryForm) {
  for (const char* text : {"+//+QQ==", "-__-QQ", "+//+QQ", "-_/+QQ==", R"(+\/\/+QQ==)"}) {
    const Session session = read_row(std::string("{\"outputs\":\"") + text + "\"}");
    ASSERT_TRUE(session.outputs) << text;
    EXPECT_EQ(session.outputs->content.bytes(),
              "\xfb\xff\xfe"
              "A")
        << text;
  }
}

TEST(JsonReader, KeepsUnknownColumnsAsMinifiedJson) {
  const Session session = read_row(
      "{\"cr12_number\" : 1.10e400 , \"cr12_big\": 123456789012345678901234567890,\"cr12_text\":\"a \\u00e9 \\/ b\","
      "\"cr12_true\": true,\"cr12_list\":[ 1 , [ ] , { \"a b\" : null } ],\"cr12_empty\": { },\"cr12_null\":null}");
  EXPECT_EQ(session.extra, (ExtraColumns{{"cr12_big", "123456789012345678901234567890"},
                                         {"cr12_empty", "{}"},
                                         {"cr12_list", "[1,[],{\"a b\":null}]"},
                                         {"cr12_number", "1.10e400"},
                                         {"cr12_text", "\"a \\u00e9 \\/ b\""},
                                         {"cr12_true", "true"}}));
}

TEST(JsonReader, IgnoresAnnotations) {
  const Session session = read_row(
      R"({"@odata.etag":"W/\"5\"","statuscode@OData.Community.Display.V1.FormattedValue":"Failed","statuscode":8,
          "x@y":{"deep":[1,2,{"z":null}]},"_machineid_value@Microsoft.Dynamics.CRM.lookuplogicalname":"flowmachine"})");
  EXPECT_EQ(session.statuscode, StatusCode::failed);
  EXPECT_TRUE(session.extra.empty());
}

TEST(JsonReader, AcceptsTheSameValueTwice) {
  const Session session =
      read_row(R"({"name":"x","name":"x","runduration":5,"runduration":5,"inputs":"Zm9v","inputs":"Zm9v",
     "createdon":"2022-06-16T12:54:40Z","createdon":"2022-06-16T14:54:40+02:00","new":[1],"new":[ 1 ],"gateway":null,"gateway":null})");
  EXPECT_EQ(session.name, "x");
  EXPECT_EQ(session.runduration, 5);
  EXPECT_EQ(session.extra, (ExtraColumns{{"new", "[1]"}}));
}

TEST(JsonReader, IsReadyForTheNextObjectAfterARefusal) {
  JsonReader reader;
  EXPECT_FALSE(reader.read("{\"name\":4}"));
  EXPECT_FALSE(reader.read("{\"name\":"));
  const auto session = reader.read("{\"name\":\"x\"}");
  ASSERT_TRUE(session) << session.error().message;
  EXPECT_EQ(session->name, "x");
}

TEST(JsonReader, ReadsAfterBeingMoved) {
  JsonReader first;
  ASSERT_TRUE(first.read("{}"));
  JsonReader second(std::move(first));
  EXPECT_TRUE(second.read("{\"name\":\"x\"}"));
}

TEST(JsonReader, ReadsGrowingTexts) {
  JsonReader reader;
  for (std::size_t length = 1; length < 3'000'000; length *= 3) {
    const std::string text(length, 'x');
    const auto session = reader.read("{\"rundetails\":\"" + text + "\"}");
    ASSERT_TRUE(session) << session.error().message;
    EXPECT_EQ(session->rundetails, text);
  }
}

}  // namespace
}  // namespace flowkeep::io

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "samples.hpp"

namespace flowkeep::io {
namespace {

using testing::HasSubstr;
using testing::Not;

struct Refusal {
  std::string json;
  std::vector<std::string> sentence_parts;
};

void expect_refusals(const std::vector<Refusal>& refusals) {
  JsonReader reader;
  for (const Refusal& refusal : refusals) {
    const auto session = reader.read(refusal.json);
    ASSERT_FALSE(session) << refusal.json;
    EXPECT_EQ(session.error().code, Errc::invalid_argument) << refusal.json;
    for (const std::string& part : refusal.sentence_parts)
      EXPECT_THAT(session.error().message, HasSubstr(part)) << refusal.json;
  }
}

TEST(JsonReaderRefuses, TextThatIsNotOneObject) {
  expect_refusals({
      {"", {"nothing stands here", "object"}},
      {"   ", {"nothing stands here", "object"}},
      {"[]", {"a list stands here", "object is needed"}},
      {"[{\"name\":\"x\"}]", {"a list stands here"}},
      {"\"x\"", {"a text stands here"}},
      {"4", {"a number stands here"}},
      {"-4.5", {"a number stands here"}},
      {"true", {"a truth value stands here"}},
      {"null", {"null stands here"}},
      {"{} {}", {"more text stands behind the JSON object"}},
      {"{},", {"followed by more text"}},
      {"{\"name\":\"x\"}]", {"JSON"}},
      {"{\"name\":\"x\"}}", {"stands behind"}},
      {"hello", {"object is needed"}},
  });
}

TEST(JsonReaderRefuses, JsonThatIsCutShort) {
  const std::string whole = R"({"name":"x","runduration":12,"new":{"a":[1,{"b":"c"}]},"inputs":"Zm9v"})";
  JsonReader reader;
  ASSERT_TRUE(reader.read(whole));
  for (std::size_t length = 0; length < whole.size(); ++length)
    EXPECT_FALSE(reader.read(std::string_view(whole).substr(0, length))) << whole.substr(0, length);
  expect_refusals({{R"({"name":"x)", {"cut short", "quote"}},
                   {R"({"name":"x")", {"cut short", "brace"}},
                   {R"({"name":{"a":1})", {"a text is needed"}},
                   {R"({"new":{"a":1})", {"cut short"}}});
}

TEST(JsonReaderRefuses, BrokenJson) {
  expect_refusals({
      {R"({"name" "x"})", {"not valid JSON"}},
      {R"({"name":"x" "gateway":"y"})", {"not valid JSON", "near byte"}},
      {R"({"name":"x",})", {"not valid JSON"}},
      {R"({,"name":"x"})", {"not valid JSON"}},
      {R"({name:"x"})", {"not valid JSON"}},
      {R"({'name':'x'})", {"not valid JSON"}},
      {R"({"name":})", {"name: not valid JSON"}},
      {R"({"name":,})", {"name: not valid JSON"}},
      {R"({"name":nul})", {"name: not valid JSON"}},
      {R"({"name":nullx})", {"name: not valid JSON"}},
      {R"({"name":True})", {"name: not valid JSON"}},
      {R"({"runduration":01})", {"runduration: not valid JSON"}},
      {R"({"runduration":+1})", {"runduration: not valid JSON"}},
      {R"({"runduration":1.})", {"runduration: not valid JSON"}},
      {R"({"runduration":.5})", {"runduration: not valid JSON"}},
      {R"({"runduration":1e})", {"runduration: not valid JSON"}},
      {R"({"runduration":-})", {"runduration: not valid JSON"}},
      {R"({"runduration":NaN})", {"runduration: not valid JSON"}},
      {R"({"runduration":0x10})", {"runduration: not valid JSON"}},
      {R"({"name":"a":"b"})", {"not valid JSON"}},
      {R"({"name":"a":"b","gateway":"c"})", {"not valid JSON"}},
      {R"({"x@y":"a":1})", {"not valid JSON"}},
      {R"({"new":"a":{"b":1}})", {"not valid JSON"}},
      {R"({"new":["a":1]})", {"not valid JSON"}},
      {R"({"new":[1,"a":[null]}]})", {"not valid JSON"}},
      {R"({"runduration":1:2})", {"not valid JSON"}},
      {R"({"new":[1,2})", {"not valid JSON"}},
      {R"({"new":[1 2]})", {"not valid JSON"}},
      {R"({"new":[1,]})", {"not valid JSON"}},
      {R"({"new":{"a":1,}})", {"not valid JSON"}},
      {R"({"new":{"a"}})", {"not valid JSON"}},
      {R"({"new":{"a":01}})", {"\"new\"", "not valid JSON"}},
      {R"({"x@y":[tru]})", {"\"x@y\"", "not valid JSON"}},
      {R"({"name":"x"/*comment*/})", {"not valid JSON"}},
      {"{\"name\":\"a\nb\"}", {"control character"}},
      {"{\"name\":\"a\tb\"}", {"control character"}},
      {std::string("{\"name\":\"a\0b\"}", 14), {"control character"}},
  });
}

TEST(JsonReaderRefuses, BrokenEscapes) {
  for (const char* escape :
       {R"(\x)", R"(\u12)", R"(\u12G4)", R"(\ud83d)", R"(\ud83dx)", R"(\ud83d\n)", R"(\ud83d\u0041)", R"(\ude00)"}) {
    expect_refusals({{std::string("{\"name\":\"a") + escape + "\"}", {"name: ", "broken escape"}},
                     {std::string("{\"new\":\"a") + escape + "\"}", {"new", "broken escape"}},
                     {std::string("{\"new\":[\"a") + escape + "\"]}", {"new", "broken escape"}},
                     {std::string("{\"a") + escape + "\":1}", {"broken escape"}},
                     {std::string("{\"new\":{\"a") + escape + "\":1}}", {"broken escape"}}});
  }
}

TEST(JsonReaderRefuses, TextThatIsNotUtf8) {
  for (const char* bytes : {"\xff", "\xc0\xaf", "\xe9", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\x80"}) {
    expect_refusals({{std::string("{\"name\":\"a") + bytes + "b\"}", {"not valid UTF-8"}},
                     {std::string("{\"new\":\"a") + bytes + "b\"}", {"not valid UTF-8"}}});
  }
}

TEST(JsonReaderRefuses, ValuesOfTheWrongType) {
  expect_refusals({
      {R"({"statuscode":"four"})", {"statuscode: \"four\" is a text, a whole number is needed"}},
      {R"({"statuscode":true})", {"statuscode: true is a truth value, a whole number is needed"}},
      {R"({"statuscode":[4]})", {"statuscode: a list stands there, a whole number is needed"}},
      {R"({"runduration":{"ms":4}})", {"runduration: an object stands there, a whole number is needed"}},
      {R"({"name":4})", {"name: 4 is a number, a text is needed"}},
      {R"({"inputs_name":false})", {"inputs_name: false is a truth value, a text is needed"}},
      {R"({"machineid":7})", {"machineid: 7 is a number, a GUID is needed"}},
      {R"({"flowsessionid":7})", {"flowsessionid: 7 is a number, a GUID is needed"}},
      {R"({"createdon":1655384080})", {"createdon: 1655384080 is a number, a time is needed"}},
      {R"({"machinepercentcpuusage":"5"})", {"machinepercentcpuusage: \"5\" is a text, a number is needed"}},
      {R"({"inputs":4})", {"inputs: a number stands there, a base64 text is needed"}},
      {R"({"outputs":{"$content":"Zm9v"}})", {"outputs: an object stands there, a base64 text is needed"}},
  });
}

TEST(JsonReaderRefuses, NumbersThatDoNotFit) {
  expect_refusals({
      {R"({"statuscode":4.0})", {"statuscode: 4.0 is not written as a whole number"}},
      {R"({"runduration":1e3})", {"runduration: 1e3 is not written as a whole number"}},
      {R"({"machineramusage":2147483648})",
       {"machineramusage: 2147483648 is out of range", "-2147483648", "2147483647"}},
      {R"({"importsequencenumber":-2147483649})", {"importsequencenumber: -2147483649 is out of range"}},
      {R"({"statuscode":4294967300})", {"statuscode: 4294967300 is out of range"}},
      {R"({"runduration":9223372036854775808})",
       {"runduration: 9223372036854775808 is out of range", "9223372036854775807"}},
      {R"({"runduration":-9223372036854775809})", {"runduration: -9223372036854775809 is out of range"}},
      {R"({"machinepercentcpuusage":1e999})", {"machinepercentcpuusage: 1e999 is out of range"}},
  });
}

TEST(JsonReaderRefuses, GuidsAndTimesThatAreNone) {
  expect_refusals({
      {R"({"flowsessionid":"42"})", {"flowsessionid: \"42\" is no GUID"}},
      {R"({"_machineid_value":"c0ee9698-5ac7-5f78-b464-d9d3a15b9fdz"})", {"machineid: ", "is no GUID"}},
      {R"({"createdon":"yesterday"})", {"createdon: \"yesterday\" is no time", "2022-06-16T12:54:40Z"}},
      {R"({"startedon":"2022-02-30T00:00:00Z"})", {"startedon: ", "is no time"}},
      {R"({"startedon":""})", {"startedon: \"\" is no time"}},
  });
}

TEST(JsonReaderRefuses, BindsThatLeadAstray) {
  const std::string id(machine_text);
  expect_refusals({
      {"{\"machineid@odata.bind\":\"/flowmachines(" + id + ")\"}",
       {"machineid@odata.bind", "MachineId@odata.bind is the right name"}},
      {"{\"MACHINEGROUPID@odata.bind\":\"/x(" + id + ")\"}", {"MachineGroupId@odata.bind is the right name"}},
      {"{\"regardingobjectid@odata.bind\":\"/workflows(" + id + ")\"}",
       {"regardingobjectid_process@odata.bind is the right name"}},
      {"{\"Printer@odata.bind\":\"/printers(" + id + ")\"}", {"Printer@odata.bind", "no such navigation property"}},
      {"{\"MachineId@odata.bind\":\"/teams(" + id + ")\"}", {"machineid: ", "\"teams\"", "/flowmachines(GUID)"}},
      {"{\"MachineId@odata.bind\":\"/flowmachine(" + id + ")\"}", {"machineid: ", "/flowmachines(GUID)"}},
      {"{\"MachineId@odata.bind\":\"/printers(" + id + ")\"}", {"machineid: ", "\"printers\""}},
      {"{\"MachineId@odata.bind\":\"" + id + "\"}", {"machineid: ", "/flowmachines(GUID)"}},
      {"{\"MachineId@odata.bind\":\"/flowmachines(42)\"}", {"machineid: ", "/flowmachines(GUID)"}},
      {"{\"MachineId@odata.bind\":\"/flowmachines(" + id + ")/name\"}", {"machineid: "}},
      {"{\"MachineId@odata.bind\":\"x/flowmachines(" + id + ")\"}", {"machineid: "}},
      {"{\"MachineId@odata.bind\":\"(" + id + ")\"}", {"machineid: "}},
      {"{\"MachineId@odata.bind\":4}", {"machineid: ", "a number, a text is needed"}},
      {"{\"ownerid@odata.bind\":\"/businessunits(" + id + ")\"}", {"ownerid: ", "/systemusers(GUID)", "/teams(GUID)"}},
  });
}

TEST(JsonReaderRefuses, ContradictionsAboutOneColumn) {
  const std::string id(machine_text);
  const std::string other(other_text);
  const std::string annotation = "\"_ownerid_value@Microsoft.Dynamics.CRM.lookuplogicalname\"";
  expect_refusals({
      {R"({"name":"a","name":"b"})", {"name is given twice"}},
      {R"({"name":"a","name":null})", {"name is given twice"}},
      {R"({"name":null,"name":"a"})", {"name is given twice"}},
      {R"({"runduration":1,"runduration":2})", {"runduration is given twice"}},
      {R"({"inputs":"Zm9v","inputs":"Zm9w"})", {"inputs is given twice"}},
      {R"({"inputs":"Zm9v","inputs":null})", {"inputs is given twice"}},
      {R"({"inputs_name":"a","inputs":"Zm9v","inputs_name":"b"})", {"inputs_name is given twice"}},
      {R"({"new":1,"new":2})", {"\"new\" is given twice"}},
      {R"({"new":null,"new":2})", {"\"new\" is given twice"}},
      {R"({"new":1,"new":null})", {"\"new\" is given twice"}},
      {"{\"machineid\":\"" + id + "\",\"_machineid_value\":\"" + other + "\"}", {"machineid is given twice"}},
      {"{\"_machineid_value\":\"" + id + "\",\"MachineId@odata.bind\":\"/flowmachines(" + other + ")\"}",
       {"machineid is given twice"}},
      {"{\"_machineid_value\":null,\"MachineId@odata.bind\":\"/flowmachines(" + other + ")\"}",
       {"machineid is given twice"}},
      {"{\"ownerid@odata.bind\":\"/teams(" + id + ")\"," + annotation + ":\"systemuser\"}",
       {"ownerid: ", "teams", "systemuser"}},
      {"{\"ownerid@odata.bind\":\"/teams(" + id + ")\",\"ownerid@odata.bind\":\"/systemusers(" + id + ")\"}",
       {"ownerid is given twice"}},
      {"{" + annotation + ":\"team\"," + annotation + ":\"systemuser\"}", {"ownerid: ", "twice"}},
      {"{" + annotation + ":\"flowmachine\"}", {"ownerid: ", "\"flowmachine\"", "\"team\""}},
      {"{" + annotation + ":4}", {"ownerid: ", "a number"}},
  });
}

TEST(JsonReaderRefuses, ADeletionOfChangeTracking) {
  const std::string start = "{\"@odata.context\":\"https://org/api/data/v9.2/$metadata#flowsessions";
  expect_refusals({{start + "/$deletedEntity\",\"id\":\"" + std::string(other_text) + "\",\"reason\":\"deleted\"}",
                    {"a deletion", "is no session"}}});
  EXPECT_EQ(read_row(start + "/$entity\",\"name\":\"x\"}").name, "x");
}

TEST(JsonReaderRefuses, BrokenBase64) {
  for (const char* text : {"Zm9v!", "Zm9vY", "Zm9vYg=", "=", "Zm 9v", R"(Zm9v\n)"})
    expect_refusals(
        {{std::string("{\"additionalcontext\":\"") + text + "\"}", {"additionalcontext: ", "broken base64"}}});
}

TEST(JsonReaderRefuses, ABinaryOverTheLimit) {
  const std::string most(max_binary_bytes, 'x');
  std::string row = "{\"inputs\":\"";
  append_base64(row, most, Base64::standard_padded);
  EXPECT_TRUE(JsonReader().read(row + "\"}"));
  row.resize(11);
  append_base64(row, most + "x", Base64::standard_padded);
  expect_refusals({{row + "\"}", {"inputs: 33554433 bytes are too many, 33554432 is the most"}}});
  row.resize(11);
  append_base64(row, std::string(33 << 20, 'x'), Base64::url);
  expect_refusals({{row + "\"}", {"inputs: ", "too many, 33554432 is the most"}}});
}

TEST(JsonReaderRefuses, DeepNesting) {
  const auto nested = [](std::size_t depth) {
    return "{\"new\":" + std::string(depth, '[') + std::string(depth, ']') + "}";
  };
  EXPECT_TRUE(JsonReader().read(nested(256)));
  expect_refusals({{nested(257), {"nested more than 256 deep"}}, {nested(500'000), {"nested more than 256 deep"}}});
}

TEST(JsonReaderRefuses, WithoutQuotingSecrets) {
  const std::string secret = "hunter2";
  for (const std::string& row : {
           std::string(R"({"credentials":"hunter2","credentials":"x"})"),
           std::string(R"({"callbackurl":"https://hunter2","callbackurl":"x"})"),
           std::string(R"({"credentials":"hunter2\x"})"),
           std::string(R"({"credentials":{"a":"hunter2"}})"),
           std::string(R"({"callbackurl":["hunter2"]})"),
           std::string(R"({"inputs":"hunter2!"})"),
           std::string(R"({"outputs":"hunter2","outputs":"x"})"),
           std::string(R"({"credentials":"hunter2)"),
           std::string(R"({"credentials":"hunter2" "x":1})"),
       }) {
    const auto session = JsonReader().read(row);
    ASSERT_FALSE(session) << row;
    EXPECT_THAT(session.error().message, Not(HasSubstr(secret))) << row;
  }
  for (const char* name : {"credentials", "callbackurl", "inputs"}) {
    const auto session = JsonReader().read(std::string("{\"") + name + "\":424242}");
    ASSERT_FALSE(session);
    EXPECT_THAT(session.error().message, Not(HasSubstr("424242")));
  }
}

TEST(JsonReaderRefuses, WithASentenceOfFairLength) {
  const auto session = JsonReader().read("{\"statuscode\":\"" + std::string(5000, 'x') + "\"}");
  ASSERT_FALSE(session);
  EXPECT_LT(session.error().message.size(), 200U);
}

}  // namespace
}  // namespace flowkeep::io

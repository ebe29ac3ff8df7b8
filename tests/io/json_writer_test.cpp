#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "samples.hpp"

namespace flowkeep::io {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  for (std::size_t start = 0; start < text.size();) {
    const std::size_t end = text.find('\n', start);
    lines.push_back(text.substr(start, end - start));
    start = end == std::string::npos ? text.size() : end + 1;
  }
  return lines;
}

class JsonWriter : public StoredRows {};

TEST_F(JsonWriter, GivesEveryColumnBackThroughJsonLines) {
  std::vector<std::string> rows;
  for (unsigned number = 0; number < 40; ++number) rows.push_back(full_row(number));
  import(rows);
  const std::string written_text = written({});
  const auto lines = lines_of(written_text);
  ASSERT_EQ(lines.size(), rows.size());
  for (const std::string& line : lines) {
    const Session read = read_row(line);
    const auto stored = store_->get(read.flowsessionid.value());
    ASSERT_TRUE(stored);
    EXPECT_EQ(difference(read, *stored), "");
    EXPECT_EQ(read.versionnumber, stored->versionnumber);
  }
  for (const std::string& row : rows) {
    const Session given = read_row(row);
    EXPECT_EQ(difference(store_->get(given.flowsessionid.value()).value(), given), "");
  }
}

TEST_F(JsonWriter, GivesEveryColumnBackThroughAResponse) {
  import({full_row(1), full_row(2), full_row(3)});
  const InputRead read = read_all(folder_.write("list.json", written({.format = Format::odata})));
  EXPECT_EQ(read.error, "");
  EXPECT_EQ(read.unit, "element");
  ASSERT_EQ(read.rows.size(), 3U);
  for (const InputRow& row : read.rows) {
    EXPECT_EQ(difference(row.session, store_->get(row.session.flowsessionid.value()).value()), "");
  }
}

TEST_F(JsonWriter, WritesColumnsInTheirOrderAndLeavesNullsOut) {
  import(
      {R"({"runduration":5,"name":"x","flowsessionid":"3219B349-858C-557F-8825-517AD49B41B4","statuscode":4,"statecode":0,
              "createdon":"2022-06-16T12:54:40.5Z","_machineid_value":"C0EE9698-5AC7-5F78-B464-D9D3A15B9FDA","zz":[1, 2],"aa":"b"})"});
  const std::string version = std::to_string(store_->get(guid(session_text))->versionnumber.value());
  EXPECT_EQ(
      written({}),
      R"({"flowsessionid":"3219b349-858c-557f-8825-517ad49b41b4","name":"x","_machineid_value":"c0ee9698-5ac7-5f78-b464-d9d3a15b9fda","statecode":0,"statuscode":4,"createdon":"2022-06-16T12:54:40.5Z","runduration":5,"versionnumber":)" +
          version + R"(,"aa":"b","zz":[1,2]})" + "\n");
}

TEST_F(JsonWriter, EscapesOnlyWhatHasToBe) {
  import({R"({"statuscode":4,"name":"\"\\\/\b\f\n\r\t\u0000\u001f\u007fé日本😀"})"});
  EXPECT_THAT(written({}), HasSubstr("\"name\":\"\\\"\\\\/\\b\\f\\n\\r\\t\\u0000\\u001f\x7fé日本😀\""));
}

TEST_F(JsonWriter, WritesNumbersSoThatTheyReadBack) {
  import(
      {R"({"statuscode":4,"runduration":9007199254740993,"machinepercentcpuusage":0.1,"machinepercentramusage":100,"timezoneruleversionnumber":-1})"});
  const std::string line = written({});
  EXPECT_THAT(line, HasSubstr("\"runduration\":9007199254740993,"));
  EXPECT_THAT(line, HasSubstr("\"machinepercentcpuusage\":0.1,"));
  EXPECT_THAT(line, HasSubstr("\"machinepercentramusage\":100,"));
  EXPECT_THAT(line, HasSubstr("\"timezoneruleversionnumber\":-1,"));
}

TEST_F(JsonWriter, WritesTimesAsTheLibraryDoes) {
  for (const char* text : {"0001-01-01T00:00:00Z", "9999-12-31T23:59:59.9999999Z", "1969-12-31T23:59:59.9Z",
                           "2024-02-29T00:00:00.0000001Z", "2022-06-16T12:54:40.12Z", "1900-02-28T23:59:59Z"}) {
    EXPECT_EQ(format_timestamp(parse_timestamp(text).value()), text);
    import({std::string("{\"statuscode\":4,\"startedon\":\"") + text + "\"}"});
    EXPECT_THAT(written({}), HasSubstr(std::string("\"startedon\":\"") + text + "\""));
    store_.reset();
    std::filesystem::remove(folder_.path("test.flowkeep"));
  }
}

TEST_F(JsonWriter, TellsATeamFromAUser) {
  const std::string annotation = "\"_ownerid_value@Microsoft.Dynamics.CRM.lookuplogicalname\":\"team\"";
  import({"{\"statuscode\":4,\"ownerid@odata.bind\":\"/teams(" + std::string(other_text) + ")\"}",
          "{\"statuscode\":4,\"ownerid@odata.bind\":\"/systemusers(" + std::string(other_text) + ")\"}"});
  for (const Format format : {Format::jsonl, Format::odata}) {
    const std::string text = written({.format = format});
    const std::string value = "\"_ownerid_value\":\"" + std::string(other_text) + "\"";
    EXPECT_THAT(text, HasSubstr(format == Format::odata ? annotation + "," + value : value + "," + annotation));
    EXPECT_EQ(text.find(annotation), text.rfind(annotation));
  }
}

TEST_F(JsonWriter, WritesBinariesAsContentReferenceOrNameAlone) {
  import({"{\"statuscode\":4,\"inputs\":\"-_8\",\"inputs_name\":\"in.json\",\"outputs\":\"" + std::string(other_text) +
          "\",\"additionalcontext_name\":\"log.json\"}"});
  EXPECT_THAT(written({}), HasSubstr("\"inputs\":\"+/8=\",\"inputs_name\":\"in.json\",\"outputs\":\"" +
                                     std::string(other_text) + "\",\"additionalcontext_name\":\"log.json\""));
  EXPECT_THAT(written({.format = Format::odata}), HasSubstr("\"inputs\":\"-_8\","));
}

TEST_F(JsonWriter, WritesAnEmptyFileAsAnEmptyText) {
  import({R"({"statuscode":4,"inputs":""})"});
  EXPECT_THAT(written({}), HasSubstr("\"inputs\":\"\""));
}

TEST_F(JsonWriter, WritesLargeBinaries) {
  std::string bytes;
  for (unsigned at = 0; at < 3'000'001; ++at) bytes += static_cast<char>(at * 7919U >> 8);
  std::string row = "{\"statuscode\":4,\"outputs\":\"";
  append_base64(row, bytes, Base64::standard_padded);
  import({row + "\"}"});
  EXPECT_EQ(read_row(lines_of(written({})).at(0)).outputs->content.bytes(), bytes);
}

TEST_F(JsonWriter, PutsTheEtagFirstInAResponse) {
  import({R"({"flowsessionid":"3219b349-858c-557f-8825-517ad49b41b4","statuscode":4})"});
  const std::string version = std::to_string(store_->get(guid(session_text))->versionnumber.value());
  EXPECT_THAT(written({.format = Format::odata}),
              StartsWith("{\"@odata.context\":\"$metadata#flowsessions\",\"value\":[\n{\"@odata.etag\":\"W/\\\"" +
                         version + "\\\"\",\"flowsessionid\":"));
}

TEST_F(JsonWriter, WritesAnEmptyListThatReadsBack) {
  import({});
  const std::string text = written({.format = Format::odata});
  const InputRead read = read_all(folder_.write("empty.json", text));
  EXPECT_EQ(read.error, "");
  EXPECT_EQ(read.unit, "element");
  EXPECT_TRUE(read.rows.empty());
  EXPECT_EQ(written({}), "");
}

TEST_F(JsonWriter, PutsLabelsBesideChoices) {
  import({R"({"statuscode":8,"runmode":2})"});
  const std::string line = written({.labels = WriteOptions::Labels::beside});
  EXPECT_THAT(line, HasSubstr(R"("statecode":0,"statecode@OData.Community.Display.V1.FormattedValue":"Active",)"));
  EXPECT_THAT(line, HasSubstr(R"("statuscode":8,"statuscode@OData.Community.Display.V1.FormattedValue":"Failed",)"));
  EXPECT_THAT(line, HasSubstr(R"("runmode@OData.Community.Display.V1.FormattedValue":"Unattended")"));
  EXPECT_THAT(line, Not(HasSubstr("triggertype")));
  EXPECT_EQ(read_row(line).statuscode, StatusCode::failed);
}

TEST_F(JsonWriter, AppendsToWhatIsThere) {
  import({R"({"statuscode":4,"name":"x"})"});
  auto writer = SessionWriter::make({.columns = {"name"}});
  ASSERT_TRUE(writer);
  const auto snapshot = store_->snapshot();
  ASSERT_TRUE(snapshot);
  auto range = snapshot->select({});
  std::string out = "before\n";
  ASSERT_TRUE(writer->write(*snapshot, **range.begin(), out));
  EXPECT_EQ(out, "before\n{\"name\":\"x\"}\n");
}

}  // namespace
}  // namespace flowkeep::io

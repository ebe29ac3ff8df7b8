#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "samples.hpp"

namespace flowkeep::io {
namespace {

using testing::HasSubstr;

class CsvWriter : public StoredRows {
 protected:
  [[nodiscard]] std::string csv(std::vector<std::string> columns, std::vector<std::string> extra_columns = {}) {
    return written({.format = Format::csv, .columns = std::move(columns), .extra_columns = std::move(extra_columns)});
  }
};

TEST_F(CsvWriter, QuotesOnlyWhereItHasTo) {
  struct Case {
    const char* json;
    const char* field;
  };
  for (const Case& c : std::initializer_list<Case>{{"plain text é日本", "plain text é日本"},
                                                   {"", "\"\""},
                                                   {"a,b", "\"a,b\""},
                                                   {R"(say \"hi\")", "\"say \"\"hi\"\"\""},
                                                   {R"(\")", "\"\"\"\""},
                                                   {R"(a\nb)", "\"a\nb\""},
                                                   {R"(a\r\nb)", "\"a\r\nb\""},
                                                   {R"(a\rb)", "\"a\rb\""},
                                                   {" x", "\" x\""},
                                                   {"x ", "\"x \""},
                                                   {"a;b'c", "a;b'c"},
                                                   {R"(a\tb)", "a\tb"},
                                                   {"=1+1", "=1+1"}}) {
    import({std::string("{\"statuscode\":4,\"name\":\"") + c.json + "\"}"});
    EXPECT_EQ(csv({"name", "statuscode"}), std::string("name,statuscode\r\n") + c.field + ",4\r\n") << c.json;
    store_.reset();
    std::filesystem::remove(folder_.path("test.flowkeep"));
  }
}

TEST_F(CsvWriter, WritesNothingForNull) {
  import({R"({"statuscode":4})"});
  EXPECT_EQ(csv({"name", "statuscode", "runduration", "startedon", "machineid", "inputs", "triggertype"}),
            "name,statuscode,runduration,startedon,_machineid_value,inputs,triggertype\r\n,4,,,,,\r\n");
}

TEST_F(CsvWriter, WritesEveryKindOfValue) {
  import({"{\"flowsessionid\":\"" + std::string(session_text) +
          "\",\"statuscode\":8,\"startedon\":\"2022-06-16T12:54:40Z\",\"runduration\":309,"
          "\"machinepercentcpuusage\":12.25,\"machineramusage\":7,\"_machineid_value\":\"" +
          std::string(machine_text) + "\",\"inputs\":\"-_8\",\"inputs_name\":\"a.json\",\"outputs\":\"" +
          std::string(other_text) + "\",\"additionalcontext\":\"\"}"});
  EXPECT_EQ(csv({"flowsessionid", "statuscode", "startedon", "runduration", "machinepercentcpuusage", "machineramusage",
                 "_machineid_value", "inputs", "inputs_name", "outputs", "additionalcontext"}),
            "flowsessionid,statuscode,startedon,runduration,machinepercentcpuusage,machineramusage,_machineid_value,"
            "inputs,inputs_name,outputs,additionalcontext\r\n" +
                std::string(session_text) + ",8,2022-06-16T12:54:40Z,309,12.25,7," + std::string(machine_text) +
                ",+/8=,a.json," + std::string(other_text) + ",\"\"\r\n");
}

TEST_F(CsvWriter, HasAFieldForEveryColumnAndTheNamedExtraOnes) {
  import({R"({"statuscode":4,"new":"a,b","newer":{"a":[1,"x"]},"newest":5,"unnamed":1})",
          R"({"statuscode":4,"newer":"\u00e9\ud83d\ude00\/\""})"});
  const std::string text = written({.format = Format::csv, .extra_columns = {"newest", "new", "newer", "never"}});
  std::string header;
  for (const ColumnInfo& column : columns()) {
    header += column.kind == ColumnKind::lookup ? column.value_name : column.name;
    header += ',';
  }
  EXPECT_EQ(text.substr(0, text.find('\r')), header + "newest,new,newer,never");
  EXPECT_THAT(text, HasSubstr(",5,\"a,b\",\"{\"\"a\"\":[1,\"\"x\"\"]}\",\r\n"));
  EXPECT_THAT(text, HasSubstr(",,,\"é😀/\"\"\",\r\n"));
}

TEST_F(CsvWriter, GivesEachLineAsManyFieldsAsTheHeader) {
  import({full_row(1), R"({"statuscode":4})"});
  for (const auto labels : {WriteOptions::Labels::none, WriteOptions::Labels::beside}) {
    const std::string text = written({.format = Format::csv, .labels = labels});
    std::size_t fields = 1;
    std::vector<std::size_t> counts;
    bool inside = false;
    for (const char c : text) {
      if (c == '"') inside = !inside;
      if (inside) continue;
      if (c == ',') ++fields;
      if (c == '\n') {
        counts.push_back(fields);
        fields = 1;
      }
    }
    const std::size_t expected = column_count + (labels == WriteOptions::Labels::beside ? 6 : 0);
    EXPECT_EQ(counts, (std::vector<std::size_t>(3, expected)));
  }
}

TEST_F(CsvWriter, WritesTheHeaderOfAnEmptyStore) {
  import({});
  EXPECT_EQ(csv({"name", "ownerid"}), "name,_ownerid_value\r\n");
}

}  // namespace
}  // namespace flowkeep::io

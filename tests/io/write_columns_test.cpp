#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "samples.hpp"

namespace flowkeep::io {
namespace {

using testing::HasSubstr;
using testing::Not;

class WriteColumns : public StoredRows {
 protected:
  void SetUp() override {
    import({"{\"flowsessionid\":\"" + std::string(session_text) +
            "\",\"statuscode\":8,\"name\":\"x\",\"_machineid_value\":\"" + std::string(machine_text) +
            "\",\"credentials\":\"hunter2\",\"callbackurl\":\"https://"
            "hunter2\",\"inputs\":\"Zm9v\",\"inputs_name\":\"in\",\"outputs\":\"" +
            std::string(other_text) + "\",\"new\":{\"a\":1},\"newer\":\"t\"}"});
  }
};

TEST_F(WriteColumns, WritesTheColumnsThatAreAskedForInThatOrder) {
  const WriteOptions options{.columns = {"new", "statuscode", "machineid", "gateway", "name"},
                             .extra_columns = {"new", "newer"}};
  EXPECT_EQ(written(options), "{\"new\":{\"a\":1},\"statuscode\":8,\"_machineid_value\":\"" +
                                  std::string(machine_text) + "\",\"name\":\"x\"}\n");
}

TEST_F(WriteColumns, KnowsALookupByBothItsNames) {
  const std::string line = "{\"_machineid_value\":\"" + std::string(machine_text) + "\"}\n";
  EXPECT_EQ(written({.columns = {"machineid"}}), line);
  EXPECT_EQ(written({.columns = {"_machineid_value"}}), line);
}

TEST_F(WriteColumns, WritesAnEmptyObjectWhereAllAreNull) {
  EXPECT_EQ(written({.columns = {"gateway", "triggertype"}}), "{}\n");
}

TEST_F(WriteColumns, PutsLabelsBesideAskedChoices) {
  EXPECT_EQ(written({.format = Format::csv, .columns = {"statuscode", "name"}, .labels = WriteOptions::Labels::beside}),
            "statuscode,statuscode_label,name\r\n8,Failed,x\r\n");
}

TEST_F(WriteColumns, KeepsSecretsUnderRedaction) {
  for (const Format format : {Format::jsonl, Format::csv, Format::odata}) {
    const std::string text = written({.format = format, .redaction = WriteOptions::Redaction::secrets});
    EXPECT_THAT(text, Not(HasSubstr("hunter2")));
    EXPECT_THAT(text, Not(HasSubstr("credentials")));
    EXPECT_THAT(text, Not(HasSubstr("callbackurl")));
    EXPECT_THAT(text, Not(HasSubstr("Zm9v")));
    EXPECT_THAT(text, Not(HasSubstr(std::string(other_text))));
    EXPECT_THAT(text, HasSubstr("inputs_name"));
  }
}

TEST_F(WriteColumns, LeavesBinariesOutButKeepsTheirNames) {
  const std::string line = written({.binaries = WriteOptions::Binaries::none});
  EXPECT_THAT(line, Not(HasSubstr("\"inputs\"")));
  EXPECT_THAT(line, Not(HasSubstr("\"outputs\"")));
  EXPECT_THAT(line, HasSubstr("\"inputs_name\":\"in\""));
  EXPECT_THAT(line, HasSubstr("hunter2"));
}

TEST_F(WriteColumns, RefusesColumnsItCannotWrite) {
  struct Case {
    WriteOptions options;
    const char* part;
  };
  for (const Case& c : std::initializer_list<Case>{
           {{.columns = {"name", "colour"}}, "\"colour\" is neither a column"},
           {{.columns = {"Name"}}, "\"Name\" is neither a column"},
           {{.columns = {""}}, "\"\" is neither a column"},
           {{.columns = {"new"}}, "\"new\" is neither a column"},
           {{.columns = {"name", "name"}}, "\"name\" is asked for twice"},
           {{.columns = {"machineid", "_machineid_value"}}, "\"_machineid_value\" is asked for twice"},
           {{.columns = {"credentials"}, .redaction = WriteOptions::Redaction::secrets}, "\"credentials\" is withheld"},
           {{.columns = {"callbackurl"}, .redaction = WriteOptions::Redaction::secrets}, "\"callbackurl\" is withheld"},
           {{.columns = {"outputs"}, .redaction = WriteOptions::Redaction::secrets}, "\"outputs\" is withheld"},
           {{.columns = {"inputs"}, .binaries = WriteOptions::Binaries::none}, "\"inputs\" is a File column"},
       }) {
    const auto writer = SessionWriter::make(c.options);
    ASSERT_FALSE(writer) << c.part;
    EXPECT_EQ(writer.error().code, Errc::invalid_argument);
    EXPECT_THAT(writer.error().message, HasSubstr(c.part));
  }
}

}  // namespace
}  // namespace flowkeep::io

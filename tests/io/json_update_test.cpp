#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "samples.hpp"

namespace flowkeep::io {
namespace {

SessionUpdate read_update(std::string_view json) {
  auto update = JsonReader().read_update(json);
  EXPECT_TRUE(update) << update.error().message;
  return update.value_or(SessionUpdate{});
}

TEST(JsonReaderUpdate, SetsWhatHasAValueAndClearsWhatIsNull) {
  const SessionUpdate update = read_update(R"({"name":"x","errorcode":null,"runduration":null,"statuscode":4})");
  EXPECT_EQ(update.set.name, "x");
  EXPECT_EQ(update.set.statuscode, StatusCode::succeeded);
  EXPECT_EQ(update.clear, (std::set<Column>{Column::errorcode, Column::runduration}));
  EXPECT_TRUE(update.clear_extra.empty());
}

TEST(JsonReaderUpdate, ClearsNothingWhereNothingIsNull) {
  const SessionUpdate update = read_update(R"({"name":"x"})");
  EXPECT_TRUE(update.clear.empty());
  EXPECT_TRUE(update.clear_extra.empty());
}

TEST(JsonReaderUpdate, ClearsEveryColumn) {
  for (const ColumnInfo& column : columns()) {
    const SessionUpdate update = read_update("{\"" + std::string(column.name) + "\":null}");
    EXPECT_EQ(update.clear, std::set<Column>{column.column}) << column.name;
  }
}

TEST(JsonReaderUpdate, ClearsALookupInEachOfItsForms) {
  for (const char* row : {R"({"machineid":null})", R"({"_machineid_value":null})", R"({"MachineId@odata.bind":null})",
                          R"({"machineid":null,"MachineId@odata.bind":null})"})
    EXPECT_EQ(read_update(row).clear, std::set<Column>{Column::machineid}) << row;
}

TEST(JsonReaderUpdate, TellsAFileColumnFromItsName) {
  const SessionUpdate update = read_update(R"({"inputs":null,"outputs_name":null,"outputs":"Zm9v"})");
  EXPECT_EQ(update.clear, (std::set<Column>{Column::inputs, Column::outputs_name}));
  ASSERT_TRUE(update.set.outputs);
  EXPECT_EQ(update.set.outputs->content.bytes(), "foo");
}

TEST(JsonReaderUpdate, ClearsExtraColumns) {
  const SessionUpdate update = read_update(R"({"new":null,"newer":{"a":1},"ne\u0077est":null})");
  EXPECT_EQ(update.clear_extra, (std::set<std::string>{"new", "newest"}));
  EXPECT_EQ(update.set.extra, (ExtraColumns{{"newer", "{\"a\":1}"}}));
}

TEST(JsonReaderUpdate, DoesNotRememberTheNullsOfTheLastObject) {
  JsonReader reader;
  ASSERT_TRUE(reader.read_update(R"({"name":null,"new":null})"));
  const auto update = reader.read_update(R"({"name":"x"})");
  ASSERT_TRUE(update);
  EXPECT_TRUE(update->clear.empty());
  EXPECT_TRUE(update->clear_extra.empty());
}

TEST(JsonReaderUpdate, RefusesAsAReadDoes) {
  const auto update = JsonReader().read_update(R"({"name":null,"statuscode":"four"})");
  ASSERT_FALSE(update);
  EXPECT_EQ(update.error().message, "statuscode: \"four\" is a text, a whole number is needed");
}

}  // namespace
}  // namespace flowkeep::io

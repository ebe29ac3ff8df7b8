#include <gtest/gtest.h>

#include <flowkeep/session.hpp>

#include "entity/members.hpp"
#include "fixture.hpp"

namespace flowkeep {
namespace {

using entity::some_guid;

// A value that fits the column; its texts live for ever.
ValueView sample(Column column) {
  switch (info(column).kind) {
    case ColumnKind::guid:
      return some_guid;
    case ColumnKind::text:
    case ColumnKind::binary_name:
      return name_of(column);
    case ColumnKind::lookup:
      return Reference(some_guid, info(column).target);
    case ColumnKind::choice:
    case ColumnKind::int32:
      return std::int32_t{1};
    case ColumnKind::int64:
      return std::int64_t{1} << 40;
    case ColumnKind::decimal:
      return 12.5;
    case ColumnKind::timestamp:
      return Timestamp{Ticks{16'553'840'800'000'000}};
    case ColumnKind::binary:
      return BinaryView{name_of(column), some_guid, StoredContent{5, 6, 7}};
  }
  return {};
}

bool equal(const ValueView& a, const ValueView& b) {
  if (a.index() != b.index()) return false;
  const auto* binary = std::get_if<BinaryView>(&a);
  if (binary == nullptr) {
    return std::visit(
        [&b](const auto& value) {
          using T = std::decay_t<decltype(value)>;
          if constexpr (std::is_same_v<T, BinaryView>) {
            return false;
          } else {
            return value == std::get<T>(b);
          }
        },
        a);
  }
  const auto& other = std::get<BinaryView>(b);
  return binary->name == other.name && binary->reference == other.reference && binary->stored == other.stored;
}

bool is_null(const Session& session, Column column) {
  return std::holds_alternative<std::monostate>(value(session, column));
}

TEST(Value, IsNullInAnEmptySession) {
  const Session session;
  for (const ColumnInfo& column : columns()) EXPECT_TRUE(is_null(session, column.column)) << column.name;
}

TEST(SetValue, SetsEachColumnAndNoOther) {
  for (const ColumnInfo& column : columns()) {
    Session session;
    ASSERT_TRUE(set_value(session, column.column, sample(column.column))) << column.name;
    EXPECT_TRUE(equal(value(session, column.column), sample(column.column))) << column.name;
    for (const ColumnInfo& other : columns()) {
      const bool is_companion = column.kind == ColumnKind::binary ? other.column == entity::name_column(column.column)
                                : column.kind == ColumnKind::binary_name
                                    ? other.column == entity::binary_column(column.column)
                                    : false;
      if (other.column != column.column && !is_companion) {
        EXPECT_TRUE(is_null(session, other.column)) << column.name << " set " << other.name;
      }
    }
  }
}

TEST(SetValue, ClearsWithNull) {
  for (const ColumnInfo& column : columns()) {
    Session session;
    ASSERT_TRUE(set_value(session, column.column, sample(column.column)));
    ASSERT_TRUE(set_value(session, column.column, std::monostate{}));
    EXPECT_TRUE(is_null(session, column.column)) << column.name;
  }
}

TEST(SetValue, RefusesValuesOfAnotherKind) {
  for (const ColumnInfo& column : columns()) {
    for (const ColumnInfo& other : columns()) {
      const ValueView foreign = sample(other.column);
      if (foreign.index() == sample(column.column).index()) continue;
      Session session;
      const auto result = set_value(session, column.column, foreign);
      ASSERT_FALSE(result) << column.name << " took the value of " << other.name;
      EXPECT_EQ(result.error().code, Errc::invalid_argument);
      EXPECT_TRUE(is_null(session, column.column));
    }
  }
}

TEST(SetValue, SaysWhatTheColumnHolds) {
  Session session;
  EXPECT_EQ(set_value(session, Column::machineid, std::string_view("secret")).error().message,
            "machineid: the value is a text, the column holds a lookup");
  EXPECT_EQ(set_value(session, Column::inputs_name, std::int32_t{4}).error().message,
            "inputs_name: the value is a 32-bit number, the column holds a text");
}

TEST(SetValue, TakesNumbersOutsideAnOptionSet) {
  Session session;
  ASSERT_TRUE(set_value(session, Column::statuscode, std::int32_t{99}));
  EXPECT_TRUE(equal(value(session, Column::statuscode), std::int32_t{99}));
}

TEST(SetValue, KeepsANameInsideItsFileColumn) {
  Session session;
  ASSERT_TRUE(set_value(session, Column::outputs_name, std::string_view("out.json")));
  ASSERT_TRUE(session.outputs);
  EXPECT_EQ(session.outputs->name, "out.json");
  session.outputs->content = Content("{}");
  ASSERT_TRUE(set_value(session, Column::outputs_name, std::monostate{}));
  ASSERT_TRUE(session.outputs);
  EXPECT_TRUE(session.outputs->content.has_value());
  session.outputs->content = Content();
  ASSERT_TRUE(set_value(session, Column::outputs_name, std::monostate{}));
  EXPECT_FALSE(session.outputs);
  ASSERT_TRUE(set_value(session, Column::outputs_name, std::monostate{}));
}

TEST(SetValue, TakesAnEmptyFileValueForNull) {
  Session session;
  ASSERT_TRUE(set_value(session, Column::inputs, sample(Column::inputs)));
  ASSERT_TRUE(set_value(session, Column::inputs, BinaryView{}));
  EXPECT_FALSE(session.inputs);
}

TEST(Value, ShowsSizeAndHashOfContentThatIsNotStoredYet) {
  Session session;
  session.inputs.emplace().content = Content("hello");
  const ValueView shown = value(session, Column::inputs);
  const auto* binary = std::get_if<BinaryView>(&shown);
  ASSERT_NE(binary, nullptr);
  EXPECT_EQ(binary->stored, (StoredContent{5, session.inputs->content.hash(), 0}));
}

TEST(Value, TellsEmptyFromNull) {
  Session session;
  session.name = "";
  session.inputs.emplace();
  EXPECT_TRUE(equal(value(session, Column::name), std::string_view{}));
  EXPECT_TRUE(is_null(session, Column::inputs));
}

}  // namespace
}  // namespace flowkeep

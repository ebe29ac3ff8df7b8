#include <flowkeep/column.hpp>

#include <gtest/gtest.h>

#include <limits>
#include <map>
#include <set>
#include <string>

namespace flowkeep {
namespace {

TEST(Columns, StandInTheOrderOfTheEnum) {
  ASSERT_EQ(columns().size(), static_cast<std::size_t>(column_count));
  for (std::size_t i = 0; i < columns().size(); ++i) {
    const auto column = static_cast<Column>(i);
    EXPECT_EQ(columns()[i].column, column);
    EXPECT_EQ(&info(column), &columns()[i]);
    EXPECT_EQ(name_of(column), columns()[i].name);
  }
  EXPECT_EQ(name_of(Column::flowsessionid), "flowsessionid");
  EXPECT_EQ(name_of(Column::additionalcontext_name), "additionalcontext_name");
  EXPECT_EQ(name_of(Column::versionnumber), "versionnumber");
}

TEST(Columns, HaveThePublishedLengths) {
  const std::map<std::string_view, std::uint32_t> lengths = {{"name", 100},
                                                             {"connectionid", 100},
                                                             {"correlationid", 100},
                                                             {"gateway", 100},
                                                             {"sessionusername", 100},
                                                             {"sessionusersid", 100},
                                                             {"parentworkflowid", 100},
                                                             {"inputs_name", 200},
                                                             {"outputs_name", 200},
                                                             {"additionalcontext_name", 200},
                                                             {"clienttrackingid", 255},
                                                             {"errorcode", 1000},
                                                             {"parentcloudflowrunsequenceid", 1000},
                                                             {"callbackurl", 2000},
                                                             {"processversion", 4000},
                                                             {"context", 10'000},
                                                             {"errordetails", 10'000},
                                                             {"errormessage", 10'000},
                                                             {"rundetails", 10'000},
                                                             {"errorinnererror", 100'000},
                                                             {"credentials", 100'000}};
  std::map<std::string_view, std::uint32_t> found;
  for (const ColumnInfo& column : columns()) {
    const bool is_text = column.kind == ColumnKind::text || column.kind == ColumnKind::binary_name;
    EXPECT_EQ(is_text, column.max_utf16_units != 0) << column.name;
    if (is_text) found[column.name] = column.max_utf16_units;
  }
  EXPECT_EQ(found, lengths);
}

TEST(Columns, HaveThePublishedAccess) {
  std::set<std::string_view> read_only;
  std::set<std::string_view> create_only;
  for (const ColumnInfo& column : columns()) {
    if (column.access == ColumnAccess::read_only) read_only.insert(column.name);
    if (column.access == ColumnAccess::create_only) create_only.insert(column.name);
  }
  EXPECT_EQ(read_only,
            (std::set<std::string_view>{"createdon", "modifiedon", "versionnumber", "createdby", "createdonbehalfby",
                                        "modifiedby", "modifiedonbehalfby", "owningbusinessunit", "owninguser",
                                        "owningteam", "inputs_name", "outputs_name", "additionalcontext_name"}));
  EXPECT_EQ(create_only, (std::set<std::string_view>{"flowsessionid", "importsequencenumber", "overriddencreatedon",
                                                     "regardingobjectid"}));
}

TEST(Columns, HaveThePublishedRanges) {
  using Int32 = std::numeric_limits<std::int32_t>;
  const struct {
    Column column;
    double minimum;
    double maximum;
  } ranges[] = {{Column::machinepercentcpuusage, 0, 100},
                {Column::machinepercentramusage, 0, 100},
                {Column::machineramusage, 0, Int32::max()},
                {Column::importsequencenumber, Int32::min(), Int32::max()},
                {Column::timezoneruleversionnumber, -1, Int32::max()},
                {Column::utcconversiontimezonecode, -1, Int32::max()},
                {Column::runduration, -0x1p63, 0x1p63}};
  for (const auto& [column, minimum, maximum] : ranges) {
    EXPECT_EQ(info(column).minimum, minimum) << name_of(column);
    EXPECT_EQ(info(column).maximum, maximum) << name_of(column);
  }
}

TEST(Columns, LeadWhereTheyShould) {
  const struct {
    Column column;
    const char* navigation_name;
    EntityType target;
  } lookups[] = {{Column::regardingobjectid, "regardingobjectid_process", EntityType::workflow},
                 {Column::machineid, "MachineId", EntityType::flowmachine},
                 {Column::machinegroupid, "MachineGroupId", EntityType::flowmachinegroup},
                 {Column::parentdesktopflowrunid, "ParentDesktopFlowRunId", EntityType::flowsession},
                 {Column::computeruseagentid, "ComputerUseAgentId", EntityType::computeruseagent},
                 {Column::flowtestsessionid, "FlowTestSessionId", EntityType::flowtestsession},
                 {Column::flowtriggerid, "FlowTriggerId", EntityType::flowtrigger},
                 {Column::ownerid, "ownerid", EntityType::systemuser},
                 {Column::owninguser, "owninguser", EntityType::systemuser},
                 {Column::owningteam, "owningteam", EntityType::team},
                 {Column::owningbusinessunit, "owningbusinessunit", EntityType::businessunit},
                 {Column::createdby, "createdby", EntityType::systemuser},
                 {Column::createdonbehalfby, "createdonbehalfby", EntityType::systemuser},
                 {Column::modifiedby, "modifiedby", EntityType::systemuser},
                 {Column::modifiedonbehalfby, "modifiedonbehalfby", EntityType::systemuser}};
  std::size_t lookup_count = 0;
  for (const ColumnInfo& column : columns()) {
    if (column.kind == ColumnKind::lookup) {
      ++lookup_count;
      EXPECT_EQ(column.value_name, std::string("_").append(column.name) + "_value");
    } else {
      EXPECT_TRUE(column.value_name.empty() && column.navigation_name.empty()) << column.name;
      EXPECT_EQ(column.target, EntityType::none) << column.name;
    }
  }
  EXPECT_EQ(lookup_count, std::size(lookups));
  for (const auto& [column, navigation_name, target] : lookups) {
    EXPECT_EQ(info(column).navigation_name, navigation_name);
    EXPECT_EQ(info(column).target, target) << navigation_name;
  }
}

TEST(Columns, KnowTheirOptionSets) {
  for (const ColumnInfo& column : columns()) {
    EXPECT_EQ(column.kind == ColumnKind::choice, !column.choices.empty()) << column.name;
  }
  EXPECT_EQ(info(Column::statuscode).choices.size(), 15U);
  EXPECT_EQ(info(Column::triggertype).choices.back().label, "Cua");
}

TEST(FindColumn, FindsEveryNameAndValueName) {
  for (const ColumnInfo& column : columns()) {
    EXPECT_EQ(find_column(column.name), column.column) << column.name;
    if (!column.value_name.empty()) {
      EXPECT_EQ(find_column(column.value_name), column.column) << column.value_name;
    }
  }
}

TEST(FindColumn, FindsNothingElse) {
  for (const char* name : {"", "_", "Name", "nam", "namee", "name ", "MachineId", "_machineid", "machineid_value",
                           "_MachineId_value", "_name_value", "__value",
                           "statuscode@OData.Community.Display.V1.FormattedValue", "inputs_nam", "@odata.etag", "é"}) {
    EXPECT_EQ(find_column(name), std::nullopt) << name;
  }
  EXPECT_EQ(find_column(std::string(100'000, 'x')), std::nullopt);
  for (const ColumnInfo& column : columns()) {
    EXPECT_EQ(find_column(std::string(column.name) + "x"), std::nullopt) << column.name;
    std::string changed(column.name);
    changed.back() = '~';
    EXPECT_EQ(find_column(changed), std::nullopt) << changed;
  }
}

}  // namespace
}  // namespace flowkeep

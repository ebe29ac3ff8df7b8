#include <algorithm>
#include <array>
#include <flowkeep/column.hpp>
#include <limits>

#include "entity/option_sets.hpp"

namespace flowkeep {
namespace {

using enum ColumnKind;
using enum ColumnAccess;
using namespace entity;

constexpr double int32_minimum = std::numeric_limits<std::int32_t>::min();
constexpr double int32_maximum = std::numeric_limits<std::int32_t>::max();
// As doubles, the ends of int64 include every int64.
constexpr double int64_minimum = -9223372036854775808.0;
constexpr double int64_maximum = 9223372036854775808.0;

constexpr ColumnInfo plain_column(std::string_view name, ColumnKind kind, ColumnAccess access,
                                  std::uint32_t max_utf16_units = 0) {
  return {Column{}, name, kind, access, max_utf16_units, 0, 0, {}, {}, {}, EntityType::none};
}

constexpr ColumnInfo text_column(std::string_view name, std::uint32_t max_utf16_units) {
  return plain_column(name, ColumnKind::text, writable, max_utf16_units);
}

constexpr ColumnInfo number_column(std::string_view name, ColumnKind kind, double minimum, double maximum,
                                   ColumnAccess access) {
  return {Column{}, name, kind, access, 0, minimum, maximum, {}, {}, {}, EntityType::none};
}

constexpr ColumnInfo choice_column(std::string_view name, std::span<const Choice> choices) {
  return {Column{}, name, ColumnKind::choice, writable, 0, 0, 0, choices, {}, {}, EntityType::none};
}

constexpr ColumnInfo lookup_column(std::string_view name, std::string_view value_name, std::string_view navigation_name,
                                   EntityType target, ColumnAccess access) {
  return {Column{}, name, ColumnKind::lookup, access, 0, 0, 0, {}, value_name, navigation_name, target};
}

using Table = std::array<ColumnInfo, column_count>;

constexpr Table numbered(Table table) {
  for (std::size_t i = 0; i < table.size(); ++i) table[i].column = static_cast<Column>(i);
  return table;
}

// In the order of Column. Lengths, ranges and access: the flowsession reference page and Dataverse's metadata.
constexpr Table table = numbered({{
    plain_column("flowsessionid", guid, create_only),
    text_column("name", 100),
    text_column("correlationid", 100),
    text_column("clienttrackingid", 255),
    lookup_column("regardingobjectid", "_regardingobjectid_value", "regardingobjectid_process", EntityType::workflow,
                  create_only),
    lookup_column("machineid", "_machineid_value", "MachineId", EntityType::flowmachine, writable),
    lookup_column("machinegroupid", "_machinegroupid_value", "MachineGroupId", EntityType::flowmachinegroup, writable),
    lookup_column("parentdesktopflowrunid", "_parentdesktopflowrunid_value", "ParentDesktopFlowRunId",
                  EntityType::flowsession, writable),
    choice_column("statecode", statecodes),
    choice_column("statuscode", statuscodes),
    choice_column("runmode", runmodes),
    choice_column("runsessionmode", runsessionmodes),
    choice_column("subcategory", subcategories),
    choice_column("triggertype", triggertypes),
    plain_column("createdon", timestamp, read_only),
    plain_column("modifiedon", timestamp, read_only),
    plain_column("startedon", timestamp, writable),
    plain_column("completedon", timestamp, writable),
    plain_column("overriddencreatedon", timestamp, create_only),
    number_column("runduration", int64, int64_minimum, int64_maximum, writable),
    number_column("runexecutionduration", int64, int64_minimum, int64_maximum, writable),
    number_column("runwaitduration", int64, int64_minimum, int64_maximum, writable),
    text_column("errorcode", 1000),
    text_column("errormessage", 10000),
    text_column("errordetails", 10000),
    text_column("errorinnererror", 100000),
    text_column("context", 10000),
    text_column("rundetails", 10000),
    text_column("processversion", 4000),
    text_column("sessionusername", 100),
    text_column("sessionusersid", 100),
    text_column("connectionid", 100),
    text_column("gateway", 100),
    text_column("callbackurl", 2000),
    text_column("credentials", 100000),
    text_column("parentworkflowid", 100),
    text_column("parentcloudflowrunsequenceid", 1000),
    number_column("machinepercentcpuusage", decimal, 0, 100, writable),
    number_column("machinepercentramusage", decimal, 0, 100, writable),
    number_column("machineramusage", int32, 0, int32_maximum, writable),
    lookup_column("computeruseagentid", "_computeruseagentid_value", "ComputerUseAgentId", EntityType::computeruseagent,
                  writable),
    lookup_column("flowtestsessionid", "_flowtestsessionid_value", "FlowTestSessionId", EntityType::flowtestsession,
                  writable),
    lookup_column("flowtriggerid", "_flowtriggerid_value", "FlowTriggerId", EntityType::flowtrigger, writable),
    plain_column("inputs", binary, writable),
    plain_column("inputs_name", binary_name, read_only, 200),
    plain_column("outputs", binary, writable),
    plain_column("outputs_name", binary_name, read_only, 200),
    plain_column("additionalcontext", binary, writable),
    plain_column("additionalcontext_name", binary_name, read_only, 200),
    lookup_column("ownerid", "_ownerid_value", "ownerid", EntityType::systemuser, writable),
    lookup_column("owninguser", "_owninguser_value", "owninguser", EntityType::systemuser, read_only),
    lookup_column("owningteam", "_owningteam_value", "owningteam", EntityType::team, read_only),
    lookup_column("owningbusinessunit", "_owningbusinessunit_value", "owningbusinessunit", EntityType::businessunit,
                  read_only),
    lookup_column("createdby", "_createdby_value", "createdby", EntityType::systemuser, read_only),
    lookup_column("createdonbehalfby", "_createdonbehalfby_value", "createdonbehalfby", EntityType::systemuser,
                  read_only),
    lookup_column("modifiedby", "_modifiedby_value", "modifiedby", EntityType::systemuser, read_only),
    lookup_column("modifiedonbehalfby", "_modifiedonbehalfby_value", "modifiedonbehalfby", EntityType::systemuser,
                  read_only),
    number_column("importsequencenumber", int32, int32_minimum, int32_maximum, create_only),
    number_column("timezoneruleversionnumber", int32, -1, int32_maximum, writable),
    number_column("utcconversiontimezonecode", int32, -1, int32_maximum, writable),
    number_column("versionnumber", int64, int64_minimum, int64_maximum, read_only),
}});

// Where the names are found: open addressing over a table that is made by the compiler.
constexpr std::size_t slot_count = 512;
constexpr std::size_t longest_probe = 3;

constexpr std::size_t slot_of(std::string_view name) noexcept {
  const auto at = [name](std::size_t i) { return static_cast<std::size_t>(static_cast<unsigned char>(name[i])); };
  const std::size_t size = name.size();
  return (size * 131 + at(0) * 7 + at(size / 2) * 31 + at(size * 3 / 4) * 57 + at(size - 1) * 11 + at(size / 4) * 23) %
         slot_count;
}

struct Slot {
  std::string_view name{};
  Column column{};
};

struct NameTable {
  std::array<Slot, slot_count> slots{};
  std::size_t longest = 0;

  constexpr void add(std::string_view name, Column column) {
    std::size_t probes = 1;
    std::size_t slot = slot_of(name);
    for (; !slots[slot].name.empty(); slot = (slot + 1) % slot_count) ++probes;
    slots[slot] = {name, column};
    longest = std::max(longest, probes);
  }
};

constexpr NameTable make_name_table() {
  NameTable names;
  for (const ColumnInfo& column : table) {
    names.add(column.name, column.column);
    if (!column.value_name.empty()) names.add(column.value_name, column.column);
  }
  return names;
}

constexpr NameTable name_table = make_name_table();
static_assert(name_table.longest <= longest_probe);

}  // namespace

std::span<const ColumnInfo> columns() noexcept {
  return table;
}

const ColumnInfo& info(Column column) noexcept {
  return table[static_cast<std::size_t>(column)];
}

std::string_view name_of(Column column) noexcept {
  return info(column).name;
}

std::optional<Column> find_column(std::string_view name) noexcept {
  if (name.empty()) return std::nullopt;
  std::size_t slot = slot_of(name);
  for (std::size_t probe = 0; probe < longest_probe; ++probe, slot = (slot + 1) % slot_count) {
    if (name_table.slots[slot].name == name) return name_table.slots[slot].column;
  }
  return std::nullopt;
}

}  // namespace flowkeep

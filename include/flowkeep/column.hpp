// The columns of a flow session: names, kinds, limits, and who may write them.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <variant>

#include <flowkeep/binary.hpp>
#include <flowkeep/choices.hpp>
#include <flowkeep/guid.hpp>
#include <flowkeep/reference.hpp>
#include <flowkeep/timestamp.hpp>

namespace flowkeep {

/// Every column, by its logical name. The order is that of struct Session, and of CSV output. The numbers
/// are not stored anywhere.
enum class Column : std::uint8_t {
  flowsessionid,
  name,
  correlationid,
  clienttrackingid,
  regardingobjectid,
  machineid,
  machinegroupid,
  parentdesktopflowrunid,
  statecode,
  statuscode,
  runmode,
  runsessionmode,
  subcategory,
  triggertype,
  createdon,
  modifiedon,
  startedon,
  completedon,
  overriddencreatedon,
  runduration,
  runexecutionduration,
  runwaitduration,
  errorcode,
  errormessage,
  errordetails,
  errorinnererror,
  context,
  rundetails,
  processversion,
  sessionusername,
  sessionusersid,
  connectionid,
  gateway,
  callbackurl,
  credentials,
  parentworkflowid,
  parentcloudflowrunsequenceid,
  machinepercentcpuusage,
  machinepercentramusage,
  machineramusage,
  computeruseagentid,
  flowtestsessionid,
  flowtriggerid,
  inputs,
  inputs_name,
  outputs,
  outputs_name,
  additionalcontext,
  additionalcontext_name,
  ownerid,
  owninguser,
  owningteam,
  owningbusinessunit,
  createdby,
  createdonbehalfby,
  modifiedby,
  modifiedonbehalfby,
  importsequencenumber,
  timezoneruleversionnumber,
  utcconversiontimezonecode,
  versionnumber,
};

inline constexpr int column_count = 61;

enum class ColumnKind : std::uint8_t {
  guid,         ///< Guid (only flowsessionid)
  text,         ///< std::string, UTF-8
  lookup,       ///< Reference
  choice,       ///< std::int32_t of an option set
  int32,        ///< std::int32_t
  int64,        ///< std::int64_t
  decimal,      ///< double
  timestamp,    ///< Timestamp
  binary,       ///< Binary (a File column)
  binary_name,  ///< the *_name companion of a File column: text kept inside its Binary
};

enum class ColumnAccess : std::uint8_t {
  writable,     ///< by create and update
  create_only,  ///< by create; an update may repeat the stored value
  read_only,    ///< set by the store; an import keeps what is given
};

/// What is known of a column.
struct ColumnInfo {
  Column column;
  std::string_view name;  ///< logical name, e.g. "machineid"
  ColumnKind kind;
  ColumnAccess access;
  /// Longest text, in UTF-16 code units (the platform's measure); 0 for columns that are not text.
  std::uint32_t max_utf16_units;
  /// Range of int32, int64 and decimal columns, both ends included.
  double minimum;
  double maximum;
  std::span<const Choice> choices;  ///< of a choice column
  /// Of a lookup: the name on the wire of the value ("_machineid_value") and of the navigation property
  /// ("MachineId"; case-sensitive). Elsewhere empty.
  std::string_view value_name;
  std::string_view navigation_name;
  EntityType target;  ///< of a lookup: what it refers to where nothing else is said
};

/// Every column, in the order of Column.
[[nodiscard]] FLOWKEEP_API std::span<const ColumnInfo> columns() noexcept;
[[nodiscard]] FLOWKEEP_API const ColumnInfo& info(Column column) noexcept;
/// The logical name of a column.
[[nodiscard]] FLOWKEEP_API std::string_view name_of(Column column) noexcept;
/// Finds a column by its logical name, or by the wire name of a lookup's value ("_machineid_value"); case-sensitive.
[[nodiscard]] FLOWKEEP_API std::optional<Column> find_column(std::string_view name) noexcept;

/// A borrowed value of any column; std::monostate is null. Choices are std::int32_t. It lives as long as what
/// it was taken from.
using ValueView = std::variant<std::monostate, Guid, std::string_view, Reference, std::int32_t, std::int64_t, double,
                               Timestamp, BinaryView>;

}  // namespace flowkeep

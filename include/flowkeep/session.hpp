// A flow session as a value: what writes are given, and what owned reads return.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>

#include <flowkeep/binary.hpp>
#include <flowkeep/choices.hpp>
#include <flowkeep/column.hpp>
#include <flowkeep/guid.hpp>
#include <flowkeep/reference.hpp>
#include <flowkeep/timestamp.hpp>

namespace flowkeep {

/// Columns that the schema does not know, met on import: name -> the JSON text of the value, minified.
/// Kept and shown again, never interpreted.
using ExtraColumns = std::map<std::string, std::string>;

/// One run of a desktop flow. Absent and null are one thing (std::nullopt), told apart from zero and empty.
/// Columns are in the order of enum Column; the *_name companions live in their Binary. Column limits:
/// info(Column). Columns marked read-only are set by the store: create and update refuse them, an import
/// keeps them.
struct Session {
  std::optional<Guid> flowsessionid{};  ///< the row; made by the store (UUID version 7) where a create gives none
  std::optional<std::string> name{};
  std::optional<std::string> correlationid{};  ///< ties together the sessions of one request
  std::optional<std::string> clienttrackingid{};
  std::optional<Reference> regardingobjectid{};  ///< the flow (workflow) that ran; create-only
  std::optional<Reference> machineid{};
  std::optional<Reference> machinegroupid{};
  std::optional<Reference> parentdesktopflowrunid{};  ///< the session that called this one
  std::optional<StateCode> statecode{};
  std::optional<StatusCode> statuscode{};
  std::optional<RunMode> runmode{};
  std::optional<RunSessionMode> runsessionmode{};  ///< 0 where a reader wants a default
  std::optional<Subcategory> subcategory{};
  std::optional<TriggerType> triggertype{};
  std::optional<Timestamp> createdon{};    ///< the order of "newest" and "oldest"; read-only
  std::optional<Timestamp> modifiedon{};   ///< read-only
  std::optional<Timestamp> startedon{};    ///< set on entering Running for the first time, if not given
  std::optional<Timestamp> completedon{};  ///< set on entering a terminal status, if not given
  std::optional<Timestamp>
      overriddencreatedon{};  ///< given to a create, it becomes createdon, and the real date is kept here
  std::optional<std::int64_t> runduration{};           ///< milliseconds
  std::optional<std::int64_t> runexecutionduration{};  ///< milliseconds
  std::optional<std::int64_t> runwaitduration{};       ///< milliseconds
  std::optional<std::string> errorcode{};
  std::optional<std::string> errormessage{};
  std::optional<std::string> errordetails{};
  std::optional<std::string> errorinnererror{};
  std::optional<std::string> context{};     ///< JSON
  std::optional<std::string> rundetails{};  ///< JSON
  std::optional<std::string> processversion{};
  std::optional<std::string> sessionusername{};
  std::optional<std::string> sessionusersid{};
  std::optional<std::string> connectionid{};
  std::optional<std::string> gateway{};
  std::optional<std::string> callbackurl{};  ///< never shown by errors
  std::optional<std::string> credentials{};  ///< never shown by errors
  std::optional<std::string> parentworkflowid{};
  std::optional<std::string> parentcloudflowrunsequenceid{};
  std::optional<double> machinepercentcpuusage{};  ///< 0 to 100, two decimals
  std::optional<double> machinepercentramusage{};  ///< 0 to 100, two decimals
  std::optional<std::int32_t> machineramusage{};   ///< MB
  std::optional<Reference> computeruseagentid{};
  std::optional<Reference> flowtestsessionid{};
  std::optional<Reference> flowtriggerid{};
  std::optional<Binary> inputs{};
  std::optional<Binary> outputs{};
  std::optional<Binary> additionalcontext{};
  std::optional<Reference> ownerid{};             ///< a user or a team; the caller where a create gives none
  std::optional<Reference> owninguser{};          ///< read-only
  std::optional<Reference> owningteam{};          ///< read-only
  std::optional<Reference> owningbusinessunit{};  ///< read-only
  std::optional<Reference> createdby{};           ///< read-only
  std::optional<Reference> createdonbehalfby{};   ///< read-only
  std::optional<Reference> modifiedby{};          ///< read-only
  std::optional<Reference> modifiedonbehalfby{};  ///< read-only
  std::optional<std::int32_t> importsequencenumber{};
  std::optional<std::int32_t> timezoneruleversionnumber{};
  std::optional<std::int32_t> utcconversiontimezonecode{};
  std::optional<std::int64_t> versionnumber{};  ///< rises across the whole store with every write; the ETag; read-only
  ExtraColumns extra{};
};

/// A partial change: the columns of `set` that have a value are written, those in `clear` become null, the rest
/// stay. Extra columns in `set.extra` replace the ones of the same name; `clear_extra` removes by name.
struct SessionUpdate {
  Session set{};
  std::set<Column> clear{};
  std::set<std::string> clear_extra{};
};

/// Borrows the value of any column; std::monostate where it is null. The views die with `session`.
[[nodiscard]] FLOWKEEP_API ValueView value(const Session& session, Column column) noexcept;
ValueView value(const Session&& session, Column column) = delete;

/// Sets a column from a value of its kind (text may be a std::string_view; a binary's name is text). Binary
/// content is set through the member itself. Errors: invalid_argument (the value is of another kind).
[[nodiscard]] FLOWKEEP_API Result<void> set_value(Session& session, Column column, const ValueView& value);

}  // namespace flowkeep

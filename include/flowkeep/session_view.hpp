// A flow session where it lies: borrowed from a snapshot, nothing copied.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include <flowkeep/binary.hpp>
#include <flowkeep/choices.hpp>
#include <flowkeep/column.hpp>
#include <flowkeep/export.hpp>
#include <flowkeep/session.hpp>

namespace flowkeep {

namespace codec {
class RecordView;
}

/// A session inside a snapshot, its checksum and structure verified when the view was made.
/// Lifetime: a view, and everything it returns, points into the map. It is made only by a Snapshot and dies with
/// it (or with its next renew()). Copying the view is cheap; to keep the session, call copy().
/// Each call costs a few nanoseconds. Any thread may use it while the snapshot lives.
class FLOWKEEP_API SessionView {
 public:
  // The five columns that no stored session lacks, then the others; std::nullopt is null.
  [[nodiscard]] Guid flowsessionid() const noexcept;
  [[nodiscard]] std::optional<std::string_view> name() const noexcept;
  [[nodiscard]] std::optional<std::string_view> correlationid() const noexcept;
  [[nodiscard]] std::optional<std::string_view> clienttrackingid() const noexcept;
  [[nodiscard]] std::optional<Reference> regardingobjectid() const noexcept;
  [[nodiscard]] std::optional<Reference> machineid() const noexcept;
  [[nodiscard]] std::optional<Reference> machinegroupid() const noexcept;
  [[nodiscard]] std::optional<Reference> parentdesktopflowrunid() const noexcept;
  [[nodiscard]] StateCode statecode() const noexcept;
  [[nodiscard]] StatusCode statuscode() const noexcept;
  [[nodiscard]] std::optional<RunMode> runmode() const noexcept;
  [[nodiscard]] std::optional<RunSessionMode> runsessionmode() const noexcept;
  [[nodiscard]] std::optional<Subcategory> subcategory() const noexcept;
  [[nodiscard]] std::optional<TriggerType> triggertype() const noexcept;
  [[nodiscard]] Timestamp createdon() const noexcept;
  [[nodiscard]] std::optional<Timestamp> modifiedon() const noexcept;
  [[nodiscard]] std::optional<Timestamp> startedon() const noexcept;
  [[nodiscard]] std::optional<Timestamp> completedon() const noexcept;
  [[nodiscard]] std::optional<Timestamp> overriddencreatedon() const noexcept;
  [[nodiscard]] std::optional<std::int64_t> runduration() const noexcept;
  [[nodiscard]] std::optional<std::int64_t> runexecutionduration() const noexcept;
  [[nodiscard]] std::optional<std::int64_t> runwaitduration() const noexcept;
  [[nodiscard]] std::optional<std::string_view> errorcode() const noexcept;
  [[nodiscard]] std::optional<std::string_view> errormessage() const noexcept;
  [[nodiscard]] std::optional<std::string_view> errordetails() const noexcept;
  [[nodiscard]] std::optional<std::string_view> errorinnererror() const noexcept;
  [[nodiscard]] std::optional<std::string_view> context() const noexcept;
  [[nodiscard]] std::optional<std::string_view> rundetails() const noexcept;
  [[nodiscard]] std::optional<std::string_view> processversion() const noexcept;
  [[nodiscard]] std::optional<std::string_view> sessionusername() const noexcept;
  [[nodiscard]] std::optional<std::string_view> sessionusersid() const noexcept;
  [[nodiscard]] std::optional<std::string_view> connectionid() const noexcept;
  [[nodiscard]] std::optional<std::string_view> gateway() const noexcept;
  [[nodiscard]] std::optional<std::string_view> callbackurl() const noexcept;
  [[nodiscard]] std::optional<std::string_view> credentials() const noexcept;
  [[nodiscard]] std::optional<std::string_view> parentworkflowid() const noexcept;
  [[nodiscard]] std::optional<std::string_view> parentcloudflowrunsequenceid() const noexcept;
  [[nodiscard]] std::optional<double> machinepercentcpuusage() const noexcept;
  [[nodiscard]] std::optional<double> machinepercentramusage() const noexcept;
  [[nodiscard]] std::optional<std::int32_t> machineramusage() const noexcept;
  [[nodiscard]] std::optional<Reference> computeruseagentid() const noexcept;
  [[nodiscard]] std::optional<Reference> flowtestsessionid() const noexcept;
  [[nodiscard]] std::optional<Reference> flowtriggerid() const noexcept;
  [[nodiscard]] BinaryView inputs() const noexcept;
  [[nodiscard]] BinaryView outputs() const noexcept;
  [[nodiscard]] BinaryView additionalcontext() const noexcept;
  [[nodiscard]] std::optional<Reference> ownerid() const noexcept;
  [[nodiscard]] std::optional<Reference> owninguser() const noexcept;
  [[nodiscard]] std::optional<Reference> owningteam() const noexcept;
  [[nodiscard]] std::optional<Reference> owningbusinessunit() const noexcept;
  [[nodiscard]] std::optional<Reference> createdby() const noexcept;
  [[nodiscard]] std::optional<Reference> createdonbehalfby() const noexcept;
  [[nodiscard]] std::optional<Reference> modifiedby() const noexcept;
  [[nodiscard]] std::optional<Reference> modifiedonbehalfby() const noexcept;
  [[nodiscard]] std::optional<std::int32_t> importsequencenumber() const noexcept;
  [[nodiscard]] std::optional<std::int32_t> timezoneruleversionnumber() const noexcept;
  [[nodiscard]] std::optional<std::int32_t> utcconversiontimezonecode() const noexcept;
  [[nodiscard]] std::int64_t versionnumber() const noexcept;

  /// The columns that the schema does not know, by name: the JSON text of each.
  [[nodiscard]] std::vector<std::pair<std::string_view, std::string_view>> extra() const;
  [[nodiscard]] bool has_extra() const noexcept;

  /// Any column; std::monostate where it is null.
  [[nodiscard]] ValueView value(Column column) const noexcept;

  /// An owned copy. Binary columns carry `stored`, not their bytes.
  [[nodiscard]] Session copy() const;

 private:
  friend class codec::RecordView;
  explicit SessionView(const void* table) noexcept : table_(table) {}
  const void* table_;
};

}  // namespace flowkeep

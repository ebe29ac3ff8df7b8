// A flow session where it lies: borrowed from a snapshot, nothing copied.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include <flowkeep/binary.hpp>
#include <flowkeep/choices.hpp>
#include <flowkeep/column.hpp>
#include <flowkeep/export.hpp>
#include <flowkeep/result.hpp>
#include <flowkeep/session.hpp>

namespace flowkeep {

namespace codec {
class RecordView;
}
namespace base {
class PackingDictionary;
}

/// A session inside a snapshot, its checksum verified when the view was made.
/// Lifetime: a view points into the map. It is made only by a Snapshot and dies with it (or with its next renew()). The
/// text that it returns dies with the view and its copies, or with the snapshot, whichever is first. Copying the view
/// is cheap; to keep the session, call copy().
/// Cost: ids, machine, flow, codes, times and runduration take a few nanoseconds. The other columns are packed: the
/// first of them that is asked for unpacks them all, for this view and its later copies (a microsecond, and memory).
/// Any thread may use it while the snapshot lives.
class FLOWKEEP_API SessionView {
 public:
  // The five columns that no stored session lacks, then the others; std::nullopt is null.
  [[nodiscard]] Guid flowsessionid() const noexcept;
  [[nodiscard]] std::optional<std::string_view> name() const& noexcept;
  void name() const&& = delete;
  [[nodiscard]] std::optional<std::string_view> correlationid() const& noexcept;
  void correlationid() const&& = delete;
  [[nodiscard]] std::optional<std::string_view> clienttrackingid() const& noexcept;
  void clienttrackingid() const&& = delete;
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
  [[nodiscard]] std::optional<std::string_view> errorcode() const& noexcept;
  void errorcode() const&& = delete;
  [[nodiscard]] std::optional<std::string_view> errormessage() const& noexcept;
  void errormessage() const&& = delete;
  [[nodiscard]] std::optional<std::string_view> errordetails() const& noexcept;
  void errordetails() const&& = delete;
  [[nodiscard]] std::optional<std::string_view> errorinnererror() const& noexcept;
  void errorinnererror() const&& = delete;
  [[nodiscard]] std::optional<std::string_view> context() const& noexcept;
  void context() const&& = delete;
  [[nodiscard]] std::optional<std::string_view> rundetails() const& noexcept;
  void rundetails() const&& = delete;
  [[nodiscard]] std::optional<std::string_view> processversion() const& noexcept;
  void processversion() const&& = delete;
  [[nodiscard]] std::optional<std::string_view> sessionusername() const& noexcept;
  void sessionusername() const&& = delete;
  [[nodiscard]] std::optional<std::string_view> sessionusersid() const& noexcept;
  void sessionusersid() const&& = delete;
  [[nodiscard]] std::optional<std::string_view> connectionid() const& noexcept;
  void connectionid() const&& = delete;
  [[nodiscard]] std::optional<std::string_view> gateway() const& noexcept;
  void gateway() const&& = delete;
  [[nodiscard]] std::optional<std::string_view> callbackurl() const& noexcept;
  void callbackurl() const&& = delete;
  [[nodiscard]] std::optional<std::string_view> credentials() const& noexcept;
  void credentials() const&& = delete;
  [[nodiscard]] std::optional<std::string_view> parentworkflowid() const& noexcept;
  void parentworkflowid() const&& = delete;
  [[nodiscard]] std::optional<std::string_view> parentcloudflowrunsequenceid() const& noexcept;
  void parentcloudflowrunsequenceid() const&& = delete;
  [[nodiscard]] std::optional<double> machinepercentcpuusage() const noexcept;
  [[nodiscard]] std::optional<double> machinepercentramusage() const noexcept;
  [[nodiscard]] std::optional<std::int32_t> machineramusage() const noexcept;
  [[nodiscard]] std::optional<Reference> computeruseagentid() const noexcept;
  [[nodiscard]] std::optional<Reference> flowtestsessionid() const noexcept;
  [[nodiscard]] std::optional<Reference> flowtriggerid() const noexcept;
  [[nodiscard]] BinaryView inputs() const& noexcept;
  void inputs() const&& = delete;
  [[nodiscard]] BinaryView outputs() const& noexcept;
  void outputs() const&& = delete;
  [[nodiscard]] BinaryView additionalcontext() const& noexcept;
  void additionalcontext() const&& = delete;
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
  [[nodiscard]] std::vector<std::pair<std::string_view, std::string_view>> extra() const&;
  void extra() const&& = delete;
  [[nodiscard]] bool has_extra() const noexcept;

  /// Any column; std::monostate where it is null.
  [[nodiscard]] ValueView value(Column column) const& noexcept;
  void value(Column column) const&& = delete;

  /// Unpacks the packed columns now. Where that is not possible they read as null, so who passes them on asks before.
  /// Errors: corrupt (their checksum is right, but what they say is not; no fault of a disk makes such), no_memory.
  [[nodiscard]] Result<void> unpack() const;

  /// An owned copy. Binary columns carry `stored`, not their bytes. Errors: as unpack().
  [[nodiscard]] Result<Session> copy() const;

  SessionView(const SessionView& other) noexcept;
  SessionView(SessionView&& other) noexcept;
  SessionView& operator=(const SessionView& other) noexcept;
  SessionView& operator=(SessionView&& other) noexcept;
  ~SessionView() {
    if (columns_.load(std::memory_order_relaxed) != nullptr) release();
  }

 private:
  friend class codec::RecordView;
  struct Columns;
  SessionView() noexcept = default;
  [[nodiscard]] const Columns* columns() const noexcept;
  [[nodiscard]] const void* table() const noexcept;
  template <Column column, class T>
  [[nodiscard]] auto read() const noexcept;
  template <Column column>
  [[nodiscard]] BinaryView read_binary() const noexcept;
  [[nodiscard]] Columns* take_columns() noexcept;
  void release() noexcept;

  const char* value_ = nullptr;  // the stored value, header and all
  std::uint32_t bytes_ = 0;      // of its payload
  bool is_packed_ = false;       // else it is one FlatBuffer
  std::uint64_t arrival_ = 0;    // names the small contents that stand beside it
  const void* table_ = nullptr;  // that FlatBuffer
  const base::PackingDictionary* dictionary_ = nullptr;
  mutable std::atomic<Columns*> columns_{nullptr};  // unpacked; shared with copies
};

}  // namespace flowkeep

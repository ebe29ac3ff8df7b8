#include <flowkeep/session_view.hpp>

#include <cstring>
#include <new>
#include <string>

#include "base/packing.hpp"
#include "codec/fields.hpp"
#include "codec/record.hpp"
#include "codec/record_head.hpp"
#include "codec/value.hpp"
#include "entity/members.hpp"

namespace flowkeep {

using codec::HeadBit;

namespace {

const fb::RecordHead& head_of(const char* value) noexcept {
  return *reinterpret_cast<const fb::RecordHead*>(value + codec::header_bytes);
}

Timestamp time_of(std::int64_t ticks) noexcept {
  return Timestamp(Ticks(ticks));
}

}  // namespace

/// The packed columns, unpacked: this, then their FlatBuffer in the same piece of memory, where they do not lie in the
/// value as they are.
struct SessionView::Columns {
  std::atomic<std::uint32_t> owners{1};
  const fb::Session* table = nullptr;  ///< nullptr: it is not well-formed
  std::array<char, 36> correlationid{};

  [[nodiscard]] char* bytes() noexcept { return reinterpret_cast<char*>(this) + bytes_at; }
  /// nullptr: there is no memory.
  [[nodiscard]] static Columns* make(std::size_t bytes) noexcept {
    static_assert(sizeof(Columns) <= bytes_at);
    void* const memory = ::operator new(bytes_at + bytes, std::nothrow);
    return memory == nullptr ? nullptr : ::new (memory) Columns;
  }
  static void give_up(Columns* columns) noexcept {
    if (columns->owners.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
    columns->~Columns();
    ::operator delete(columns);
  }

 private:
  static constexpr std::size_t bytes_at = 64;
};

SessionView::SessionView(const SessionView& other) noexcept
    : value_(other.value_),
      bytes_(other.bytes_),
      is_packed_(other.is_packed_),
      arrival_(other.arrival_),
      table_(other.table_),
      dictionary_(other.dictionary_),
      columns_(other.columns_.load(std::memory_order_acquire)) {
  Columns* const shared = columns_.load(std::memory_order_relaxed);
  if (shared != nullptr) shared->owners.fetch_add(1, std::memory_order_relaxed);
}

SessionView::SessionView(SessionView&& other) noexcept
    : value_(other.value_),
      bytes_(other.bytes_),
      is_packed_(other.is_packed_),
      arrival_(other.arrival_),
      table_(other.table_),
      dictionary_(other.dictionary_),
      columns_(other.take_columns()) {}

SessionView& SessionView::operator=(const SessionView& other) noexcept {
  return *this = SessionView(other);
}

SessionView& SessionView::operator=(SessionView&& other) noexcept {
  if (this == &other) return *this;
  release();
  value_ = other.value_;
  bytes_ = other.bytes_;
  is_packed_ = other.is_packed_;
  arrival_ = other.arrival_;
  table_ = other.table_;
  dictionary_ = other.dictionary_;
  columns_.store(other.take_columns(), std::memory_order_relaxed);
  return *this;
}

// Whoever moves from a view or ends it is its only user.
SessionView::Columns* SessionView::take_columns() noexcept {
  Columns* const mine = columns_.load(std::memory_order_relaxed);
  columns_.store(nullptr, std::memory_order_relaxed);
  return mine;
}

void SessionView::release() noexcept {
  Columns* const mine = take_columns();
  if (mine != nullptr) Columns::give_up(mine);
}

// Of threads that come at the same time, one's work is used. nullptr: there is no memory.
const SessionView::Columns* SessionView::columns() const noexcept {
  Columns* present = columns_.load(std::memory_order_acquire);
  if (present != nullptr) return present;
  const fb::RecordHead& head = head_of(value_);
  const std::string_view stored(value_ + codec::header_bytes + codec::head_bytes, bytes_ - codec::head_bytes);
  const bool is_raw = stored.size() == head.columns_bytes();
  Columns* const made = Columns::make(is_raw ? 0 : head.columns_bytes());
  if (made == nullptr) return nullptr;
  const char* buffer = stored.data();
  bool is_good = true;
  if (!is_raw) {
    buffer = made->bytes();
    is_good = base::Packing::unpack({made->bytes(), head.columns_bytes()}, stored, dictionary_);
  }
  if (is_good) made->table = codec::RecordView::verify_columns({buffer, head.columns_bytes()});
  if (has(head, HeadBit::correlationid)) codec::guid_of(head.correlationid()).write(made->correlationid.data());
  if (columns_.compare_exchange_strong(present, made, std::memory_order_acq_rel, std::memory_order_acquire)) {
    return made;
  }
  Columns::give_up(made);
  return present;
}

const void* SessionView::table() const noexcept {
  if (!is_packed_) return table_;
  const Columns* const unpacked = columns();
  return unpacked == nullptr ? nullptr : unpacked->table;
}

std::string_view codec::RecordView::columns_of(const SessionView& session) noexcept {
  if (!session.is_packed_) return {};
  const std::size_t bytes = head_of(session.value_).columns_bytes();
  const std::string_view stored(session.value_ + header_bytes + head_bytes, session.bytes_ - head_bytes);
  if (stored.size() == bytes) return stored;
  SessionView::Columns* const columns = session.columns_.load(std::memory_order_acquire);
  return columns == nullptr ? std::string_view() : std::string_view(columns->bytes(), bytes);
}

Result<void> SessionView::unpack() const {
  if (!is_packed_) return {};
  const Columns* const unpacked = columns();
  if (unpacked == nullptr) return fail(Errc::no_memory, "there is no memory to unpack a record");
  if (unpacked->table != nullptr) return {};
  return fail(Errc::corrupt,
              "session " + flowsessionid().str() + ": its record is damaged: its packed columns are not well-formed");
}

template <Column column, class T>
auto SessionView::read() const noexcept {
  using Shown = std::optional<typename codec::Shown<T>::type>;
  const auto* const columns = static_cast<const flatbuffers::Table*>(table());
  return columns == nullptr ? Shown() : codec::read<column, T>(*columns);
}

template <Column column>
BinaryView SessionView::read_binary() const noexcept {
  auto binary = read<column, Binary>().value_or(BinaryView());
  if (binary.stored && codec::is_small(*binary.stored)) {
    binary.stored->blob_id = codec::small_id(arrival_, codec::slot_of(column));
  }
  return binary;
}

Guid SessionView::flowsessionid() const noexcept {
  return is_packed_ ? codec::guid_of(head_of(value_).flowsessionid()) : *read<Column::flowsessionid, Guid>();
}

std::int64_t SessionView::versionnumber() const noexcept {
  return static_cast<std::int64_t>(codec::peek_version({value_, codec::header_bytes}));
}

std::optional<std::string_view> SessionView::correlationid() const& noexcept {
  if (!is_packed_ || !has(head_of(value_), HeadBit::correlationid)) return read<Column::correlationid, std::string>();
  const Columns* const unpacked = columns();
  if (unpacked == nullptr) return std::nullopt;
  return std::string_view(unpacked->correlationid.data(), unpacked->correlationid.size());
}

std::optional<Reference> SessionView::machineid() const noexcept {
  if (!is_packed_) return read<Column::machineid, Reference>();
  const fb::RecordHead& head = head_of(value_);
  if (!has(head, HeadBit::machineid)) return std::nullopt;
  return Reference(codec::guid_of(head.machineid()), static_cast<EntityType>(head.machineid_type()));
}

std::optional<Reference> SessionView::regardingobjectid() const noexcept {
  if (!is_packed_) return read<Column::regardingobjectid, Reference>();
  const fb::RecordHead& head = head_of(value_);
  if (!has(head, HeadBit::regardingobjectid)) return std::nullopt;
  return Reference(codec::guid_of(head.regardingobjectid()), static_cast<EntityType>(head.regardingobjectid_type()));
}

StateCode SessionView::statecode() const noexcept {
  return is_packed_ ? static_cast<StateCode>(head_of(value_).statecode()) : *read<Column::statecode, StateCode>();
}

StatusCode SessionView::statuscode() const noexcept {
  return is_packed_ ? static_cast<StatusCode>(head_of(value_).statuscode()) : *read<Column::statuscode, StatusCode>();
}

std::optional<RunMode> SessionView::runmode() const noexcept {
  if (!is_packed_) return read<Column::runmode, RunMode>();
  const fb::RecordHead& head = head_of(value_);
  return has(head, HeadBit::runmode) ? std::optional(static_cast<RunMode>(head.runmode())) : std::nullopt;
}

Timestamp SessionView::createdon() const noexcept {
  return is_packed_ ? time_of(head_of(value_).createdon()) : *read<Column::createdon, Timestamp>();
}

std::optional<Timestamp> SessionView::modifiedon() const noexcept {
  if (!is_packed_) return read<Column::modifiedon, Timestamp>();
  const fb::RecordHead& head = head_of(value_);
  return has(head, HeadBit::modifiedon) ? std::optional(time_of(head.modifiedon())) : std::nullopt;
}

std::optional<Timestamp> SessionView::startedon() const noexcept {
  if (!is_packed_) return read<Column::startedon, Timestamp>();
  const fb::RecordHead& head = head_of(value_);
  return has(head, HeadBit::startedon) ? std::optional(time_of(head.startedon())) : std::nullopt;
}

std::optional<Timestamp> SessionView::completedon() const noexcept {
  if (!is_packed_) return read<Column::completedon, Timestamp>();
  const fb::RecordHead& head = head_of(value_);
  return has(head, HeadBit::completedon) ? std::optional(time_of(head.completedon())) : std::nullopt;
}

std::optional<std::int64_t> SessionView::runduration() const noexcept {
  if (!is_packed_) return read<Column::runduration, std::int64_t>();
  const fb::RecordHead& head = head_of(value_);
  return has(head, HeadBit::runduration) ? std::optional(head.runduration()) : std::nullopt;
}

std::optional<std::string_view> SessionView::name() const& noexcept {
  return read<Column::name, std::string>();
}
std::optional<std::string_view> SessionView::clienttrackingid() const& noexcept {
  return read<Column::clienttrackingid, std::string>();
}
std::optional<Reference> SessionView::machinegroupid() const noexcept {
  return read<Column::machinegroupid, Reference>();
}
std::optional<Reference> SessionView::parentdesktopflowrunid() const noexcept {
  return read<Column::parentdesktopflowrunid, Reference>();
}
std::optional<RunSessionMode> SessionView::runsessionmode() const noexcept {
  return read<Column::runsessionmode, RunSessionMode>();
}
std::optional<Subcategory> SessionView::subcategory() const noexcept {
  return read<Column::subcategory, Subcategory>();
}
std::optional<TriggerType> SessionView::triggertype() const noexcept {
  return read<Column::triggertype, TriggerType>();
}
std::optional<Timestamp> SessionView::overriddencreatedon() const noexcept {
  return read<Column::overriddencreatedon, Timestamp>();
}
std::optional<std::int64_t> SessionView::runexecutionduration() const noexcept {
  return read<Column::runexecutionduration, std::int64_t>();
}
std::optional<std::int64_t> SessionView::runwaitduration() const noexcept {
  return read<Column::runwaitduration, std::int64_t>();
}
std::optional<std::string_view> SessionView::errorcode() const& noexcept {
  return read<Column::errorcode, std::string>();
}
std::optional<std::string_view> SessionView::errormessage() const& noexcept {
  return read<Column::errormessage, std::string>();
}
std::optional<std::string_view> SessionView::errordetails() const& noexcept {
  return read<Column::errordetails, std::string>();
}
std::optional<std::string_view> SessionView::errorinnererror() const& noexcept {
  return read<Column::errorinnererror, std::string>();
}
std::optional<std::string_view> SessionView::context() const& noexcept {
  return read<Column::context, std::string>();
}
std::optional<std::string_view> SessionView::rundetails() const& noexcept {
  return read<Column::rundetails, std::string>();
}
std::optional<std::string_view> SessionView::processversion() const& noexcept {
  return read<Column::processversion, std::string>();
}
std::optional<std::string_view> SessionView::sessionusername() const& noexcept {
  return read<Column::sessionusername, std::string>();
}
std::optional<std::string_view> SessionView::sessionusersid() const& noexcept {
  return read<Column::sessionusersid, std::string>();
}
std::optional<std::string_view> SessionView::connectionid() const& noexcept {
  return read<Column::connectionid, std::string>();
}
std::optional<std::string_view> SessionView::gateway() const& noexcept {
  return read<Column::gateway, std::string>();
}
std::optional<std::string_view> SessionView::callbackurl() const& noexcept {
  return read<Column::callbackurl, std::string>();
}
std::optional<std::string_view> SessionView::credentials() const& noexcept {
  return read<Column::credentials, std::string>();
}
std::optional<std::string_view> SessionView::parentworkflowid() const& noexcept {
  return read<Column::parentworkflowid, std::string>();
}
std::optional<std::string_view> SessionView::parentcloudflowrunsequenceid() const& noexcept {
  return read<Column::parentcloudflowrunsequenceid, std::string>();
}
std::optional<double> SessionView::machinepercentcpuusage() const noexcept {
  return read<Column::machinepercentcpuusage, double>();
}
std::optional<double> SessionView::machinepercentramusage() const noexcept {
  return read<Column::machinepercentramusage, double>();
}
std::optional<std::int32_t> SessionView::machineramusage() const noexcept {
  return read<Column::machineramusage, std::int32_t>();
}
std::optional<Reference> SessionView::computeruseagentid() const noexcept {
  return read<Column::computeruseagentid, Reference>();
}
std::optional<Reference> SessionView::flowtestsessionid() const noexcept {
  return read<Column::flowtestsessionid, Reference>();
}
std::optional<Reference> SessionView::flowtriggerid() const noexcept {
  return read<Column::flowtriggerid, Reference>();
}
BinaryView SessionView::inputs() const& noexcept {
  return read_binary<Column::inputs>();
}
BinaryView SessionView::outputs() const& noexcept {
  return read_binary<Column::outputs>();
}
BinaryView SessionView::additionalcontext() const& noexcept {
  return read_binary<Column::additionalcontext>();
}
std::optional<Reference> SessionView::ownerid() const noexcept {
  return read<Column::ownerid, Reference>();
}
std::optional<Reference> SessionView::owninguser() const noexcept {
  return read<Column::owninguser, Reference>();
}
std::optional<Reference> SessionView::owningteam() const noexcept {
  return read<Column::owningteam, Reference>();
}
std::optional<Reference> SessionView::owningbusinessunit() const noexcept {
  return read<Column::owningbusinessunit, Reference>();
}
std::optional<Reference> SessionView::createdby() const noexcept {
  return read<Column::createdby, Reference>();
}
std::optional<Reference> SessionView::createdonbehalfby() const noexcept {
  return read<Column::createdonbehalfby, Reference>();
}
std::optional<Reference> SessionView::modifiedby() const noexcept {
  return read<Column::modifiedby, Reference>();
}
std::optional<Reference> SessionView::modifiedonbehalfby() const noexcept {
  return read<Column::modifiedonbehalfby, Reference>();
}
std::optional<std::int32_t> SessionView::importsequencenumber() const noexcept {
  return read<Column::importsequencenumber, std::int32_t>();
}
std::optional<std::int32_t> SessionView::timezoneruleversionnumber() const noexcept {
  return read<Column::timezoneruleversionnumber, std::int32_t>();
}
std::optional<std::int32_t> SessionView::utcconversiontimezonecode() const noexcept {
  return read<Column::utcconversiontimezonecode, std::int32_t>();
}

bool SessionView::has_extra() const noexcept {
  const auto* const columns = static_cast<const fb::Session*>(table());
  return columns != nullptr && columns->extra() != nullptr && columns->extra()->size() != 0;
}

std::vector<std::pair<std::string_view, std::string_view>> SessionView::extra() const& {
  std::vector<std::pair<std::string_view, std::string_view>> extra;
  if (!has_extra()) return extra;
  const auto& stored = *static_cast<const fb::Session*>(table())->extra();
  extra.reserve(stored.size());
  for (const auto* column : stored)
    extra.emplace_back(codec::text_of(*column->name()), codec::text_of(*column->json()));
  return extra;
}

}  // namespace flowkeep

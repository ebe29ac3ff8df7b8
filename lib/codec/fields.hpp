// Where each column stands in the record's FlatBuffer, and how it is read there.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <type_traits>

#include <flowkeep/column.hpp>
#include <flowkeep/session.hpp>

#include "codec/contents.hpp"
#include "session_generated.h"

namespace flowkeep::codec {

/// The vtable offset of a column.
template <Column column>
inline constexpr flatbuffers::voffset_t field = 0;
template <>
inline constexpr flatbuffers::voffset_t field<Column::flowsessionid> = fb::Session::VT_FLOWSESSIONID;
template <>
inline constexpr flatbuffers::voffset_t field<Column::name> = fb::Session::VT_NAME;
template <>
inline constexpr flatbuffers::voffset_t field<Column::correlationid> = fb::Session::VT_CORRELATIONID;
template <>
inline constexpr flatbuffers::voffset_t field<Column::clienttrackingid> = fb::Session::VT_CLIENTTRACKINGID;
template <>
inline constexpr flatbuffers::voffset_t field<Column::regardingobjectid> = fb::Session::VT_REGARDINGOBJECTID;
template <>
inline constexpr flatbuffers::voffset_t field<Column::machineid> = fb::Session::VT_MACHINEID;
template <>
inline constexpr flatbuffers::voffset_t field<Column::machinegroupid> = fb::Session::VT_MACHINEGROUPID;
template <>
inline constexpr flatbuffers::voffset_t field<Column::parentdesktopflowrunid> = fb::Session::VT_PARENTDESKTOPFLOWRUNID;
template <>
inline constexpr flatbuffers::voffset_t field<Column::statecode> = fb::Session::VT_STATECODE;
template <>
inline constexpr flatbuffers::voffset_t field<Column::statuscode> = fb::Session::VT_STATUSCODE;
template <>
inline constexpr flatbuffers::voffset_t field<Column::runmode> = fb::Session::VT_RUNMODE;
template <>
inline constexpr flatbuffers::voffset_t field<Column::runsessionmode> = fb::Session::VT_RUNSESSIONMODE;
template <>
inline constexpr flatbuffers::voffset_t field<Column::subcategory> = fb::Session::VT_SUBCATEGORY;
template <>
inline constexpr flatbuffers::voffset_t field<Column::triggertype> = fb::Session::VT_TRIGGERTYPE;
template <>
inline constexpr flatbuffers::voffset_t field<Column::createdon> = fb::Session::VT_CREATEDON;
template <>
inline constexpr flatbuffers::voffset_t field<Column::modifiedon> = fb::Session::VT_MODIFIEDON;
template <>
inline constexpr flatbuffers::voffset_t field<Column::startedon> = fb::Session::VT_STARTEDON;
template <>
inline constexpr flatbuffers::voffset_t field<Column::completedon> = fb::Session::VT_COMPLETEDON;
template <>
inline constexpr flatbuffers::voffset_t field<Column::overriddencreatedon> = fb::Session::VT_OVERRIDDENCREATEDON;
template <>
inline constexpr flatbuffers::voffset_t field<Column::runduration> = fb::Session::VT_RUNDURATION;
template <>
inline constexpr flatbuffers::voffset_t field<Column::runexecutionduration> = fb::Session::VT_RUNEXECUTIONDURATION;
template <>
inline constexpr flatbuffers::voffset_t field<Column::runwaitduration> = fb::Session::VT_RUNWAITDURATION;
template <>
inline constexpr flatbuffers::voffset_t field<Column::errorcode> = fb::Session::VT_ERRORCODE;
template <>
inline constexpr flatbuffers::voffset_t field<Column::errormessage> = fb::Session::VT_ERRORMESSAGE;
template <>
inline constexpr flatbuffers::voffset_t field<Column::errordetails> = fb::Session::VT_ERRORDETAILS;
template <>
inline constexpr flatbuffers::voffset_t field<Column::errorinnererror> = fb::Session::VT_ERRORINNERERROR;
template <>
inline constexpr flatbuffers::voffset_t field<Column::context> = fb::Session::VT_CONTEXT;
template <>
inline constexpr flatbuffers::voffset_t field<Column::rundetails> = fb::Session::VT_RUNDETAILS;
template <>
inline constexpr flatbuffers::voffset_t field<Column::processversion> = fb::Session::VT_PROCESSVERSION;
template <>
inline constexpr flatbuffers::voffset_t field<Column::sessionusername> = fb::Session::VT_SESSIONUSERNAME;
template <>
inline constexpr flatbuffers::voffset_t field<Column::sessionusersid> = fb::Session::VT_SESSIONUSERSID;
template <>
inline constexpr flatbuffers::voffset_t field<Column::connectionid> = fb::Session::VT_CONNECTIONID;
template <>
inline constexpr flatbuffers::voffset_t field<Column::gateway> = fb::Session::VT_GATEWAY;
template <>
inline constexpr flatbuffers::voffset_t field<Column::callbackurl> = fb::Session::VT_CALLBACKURL;
template <>
inline constexpr flatbuffers::voffset_t field<Column::credentials> = fb::Session::VT_CREDENTIALS;
template <>
inline constexpr flatbuffers::voffset_t field<Column::parentworkflowid> = fb::Session::VT_PARENTWORKFLOWID;
template <>
inline constexpr flatbuffers::voffset_t field<Column::parentcloudflowrunsequenceid> =
    fb::Session::VT_PARENTCLOUDFLOWRUNSEQUENCEID;
template <>
inline constexpr flatbuffers::voffset_t field<Column::machinepercentcpuusage> = fb::Session::VT_MACHINEPERCENTCPUUSAGE;
template <>
inline constexpr flatbuffers::voffset_t field<Column::machinepercentramusage> = fb::Session::VT_MACHINEPERCENTRAMUSAGE;
template <>
inline constexpr flatbuffers::voffset_t field<Column::machineramusage> = fb::Session::VT_MACHINERAMUSAGE;
template <>
inline constexpr flatbuffers::voffset_t field<Column::computeruseagentid> = fb::Session::VT_COMPUTERUSEAGENTID;
template <>
inline constexpr flatbuffers::voffset_t field<Column::flowtestsessionid> = fb::Session::VT_FLOWTESTSESSIONID;
template <>
inline constexpr flatbuffers::voffset_t field<Column::flowtriggerid> = fb::Session::VT_FLOWTRIGGERID;
template <>
inline constexpr flatbuffers::voffset_t field<Column::inputs> = fb::Session::VT_INPUTS;
template <>
inline constexpr flatbuffers::voffset_t field<Column::outputs> = fb::Session::VT_OUTPUTS;
template <>
inline constexpr flatbuffers::voffset_t field<Column::additionalcontext> = fb::Session::VT_ADDITIONALCONTEXT;
template <>
inline constexpr flatbuffers::voffset_t field<Column::ownerid> = fb::Session::VT_OWNERID;
template <>
inline constexpr flatbuffers::voffset_t field<Column::owninguser> = fb::Session::VT_OWNINGUSER;
template <>
inline constexpr flatbuffers::voffset_t field<Column::owningteam> = fb::Session::VT_OWNINGTEAM;
template <>
inline constexpr flatbuffers::voffset_t field<Column::owningbusinessunit> = fb::Session::VT_OWNINGBUSINESSUNIT;
template <>
inline constexpr flatbuffers::voffset_t field<Column::createdby> = fb::Session::VT_CREATEDBY;
template <>
inline constexpr flatbuffers::voffset_t field<Column::createdonbehalfby> = fb::Session::VT_CREATEDONBEHALFBY;
template <>
inline constexpr flatbuffers::voffset_t field<Column::modifiedby> = fb::Session::VT_MODIFIEDBY;
template <>
inline constexpr flatbuffers::voffset_t field<Column::modifiedonbehalfby> = fb::Session::VT_MODIFIEDONBEHALFBY;
template <>
inline constexpr flatbuffers::voffset_t field<Column::importsequencenumber> = fb::Session::VT_IMPORTSEQUENCENUMBER;
template <>
inline constexpr flatbuffers::voffset_t field<Column::timezoneruleversionnumber> =
    fb::Session::VT_TIMEZONERULEVERSIONNUMBER;
template <>
inline constexpr flatbuffers::voffset_t field<Column::utcconversiontimezonecode> =
    fb::Session::VT_UTCCONVERSIONTIMEZONECODE;
template <>
inline constexpr flatbuffers::voffset_t field<Column::versionnumber> = fb::Session::VT_VERSIONNUMBER;

[[nodiscard]] inline Guid guid_of(const fb::Guid& stored) noexcept {
  Guid guid;
  std::memcpy(guid.bytes.data(), stored.bytes()->data(), guid.bytes.size());
  return guid;
}

[[nodiscard]] inline fb::Guid guid_to(const Guid& guid) noexcept {
  return fb::Guid(flatbuffers::span<const std::uint8_t, 16>(guid.bytes.data(), guid.bytes.size()));
}

[[nodiscard]] inline std::string_view text_of(const flatbuffers::String& text) noexcept {
  return {text.c_str(), text.size()};
}

[[nodiscard]] inline BinaryView binary_of(const fb::BinaryColumn& stored) noexcept {
  BinaryView binary;
  if (stored.name() != nullptr) binary.name = text_of(*stored.name());
  if (stored.reference() != nullptr) binary.reference = guid_of(*stored.reference());
  if (const auto blob = stored.blob()) {
    binary.stored = StoredContent{stored.size(), stored.hash(), *blob};
  } else if (stored.small()) {
    binary.stored =
        StoredContent{stored.size(), stored.hash(), small_bit};  // of which session and column, a view knows
  }
  return binary;
}

/// What a SessionView shows for a member of type T of Session.
template <class T>
struct Shown {
  using type = T;
};
template <>
struct Shown<std::string> {
  using type = std::string_view;
};
template <>
struct Shown<Binary> {
  using type = BinaryView;
};

/// Reads a column whose member in Session is std::optional<T>.
template <Column column, class T>
[[nodiscard]] std::optional<typename Shown<T>::type> read(const flatbuffers::Table& table) noexcept {
  constexpr flatbuffers::voffset_t at = field<column>;
  static_assert(at != 0);
  if constexpr (std::is_same_v<T, std::string>) {
    const auto* text = table.GetPointer<const flatbuffers::String*>(at);
    if (text != nullptr) return text_of(*text);
  } else if constexpr (std::is_same_v<T, Guid>) {
    const auto* guid = table.GetStruct<const fb::Guid*>(at);
    if (guid != nullptr) return guid_of(*guid);
  } else if constexpr (std::is_same_v<T, Reference>) {
    const auto* reference = table.GetStruct<const fb::Reference*>(at);
    if (reference != nullptr) return Reference(guid_of(reference->id()), static_cast<EntityType>(reference->type()));
  } else if constexpr (std::is_same_v<T, Binary>) {
    const auto* binary = table.GetPointer<const fb::BinaryColumn*>(at);
    if (binary != nullptr) return binary_of(*binary);
  } else if constexpr (std::is_same_v<T, Timestamp>) {
    const auto ticks = table.GetOptional<std::int64_t, std::int64_t>(at);
    if (ticks) return Timestamp(Ticks(*ticks));
  } else if constexpr (std::is_enum_v<T>) {
    const auto code = table.GetOptional<std::int16_t, std::int16_t>(at);
    if (code) return static_cast<T>(*code);
  } else {
    const auto number = table.GetOptional<T, T>(at);
    if (number) return *number;
  }
  return std::nullopt;
}

}  // namespace flowkeep::codec

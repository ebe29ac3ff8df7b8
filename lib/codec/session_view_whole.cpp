// What shows a session column by column, or copies it whole.
#include <string>

#include <flowkeep/session_view.hpp>

#include "codec/contents.hpp"
#include "codec/fields.hpp"
#include "entity/members.hpp"

namespace flowkeep {

namespace {

ValueView shown(const BinaryView& binary) noexcept {
  if (binary.is_null()) return {};
  return binary;
}

template <class T>
ValueView shown(const T& value) noexcept {
  if constexpr (std::is_enum_v<T>) {
    return static_cast<std::int32_t>(value);
  } else {
    return value;
  }
}

template <class T>
ValueView shown(const std::optional<T>& value) noexcept {
  if (!value) return {};
  return shown(*value);
}

template <class T>
std::optional<T> own(const std::optional<T>& value) {
  return value;
}

std::optional<std::string> own(const std::optional<std::string_view>& value) {
  if (!value) return std::nullopt;
  return std::string(*value);
}

std::optional<Binary> own(const std::optional<BinaryView>& value) {
  if (!value) return std::nullopt;
  Binary binary;
  if (value->name) binary.name = std::string(*value->name);
  binary.reference = value->reference;
  binary.stored = value->stored;
  return binary;
}

}  // namespace

ValueView SessionView::value(Column column) const& noexcept {
  switch (column) {
    case Column::flowsessionid:
      return shown(flowsessionid());
    case Column::name:
      return shown(name());
    case Column::correlationid:
      return shown(correlationid());
    case Column::clienttrackingid:
      return shown(clienttrackingid());
    case Column::regardingobjectid:
      return shown(regardingobjectid());
    case Column::machineid:
      return shown(machineid());
    case Column::machinegroupid:
      return shown(machinegroupid());
    case Column::parentdesktopflowrunid:
      return shown(parentdesktopflowrunid());
    case Column::statecode:
      return shown(statecode());
    case Column::statuscode:
      return shown(statuscode());
    case Column::runmode:
      return shown(runmode());
    case Column::runsessionmode:
      return shown(runsessionmode());
    case Column::subcategory:
      return shown(subcategory());
    case Column::triggertype:
      return shown(triggertype());
    case Column::createdon:
      return shown(createdon());
    case Column::modifiedon:
      return shown(modifiedon());
    case Column::startedon:
      return shown(startedon());
    case Column::completedon:
      return shown(completedon());
    case Column::overriddencreatedon:
      return shown(overriddencreatedon());
    case Column::runduration:
      return shown(runduration());
    case Column::runexecutionduration:
      return shown(runexecutionduration());
    case Column::runwaitduration:
      return shown(runwaitduration());
    case Column::errorcode:
      return shown(errorcode());
    case Column::errormessage:
      return shown(errormessage());
    case Column::errordetails:
      return shown(errordetails());
    case Column::errorinnererror:
      return shown(errorinnererror());
    case Column::context:
      return shown(context());
    case Column::rundetails:
      return shown(rundetails());
    case Column::processversion:
      return shown(processversion());
    case Column::sessionusername:
      return shown(sessionusername());
    case Column::sessionusersid:
      return shown(sessionusersid());
    case Column::connectionid:
      return shown(connectionid());
    case Column::gateway:
      return shown(gateway());
    case Column::callbackurl:
      return shown(callbackurl());
    case Column::credentials:
      return shown(credentials());
    case Column::parentworkflowid:
      return shown(parentworkflowid());
    case Column::parentcloudflowrunsequenceid:
      return shown(parentcloudflowrunsequenceid());
    case Column::machinepercentcpuusage:
      return shown(machinepercentcpuusage());
    case Column::machinepercentramusage:
      return shown(machinepercentramusage());
    case Column::machineramusage:
      return shown(machineramusage());
    case Column::computeruseagentid:
      return shown(computeruseagentid());
    case Column::flowtestsessionid:
      return shown(flowtestsessionid());
    case Column::flowtriggerid:
      return shown(flowtriggerid());
    case Column::inputs:
      return shown(inputs());
    case Column::inputs_name:
      return shown(inputs().name);
    case Column::outputs:
      return shown(outputs());
    case Column::outputs_name:
      return shown(outputs().name);
    case Column::additionalcontext:
      return shown(additionalcontext());
    case Column::additionalcontext_name:
      return shown(additionalcontext().name);
    case Column::ownerid:
      return shown(ownerid());
    case Column::owninguser:
      return shown(owninguser());
    case Column::owningteam:
      return shown(owningteam());
    case Column::owningbusinessunit:
      return shown(owningbusinessunit());
    case Column::createdby:
      return shown(createdby());
    case Column::createdonbehalfby:
      return shown(createdonbehalfby());
    case Column::modifiedby:
      return shown(modifiedby());
    case Column::modifiedonbehalfby:
      return shown(modifiedonbehalfby());
    case Column::importsequencenumber:
      return shown(importsequencenumber());
    case Column::timezoneruleversionnumber:
      return shown(timezoneruleversionnumber());
    case Column::utcconversiontimezonecode:
      return shown(utcconversiontimezonecode());
    case Column::versionnumber:
      return shown(versionnumber());
  }
  return {};
}

Result<Session> SessionView::copy() const {
  if (auto ok = unpack(); !ok) return fail(std::move(ok.error()));
  Session session;
  // What a packed record has in its head is not in this table; those columns follow.
  const auto& columns = *static_cast<const flatbuffers::Table*>(table());
  entity::for_each_member([&]<Column column, class T>(std::optional<T> Session::*member) {
    session.*member = own(codec::read<column, T>(columns));
  });
  for (const Column column : {Column::inputs, Column::outputs, Column::additionalcontext}) {
    auto& binary = session.*entity::binary_member(column);
    if (binary && binary->stored && codec::is_small(*binary->stored)) {
      binary->stored->blob_id = codec::small_id(arrival_, codec::slot_of(column));
    }
  }
  for (const auto& [name, json] : extra()) session.extra.emplace(name, json);
  session.flowsessionid = flowsessionid();
  session.correlationid = own(correlationid());
  session.machineid = machineid();
  session.regardingobjectid = regardingobjectid();
  session.statecode = statecode();
  session.statuscode = statuscode();
  session.runmode = runmode();
  session.createdon = createdon();
  session.modifiedon = modifiedon();
  session.startedon = startedon();
  session.completedon = completedon();
  session.runduration = runduration();
  session.versionnumber = versionnumber();
  return session;
}

}  // namespace flowkeep

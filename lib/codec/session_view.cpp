#include <flowkeep/session_view.hpp>

#include <string>

#include "codec/fields.hpp"
#include "codec/record.hpp"
#include "entity/members.hpp"

namespace flowkeep {

namespace {

using codec::read;

const flatbuffers::Table& at(const void* table) noexcept {
  return *static_cast<const flatbuffers::Table*>(table);
}

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

Guid SessionView::flowsessionid() const noexcept {
  return *read<Column::flowsessionid, Guid>(at(table_));
}
std::optional<std::string_view> SessionView::name() const noexcept {
  return read<Column::name, std::string>(at(table_));
}
std::optional<std::string_view> SessionView::correlationid() const noexcept {
  return read<Column::correlationid, std::string>(at(table_));
}
std::optional<std::string_view> SessionView::clienttrackingid() const noexcept {
  return read<Column::clienttrackingid, std::string>(at(table_));
}
std::optional<Reference> SessionView::regardingobjectid() const noexcept {
  return read<Column::regardingobjectid, Reference>(at(table_));
}
std::optional<Reference> SessionView::machineid() const noexcept {
  return read<Column::machineid, Reference>(at(table_));
}
std::optional<Reference> SessionView::machinegroupid() const noexcept {
  return read<Column::machinegroupid, Reference>(at(table_));
}
std::optional<Reference> SessionView::parentdesktopflowrunid() const noexcept {
  return read<Column::parentdesktopflowrunid, Reference>(at(table_));
}
StateCode SessionView::statecode() const noexcept {
  return *read<Column::statecode, StateCode>(at(table_));
}
StatusCode SessionView::statuscode() const noexcept {
  return *read<Column::statuscode, StatusCode>(at(table_));
}
std::optional<RunMode> SessionView::runmode() const noexcept {
  return read<Column::runmode, RunMode>(at(table_));
}
std::optional<RunSessionMode> SessionView::runsessionmode() const noexcept {
  return read<Column::runsessionmode, RunSessionMode>(at(table_));
}
std::optional<Subcategory> SessionView::subcategory() const noexcept {
  return read<Column::subcategory, Subcategory>(at(table_));
}
std::optional<TriggerType> SessionView::triggertype() const noexcept {
  return read<Column::triggertype, TriggerType>(at(table_));
}
Timestamp SessionView::createdon() const noexcept {
  return *read<Column::createdon, Timestamp>(at(table_));
}
std::optional<Timestamp> SessionView::modifiedon() const noexcept {
  return read<Column::modifiedon, Timestamp>(at(table_));
}
std::optional<Timestamp> SessionView::startedon() const noexcept {
  return read<Column::startedon, Timestamp>(at(table_));
}
std::optional<Timestamp> SessionView::completedon() const noexcept {
  return read<Column::completedon, Timestamp>(at(table_));
}
std::optional<Timestamp> SessionView::overriddencreatedon() const noexcept {
  return read<Column::overriddencreatedon, Timestamp>(at(table_));
}
std::optional<std::int64_t> SessionView::runduration() const noexcept {
  return read<Column::runduration, std::int64_t>(at(table_));
}
std::optional<std::int64_t> SessionView::runexecutionduration() const noexcept {
  return read<Column::runexecutionduration, std::int64_t>(at(table_));
}
std::optional<std::int64_t> SessionView::runwaitduration() const noexcept {
  return read<Column::runwaitduration, std::int64_t>(at(table_));
}
std::optional<std::string_view> SessionView::errorcode() const noexcept {
  return read<Column::errorcode, std::string>(at(table_));
}
std::optional<std::string_view> SessionView::errormessage() const noexcept {
  return read<Column::errormessage, std::string>(at(table_));
}
std::optional<std::string_view> SessionView::errordetails() const noexcept {
  return read<Column::errordetails, std::string>(at(table_));
}
std::optional<std::string_view> SessionView::errorinnererror() const noexcept {
  return read<Column::errorinnererror, std::string>(at(table_));
}
std::optional<std::string_view> SessionView::context() const noexcept {
  return read<Column::context, std::string>(at(table_));
}
std::optional<std::string_view> SessionView::rundetails() const noexcept {
  return read<Column::rundetails, std::string>(at(table_));
}
std::optional<std::string_view> SessionView::processversion() const noexcept {
  return read<Column::processversion, std::string>(at(table_));
}
std::optional<std::string_view> SessionView::sessionusername() const noexcept {
  return read<Column::sessionusername, std::string>(at(table_));
}
std::optional<std::string_view> SessionView::sessionusersid() const noexcept {
  return read<Column::sessionusersid, std::string>(at(table_));
}
std::optional<std::string_view> SessionView::connectionid() const noexcept {
  return read<Column::connectionid, std::string>(at(table_));
}
std::optional<std::string_view> SessionView::gateway() const noexcept {
  return read<Column::gateway, std::string>(at(table_));
}
std::optional<std::string_view> SessionView::callbackurl() const noexcept {
  return read<Column::callbackurl, std::string>(at(table_));
}
std::optional<std::string_view> SessionView::credentials() const noexcept {
  return read<Column::credentials, std::string>(at(table_));
}
std::optional<std::string_view> SessionView::parentworkflowid() const noexcept {
  return read<Column::parentworkflowid, std::string>(at(table_));
}
std::optional<std::string_view> SessionView::parentcloudflowrunsequenceid() const noexcept {
  return read<Column::parentcloudflowrunsequenceid, std::string>(at(table_));
}
std::optional<double> SessionView::machinepercentcpuusage() const noexcept {
  return read<Column::machinepercentcpuusage, double>(at(table_));
}
std::optional<double> SessionView::machinepercentramusage() const noexcept {
  return read<Column::machinepercentramusage, double>(at(table_));
}
std::optional<std::int32_t> SessionView::machineramusage() const noexcept {
  return read<Column::machineramusage, std::int32_t>(at(table_));
}
std::optional<Reference> SessionView::computeruseagentid() const noexcept {
  return read<Column::computeruseagentid, Reference>(at(table_));
}
std::optional<Reference> SessionView::flowtestsessionid() const noexcept {
  return read<Column::flowtestsessionid, Reference>(at(table_));
}
std::optional<Reference> SessionView::flowtriggerid() const noexcept {
  return read<Column::flowtriggerid, Reference>(at(table_));
}
BinaryView SessionView::inputs() const noexcept {
  return read<Column::inputs, Binary>(at(table_)).value_or(BinaryView{});
}
BinaryView SessionView::outputs() const noexcept {
  return read<Column::outputs, Binary>(at(table_)).value_or(BinaryView{});
}
BinaryView SessionView::additionalcontext() const noexcept {
  return read<Column::additionalcontext, Binary>(at(table_)).value_or(BinaryView{});
}
std::optional<Reference> SessionView::ownerid() const noexcept {
  return read<Column::ownerid, Reference>(at(table_));
}
std::optional<Reference> SessionView::owninguser() const noexcept {
  return read<Column::owninguser, Reference>(at(table_));
}
std::optional<Reference> SessionView::owningteam() const noexcept {
  return read<Column::owningteam, Reference>(at(table_));
}
std::optional<Reference> SessionView::owningbusinessunit() const noexcept {
  return read<Column::owningbusinessunit, Reference>(at(table_));
}
std::optional<Reference> SessionView::createdby() const noexcept {
  return read<Column::createdby, Reference>(at(table_));
}
std::optional<Reference> SessionView::createdonbehalfby() const noexcept {
  return read<Column::createdonbehalfby, Reference>(at(table_));
}
std::optional<Reference> SessionView::modifiedby() const noexcept {
  return read<Column::modifiedby, Reference>(at(table_));
}
std::optional<Reference> SessionView::modifiedonbehalfby() const noexcept {
  return read<Column::modifiedonbehalfby, Reference>(at(table_));
}
std::optional<std::int32_t> SessionView::importsequencenumber() const noexcept {
  return read<Column::importsequencenumber, std::int32_t>(at(table_));
}
std::optional<std::int32_t> SessionView::timezoneruleversionnumber() const noexcept {
  return read<Column::timezoneruleversionnumber, std::int32_t>(at(table_));
}
std::optional<std::int32_t> SessionView::utcconversiontimezonecode() const noexcept {
  return read<Column::utcconversiontimezonecode, std::int32_t>(at(table_));
}
std::int64_t SessionView::versionnumber() const noexcept {
  return *read<Column::versionnumber, std::int64_t>(at(table_));
}

bool SessionView::has_extra() const noexcept {
  const auto* extra = static_cast<const fb::Session*>(table_)->extra();
  return extra != nullptr && extra->size() != 0;
}

std::vector<std::pair<std::string_view, std::string_view>> SessionView::extra() const {
  std::vector<std::pair<std::string_view, std::string_view>> columns;
  const auto* extra = static_cast<const fb::Session*>(table_)->extra();
  if (extra == nullptr) return columns;
  columns.reserve(extra->size());
  for (const auto* column : *extra)
    columns.emplace_back(codec::text_of(*column->name()), codec::text_of(*column->json()));
  return columns;
}

ValueView SessionView::value(Column column) const noexcept {
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

Session SessionView::copy() const {
  Session session;
  entity::for_each_member([&]<Column column, class T>(std::optional<T> Session::*member) {
    session.*member = own(read<column, T>(at(table_)));
  });
  for (const auto& [name, json] : extra()) session.extra.emplace(name, json);
  return session;
}

}  // namespace flowkeep

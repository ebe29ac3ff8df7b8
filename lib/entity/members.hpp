// The tie between enum Column and the members of Session: the one list that generic code walks.
#pragma once

#include <array>

#include <flowkeep/column.hpp>
#include <flowkeep/session.hpp>

namespace flowkeep::entity {

/// Calls f.template operator()<Column::x>(&Session::x) for every column but the *_name companions, in the order
/// of Column. Typically f is a generic lambda: []<Column column, class T>(std::optional<T> Session::*member) {…}.
template <class F>
constexpr void for_each_member(F&& f) {
  f.template operator()<Column::flowsessionid>(&Session::flowsessionid);
  f.template operator()<Column::name>(&Session::name);
  f.template operator()<Column::correlationid>(&Session::correlationid);
  f.template operator()<Column::clienttrackingid>(&Session::clienttrackingid);
  f.template operator()<Column::regardingobjectid>(&Session::regardingobjectid);
  f.template operator()<Column::machineid>(&Session::machineid);
  f.template operator()<Column::machinegroupid>(&Session::machinegroupid);
  f.template operator()<Column::parentdesktopflowrunid>(&Session::parentdesktopflowrunid);
  f.template operator()<Column::statecode>(&Session::statecode);
  f.template operator()<Column::statuscode>(&Session::statuscode);
  f.template operator()<Column::runmode>(&Session::runmode);
  f.template operator()<Column::runsessionmode>(&Session::runsessionmode);
  f.template operator()<Column::subcategory>(&Session::subcategory);
  f.template operator()<Column::triggertype>(&Session::triggertype);
  f.template operator()<Column::createdon>(&Session::createdon);
  f.template operator()<Column::modifiedon>(&Session::modifiedon);
  f.template operator()<Column::startedon>(&Session::startedon);
  f.template operator()<Column::completedon>(&Session::completedon);
  f.template operator()<Column::overriddencreatedon>(&Session::overriddencreatedon);
  f.template operator()<Column::runduration>(&Session::runduration);
  f.template operator()<Column::runexecutionduration>(&Session::runexecutionduration);
  f.template operator()<Column::runwaitduration>(&Session::runwaitduration);
  f.template operator()<Column::errorcode>(&Session::errorcode);
  f.template operator()<Column::errormessage>(&Session::errormessage);
  f.template operator()<Column::errordetails>(&Session::errordetails);
  f.template operator()<Column::errorinnererror>(&Session::errorinnererror);
  f.template operator()<Column::context>(&Session::context);
  f.template operator()<Column::rundetails>(&Session::rundetails);
  f.template operator()<Column::processversion>(&Session::processversion);
  f.template operator()<Column::sessionusername>(&Session::sessionusername);
  f.template operator()<Column::sessionusersid>(&Session::sessionusersid);
  f.template operator()<Column::connectionid>(&Session::connectionid);
  f.template operator()<Column::gateway>(&Session::gateway);
  f.template operator()<Column::callbackurl>(&Session::callbackurl);
  f.template operator()<Column::credentials>(&Session::credentials);
  f.template operator()<Column::parentworkflowid>(&Session::parentworkflowid);
  f.template operator()<Column::parentcloudflowrunsequenceid>(&Session::parentcloudflowrunsequenceid);
  f.template operator()<Column::machinepercentcpuusage>(&Session::machinepercentcpuusage);
  f.template operator()<Column::machinepercentramusage>(&Session::machinepercentramusage);
  f.template operator()<Column::machineramusage>(&Session::machineramusage);
  f.template operator()<Column::computeruseagentid>(&Session::computeruseagentid);
  f.template operator()<Column::flowtestsessionid>(&Session::flowtestsessionid);
  f.template operator()<Column::flowtriggerid>(&Session::flowtriggerid);
  f.template operator()<Column::inputs>(&Session::inputs);
  f.template operator()<Column::outputs>(&Session::outputs);
  f.template operator()<Column::additionalcontext>(&Session::additionalcontext);
  f.template operator()<Column::ownerid>(&Session::ownerid);
  f.template operator()<Column::owninguser>(&Session::owninguser);
  f.template operator()<Column::owningteam>(&Session::owningteam);
  f.template operator()<Column::owningbusinessunit>(&Session::owningbusinessunit);
  f.template operator()<Column::createdby>(&Session::createdby);
  f.template operator()<Column::createdonbehalfby>(&Session::createdonbehalfby);
  f.template operator()<Column::modifiedby>(&Session::modifiedby);
  f.template operator()<Column::modifiedonbehalfby>(&Session::modifiedonbehalfby);
  f.template operator()<Column::importsequencenumber>(&Session::importsequencenumber);
  f.template operator()<Column::timezoneruleversionnumber>(&Session::timezoneruleversionnumber);
  f.template operator()<Column::utcconversiontimezonecode>(&Session::utcconversiontimezonecode);
  f.template operator()<Column::versionnumber>(&Session::versionnumber);
}

/// The companion of a File column: inputs -> inputs_name, and so on.
[[nodiscard]] constexpr Column name_column(Column binary) noexcept {
  return static_cast<Column>(static_cast<int>(binary) + 1);
}

/// The File column of a companion: inputs_name -> inputs, and so on.
[[nodiscard]] constexpr Column binary_column(Column name) noexcept {
  return static_cast<Column>(static_cast<int>(name) - 1);
}

/// The File columns.
inline constexpr std::array binary_columns{Column::inputs, Column::outputs, Column::additionalcontext};

/// The member of a File column.
[[nodiscard]] constexpr std::optional<Binary> Session::*binary_member(Column binary) noexcept {
  return binary == Column::inputs    ? &Session::inputs
         : binary == Column::outputs ? &Session::outputs
                                     : &Session::additionalcontext;
}

}  // namespace flowkeep::entity

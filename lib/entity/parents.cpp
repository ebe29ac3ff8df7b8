#include <algorithm>
#include <array>
#include <string>

#include "base/text.hpp"
#include "entity/children.hpp"

namespace flowkeep {
namespace {

constexpr std::array user{EntityType::systemuser};
constexpr std::array principal{EntityType::systemuser, EntityType::team};
constexpr std::array team{EntityType::team};
constexpr std::array unit{EntityType::businessunit};
constexpr std::array machine{EntityType::flowmachine};
constexpr std::array group{EntityType::flowmachinegroup};
constexpr std::array workflow{EntityType::workflow};

constexpr auto keep = OnParentDelete::keep;
constexpr auto refuse = OnParentDelete::refuse;

constexpr std::array<NavigationInfo, 11> properties{{
    {"createdby", "_createdby_value", Column::createdby, user, "lk_flowsession_createdby", keep},
    {"createdonbehalfby", "_createdonbehalfby_value", Column::createdonbehalfby, user,
     "lk_flowsession_createdonbehalfby", keep},
    {"MachineGroupId", "_machinegroupid_value", Column::machinegroupid, group,
     "flowmachinegroup_flowsession_MachineGroupId", OnParentDelete::set_null},
    {"MachineId", "_machineid_value", Column::machineid, machine, "flowmachine_flowsession_MachineId",
     OnParentDelete::set_null},
    {"modifiedby", "_modifiedby_value", Column::modifiedby, user, "lk_flowsession_modifiedby", keep},
    {"modifiedonbehalfby", "_modifiedonbehalfby_value", Column::modifiedonbehalfby, user,
     "lk_flowsession_modifiedonbehalfby", keep},
    {"ownerid", "_ownerid_value", Column::ownerid, principal, "owner_flowsession", refuse},
    {"owningbusinessunit", "_owningbusinessunit_value", Column::owningbusinessunit, unit, "business_unit_flowsession",
     refuse},
    {"owningteam", "_owningteam_value", Column::owningteam, team, "team_flowsession", refuse},
    {"owninguser", "_owninguser_value", Column::owninguser, user, "user_flowsession", refuse},
    {"regardingobjectid_process", "_regardingobjectid_value", Column::regardingobjectid, workflow,
     "regardingobjectid_process", OnParentDelete::cascade},
}};

}  // namespace

std::span<const NavigationInfo> navigation_properties() noexcept {
  return properties;
}

const NavigationInfo* find_partner(std::string_view name) noexcept {
  const auto found = std::find_if(properties.begin(), properties.end(),
                                  [name](const NavigationInfo& one) { return one.partner_name == name; });
  return found == properties.end() ? nullptr : &*found;
}

namespace entity {

Result<void> check_parent(const Parent& parent) {
  const std::string_view type = name_of(parent.type);
  if (type.empty() || parent.type == EntityType::flowsession) {
    return fail(Errc::invalid_argument,
                std::string("type: ") +
                    (type.empty() ? std::to_string(static_cast<int>(parent.type)) : std::string(type)) +
                    " is not a table that sessions have as a parent");
  }
  const auto units = base::utf16_units(parent.name);
  if (!units) return fail(Errc::invalid_argument, "name: the text is not valid UTF-8");
  if (*units >= 1 && *units <= max_parent_name_units) return {};
  return fail(Errc::invalid_argument, "name: " + std::to_string(*units) + " characters (UTF-16 units), 1 to " +
                                          std::to_string(max_parent_name_units) + " are allowed");
}

}  // namespace entity
}  // namespace flowkeep

#include <algorithm>
#include <array>
#include <flowkeep/reference.hpp>

namespace flowkeep {
namespace {

struct EntityNames {
  std::string_view name;
  std::string_view set_name;
};

// In the order of EntityType.
constexpr std::array<EntityNames, 11> entities{{{"", ""},
                                                {"systemuser", "systemusers"},
                                                {"team", "teams"},
                                                {"businessunit", "businessunits"},
                                                {"workflow", "workflows"},
                                                {"flowmachine", "flowmachines"},
                                                {"flowmachinegroup", "flowmachinegroups"},
                                                {"flowsession", "flowsessions"},
                                                {"computeruseagent", "computeruseagents"},
                                                {"flowtestsession", "flowtestsessions"},
                                                {"flowtrigger", "flowtriggers"}}};

EntityNames names_of(EntityType type) noexcept {
  const auto place = static_cast<std::size_t>(type);
  return place < entities.size() ? entities[place] : entities[0];
}

}  // namespace

std::string_view name_of(EntityType type) noexcept {
  return names_of(type).name;
}

std::string_view set_name_of(EntityType type) noexcept {
  return names_of(type).set_name;
}

std::optional<EntityType> find_entity_type(std::string_view name) noexcept {
  const auto found = std::find_if(entities.begin() + 1, entities.end(), [name](const EntityNames& names) {
    return names.name == name || names.set_name == name;
  });
  if (found == entities.end()) return std::nullopt;
  return static_cast<EntityType>(found - entities.begin());
}

}  // namespace flowkeep

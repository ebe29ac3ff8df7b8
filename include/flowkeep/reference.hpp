// A reference to a row of another table: its id and its kind.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include <flowkeep/export.hpp>
#include <flowkeep/guid.hpp>

namespace flowkeep {

/// The tables that a flow session's lookups lead to. The numbers are stored.
enum class EntityType : std::uint8_t {
  none = 0,
  systemuser = 1,
  team = 2,
  businessunit = 3,
  workflow = 4,
  flowmachine = 5,
  flowmachinegroup = 6,
  flowsession = 7,
  computeruseagent = 8,
  flowtestsession = 9,
  flowtrigger = 10,
};

/// The logical name ("systemuser") and the entity set's name ("systemusers") of a table.
[[nodiscard]] FLOWKEEP_API std::string_view name_of(EntityType type) noexcept;
[[nodiscard]] FLOWKEEP_API std::string_view set_name_of(EntityType type) noexcept;
/// Finds a table by its logical name or its entity set's name.
[[nodiscard]] FLOWKEEP_API std::optional<EntityType> find_entity_type(std::string_view name) noexcept;

/// A lookup's value. EntityType::none stands for the column's own target (ColumnInfo::target) and is
/// replaced by it on writing; only ownerid can lead to two kinds (systemuser, the default, and team).
struct Reference {
  Guid id{};
  EntityType type = EntityType::none;

  Reference() = default;
  Reference(const Guid& to, EntityType kind = EntityType::none) noexcept : id(to), type(kind) {}  // NOLINT: implicit

  friend bool operator==(const Reference&, const Reference&) noexcept = default;
};

}  // namespace flowkeep

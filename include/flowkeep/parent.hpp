// What sessions hang on: the rows that their single-valued navigation properties lead to.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include <flowkeep/column.hpp>
#include <flowkeep/export.hpp>
#include <flowkeep/guid.hpp>
#include <flowkeep/index.hpp>
#include <flowkeep/reference.hpp>

namespace flowkeep {

/// A row of another table, as far as it is known here: its name. A session may lead to one that is not.
struct Parent {
  EntityType type = EntityType::none;  ///< any but none and flowsession, whose rows are the store's own
  Guid id{};
  std::string name{};  ///< 1 to max_parent_name_units UTF-16 code units
  friend bool operator==(const Parent&, const Parent&) = default;
};
inline constexpr std::uint32_t max_parent_name_units = 1000;

/// What becomes of sessions when the row that a lookup leads to is deleted.
enum class OnParentDelete : std::uint8_t {
  keep,      ///< nothing
  cascade,   ///< they are deleted
  set_null,  ///< the lookup becomes null
  refuse,    ///< it is not deleted while there are any
};

/// One of the eleven single-valued navigation properties of the flowsession reference page.
struct NavigationInfo {
  std::string_view name;         ///< "MachineId"
  std::string_view lookup_name;  ///< "_machineid_value"
  Column column;                 ///< Column::machineid
  std::span<const EntityType> targets;
  std::string_view partner_name;  ///< of the property that leads back: "flowmachine_flowsession_MachineId"
  OnParentDelete on_delete;
};

struct DeleteParentOptions {
  /// Sessions deleted or changed in one transaction, 1 to 100 000: other writers wait for no more.
  std::uint64_t batch = 1000;
  Progress progress{};  ///< told after each batch; `total` is 0; answering false ends it with busy
};

struct ParentDeletion {
  std::uint64_t sessions = 0;  ///< deleted with it, or freed of their lookup
};

/// All of them, in the order of that page.
[[nodiscard]] FLOWKEEP_API std::span<const NavigationInfo> navigation_properties() noexcept;
/// Finds one by the name of its partner; case-sensitive.
[[nodiscard]] FLOWKEEP_API const NavigationInfo* find_partner(std::string_view name) noexcept;

}  // namespace flowkeep

// Navigation properties on the wire: "MachineId@odata.bind":"/flowmachines(guid)".
#pragma once

#include <string_view>

#include <flowkeep/column.hpp>
#include <flowkeep/result.hpp>

namespace flowkeep::io {

/// The lookup of a navigation property. Errors: invalid_argument (unknown; the sentence has the name that differs
/// only in case).
[[nodiscard]] Result<Column> find_navigation(std::string_view name);

/// Reads what a lookup is bound to: "/set(guid)", "set(guid)", or a URL that ends so. Errors: invalid_argument.
[[nodiscard]] Result<Reference> parse_bind(Column lookup, std::string_view value);

/// Whether a lookup may lead to rows of this table.
[[nodiscard]] bool may_lead_to(Column lookup, EntityType type) noexcept;

}  // namespace flowkeep::io

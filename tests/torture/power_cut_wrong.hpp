// The switch of a library that was built to be wrong: see FLOWKEEP_WRONG_ORDERS in lib/.
#pragma once

namespace flowkeep::torture {

/// Whether this program has that switch.
[[nodiscard]] bool can_be_wrong();
/// 0: right.
void set_wrong_order(int number);

}  // namespace flowkeep::torture

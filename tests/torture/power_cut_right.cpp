#include <cstdlib>

#include "power_cut_wrong.hpp"

namespace flowkeep::torture {

bool can_be_wrong() {
  return false;
}

void set_wrong_order(int number) {
  if (number != 0) std::abort();
}

}  // namespace flowkeep::torture

#include "power_cut_wrong.hpp"

extern int flowkeep_wrong_order;  // lib/journal/checkpoint.cpp

namespace flowkeep::torture {

bool can_be_wrong() {
  return true;
}

void set_wrong_order(int number) {
  flowkeep_wrong_order = number;
}

}  // namespace flowkeep::torture

// The committed 15 x 15 tables of moves.
#pragma once

#include <array>
#include <flowkeep/choices.hpp>
#include <string>

namespace flowkeep::test {

/// moves[from][to]
using MoveTable = std::array<std::array<bool, status_count>, status_count>;

/// Reads tests/state/<file>; a table that is not whole fails the running test.
MoveTable read_move_table(const std::string& file);

}  // namespace flowkeep::test

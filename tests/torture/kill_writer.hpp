// A process that writes until it is killed.
#pragma once

#include <string>

#include "kill_oracle.hpp"

namespace flowkeep::torture {

/// Opens the store, finds out what the last writer of its lanes got done, then changes its slots by one to four
/// threads, closing and opening the store now and then, until it is killed or Oracle::stop is set. Returns an exit
/// status: 0 after a stop, 1 after something that may not be (it has complained).
[[nodiscard]] int write_until_killed(Oracle& oracle, const std::string& path, unsigned process, std::uint64_t seed);

}  // namespace flowkeep::torture

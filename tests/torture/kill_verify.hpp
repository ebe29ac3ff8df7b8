// Whether a store holds what the oracle says.
#pragma once

#include <optional>
#include <string>

#include "kill_oracle.hpp"

namespace flowkeep::torture {

/// How many of the changes that a dead writer had under way have happened, by what a snapshot shows of its lane:
/// std::nullopt, and why, where no number of them gives what is there.
[[nodiscard]] std::optional<std::uint64_t> changes_that_happened(const Lane& lane, unsigned number,
                                                                 const Snapshot& snapshot, std::string& why);

/// Opens the store while all writers are dead, recovering it, and looks at everything. "" where all is right.
[[nodiscard]] std::string what_is_wrong(const Oracle& oracle, const std::string& path);

/// Looks at one dead writer's lanes through a store opened for reading only, while others write: what is acknowledged
/// has to be there as soon as one of these has had the turn. "" where all is right in time.
[[nodiscard]] std::string what_others_miss(const Oracle& oracle, const std::string& path, unsigned process);

/// Reads, through stores opened for reading only, what the writers have acknowledged, and notes how long it takes to be
/// seen, until it is killed. Returns 1 after something that may not be.
[[nodiscard]] int watch_until_killed(Oracle& oracle, const std::string& path, std::uint64_t seed);

}  // namespace flowkeep::torture

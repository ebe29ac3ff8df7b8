// Work on a file whose disk may fail.
#pragma once

#include <functional>
#include <string>

#include "tool.hpp"

namespace flowkeep::tool {

/// Runs `work` in a child process: a page that the disk cannot give back kills that one with SIGBUS, and this one says
/// so. `name` is what is done, for sentences: "check".
[[nodiscard]] Try<Exit> in_child(const std::string& file, const std::string& name,
                                 const std::function<Try<Exit>()>& work);

}  // namespace flowkeep::tool

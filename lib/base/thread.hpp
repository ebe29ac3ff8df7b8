// Threads that start with a name, or say why not.
#pragma once

#include <functional>
#include <thread>

#include <flowkeep/result.hpp>

namespace flowkeep::base {

/// Starts a thread that runs `body`; `name`, of at most 15 characters, is what the system shows. Errors: no_memory.
[[nodiscard]] Result<std::thread> start_thread(const char* name, std::function<void()> body);

}  // namespace flowkeep::base

#include "base/thread.hpp"

#include <pthread.h>

#include <string>
#include <system_error>
#include <utility>

namespace flowkeep::base {

Result<std::thread> start_thread(const char* name, std::function<void()> body) {
  try {
    std::thread thread(std::move(body));
    ::pthread_setname_np(thread.native_handle(), name);
    return thread;
  } catch (const std::system_error& error) {
    return fail(Errc::no_memory, std::string("cannot start a thread: ") + error.what());
  }
}

}  // namespace flowkeep::base

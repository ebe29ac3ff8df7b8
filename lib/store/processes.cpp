#include "store/processes.hpp"

#include <signal.h>
#include <unistd.h>

#include <cerrno>

#include "base/process.hpp"

namespace flowkeep::store {

namespace {

tl::unexpected<Error> nobody_says() {
  return fail(Errc::io, "the system does not say which processes there are: /proc cannot be read");
}

}  // namespace

Result<codec::ProcessRow> this_process() {
  const std::int64_t pid = ::getpid();
  const auto boot = base::read_boot_id();
  const auto state = base::read_process(pid);
  if (!boot || !state) return nobody_says();
  return codec::ProcessRow{*boot, pid, state->started, now()};
}

Result<bool> is_running(const codec::ProcessRow& process) {
  const auto boot = base::read_boot_id();
  if (!boot) return nobody_says();
  if (*boot != process.boot) return false;
  if (::kill(static_cast<pid_t>(process.pid), 0) != 0 && errno == ESRCH) return false;
  // There is a process of that number. One whose start cannot be seen (another user's, no descriptor left) may be it.
  const auto state = base::read_process(process.pid);
  return !state || (state->started == process.started && !state->has_ended());
}

}  // namespace flowkeep::store

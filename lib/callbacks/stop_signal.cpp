#include "stop_signal.hpp"

#include <errno.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <system_error>

namespace flowkeep::callbacks {

StopSignal::~StopSignal() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

Result<void> StopSignal::open() {
  descriptor_ = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (descriptor_ >= 0) return {};
  const int cause = errno;
  return fail(Errc::io, "no descriptor for a sender of callbacks: " + std::generic_category().message(cause),
              DataverseCode::none, cause);
}

void StopSignal::set() noexcept {
  const int cause = errno;
  is_set_.store(true);
  // Fails only where it is set already, as often as its counter goes.
  static_cast<void>(::eventfd_write(descriptor_, 1));
  errno = cause;
}

bool StopSignal::wait_for(std::chrono::milliseconds pause) const noexcept {
  using Clock = std::chrono::steady_clock;
  const auto deadline = Clock::now() + pause;
  while (!is_set()) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now());
    if (left.count() <= 0) return false;
    pollfd waited{descriptor_, POLLIN, 0};
    static_cast<void>(::poll(&waited, 1, static_cast<int>(left.count())));
  }
  return true;
}

}  // namespace flowkeep::callbacks

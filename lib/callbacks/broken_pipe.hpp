// Keeps a connection that breaks from ending the process.
#pragma once

#include <pthread.h>
#include <signal.h>

#include <ctime>

namespace flowkeep::callbacks {

/// Blocks SIGPIPE in this thread, and takes away one that came meanwhile. A TLS library may write to a socket without
/// MSG_NOSIGNAL, and the process's own disposition is not ours to change.
class BrokenPipeBlocked {
 public:
  BrokenPipeBlocked() noexcept {
    ::sigemptyset(&broken_pipe_);
    ::sigaddset(&broken_pipe_, SIGPIPE);
    was_pending_ = is_pending();
    ::pthread_sigmask(SIG_BLOCK, &broken_pipe_, &before_);
  }
  BrokenPipeBlocked(const BrokenPipeBlocked&) = delete;
  BrokenPipeBlocked& operator=(const BrokenPipeBlocked&) = delete;
  ~BrokenPipeBlocked() {
    const timespec no_time{};
    if (!was_pending_ && is_pending()) ::sigtimedwait(&broken_pipe_, nullptr, &no_time);
    ::pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }

 private:
  [[nodiscard]] static bool is_pending() noexcept {
    sigset_t pending{};
    ::sigpending(&pending);
    return ::sigismember(&pending, SIGPIPE) == 1;
  }

  sigset_t broken_pipe_{};
  sigset_t before_{};
  bool was_pending_ = false;
};

}  // namespace flowkeep::callbacks

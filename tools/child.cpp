#include "child.hpp"

#include <fmt/format.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>

namespace flowkeep::tool {

Try<Exit> in_child(const std::string& file, const std::string& name, const std::function<Try<Exit>()>& work) {
  const pid_t parent = getpid();
  const pid_t child = fork();
  if (child < 0) return failed(Exit::busy, fmt::format("cannot start a process: {}", std::strerror(errno)));
  if (child == 0) {
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != parent) std::_Exit(static_cast<int>(Exit::unreadable));
    std::_Exit(report(work()));
  }
  int status = 0;
  while (waitpid(child, &status, 0) < 0) {
    if (errno != EINTR) {
      return failed(Exit::unreadable, fmt::format("waiting for the {}: {}", name, std::strerror(errno)));
    }
  }
  if (WIFEXITED(status)) return static_cast<Exit>(WEXITSTATUS(status));
  const int signal = WTERMSIG(status);
  if (signal == SIGBUS || signal == SIGSEGV) {
    return failed(Exit::unreadable,
                  fmt::format("{}: the file cannot be read through: {}", file,
                              signal == SIGBUS ? "a page of it is missing or its disk does not give it back (SIGBUS)"
                                               : "its pages lead outside of it (SIGSEGV)"));
  }
  return failed(Exit::unreadable, fmt::format("{}: the {} was ended by signal {}", file, name, signal));
}

}  // namespace flowkeep::tool

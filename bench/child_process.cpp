#include "child_process.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <system_error>
#include <utility>

extern char** environ;

namespace flowkeep::bench {

namespace {

Result<std::string> failure(const char* what, int code) {
  return fail(Errc::io, std::string("flowkeep-bench-child: ") + what + ": " + std::generic_category().message(code));
}

}  // namespace

Result<ChildProcess> ChildProcess::start(std::vector<std::string> arguments, Program wanted) {
  std::error_code code;
  const auto self = std::filesystem::read_symlink("/proc/self/exe", code);
  const std::string program =
      wanted == Program::self ? self.string() : (self.parent_path() / "flowkeep-bench-child").string();
  arguments.insert(arguments.begin(), program);
  std::vector<char*> words;
  for (std::string& argument : arguments) words.push_back(argument.data());
  words.push_back(nullptr);

  int ends[2] = {};
  if (::pipe2(ends, O_CLOEXEC) != 0) return fail(failure("pipe", errno).error());
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
  pid_t pid = 0;
  const int failed = ::posix_spawn(&pid, program.c_str(), &actions, nullptr, words.data(), environ);
  ::posix_spawn_file_actions_destroy(&actions);
  ::close(ends[1]);
  if (failed == 0) return ChildProcess(pid, ends[0]);
  ::close(ends[0]);
  return fail(failure(program.c_str(), failed).error());
}

ChildProcess::ChildProcess(ChildProcess&& other) noexcept
    : pid_(std::exchange(other.pid_, 0)), output_(std::exchange(other.output_, -1)) {}

ChildProcess::~ChildProcess() {
  if (pid_ != 0) {
    ::kill(pid_, SIGKILL);
    static_cast<void>(wait());
  }
  if (output_ >= 0) ::close(output_);
}

int ChildProcess::wait() noexcept {
  int status = 0;
  while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
  }
  pid_ = 0;
  return status;
}

Result<std::string> ChildProcess::finish() {
  std::string printed;
  char bytes[4096];
  for (;;) {
    const ssize_t got = ::read(output_, bytes, sizeof bytes);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return failure("read", errno);
    if (got == 0) break;
    printed.append(bytes, static_cast<std::size_t>(got));
  }
  const int status = wait();
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return printed;
  return fail(Errc::io, "flowkeep-bench-child did not end well");
}

Result<std::string> ChildProcess::kill_when_silent(std::chrono::milliseconds silence) {
  std::string printed;
  char bytes[4096];
  for (;;) {
    pollfd entry{output_, POLLIN, 0};
    const int ready = ::poll(&entry, 1, static_cast<int>(silence.count()));
    if (ready < 0 && errno == EINTR) continue;
    if (ready < 0) return failure("poll", errno);
    if (ready == 0) break;
    const ssize_t got = ::read(output_, bytes, sizeof bytes);
    if (got == 0) return fail(Errc::io, "flowkeep-bench-child ended by itself");
    if (got > 0) printed.append(bytes, static_cast<std::size_t>(got));
  }
  ::kill(pid_, SIGKILL);
  static_cast<void>(wait());
  return printed;
}

Result<std::uint64_t> ChildProcess::kill_when_printed(std::uint64_t bytes) {
  std::uint64_t printed = 0;
  char buffer[4096];
  while (printed < bytes) {
    const ssize_t got = ::read(output_, buffer, sizeof buffer);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return fail(failure("read", errno).error());
    if (got == 0) return fail(Errc::io, "flowkeep-bench-child ended by itself");
    printed += static_cast<std::uint64_t>(got);
  }
  ::kill(pid_, SIGKILL);
  static_cast<void>(wait());
  // What it printed before it was killed is there still.
  for (ssize_t got = 0; (got = ::read(output_, buffer, sizeof buffer)) > 0;) printed += static_cast<std::uint64_t>(got);
  return printed;
}

}  // namespace flowkeep::bench

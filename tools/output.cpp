#include "output.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <utility>

namespace flowkeep::tool {

namespace {

// A process writes one such file at a time; the handler of deadly signals removes it.
std::array<char, 4096> unfinished_file{};
volatile std::sig_atomic_t unfinished = 0;

void remove_unfinished_file(int signal) {
  if (unfinished != 0) unlink(unfinished_file.data());
  raise(signal);  // SA_RESETHAND: this time it kills
}

void guard_against_signals(const std::string& path) {
  if (path.size() >= unfinished_file.size()) return;
  path.copy(unfinished_file.data(), path.size());
  unfinished = 1;
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
    struct sigaction action {};
    sigaction(signal, nullptr, &action);
    if (action.sa_handler == SIG_IGN) continue;
    action.sa_handler = remove_unfinished_file;
    action.sa_flags = static_cast<int>(SA_RESETHAND);
    sigaction(signal, &action, nullptr);
  }
}

}  // namespace

Try<Output> Output::open(const std::string& path, const std::string& store) {
  if (path.empty() || path == "-") return standard();
  struct stat there {};
  struct stat kept {};
  const bool exists = stat(path.c_str(), &there) == 0;
  std::error_code unknown;
  // A name that leads nowhere yet stays relative otherwise.
  const auto whole = [&](const std::string& name) {
    return std::filesystem::weakly_canonical(std::filesystem::absolute(name, unknown), unknown).string();
  };
  const std::string real = whole(store);
  const std::string wanted = whole(path);
  for (const char* suffix : {"", "-wal", "-shm", "-lock"}) {
    const std::string own = real + suffix;
    const bool is_same =
        exists && stat(own.c_str(), &kept) == 0 && there.st_dev == kept.st_dev && there.st_ino == kept.st_ino;
    // A journal that is not there now may come.
    if (is_same || wanted == own) {
      return failed(Exit::usage, fmt::format("-o {}: this is the store itself, or a file that it uses", path));
    }
  }
  Output output(-1);
  output.path_ = path;
  if (exists && !S_ISREG(there.st_mode)) {
    output.descriptor_ = ::open(path.c_str(), O_WRONLY | O_CLOEXEC);
    if (output.descriptor_ < 0) return output.refused(errno);
    return output;
  }
  std::error_code error;
  const auto target = exists ? std::filesystem::canonical(path, error) : std::filesystem::path(path);
  if (error) return output.refused(error.value());
  std::string temporary = (target.parent_path() / fmt::format(".{}.XXXXXX", target.filename().string())).string();
  output.descriptor_ = mkostemp(temporary.data(), O_CLOEXEC);
  if (output.descriptor_ < 0) return output.refused(errno);
  output.target_ = target.string();
  output.temporary_ = std::move(temporary);
  guard_against_signals(output.temporary_);
  return output;
}

Output::Output(Output&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)),
      path_(std::move(other.path_)),
      target_(std::exchange(other.target_, {})),
      temporary_(std::exchange(other.temporary_, {})) {}

Output::~Output() {
  if (descriptor_ > 1) close(descriptor_);
  if (!temporary_.empty()) {
    unlink(temporary_.c_str());
    unfinished = 0;
  }
}

tl::unexpected<Failure> Output::refused(int error) const {
  if (error == EPIPE) return failed(Exit::done, {});
  return failed(Exit::bad_output, fmt::format("{} cannot be written: {}", path_.empty() ? "standard output" : path_,
                                              std::strerror(error)));
}

Try<void> Output::write(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(descriptor_, bytes.data(), bytes.size());
    if (written >= 0) {
      bytes.remove_prefix(static_cast<std::size_t>(written));
    } else if (errno != EINTR) {
      return refused(errno);
    }
  }
  return {};
}

Try<void> Output::finish() {
  if (descriptor_ <= 1) return {};
  if (!temporary_.empty() && fsync(descriptor_) != 0) return refused(errno);
  if (close(std::exchange(descriptor_, -1)) != 0) return refused(errno);
  if (temporary_.empty()) return {};
  if (rename(temporary_.c_str(), target_.c_str()) != 0) return refused(errno);
  temporary_.clear();
  unfinished = 0;
  return {};
}

Try<void> print(std::string_view text) {
  return Output::standard().write(text);
}

}  // namespace flowkeep::tool

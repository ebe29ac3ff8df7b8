// Random operations on a store whose process is stopped at any moment; what its files hold then is opened elsewhere and
// has to agree with the model: all that was acknowledged, and of what was handed over the first few transactions.
//   FLOWKEEP_MODEL_FIRST=<seed> FLOWKEEP_MODEL_SEEDS=1 repeats a seed (but for the moments).
//   FLOWKEEP_MODEL_SEEDS and FLOWKEEP_MODEL_OPS say how many seeds, and operations of each.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <random>
#include <string>
#include <thread>

#include "run.hpp"
#include "settings.hpp"

namespace flowkeep::model {
namespace {

constexpr std::uint64_t usual_seeds = is_sanitized ? 2 : 8;
constexpr std::uint64_t usual_operations = 400;

/// Runs a seed in a process of its own, and copies its files while that stands still.
class FrozenRun {
 public:
  FrozenRun(const Directory& directory, std::uint64_t seed, std::uint64_t operations)
      : directory_(directory.path()), random_(seed) {
    if (::pipe(requests_) != 0 || ::pipe(answers_) != 0) std::abort();
    pid_ = ::fork();
    if (pid_ < 0) std::abort();
    if (pid_ == 0) ::_exit(work(seed, operations));
    ::close(requests_[1]);
    ::close(answers_[0]);
  }
  FrozenRun(const FrozenRun&) = delete;
  FrozenRun& operator=(const FrozenRun&) = delete;
  ~FrozenRun() {
    ::close(requests_[0]);
    ::close(answers_[1]);
  }

  /// Serves the run until it ends; whether it ended well.
  bool serve() {
    std::uint64_t current = 0;
    while (receive(requests_[0], current)) {
      // It goes on meanwhile: the moment is anybody's guess.
      for (std::uint64_t turns = random_() % 20; turns > 0; --turns) std::this_thread::yield();
      freeze(current);
      send(answers_[1], freezes_);
    }
    int status = 0;
    while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
    }
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
  }
  [[nodiscard]] std::uint64_t freezes() const { return freezes_; }

 private:
  [[nodiscard]] std::string path_of(std::uint64_t copy) const {
    return (directory_ / (std::to_string(copy) + ".flowkeep")).string();
  }
  static void send(int end, std::uint64_t number) {
    if (::write(end, &number, sizeof number) != sizeof number) std::abort();
  }
  static bool receive(int end, std::uint64_t& number) {
    ssize_t got = 0;
    while ((got = ::read(end, &number, sizeof number)) < 0 && errno == EINTR) {
    }
    return got == sizeof number;
  }

  // All threads stand still before the files are copied: this is what a kill would leave.
  void freeze(std::uint64_t current) {
    ::kill(pid_, SIGSTOP);
    int status = 0;
    if (::waitpid(pid_, &status, WUNTRACED) != pid_ || !WIFSTOPPED(status)) std::abort();
    const std::string from = path_of(current);
    const std::string to = path_of(++freezes_);
    for (const char* name : {"", "-wal", "-shm", "-lock"}) {
      if (std::filesystem::exists(from + name)) std::filesystem::copy_file(from + name, to + name);
    }
    ::kill(pid_, SIGCONT);
  }

  int work(std::uint64_t seed, std::uint64_t operations) {
    ::close(requests_[0]);
    ::close(answers_[1]);
    const auto freeze = [&](const std::string& path) {
      send(requests_[1], std::stoull(std::filesystem::path(path).stem()));
      std::uint64_t copy = 0;
      if (!receive(answers_[0], copy)) std::abort();
      return path_of(copy);
    };
    Run run(path_of(0), seed, freeze);
    try {
      run.operate(operations);
    } catch (const Mismatch& mismatch) {
      std::cerr << "seed " << seed << ", operation " << run.operation() << ": " << mismatch.what() << std::endl;
      return 1;
    }
    return 0;
  }

  std::filesystem::path directory_;
  std::mt19937_64 random_;
  int requests_[2]{};
  int answers_[2]{};
  pid_t pid_ = -1;
  std::uint64_t freezes_ = 0;
};

TEST(ModelOfCrashes, AgreesWithWhatAStoppedProcessLeaves) {
  const std::uint64_t first = number_from("FLOWKEEP_MODEL_FIRST", std::random_device{}());
  const std::uint64_t seeds = number_from("FLOWKEEP_MODEL_SEEDS", usual_seeds);
  const std::uint64_t operations = number_from("FLOWKEEP_MODEL_OPS", usual_operations);
  std::uint64_t crashes = 0;
  for (std::uint64_t seed = first; seed < first + seeds && !testing::Test::HasFailure(); ++seed) {
    const Directory directory;
    ASSERT_FALSE(directory.path().empty());
    FrozenRun run(directory, seed, operations);
    EXPECT_TRUE(run.serve()) << "seed " << seed;
    crashes += run.freezes();
  }
  EXPECT_GT(crashes, seeds);
  std::cout << crashes << " crashes in " << seeds << " runs from seed " << first << "\n";
}

}  // namespace
}  // namespace flowkeep::model

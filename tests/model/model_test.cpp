// Random operations on a store and on a model of it, which have to agree after each. A seed that fails is printed:
//   FLOWKEEP_MODEL_FIRST=<seed> FLOWKEEP_MODEL_SEEDS=1 repeats it.
//   FLOWKEEP_MODEL_SEEDS and FLOWKEEP_MODEL_OPS say how many seeds, and operations of each.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <mutex>
#include <thread>
#include <vector>

#include "run.hpp"
#include "settings.hpp"

namespace flowkeep::model {
namespace {

constexpr std::uint64_t usual_seeds = is_sanitized ? 20 : 120;
constexpr std::uint64_t usual_operations = 2000;

void run_seed(const Directory& directory, std::uint64_t seed, std::uint64_t operations) {
  const std::string path = (directory.path() / (std::to_string(seed) + ".flowkeep")).string();
  std::uint64_t operation = 0;
  try {
    Run run(path, seed);
    try {
      run.operate(operations);
    } catch (const Mismatch&) {
      operation = run.operation();
      throw;
    }
  } catch (const Mismatch& mismatch) {
    ADD_FAILURE() << "seed " << seed << ", operation " << operation << ": " << mismatch.what();
  }
  std::filesystem::remove(path);
  std::filesystem::remove(path + "-lock");
}

TEST(Model, AgreesWithTheStoreAfterEveryCommit) {
  const Directory directory;
  ASSERT_FALSE(directory.path().empty());
  const std::uint64_t first = number_from("FLOWKEEP_MODEL_FIRST", 0);
  const std::uint64_t seeds = number_from("FLOWKEEP_MODEL_SEEDS", usual_seeds);
  const std::uint64_t operations = number_from("FLOWKEEP_MODEL_OPS", usual_operations);
  std::atomic<std::uint64_t> next{first};
  std::vector<std::thread> threads;
  for (unsigned i = 0; i < std::max(1U, std::thread::hardware_concurrency()); ++i) {
    threads.emplace_back([&] {
      for (std::uint64_t seed = next++; seed < first + seeds && !testing::Test::HasFailure(); seed = next++) {
        run_seed(directory, seed, operations);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

}  // namespace
}  // namespace flowkeep::model

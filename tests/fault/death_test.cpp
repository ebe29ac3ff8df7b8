// A process dies before and after every call to the disk; its steps were counted through a pipe as they were
// acknowledged. Nothing acknowledged is lost, nothing is there by half, and the check is clean.
//   FLOWKEEP_FAULT_STRIDE=1 takes every call in turn; usually some are left out.
#include "failing_disk.hpp"
#include "stride.hpp"
#include "workload.hpp"

namespace flowkeep::fault {
namespace {

class Death : public testing::TestWithParam<DiskFault> {
 protected:
  struct Life {
    int status = 0;  ///< death_status: it died where it was to
    int steps = 0;   ///< that were acknowledged
  };

  /// A process that opens the store, does the steps from `first` on and closes it, and dies at a call.
  [[nodiscard]] Life live(int first, int call) const {
    Pipe acknowledged;
    Child child([&] {
      arm_disk({.fault = GetParam(), .call = call});
      {
        const auto store = Store::open(path_, workload_options());
        if (!store) return 1;
        for (int step = first; step < workload_steps; ++step) {
          if (!do_step(*store, step)) return 2;
          acknowledged.write(".");
        }
      }
      return 0;
    });
    acknowledged.close_writing();
    const std::size_t steps = acknowledged.read_all().size();
    return {child.wait(), static_cast<int>(steps)};
  }

  /// What is there holds the steps; the one that was under way is there whole or not at all.
  void expect_kept(int steps) {
    const auto opened = Store::open(path_, workload_options());
    ASSERT_TRUE(opened) << opened.error().message;
    const Store& store = *opened;
    expect_clean(store);
    const auto& contents = contents_after_steps();
    const StoreContent content = content_of(store);
    if (steps < workload_steps && content == contents[static_cast<std::size_t>(steps) + 1]) ++steps;
    ASSERT_TRUE(content == contents[static_cast<std::size_t>(steps)]) << "after " << steps << " steps";
    for (; steps < workload_steps; ++steps) ASSERT_TRUE(do_step(store, steps)) << steps;
    EXPECT_TRUE(content_of(store) == contents.back());
  }

  const int stride_ = stride();
  std::string path_{};
};

TEST_P(Death, FromTheFirstOpenToTheClose) {
  int call = 1;
  for (int status = death_status; status == death_status && call < too_many && !HasFailure(); call += stride_) {
    SCOPED_TRACE("call " + std::to_string(call));
    const TemporaryDirectory directory;
    path_ = directory.file();
    const Life life = live(0, call);
    status = life.status;
    EXPECT_TRUE(status == 0 || status == death_status) << status;
    expect_kept(life.steps);
  }
  EXPECT_GT(call, 60) << "the calls of the store do not come by here";
  EXPECT_LT(call, too_many);
}

// And once more in the recovery of what that left, anywhere.
TEST_P(Death, FromARecoveryToTheClose) {
  int call = 1;
  for (int status = death_status; status == death_status && call < too_many && !HasFailure(); call += stride_) {
    const int second_call = 1 + call * 7 % 60;
    SCOPED_TRACE("call " + std::to_string(call) + ", then call " + std::to_string(second_call));
    const TemporaryDirectory directory;
    path_ = directory.file();
    int steps = leave_unclean(path_, 9);
    ASSERT_EQ(steps, 9);
    const Life life = live(steps, call);
    status = life.status;
    EXPECT_TRUE(status == 0 || status == death_status) << status;
    steps += life.steps;
    if (steps < workload_steps) {
      // The step that was under way may be there: then this life stops at it, which is a life as good as any.
      const Life second = live(steps, second_call);
      EXPECT_TRUE(second.status == 0 || second.status == 2 || second.status == death_status) << second.status;
      steps += second.steps;
    }
    expect_kept(steps);
  }
  EXPECT_GT(call, 40);
  EXPECT_LT(call, too_many);
}

INSTANTIATE_TEST_SUITE_P(Everywhere, Death, testing::Values(DiskFault::death, DiskFault::death_after),
                         [](const auto& which) {
                           return std::string(which.param == DiskFault::death ? "Before" : "After");
                         });

}  // namespace
}  // namespace flowkeep::fault

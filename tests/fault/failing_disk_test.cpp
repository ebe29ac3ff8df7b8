// Every write and every sync of a series fails once, in every way; what was acknowledged stays, what was refused
// did not happen.
#include "failing_disk.hpp"
#include "workload.hpp"

namespace flowkeep::fault {
namespace {

constexpr int too_many = 1'000;

class FailingDisk : public testing::TestWithParam<DiskFault> {};

/// The series on a store whose disk fails at call number `call`: the step that was refused, or none.
std::optional<int> first_refused_step(const Store& store, int call) {
  for (int step = 0; step < workload_steps; ++step) {
    const auto done = do_step(store, step);
    if (done) continue;
    EXPECT_TRUE(done.error().code == Errc::io || done.error().code == Errc::full)
        << "call " << call << ": " << errc_name(done.error().code) << ": " << done.error().message;
    EXPECT_TRUE(is_one_sentence_about(done.error().message, store.path()));
    return step;
  }
  return std::nullopt;
}

TEST_P(FailingDisk, LosesNothingAndInventsNothing) {
  const auto& contents = contents_after_steps();
  int call = 1;
  for (bool met = true; met && call < too_many && !HasFailure(); ++call) {
    SCOPED_TRACE("call " + std::to_string(call));
    const TemporaryDirectory directory;
    std::optional<int> refused;
    {
      const Store store = open_store(directory.file());
      arm_disk_fault(call, GetParam());
      refused = first_refused_step(store, call);
      met = disarm_disk_fault();
      if (refused) {
        // A disk that failed in the middle of a meta page leaves a store that has to be opened again.
        const auto snapshot = store.snapshot();
        if (snapshot) {
          const auto present = content_of(store);
          EXPECT_TRUE(present == contents[static_cast<std::size_t>(*refused)] ||
                      present == contents[static_cast<std::size_t>(*refused) + 1]);
        } else {
          EXPECT_EQ(snapshot.error().code, Errc::io);
        }
      }
    }
    const Store store = open_store(directory.file());
    expect_clean(store);
    const int done = refused.value_or(workload_steps);
    const bool is_there = done < workload_steps && content_of(store) == contents[static_cast<std::size_t>(done) + 1];
    if (!is_there) {
      EXPECT_EQ(content_of(store), contents[static_cast<std::size_t>(done)]);
    }
    for (int step = is_there ? done + 1 : done; step < workload_steps; ++step) {
      const auto again = do_step(store, step);
      ASSERT_TRUE(again) << again.error().message;
    }
    EXPECT_EQ(content_of(store), contents.back());
  }
  EXPECT_GT(call, 2 * workload_steps) << "the writes of the store do not come by here";
  EXPECT_LT(call, too_many);
}

TEST_P(FailingDisk, WhileAStoreIsMadeLeavesNothingThatCannotBeOpened) {
  int call = 1;
  for (bool met = true; met && call < too_many && !HasFailure(); ++call) {
    SCOPED_TRACE("call " + std::to_string(call));
    const TemporaryDirectory directory;
    arm_disk_fault(call, GetParam());
    const auto made = Store::open(directory.file());
    met = disarm_disk_fault();
    if (!made) {
      EXPECT_TRUE(made.error().code == Errc::io || made.error().code == Errc::full)
          << errc_name(made.error().code) << ": " << made.error().message;
      EXPECT_TRUE(is_one_sentence_about(made.error().message, directory.file()));
      const Store store = open_store(directory.file());
      EXPECT_TRUE(store.create(named("first")));
      expect_clean(store);
    }
  }
  EXPECT_GT(call, 3);
}

std::string name_of_fault(const testing::TestParamInfo<DiskFault>& info) {
  constexpr const char* names[] = {"IoError", "DiskFull", "ShortWrite", "Before", "After"};
  return names[static_cast<std::size_t>(info.param)];
}

INSTANTIATE_TEST_SUITE_P(Everywhere, FailingDisk,
                         testing::Values(DiskFault::io_error, DiskFault::disk_full, DiskFault::short_write),
                         name_of_fault);

/// A process dies at each call in turn; its steps were counted through a pipe as they were acknowledged.
class Death : public testing::TestWithParam<DiskFault> {};

TEST_P(Death, AtAnyWriteLosesNothingAcknowledged) {
  const auto& contents = contents_after_steps();
  int call = 1;
  for (int status = death_status; status == death_status && call < too_many && !HasFailure(); ++call) {
    SCOPED_TRACE("call " + std::to_string(call));
    const TemporaryDirectory directory;
    Pipe acknowledged;
    Child child([&] {
      arm_disk_fault(call, GetParam());
      const auto store = Store::open(directory.file());
      if (!store) return 1;
      for (int step = 0; step < workload_steps; ++step) {
        if (!do_step(*store, step)) return 2;
        acknowledged.write(".");
      }
      return 0;
    });
    acknowledged.close_writing();
    const std::size_t steps = acknowledged.read_all().size();
    status = child.wait();
    EXPECT_TRUE(status == 0 || status == death_status) << status;

    const Store store = open_store(directory.file());
    expect_clean(store);
    const StoreContent content = content_of(store);
    // The step that was under way is there whole or not at all.
    if (content != contents[steps]) {
      ASSERT_LT(steps, std::size_t{workload_steps});
      EXPECT_EQ(content, contents[steps + 1]);
    }
    EXPECT_TRUE(store.create(named("afterwards")));
  }
  EXPECT_GT(call, 2 * workload_steps);
  EXPECT_LT(call, too_many);
}

INSTANTIATE_TEST_SUITE_P(Everywhere, Death, testing::Values(DiskFault::death, DiskFault::death_after), name_of_fault);

}  // namespace
}  // namespace flowkeep::fault

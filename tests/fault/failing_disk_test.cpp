// Every call to the disk in a life of a store fails, in every way, once and for good: what was acknowledged stays, what
// was refused did not happen, and after a failed write or sync that matters nothing is believed until the next open.
//   FLOWKEEP_FAULT_STRIDE=1 takes every call in turn; usually some are left out.
#include <algorithm>

#include "failing_disk.hpp"
#include "stride.hpp"
#include "workload.hpp"

namespace flowkeep::fault {
namespace {

struct Failure {
  const char* name;
  DiskFault fault;
  bool for_good;
};
void PrintTo(const Failure& failure, std::ostream* out) {
  *out << failure.name;
}

class FailingDisk : public testing::TestWithParam<Failure> {
 protected:
  /// Opens the store, does what is left of the steps and closes it, on a disk that fails from call `call` on or once.
  void live(int call) {
    arm_disk({.fault = GetParam().fault, .call = call, .for_good = GetParam().for_good});
    auto store = Store::open(path_, workload_options());
    if (!store) {
      met_ = disarm_disk();
      expect_refusal(store.error());
      return;
    }
    std::optional<Error> refusal;
    while (done_ < workload_steps && !refusal) {
      const auto done = do_step(*store, done_);
      if (done) {
        ++done_;
      } else {
        refusal = done.error();
      }
    }
    if (refusal) {
      met_ = disarm_disk();
      expect_refusal(*refusal);
      look_again(*store, *refusal);
    }
    store = fail(Errc::internal, "closed");
    if (!met_) met_ = disarm_disk();
  }

  void expect_refusal(const Error& error) {
    ASSERT_TRUE(met_) << "refused on a sound disk: " << error.message;
    EXPECT_TRUE(error.code == Errc::io || error.code == Errc::full) << errc_name(error.code) << ": " << error.message;
    EXPECT_TRUE(is_one_sentence_about(error.message, path_));
  }

  /// After a refusal, the disk being sound again: the store goes on, or says that it has to be opened again.
  void look_again(const Store& store, const Error& refusal) {
    const auto shown = store.snapshot();
    if (shown) {
      expect_content(store, refusal.code == Errc::full ? Unknown::nothing : Unknown::the_last_step);
    } else {
      EXPECT_EQ(shown.error().code, Errc::io) << shown.error().message;
    }
    const bool needs_reopening = refusal.code == Errc::io && is_final(*met_);
    for (int i = 0; i < 2; ++i) {
      const auto again = store.create(named("again"));
      if (needs_reopening || refused_again_) {
        ASSERT_FALSE(again) << "believed after the failed " << *met_ << " that was answered with: " << refusal.message;
      }
      if (!again) {
        refused_again_ = true;
        EXPECT_EQ(again.error().code, Errc::io) << again.error().message;
        continue;
      }
      ASSERT_TRUE(store.erase(*again));
    }
    if (refused_again_) return;
    for (; done_ < workload_steps; ++done_) {
      const auto done = do_step(store, done_);
      ASSERT_TRUE(done) << "on a sound disk, after the failed " << *met_ << ": " << done.error().message;
    }
  }

  /// A failure after which it is not known what the disk holds. (While a journal is made, nothing depends on it.)
  [[nodiscard]] bool is_final(const DiskCall& call) const {
    if (call.kind != CallKind::sync && call.kind != CallKind::write) return false;
    if (call.file == FileKind::journal) return done_ > done_before_;
    return call.file == FileKind::data && call.kind == CallKind::sync;
  }

  enum class Unknown { nothing, the_last_step };
  void expect_content(const Store& store, Unknown unknown) {
    const auto& contents = contents_after_steps();
    const StoreContent content = content_of(store);
    const auto done = static_cast<std::size_t>(done_);
    if (unknown == Unknown::the_last_step && done_ < workload_steps && content == contents[done + 1]) return;
    const auto same = std::find(contents.begin(), contents.end(), content) - contents.begin();
    EXPECT_TRUE(content == contents[done])
        << "after " << done_ << " steps, it is that of " << same << " steps, and " << content.size() << " rows";
  }

  /// The next open finds everything; the rest of the steps can be done.
  void expect_all_kept() {
    const auto store = Store::open(path_, workload_options());
    ASSERT_TRUE(store) << store.error().message;
    expect_clean(*store);
    expect_content(*store, Unknown::the_last_step);
    const auto& contents = contents_after_steps();
    if (done_ < workload_steps && content_of(*store) == contents[static_cast<std::size_t>(done_) + 1]) ++done_;
    for (; done_ < workload_steps; ++done_) {
      const auto done = do_step(*store, done_);
      ASSERT_TRUE(done) << done.error().message;
    }
    EXPECT_TRUE(content_of(*store) == contents.back());
  }

  /// For each call until none meets the fault. `prepare` makes what is there before, and answers how many steps are
  /// done.
  template <class Prepare>
  void at_every_call(Prepare prepare, int least_calls) {
    int call = 1;
    for (met_ = DiskCall{}; met_ && call < too_many && !HasFailure(); call += stride_) {
      const TemporaryDirectory directory;
      path_ = directory.file();
      done_ = done_before_ = prepare();
      met_.reset();
      refused_again_ = false;
      live(call);
      SCOPED_TRACE(testing::Message() << "call " << call << ", " << (met_ ? testing::PrintToString(*met_) : "not met"));
      ASSERT_FALSE(HasFailure());
      expect_all_kept();
    }
    EXPECT_GT(call, least_calls) << "the calls of the store do not come by here";
    EXPECT_LT(call, too_many);
  }

  std::string path_{};
  int done_before_ = 0;
  int done_ = 0;
  bool refused_again_ = false;
  std::optional<DiskCall> met_{};
  const int stride_ = stride();
};

TEST_P(FailingDisk, FromTheFirstOpenToTheClose) {
  at_every_call([] { return 0; }, 40);
}

TEST_P(FailingDisk, FromARecoveryToTheClose) {
  at_every_call([this] { return leave_unclean(path_, 9); }, 25);
}

INSTANTIATE_TEST_SUITE_P(Everywhere, FailingDisk,
                         testing::Values(Failure{"IoError", DiskFault::io_error, false},
                                         Failure{"IoErrorForGood", DiskFault::io_error, true},
                                         Failure{"DiskFull", DiskFault::disk_full, false},
                                         Failure{"DiskFullForGood", DiskFault::disk_full, true},
                                         Failure{"ShortWrite", DiskFault::short_write, false},
                                         Failure{"ShortWriteForGood", DiskFault::short_write, true}),
                         [](const auto& which) { return std::string(which.param.name); });

}  // namespace
}  // namespace flowkeep::fault

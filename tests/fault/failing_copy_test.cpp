// A backup and a compaction, of which every write, sync and renaming fails once, in every way, or ends the process.
#include <filesystem>
#include <optional>
#include <tuple>

#include "failing_disk.hpp"
#include "workload.hpp"

namespace flowkeep::fault {
namespace {

// A copy makes fewer calls than other work.
constexpr int too_many_for_a_copy = 1'000;

enum class Work : std::uint8_t { backup_all, backup_used, compact };

using Fault = std::tuple<Work, DiskFault>;

/// A store that was closed, with free pages; made once.
const std::string& prepared_store() {
  static const TemporaryDirectory directory;
  static const std::string path = [] {
    const Store store = open_store(directory.file());
    for (int step = 0; step < workload_steps; ++step) {
      if (!do_step(store, step)) std::abort();
    }
    return directory.file();
  }();
  return path;
}

std::string destination_in(const TemporaryDirectory& directory) {
  return directory.file("copy");
}

Result<void> run(Work work, const TemporaryDirectory& directory) {
  if (work == Work::compact) {
    auto done = compact(directory.file());
    if (!done) return fail(std::move(done.error()));
    return {};
  }
  const auto store = Store::open(directory.file(), {.mode = OpenMode::read_only});
  if (!store) return fail(store.error());
  BackupOptions options;
  if (work == Work::backup_used) options.pages = BackupOptions::Pages::used;
  options.verify = BackupOptions::Verify::yes;
  auto done = store->backup(destination_in(directory), options);
  if (!done) return fail(std::move(done.error()));
  return {};
}

void expect_whole(const std::string& path) {
  const Store store = open_store(path, {.mode = OpenMode::existing});
  EXPECT_EQ(content_of(store), contents_after_steps().back()) << path;
  expect_clean(store);
}

int count_hidden(const TemporaryDirectory& directory) {
  int count = 0;
  for (const auto& entry : std::filesystem::directory_iterator(directory.path())) {
    count += entry.path().filename().string().starts_with(".") ? 1 : 0;
  }
  return count;
}

class FailingCopy : public testing::TestWithParam<Fault> {
 protected:
  const Work work = std::get<0>(GetParam());
  const DiskFault fault = std::get<1>(GetParam());
};

TEST_P(FailingCopy, IsRefusedAndLeavesNothing) {
  int call = 1;
  for (std::optional<DiskCall> met = DiskCall{}; met && call < too_many_for_a_copy && !HasFailure(); ++call) {
    SCOPED_TRACE("call " + std::to_string(call));
    const TemporaryDirectory directory;
    std::filesystem::copy_file(prepared_store(), directory.file());
    arm_disk({.fault = fault, .call = call});
    const auto done = run(work, directory);
    met = disarm_disk();
    if (!done) {
      EXPECT_TRUE(done.error().code == Errc::io || done.error().code == Errc::full)
          << errc_name(done.error().code) << ": " << done.error().message;
      EXPECT_FALSE(std::filesystem::exists(destination_in(directory)));
    }
    if (met.value_or(DiskCall{}).kind != CallKind::remove) {
      EXPECT_EQ(count_hidden(directory), 0);
    }
    expect_whole(directory.file());
    if (done && work != Work::compact) expect_whole(destination_in(directory));
  }
  EXPECT_GT(call, 4) << "the writes of the copy do not come by here";
  EXPECT_LT(call, too_many_for_a_copy);
}

std::string name_of_work(const testing::TestParamInfo<Fault>& info) {
  constexpr const char* works[] = {"Backup", "BackupOfUsedPages", "Compact"};
  constexpr const char* faults[] = {"IoError", "DiskFull", "ShortWrite", "Before", "After"};
  return std::string(works[static_cast<std::size_t>(std::get<0>(info.param))]) +
         faults[static_cast<std::size_t>(std::get<1>(info.param))];
}

constexpr auto every_work = {Work::backup_all, Work::backup_used, Work::compact};

INSTANTIATE_TEST_SUITE_P(Everywhere, FailingCopy,
                         testing::Combine(testing::ValuesIn(every_work),
                                          testing::Values(DiskFault::io_error, DiskFault::disk_full,
                                                          DiskFault::short_write)),
                         name_of_work);

class DeathInACopy : public testing::TestWithParam<Fault> {};

TEST_P(DeathInACopy, LeavesTheStoreWholeAndTheCopyWholeOrAbsent) {
  const auto [work, fault] = GetParam();
  int call = 1;
  for (int status = death_status; status == death_status && call < too_many_for_a_copy && !HasFailure(); ++call) {
    SCOPED_TRACE("call " + std::to_string(call));
    const TemporaryDirectory directory;
    std::filesystem::copy_file(prepared_store(), directory.file());
    status = in_child([&, work = work, fault = fault] {
      arm_disk({.fault = fault, .call = call});
      return run(work, directory) ? 0 : 1;
    });
    EXPECT_TRUE(status == 0 || status == death_status) << status;
    expect_whole(directory.file());
    if (std::filesystem::exists(destination_in(directory))) expect_whole(destination_in(directory));
  }
  EXPECT_GT(call, 4);
  EXPECT_LT(call, too_many_for_a_copy);
}

INSTANTIATE_TEST_SUITE_P(Everywhere, DeathInACopy,
                         testing::Combine(testing::ValuesIn(every_work),
                                          testing::Values(DiskFault::death, DiskFault::death_after)),
                         name_of_work);

TEST(CopyWithoutNoReplace, IsPutInItsPlaceAllTheSame) {
  const TemporaryDirectory directory;
  std::filesystem::copy_file(prepared_store(), directory.file());
  EXPECT_EQ(in_child([&] {
              forget_noreplace();
              const Store store = open_store(directory.file(), {.mode = OpenMode::read_only});
              if (!store.backup(destination_in(directory))) return 1;
              return code_of(store.backup(destination_in(directory))) == Errc::already_exists ? 0 : 2;
            }),
            0);
  expect_whole(destination_in(directory));
  EXPECT_EQ(count_hidden(directory), 0);
}

}  // namespace
}  // namespace flowkeep::fault

// One process opens a file once: LMDB's locks would not survive a second open.
#include <unistd.h>

#include <filesystem>

#include "fixture.hpp"

namespace flowkeep::fault {
namespace {

class SecondOpen : public testing::Test {
 protected:
  TemporaryDirectory directory{};
  std::string path = directory.file();
};

TEST_F(SecondOpen, IsBusy) {
  const Store first = open_store(path);
  EXPECT_EQ(refusal(path), Errc::busy);
  EXPECT_EQ(refusal(path, {.mode = OpenMode::existing}), Errc::busy);
  EXPECT_EQ(refusal(path, {.mode = OpenMode::read_only}), Errc::busy);
}

TEST_F(SecondOpen, IsBusyByAnyNameOfTheFile) {
  const Store first = open_store(path);
  const std::string symlink = directory.file("symlink.flowkeep");
  const std::string hard_link = directory.file("hard.flowkeep");
  std::filesystem::create_symlink(path, symlink);
  std::filesystem::create_hard_link(path, hard_link);
  EXPECT_EQ(refusal(symlink), Errc::busy);
  EXPECT_EQ(refusal(hard_link), Errc::busy);
  EXPECT_EQ(refusal(directory.path() + "/./agent.flowkeep"), Errc::busy);
}

TEST_F(SecondOpen, LeavesTheFirstAlone) {
  const Store first = open_store(path);
  const Guid id = first.create(named("before")).value();
  const auto snapshot = first.snapshot();
  auto transaction = first.write();
  ASSERT_TRUE(transaction);
  const Guid second = transaction->create(named("during")).value();
  EXPECT_EQ(refusal(path), Errc::busy);
  ASSERT_TRUE(transaction->commit());
  EXPECT_TRUE(snapshot->get(id));
  EXPECT_EQ(first.get(second)->name, "during");
  expect_clean(first);
}

TEST_F(SecondOpen, LeavesTheLocksOfTheFirstInPlace) {
  const Store first = open_store(path);
  const auto snapshot = first.snapshot();
  EXPECT_EQ(refusal(path), Errc::busy);
  const pid_t parent = ::getpid();
  // To clear the slots of dead processes, another process asks for their locks.
  const int answer = in_child([&] { return has_reader(open_store(path), parent) ? 0 : 1; });
  EXPECT_EQ(answer, 0) << "the snapshot of the first is not among the readers any more";
}

TEST_F(SecondOpen, SucceedsOnceTheFirstIsClosed) {
  { const Store first = open_store(path); }
  EXPECT_EQ(refusal(path), std::nullopt);
}

TEST_F(SecondOpen, IsBusyWhileASnapshotOfTheClosedStoreLives) {
  auto snapshot = std::make_optional(open_store(path).snapshot().value());
  EXPECT_EQ(refusal(path), Errc::busy);
  EXPECT_EQ(snapshot->size(), 0U);
  snapshot.reset();
  EXPECT_EQ(refusal(path), std::nullopt);
}

TEST_F(SecondOpen, IsBusyWhileATransactionOfTheClosedStoreLives) {
  auto transaction = std::make_optional(open_store(path).write().value());
  EXPECT_EQ(refusal(path), Errc::busy);
  ASSERT_TRUE(transaction->create(named("late")));
  ASSERT_TRUE(transaction->commit());
  transaction.reset();
  EXPECT_EQ(size_of(open_store(path)), 1U);
}

TEST_F(SecondOpen, SucceedsAfterAFailedOne) {
  EXPECT_EQ(refusal(path, {.mode = OpenMode::existing}), Errc::not_found);
  { const Store made = open_store(path); }
  EXPECT_EQ(refusal(path, {.mode = OpenMode::create_new}), Errc::already_exists);
  EXPECT_EQ(refusal(path), std::nullopt);
}

TEST_F(SecondOpen, OfAnotherFileIsFree) {
  const Store first = open_store(path);
  const Store second = open_store(directory.file("other.flowkeep"));
  ASSERT_TRUE(first.create(named("here")));
  EXPECT_EQ(size_of(second), 0U);
}

// LMDB names the lock file after the path: two names must not make two lock files.
TEST_F(SecondOpen, OfAnotherProcessByASymlinkSharesTheLocks) {
  const Store first = open_store(path);
  const std::string symlink = directory.file("symlink.flowkeep");
  std::filesystem::create_symlink(path, symlink);
  const auto snapshot = first.snapshot();
  const pid_t parent = ::getpid();
  const int answer = in_child([&] { return has_reader(open_store(symlink), parent) ? 0 : 1; });
  EXPECT_EQ(answer, 0) << "a process that opened the file by a symlink does not see this one's readers";
}

TEST_F(SecondOpen, OfAnotherProcessByAHardLinkSharesTheLocksOrIsRefused) {
  const Store first = open_store(path);
  const std::string hard_link = directory.file("hard.flowkeep");
  std::filesystem::create_hard_link(path, hard_link);
  const auto snapshot = first.snapshot();
  const pid_t parent = ::getpid();
  const int answer = in_child([&] {
    const auto other = Store::open(hard_link);
    return !other || has_reader(*other, parent) ? 0 : 1;
  });
  EXPECT_EQ(answer, 0) << "a process that opened the file by a hard link does not see this one's readers";
}

}  // namespace
}  // namespace flowkeep::fault

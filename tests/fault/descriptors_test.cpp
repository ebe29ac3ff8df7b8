// The files of a store: who may read them, and who inherits them.
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "fixture.hpp"

namespace flowkeep::fault {
namespace {

mode_t mode_of(const std::string& path) {
  struct stat facts {};
  return ::stat(path.c_str(), &facts) == 0 ? facts.st_mode & 07777 : 0;
}

/// What the descriptors of a program started by exec() lead to, a line each.
std::string descriptors_after_exec() {
  Pipe pipe;
  Child child([&] {
    pipe.move_writing_to(STDOUT_FILENO);
    ::execl("/bin/ls", "ls", "-l", "/proc/self/fd", nullptr);
    return 127;
  });
  pipe.close_writing();
  std::string lines = pipe.read_all();
  EXPECT_EQ(child.wait(), 0);
  return lines;
}

TEST(Descriptors, AreNotInheritedThroughExec) {
  const TemporaryDirectory directory;
  const Store store = open_store(directory.file());
  const auto snapshot = store.snapshot();
  ASSERT_TRUE(store.create(named("one")));
  const std::string lines = descriptors_after_exec();
  EXPECT_NE(lines.find("-> "), std::string::npos) << lines;
  EXPECT_EQ(lines.find(directory.path()), std::string::npos) << lines;
}

TEST(Descriptors, AreGoneAfterClosing) {
  const TemporaryDirectory directory;
  { ASSERT_TRUE(open_store(directory.file()).create(named("one"))); }
  ASSERT_EQ(refusal(directory.file(), {.mode = OpenMode::create_new}), Errc::already_exists);
  Pipe pipe;
  const std::string self = "/proc/" + std::to_string(::getpid()) + "/fd";
  Child child([&] {
    pipe.move_writing_to(STDOUT_FILENO);
    ::execl("/bin/ls", "ls", "-l", self.c_str(), nullptr);
    return 127;
  });
  pipe.close_writing();
  const std::string lines = pipe.read_all();
  EXPECT_EQ(child.wait(), 0);
  EXPECT_EQ(lines.find(directory.path()), std::string::npos) << lines;
}

TEST(FileMode, IsForTheOwnerAlone) {
  const TemporaryDirectory directory;
  const mode_t before = ::umask(0);
  const Store store = open_store(directory.file());
  ::umask(before);
  EXPECT_EQ(mode_of(directory.file()), 0600U);
  EXPECT_EQ(mode_of(directory.file() + "-lock"), 0600U);
}

}  // namespace
}  // namespace flowkeep::fault

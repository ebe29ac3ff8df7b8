// A disk without room: a limit on the file's size, and a small file system of its own.
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "workload.hpp"

namespace flowkeep::fault {
namespace {

void limit_file_size(std::uint64_t bytes) {
  ::signal(SIGXFSZ, SIG_IGN);
  const rlimit limit{bytes, bytes};
  if (::setrlimit(RLIMIT_FSIZE, &limit) != 0) std::abort();
}

TEST(FullDisk, AtAnySizeLosesNothing) {
  const auto& contents = contents_after_steps();
  std::size_t least = workload_steps;
  for (std::uint64_t pages = 30; pages < 160 && !testing::Test::HasFailure(); pages += 2) {
    SCOPED_TRACE("at most " + std::to_string(pages) + " pages");
    const TemporaryDirectory directory;
    { const Store made = open_store(directory.file()); }
    Pipe acknowledged;
    // The limit may cut a page in two.
    Child child([&] {
      limit_file_size(pages * 4096 + pages % 5 * 1000);
      const Store store = open_store(directory.file());
      for (int step = 0; step < workload_steps; ++step) {
        const auto done = do_step(store, step);
        if (!done) {
          if (done.error().code != Errc::full && done.error().code != Errc::io) return 1;
          if (content_of(store) != contents[static_cast<std::size_t>(step)]) return 2;
          return what_check_finds(store).empty() ? 0 : 3;
        }
        acknowledged.write(".");
      }
      return 0;
    });
    acknowledged.close_writing();
    const std::size_t steps = acknowledged.read_all().size();
    EXPECT_EQ(child.wait(), 0);
    least = std::min(least, steps);
    const Store store = open_store(directory.file());
    expect_clean(store);
    EXPECT_EQ(content_of(store), contents[steps]);
  }
  EXPECT_LT(least, 3U) << "the limits were too large to matter";
}

/// Makes the directory a small file system that only this process sees; false where it may not.
bool make_small(const TemporaryDirectory& directory, const char* size) {
  if (::unshare(CLONE_NEWNS) != 0 && ::unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0) return false;
  if (::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) return false;
  return ::mount("tmpfs", directory.path().c_str(), "tmpfs", 0, size) == 0;
}

constexpr int not_permitted = 99;

/// Leaves no byte, as another program might; how many it took.
std::uint64_t take_the_rest(const std::string& path) {
  std::ofstream file(path, std::ios::binary);
  file << std::unitbuf;
  std::uint64_t taken = 0;
  for (const std::string bytes(1024, 'x'); file << bytes;) taken += bytes.size();
  return taken;
}

TEST(FullDisk, SmallFileSystemIsRecoveredWhenThereIsRoom) {
  const TemporaryDirectory directory;
  const int answer = in_child([&] {
    if (!make_small(directory, "size=8m")) return not_permitted;
    const std::string path = directory.file();
    Pipe acknowledged;
    Child writer([&]() -> int {
      const Store store = open_store(path);
      for (std::uint64_t i = 0;; ++i) {
        const auto id = store.create(bulky(32 << 10, i));
        if (!id) ::_exit(id.error().code == Errc::full ? 0 : 1);
        acknowledged.write(id->str());
      }
    });
    acknowledged.close_writing();
    const std::string ids = acknowledged.read_all();
    if (writer.wait() != 0) return 1;
    take_the_rest(directory.file("junk"));
    // A refusal will do, but nothing worse.
    const int cramped = in_child([&] {
      const auto store = Store::open(path);
      if (!store) return store.error().code == Errc::full ? 0 : 1;
      return size_of(*store) >= ids.size() / 36 ? 0 : 2;
    });
    if (cramped != 0) return cramped < 0 ? 50 - cramped : 10 + cramped;
    std::filesystem::remove(directory.file("junk"));
    const Store store = open_store(path);
    for (std::size_t at = 0; at < ids.size(); at += 36) {
      const auto id = Guid::parse(ids.substr(at, 36));
      if (!store.get(*id)) return 2;
      if (at % 2 == 0 && !store.erase(*id)) return 3;
    }
    if (ids.size() < 20 * 36) return 4;
    return what_check_finds(store).empty() && store.create(named("again")) ? 0 : 5;
  });
  if (answer == not_permitted) GTEST_SKIP() << "this process may not mount a file system";
  EXPECT_EQ(answer, 0) << "(50 and more: a signal)";
}

// LMDB maps a lock file that it only makes longer: without room for it, its first use would be SIGBUS.
TEST(FullDisk, ThatIsFullBeforeAStoreIsOpenedRefusesIt) {
  const TemporaryDirectory directory;
  const int answer = in_child([&] {
    if (!make_small(directory, "size=2m")) return not_permitted;
    {
      const Store store = open_store(directory.file());
      if (!store.create(named("first"))) return 1;
    }
    take_the_rest(directory.file("junk"));
    const int cramped = in_child([&] {
      const auto store = Store::open(directory.file());
      if (!store) return store.error().code == Errc::full ? 0 : 1;
      const auto made = store->create(named("second"));
      return made || made.error().code == Errc::full ? 0 : 2;
    });
    if (cramped != 0) return cramped < 0 ? 50 - cramped : 10 + cramped;
    std::filesystem::remove(directory.file("junk"));
    const Store store = open_store(directory.file());
    return store.create(named("third")) && what_check_finds(store).empty() ? 0 : 2;
  });
  if (answer == not_permitted) GTEST_SKIP() << "this process may not mount a file system";
  EXPECT_EQ(answer, 0) << "(50 and more: a signal)";
}

TEST(FullDisk, SmallFileSystemSaysFullAndGoesOnAfterErasing) {
  const TemporaryDirectory directory;
  const int answer = in_child([&] {
    if (!make_small(directory, "size=6m")) return not_permitted;
    const Store store = open_store(directory.file());
    std::vector<Guid> ids;
    std::optional<Error> refused;
    for (std::uint64_t i = 0; i < 200 && !refused; ++i) {
      const auto id = store.create(bulky(64 << 10, i));
      if (id) {
        ids.push_back(*id);
      } else {
        refused = id.error();
      }
    }
    if (!refused || refused->code != Errc::full) return 1;
    if (!is_one_sentence_about(refused->message, directory.file())) return 2;
    if (size_of(store) != ids.size()) return 3;
    if (!what_check_finds(store).empty()) return 4;
    const std::size_t held = ids.size();
    // A deletion copies a few pages before it frees any: the first may be refused, room comes with time.
    while (ids.size() > 5 && store.erase(ids.back())) ids.pop_back();
    if (ids.size() == held) return 5;
    if (!store.create(named("again")) || size_of(store) != ids.size() + 1) return 6;
    return what_check_finds(store).empty() ? 0 : 7;
  });
  if (answer == not_permitted) GTEST_SKIP() << "this process may not mount a file system";
  EXPECT_EQ(answer, 0);
}

// What a journal that could not grow had got already is dead weight on a disk that is full.
TEST(FullDisk, JournalThatCannotGrowGivesBackWhatItGot) {
  const TemporaryDirectory directory;
  const int answer = in_child([&] {
    if (!make_small(directory, "size=16m")) return not_permitted;
    const Store store = open_store(directory.file());
    std::optional<Error> refused;
    for (std::uint64_t i = 0; i < 2000 && !refused; ++i) {
      if (const auto id = store.create(bulky(30'000, i)); !id) refused = id.error();
    }
    if (!refused || refused->code != Errc::full) return 1;
    // A checkpoint may be on its way, with a longer journal.
    for (int tries = 0; tries < 500; ++tries) {
      const auto stats = store.stats();
      if (!stats || !stats->journal) return 2;
      if (std::filesystem::file_size(directory.file() + "-wal") <= stats->journal->capacity_bytes) return 0;
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    return 3;
  });
  if (answer == not_permitted) GTEST_SKIP() << "this process may not mount a file system";
  EXPECT_EQ(answer, 0);
}

}  // namespace
}  // namespace flowkeep::fault

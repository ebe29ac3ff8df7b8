// Copies of a store that is in use, and stores put into less room.
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <fstream>
#include <new>

#include "fixture.hpp"

namespace flowkeep::fault {
namespace {

using Pages = BackupOptions::Pages;

const OpenOptions existing{.mode = OpenMode::existing};
const OpenOptions reading{.mode = OpenMode::read_only};

/// A number that processes share.
class SharedCounter {
 public:
  SharedCounter()
      : number_(new (::mmap(nullptr, sizeof(std::atomic<std::int64_t>), PROT_READ | PROT_WRITE,
                            MAP_SHARED | MAP_ANONYMOUS, -1, 0)) std::atomic<std::int64_t>(0)) {}
  SharedCounter(const SharedCounter&) = delete;
  SharedCounter& operator=(const SharedCounter&) = delete;
  ~SharedCounter() { ::munmap(static_cast<void*>(number_), sizeof *number_); }
  std::atomic<std::int64_t>* operator->() const { return number_; }

 private:
  std::atomic<std::int64_t>* number_;
};

Session numbered(std::int64_t number) {
  Session session = named(std::to_string(number));
  session.correlationid = "numbered";
  return session;
}

/// The numbers a store holds are 1, 2, … without a gap: how many.
std::int64_t count_without_gaps(const Store& store) {
  std::vector<std::int64_t> numbers;
  const Snapshot snapshot = store.snapshot().value();
  for (const auto& row : snapshot.select({.correlationid = "numbered"})) {
    numbers.push_back(std::stoll(std::string(row.value().name().value())));
  }
  std::sort(numbers.begin(), numbers.end());
  for (std::size_t i = 0; i < numbers.size(); ++i) EXPECT_EQ(numbers[i], static_cast<std::int64_t>(i) + 1);
  return static_cast<std::int64_t>(numbers.size());
}

/// A process that creates numbered sessions until it is let go, and counts those acknowledged.
Child write_numbers(const std::string& path, const SharedCounter& acknowledged, const SharedCounter& enough) {
  return Child([&] {
    const Store store = open_store(path);
    for (std::int64_t number = acknowledged->load() + 1; enough->load() == 0; ++number) {
      if (!store.create(numbered(number))) return 1;
      if (number % 4 == 0 && !store.create(bulky(20'000, static_cast<std::uint64_t>(number)))) return 2;
      acknowledged->store(number);
    }
    return 0;
  });
}

std::vector<std::string> names_in(const std::string& directory) {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(directory)) names.push_back(entry.path().filename());
  std::sort(names.begin(), names.end());
  return names;
}

class Backup : public testing::TestWithParam<Pages> {
 protected:
  [[nodiscard]] BackupOptions how(BackupOptions::Verify verify = BackupOptions::Verify::no) const {
    BackupOptions options;
    options.pages = GetParam();
    options.verify = verify;
    return options;
  }

  TemporaryDirectory directory{};
  TemporaryDirectory elsewhere{};
  std::string path = directory.file();
  std::string copy = elsewhere.file("copy.flowkeep");
};

TEST_P(Backup, HoldsWhatAnyProcessWasToldIsStored) {
  { const Store made = open_store(path); }
  const SharedCounter acknowledged;
  const SharedCounter enough;
  Child writer = write_numbers(path, acknowledged, enough);
  while (acknowledged->load() == 0) ::sched_yield();
  for (int round = 0; round < 12; ++round) {
    SCOPED_TRACE(round);
    // By turns as a process that only reads, one that writes too, and one that has just come.
    const Store store = open_store(path, round % 2 == 0 ? reading : existing);
    const std::int64_t before = acknowledged->load();
    const auto made = store.backup(copy, how());
    ASSERT_TRUE(made) << made.error().message;
    const Store restored = open_store(copy, reading);
    EXPECT_GE(count_without_gaps(restored), before);
    expect_clean(restored);
    std::filesystem::remove(copy);
  }
  enough->store(1);
  EXPECT_EQ(writer.wait(), 0);
}

TEST_P(Backup, HoldsWhatThisProcessHasWritten) {
  const Store store = open_store(path);
  for (int i = 1; i <= 50; ++i) {
    ASSERT_TRUE(store.create(numbered(i)));
    if (i % 10 != 0) continue;
    ASSERT_TRUE(store.backup(copy, how()));
    EXPECT_EQ(count_without_gaps(open_store(copy, reading)), i);
    std::filesystem::remove(copy);
  }
}

TEST_P(Backup, IsAStoreOfItsOwn) {
  const Store store = open_store(path);
  ASSERT_TRUE(store.create(numbered(1)));
  const auto made = store.backup(copy, how(BackupOptions::Verify::yes));
  ASSERT_TRUE(made) << made.error().message;
  EXPECT_EQ(made->sessions, 1U);
  EXPECT_EQ(made->bytes, std::filesystem::file_size(copy));
  EXPECT_EQ(names_in(elsewhere.path()), std::vector<std::string>{"copy.flowkeep"});
  struct stat facts {};
  ASSERT_EQ(::stat(copy.c_str(), &facts), 0);
  EXPECT_EQ(facts.st_mode & 07777, 0600U);
  std::string beginning(1024, '\0');
  std::ifstream(copy, std::ios::binary).read(beginning.data(), 1024);
  EXPECT_EQ(beginning.substr(512), std::string(512, '\0')) << "the mark of a journal that is not the copy's";
  {
    const Store other = open_store(copy, existing);
    EXPECT_EQ(other.stats()->store_id, store.stats()->store_id);
    for (int i = 2; i <= 300; ++i) ASSERT_TRUE(other.create(numbered(i)));
    EXPECT_EQ(count_without_gaps(other), 300);
    expect_clean(other);
  }
  EXPECT_EQ(names_in(elsewhere.path()), std::vector<std::string>{"copy.flowkeep"});
  EXPECT_EQ(size_of(open_store(copy, existing)), 300U);
  EXPECT_EQ(size_of(store), 1U);
}

TEST_P(Backup, OfACopyThatDiesIsRecoveredFromTheJournalOfTheCopy) {
  const Store store = open_store(path);
  for (int i = 1; i <= 10; ++i) ASSERT_TRUE(store.create(numbered(i)));
  ASSERT_TRUE(store.backup(copy, how()));
  EXPECT_EQ(in_child([&] {
              const Store other = open_store(copy, existing);
              for (int i = 11; i <= 40; ++i) {
                if (!other.create(numbered(i))) return 1;
              }
              ::_exit(7);
            }),
            7);
  const Store other = open_store(copy, existing);
  EXPECT_EQ(count_without_gaps(other), 40);
  expect_clean(other);
}

TEST_P(Backup, IsNeverPutOverAFile) {
  const Store store = open_store(path);
  std::ofstream(copy) << "kept";
  const auto refused = store.backup(copy, how());
  EXPECT_EQ(code_of(refused), Errc::already_exists);
  EXPECT_TRUE(is_one_sentence_about(refused.error().message, copy));
  std::string word;
  std::ifstream(copy) >> word;
  EXPECT_EQ(word, "kept");
  EXPECT_EQ(code_of(store.backup(path, how())), Errc::already_exists);
  EXPECT_EQ(names_in(elsewhere.path()), std::vector<std::string>{"copy.flowkeep"});
}

TEST_P(Backup, IsNotPutWhereTheStoresOwnFilesAre) {
  { const Store made = open_store(path); }
  const Store store = open_store(path, reading);
  for (const char* own : {"-wal", "-shm"}) {
    EXPECT_EQ(code_of(store.backup(path + own, how())), Errc::invalid_argument) << own;
    EXPECT_EQ(code_of(store.backup(directory.path() + "/./agent.flowkeep" + own, how())), Errc::invalid_argument);
  }
}

TEST_P(Backup, ThatIsStoppedLeavesNothingBehind) {
  const Store store = open_store(path);
  for (unsigned i = 0; i < 20; ++i) ASSERT_TRUE(store.create(bulky(200'000, i)));
  BackupOptions options = how(BackupOptions::Verify::yes);
  int calls = 0;
  options.progress = [&](std::uint64_t, std::uint64_t) { return ++calls < 2; };  // once it is under way
  for (unsigned i = 0; i < 1500; ++i) ASSERT_TRUE(store.create(named("row")));
  EXPECT_EQ(code_of(store.backup(copy, options)), Errc::busy);
  EXPECT_TRUE(names_in(elsewhere.path()).empty());
}

TEST_P(Backup, ThatIsVerifiedDoesNotPassDamageOn) {
  {
    const Store store = open_store(path);
    ASSERT_TRUE(store.create(named("a name to look for")));
  }
  {
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    const std::string bytes((std::istreambuf_iterator<char>(file)), {});
    const std::size_t at = bytes.find("a name to look for");
    ASSERT_NE(at, std::string::npos);
    file.seekp(static_cast<std::streamoff>(at));
    file.put('A');
  }
  const Store store = open_store(path, reading);
  EXPECT_EQ(code_of(store.backup(copy, how(BackupOptions::Verify::yes))), Errc::corrupt);
  EXPECT_TRUE(names_in(elsewhere.path()).empty());
  EXPECT_TRUE(store.backup(copy, how()));
}

TEST_P(Backup, DoesNotTimeOutOverItsOwnProcess) {
  const Store store = open_store(path, {.busy_timeout = std::chrono::milliseconds(1)});
  for (int i = 1; i <= 5; ++i) {
    ASSERT_TRUE(store.create(numbered(i)));
    const auto made = store.backup(copy, how());
    ASSERT_TRUE(made) << made.error().message;
    EXPECT_EQ(count_without_gaps(open_store(copy, reading)), i);
    std::filesystem::remove(copy);
  }
}

// It dies by itself right behind an acknowledged change, which no checkpoint can hold yet.
TEST_P(Backup, AfterACrashHoldsWhatTheJournalHeld) {
  constexpr std::int64_t count = 20;
  Child writer([&] {
    const Store store = open_store(path);
    for (std::int64_t number = 1; number <= count; ++number) {
      if (number % 4 == 0 && !store.create(bulky(20'000, static_cast<std::uint64_t>(number)))) return 2;
      if (!store.create(numbered(number))) return 1;
    }
    ::kill(::getpid(), SIGKILL);
    return 3;
  });
  EXPECT_EQ(writer.wait(), -SIGKILL);
  EXPECT_EQ(refusal(path, reading), Errc::needs_recovery);
  const Store store = open_store(path, existing);
  ASSERT_TRUE(store.backup(copy, how()));
  EXPECT_EQ(count_without_gaps(open_store(copy, reading)), count);
}

std::string name_of_pages(const testing::TestParamInfo<Pages>& pages) {
  return pages.param == Pages::all ? "AllPages" : "UsedPages";
}

INSTANTIATE_TEST_SUITE_P(Of, Backup, testing::Values(Pages::all, Pages::used), name_of_pages);

TEST(BackupOfUsedPages, IsSmallerThanAStoreWithFreeOnes) {
  const TemporaryDirectory directory;
  const Store store = open_store(directory.file());
  std::vector<Guid> ids;
  for (unsigned i = 0; i < 20; ++i) ids.push_back(store.create(bulky(100'000, i)).value());
  ASSERT_EQ(size_of(store), ids.size());  // so the tables have had them
  ASSERT_TRUE(store.erase_multiple(ids));
  const auto all = store.backup(directory.file("all"));
  const auto used = store.backup(directory.file("used"), {.pages = Pages::used});
  ASSERT_TRUE(all && used);
  EXPECT_GT(all->bytes, 2'000'000U);
  EXPECT_LT(used->bytes, 500'000U);
}

class Compact : public testing::Test {
 protected:
  /// A store with more free pages than others.
  void make_store() const {
    const Store store = open_store(path);
    std::vector<Guid> ids;
    for (int i = 1; i <= 100; ++i) ASSERT_TRUE(store.create(numbered(i)));
    for (unsigned i = 0; i < 20; ++i) ids.push_back(store.create(bulky(100'000, i)).value());
    ASSERT_TRUE(store.erase_multiple(ids));
  }
  TemporaryDirectory directory{};
  std::string path = directory.file();
};

TEST_F(Compact, GivesFreePagesBack) {
  make_store();
  ASSERT_EQ(::chmod(path.c_str(), 0640), 0);
  const std::uint64_t before = std::filesystem::file_size(path);
  const auto done = compact(path);
  ASSERT_TRUE(done) << done.error().message;
  EXPECT_EQ(done->bytes_before, before);
  EXPECT_EQ(done->bytes_after, std::filesystem::file_size(path));
  EXPECT_LT(done->bytes_after, before / 2);
  EXPECT_EQ(names_in(directory.path()), std::vector<std::string>{"agent.flowkeep"});
  struct stat facts {};
  ASSERT_EQ(::stat(path.c_str(), &facts), 0);
  EXPECT_EQ(facts.st_mode & 07777, 0640U);
  const Store store = open_store(path, existing);
  expect_clean(store);
  EXPECT_EQ(count_without_gaps(store), 100);
  EXPECT_TRUE(store.create(numbered(101)));
}

TEST_F(Compact, GoesThroughALink) {
  make_store();
  const std::string link = directory.file("link");
  std::filesystem::create_symlink(path, link);
  ASSERT_TRUE(compact(link));
  EXPECT_TRUE(std::filesystem::is_symlink(link));
  EXPECT_EQ(count_without_gaps(open_store(link, existing)), 100);
}

TEST_F(Compact, IsBusyWhileAnybodyHasItOpen) {
  make_store();
  for (const OpenOptions& how : {existing, reading}) {
    Gate gate;
    Child other([&] {
      const Store store = open_store(path, how);
      gate.arrive_and_wait();
      return count_without_gaps(store) == 100 ? 0 : 1;
    });
    gate.await();
    const auto refused = compact(path);
    EXPECT_EQ(code_of(refused), Errc::busy);
    EXPECT_TRUE(is_one_sentence_about(refused.error().message, path));
    gate.open();
    EXPECT_EQ(other.wait(), 0);
  }
  {
    const Store store = open_store(path, existing);
    EXPECT_EQ(code_of(compact(path)), Errc::busy);
  }
  EXPECT_TRUE(compact(path));
}

TEST_F(Compact, OfNothingIsNotFound) {
  EXPECT_EQ(code_of(compact(path)), Errc::not_found);
  EXPECT_TRUE(names_in(directory.path()).empty());
}

TEST_F(Compact, RecoversFirst) {
  const SharedCounter acknowledged;
  const SharedCounter never;
  Child writer = write_numbers(path, acknowledged, never);
  while (acknowledged->load() < 20) ::sched_yield();
  writer.kill();
  const auto done = compact(path);
  ASSERT_TRUE(done) << done.error().message;
  EXPECT_EQ(names_in(directory.path()), std::vector<std::string>{"agent.flowkeep"});
  EXPECT_GE(count_without_gaps(open_store(path, existing)), acknowledged->load());
}

/// A process that opens the store, writes and closes it again, over and over.
Child open_and_write(const std::string& path, const SharedCounter& acknowledged, const SharedCounter& enough) {
  return Child([&] {
    while (enough->load() == 0) {
      const auto store = Store::open(path, existing);
      if (!store) return 1;
      if (!store->create(numbered(acknowledged->load() + 1))) return 2;
      acknowledged->fetch_add(1);
    }
    return 0;
  });
}

TEST_F(Compact, LosesNothingOfProcessesThatComeAndGo) {
  { const Store made = open_store(path); }
  const SharedCounter acknowledged;
  const SharedCounter enough;
  Child writer = open_and_write(path, acknowledged, enough);
  int compactions = 0;
  for (int attempt = 0; compactions < 10 && attempt < 100'000; ++attempt) {
    const auto done = compact(path);
    if (done) {
      ++compactions;
    } else {
      ASSERT_EQ(done.error().code, Errc::busy) << done.error().message;
    }
  }
  enough->store(1);
  EXPECT_EQ(writer.wait(), 0);
  EXPECT_EQ(compactions, 10);
  const Store store = open_store(path, existing);
  EXPECT_EQ(count_without_gaps(store), acknowledged->load());
  expect_clean(store);
}

}  // namespace
}  // namespace flowkeep::fault

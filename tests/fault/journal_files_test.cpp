// The journal removed, replaced, copied, damaged or put beside another file: what is opened then is right, or refused
// with one sentence and left as it is.
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <filesystem>

#include "workload.hpp"

namespace flowkeep::fault {
namespace {

constexpr std::size_t slot_bytes = 4096;
constexpr std::size_t generation_offset = 16;

std::uint64_t generation_of(const std::string& journal, std::size_t slot) {
  std::uint64_t generation = 0;
  std::memcpy(&generation, journal.data() + slot * slot_bytes + generation_offset, sizeof generation);
  return generation;
}

class JournalFiles : public testing::Test {
 protected:
  void leave_behind(int steps) {
    ASSERT_EQ(leave_unclean(path, steps), steps);
    ASSERT_TRUE(std::filesystem::exists(journal));
  }
  /// Every mode that takes an existing file refuses it with this code, and leaves both files as they are.
  void expect_refused(Errc code, const std::string& about) {
    const std::string file_before = bytes_of(path);
    const std::string journal_before = bytes_of(journal);
    for (const OpenMode mode : {OpenMode::open_or_create, OpenMode::existing, OpenMode::read_only}) {
      const auto store = Store::open(path, {.mode = mode});
      ASSERT_FALSE(store) << "mode " << static_cast<int>(mode);
      EXPECT_TRUE(is_one_sentence_about(store.error().message, path));
      // A reader need not look further than this.
      if (mode == OpenMode::read_only && store.error().code == Errc::needs_recovery) continue;
      EXPECT_EQ(store.error().code, code) << errc_name(store.error().code);
      EXPECT_TRUE(is_one_sentence_about(store.error().message, about));
    }
    EXPECT_TRUE(bytes_of(path) == file_before) << "the refused file was written to";
    EXPECT_TRUE(bytes_of(journal) == journal_before) << "the journal was written to";
  }
  void expect_content(int steps) { expect_content_of(path, steps); }
  static void expect_content_of(const std::string& where, int steps) {
    const auto store = Store::open(where, workload_options());
    ASSERT_TRUE(store) << store.error().message;
    expect_clean(*store);
    EXPECT_TRUE(content_of(*store) == contents_after_steps()[static_cast<std::size_t>(steps)]);
    EXPECT_TRUE(store->create(named("afterwards")));
  }
  /// Writes until the store says that its journal is gone; all that was acknowledged before.
  static void expect_noticed(const Store& store, const std::string& about) {
    // A change of the model makes a checkpoint.
    const auto refused = store.set_state_model(StateModel::platform());
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Errc::io);
    EXPECT_TRUE(is_one_sentence_about(refused.error().message, about));
    const auto again = store.create(named("again"));
    EXPECT_EQ(code_of(again), Errc::io) << "believed without a journal";
  }

  TemporaryDirectory directory{};
  std::string path = directory.file();
  std::string journal = path + "-wal";
};

TEST_F(JournalFiles, RemovedWhileOpenIsNoticedAndReadsGoOn) {
  const Store store = open_store(path, workload_options());
  for (int step = 0; step < 5; ++step) ASSERT_TRUE(do_step(store, step));
  ASSERT_EQ(::unlink(journal.c_str()), 0);
  expect_noticed(store, journal);
  EXPECT_TRUE(content_of(store) == contents_after_steps()[5]);
  expect_clean(store);
}

TEST_F(JournalFiles, RemovedWhileOpenAndPutBackLosesNothing) {
  int steps = 0;
  {
    const Store store = open_store(path, workload_options());
    while (steps < 5) ASSERT_TRUE(do_step(store, steps++));
    ASSERT_EQ(::rename(journal.c_str(), directory.file("aside").c_str()), 0);
    // Until a checkpoint notices it, changes are taken: they are in that file.
    while (steps < 10 && do_step(store, steps)) ++steps;
    expect_noticed(store, journal);
  }
  ASSERT_EQ(::rename(directory.file("aside").c_str(), journal.c_str()), 0);
  expect_content(steps);
}

TEST_F(JournalFiles, ReplacedWhileOpenIsNoticed) {
  const Store store = open_store(path, workload_options());
  for (int step = 0; step < 5; ++step) ASSERT_TRUE(do_step(store, step));
  put_bytes(directory.file("copy"), bytes_of(journal));
  ASSERT_EQ(::rename(directory.file("copy").c_str(), journal.c_str()), 0);
  expect_noticed(store, journal);
}

TEST_F(JournalFiles, MissingAfterACrashIsRefusedAndPutBackLosesNothing) {
  leave_behind(9);
  const std::string kept = bytes_of(journal);
  ASSERT_EQ(::unlink(journal.c_str()), 0);
  expect_refused(Errc::corrupt, "journal " + journal);
  EXPECT_FALSE(std::filesystem::exists(journal));
  put_bytes(journal, kept);
  expect_content(9);
}

TEST_F(JournalFiles, CutShortAfterACrashIsRefusedOrHoldsAPrefix) {
  leave_behind(9);
  const std::string kept = bytes_of(journal);
  for (const std::size_t size : {0, 1, 100}) {
    put_bytes(journal, kept.substr(0, size));
    expect_refused(Errc::corrupt, journal);
  }
  // Without a record of it, a change is lost with its part of the journal; but nothing else is.
  put_bytes(journal, kept.substr(0, 2 * slot_bytes));
  const Store store = open_store(path);
  expect_clean(store);
  const auto& contents = contents_after_steps();
  EXPECT_NE(std::find(contents.begin(), contents.end(), content_of(store)), contents.end());
}

TEST_F(JournalFiles, OfALaterTimeBesideABackupIsNotLost) {
  {
    const Store store = open_store(path, workload_options());
    for (int step = 0; step < 4; ++step) ASSERT_TRUE(do_step(store, step));
  }
  const std::string backup = bytes_of(path);
  EXPECT_EQ(in_child([&] {
              {
                const Store store = open_store(path, workload_options());
                if (!do_step(store, 4) || !do_step(store, 5)) return 1;
                ::_exit(0);
              }
              return 2;
            }),
            0);
  ASSERT_TRUE(std::filesystem::exists(journal));
  const std::string own = bytes_of(path);
  const std::string kept = bytes_of(journal);
  put_bytes(path, backup);
  for (const OpenMode mode : {OpenMode::open_or_create, OpenMode::existing}) {
    const auto refused = Store::open(path, {.mode = mode});
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Errc::corrupt);
    EXPECT_TRUE(is_one_sentence_about(refused.error().message, journal));
  }
  EXPECT_FALSE(compact(path));
  {
    const Store reading = open_store(path, {.mode = OpenMode::read_only});
    EXPECT_TRUE(content_of(reading) == contents_after_steps()[4]);
  }
  EXPECT_TRUE(bytes_of(path) == backup);
  EXPECT_TRUE(bytes_of(journal) == kept);
  // Without the journal it is a store like any other; with its own file the journal gives back everything.
  ASSERT_EQ(::unlink(journal.c_str()), 0);
  expect_content(4);
  put_bytes(path, own);
  put_bytes(journal, kept);
  expect_content(6);
}

TEST_F(JournalFiles, OfTheSameTimeBesideABackupIsNoHindrance) {
  const std::string copy = directory.file("copy.flowkeep");
  EXPECT_EQ(in_child([&] {
              {
                const Store store = open_store(path, workload_options());
                for (int step = 0; step < 5; ++step) {
                  if (!do_step(store, step)) return 1;
                }
                if (!store.backup(copy)) return 2;
                ::_exit(0);
              }
              return 3;
            }),
            0);
  ASSERT_TRUE(std::filesystem::exists(journal));
  put_bytes(path, bytes_of(copy));
  expect_content(5);
}

// The same store in an earlier unclean state: its journal is another one.
TEST_F(JournalFiles, OfAnotherTimeIsRefused) {
  leave_behind(4);
  const std::string file = bytes_of(path);
  const std::string own = bytes_of(journal);
  { EXPECT_TRUE(do_step(open_store(path, workload_options()), 4)); }
  EXPECT_EQ(in_child([&] {
              {
                const Store store = open_store(path, workload_options());
                if (!do_step(store, 5)) return 1;
                ::_exit(0);
              }
              return 2;
            }),
            0);
  put_bytes(path, file);
  expect_refused(Errc::corrupt, journal);
  put_bytes(journal, own);
  expect_content(4);
}

// The same journal, but the checkpoint it continues is not the one that the file holds.
TEST_F(JournalFiles, BesideAFileOfAnEarlierCheckpointIsRefused) {
  Pipe ready;
  Gate gate;
  Child child([&]() -> int {
    const Store store = open_store(path, workload_options());
    for (int step = 0; step < 4; ++step) {
      if (!do_step(store, step)) ::_exit(1);
    }
    gate.arrive_and_wait();
    for (int step = 4; step < 14; ++step) {
      if (!do_step(store, step)) ::_exit(2);
    }
    ::_exit(0);
  });
  gate.await();
  const std::string earlier = bytes_of(path);
  gate.open();
  ASSERT_EQ(child.wait(), 0);
  const std::string file = bytes_of(path);
  put_bytes(path, earlier);
  expect_refused(Errc::corrupt, path);
  put_bytes(path, file);
  expect_content(14);
}

TEST_F(JournalFiles, CopiedTogetherAfterACrashOpenElsewhere) {
  leave_behind(9);
  const std::string other = directory.file("copy.flowkeep");
  std::filesystem::copy_file(path, other);
  std::filesystem::copy_file(journal, other + "-wal");
  expect_content_of(other, 9);
  expect_content(9);
}

// A page that the recovery would have built upon.
TEST_F(JournalFiles, CopiedTogetherButNotWholeAreRefused) {
  leave_behind(14);
  const std::string file = bytes_of(path);
  int refused = 0;
  for (std::size_t page = 2; (page + 1) * 4096 <= file.size(); page += 3) {
    std::string damaged = file;
    damaged.replace(page * 4096, 4096, std::string(4096, '\x5A'));
    const std::string other = directory.file("copy.flowkeep");
    put_bytes(other, damaged);
    std::filesystem::copy_file(journal, other + "-wal", std::filesystem::copy_options::overwrite_existing);
    const int answer = in_child([&] {
      const auto store = Store::open(other);
      if (store) return 0;
      return store.error().code == Errc::corrupt ? 1 : 2;
    });
    // A page of values, or one that is free, is no part of the trees' structure.
    EXPECT_TRUE(answer == 0 || answer == 1) << "page " << page << ": " << answer;
    if (answer == 1) {
      ++refused;
      EXPECT_TRUE(bytes_of(other) == damaged) << "the refused copy was written to";
    }
    for (const char* name : {"", "-wal", "-shm", "-lock"}) std::filesystem::remove(other + name);
  }
  EXPECT_GT(refused, 3);
}

// The last step is in no record, only in the newest checkpoint.
TEST_F(JournalFiles, WithOneDamagedHeaderLosesNothing) {
  for (std::size_t round = 0; round < 8; ++round) {
    const std::size_t slot = round % 2;
    SCOPED_TRACE("slot " + std::to_string(slot));
    std::filesystem::remove(path);
    leave_behind(13);
    std::string bytes = bytes_of(journal);
    bytes[slot * slot_bytes + 100] ^= 0x01;
    put_bytes(journal, bytes);
    expect_content(13);
  }
}

TEST_F(JournalFiles, WithTwoDamagedHeadersIsRefused) {
  leave_behind(14);
  const std::string kept = bytes_of(journal);
  std::string bytes = kept;
  EXPECT_GT(generation_of(bytes, 0) + generation_of(bytes, 1), 2U) << "no checkpoint was made";
  for (const std::size_t slot : {std::size_t{0}, std::size_t{1}}) bytes[slot * slot_bytes + 3000] ^= 0x40;
  put_bytes(journal, bytes);
  expect_refused(Errc::corrupt, journal);
  put_bytes(journal, kept);
  expect_content(14);
}

TEST_F(JournalFiles, OfANewerFormatIsRefused) {
  leave_behind(9);
  const std::string kept = bytes_of(journal);
  std::string bytes = kept;
  for (const std::size_t slot : {std::size_t{0}, std::size_t{1}}) bytes[slot * slot_bytes + 7] = '\2';
  put_bytes(journal, bytes);
  expect_refused(Errc::newer_format, journal);
  put_bytes(journal, kept);
  expect_content(9);
}

TEST_F(JournalFiles, OfADeadWriterWantARecoveryFromAReader) {
  leave_behind(9);
  const std::string file = bytes_of(path);
  const std::string bytes = bytes_of(journal);
  EXPECT_EQ(refusal(path, {.mode = OpenMode::read_only}), Errc::needs_recovery);
  EXPECT_TRUE(bytes_of(path) == file && bytes_of(journal) == bytes) << "a reader wrote";
  expect_content(9);
  const Store store = open_store(path, {.mode = OpenMode::read_only});
  EXPECT_GT(size_of(store), 0U);
}

}  // namespace
}  // namespace flowkeep::fault

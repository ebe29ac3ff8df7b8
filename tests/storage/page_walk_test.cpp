#include "storage/page_walk.hpp"

#include <atomic>
#include <cstring>
#include <thread>

#include "page_fixture.hpp"

namespace flowkeep::storage {
namespace {

/// Walks the commit that a new read transaction sees, once more where the meta page was overtaken.
Walked walk(const LmdbFile& file, const Read& read) {
  std::vector<PageFinding> findings;
  auto report = walk_pages(file.descriptor(), "the test file", read.txnid(),
                           [&](const PageFinding& finding) { findings.push_back(finding); });
  return {std::move(report), std::move(findings)};
}

void expect_equal(const TableReport& report, const MDB_stat& stat) {
  EXPECT_EQ(report.branch_pages, stat.ms_branch_pages);
  EXPECT_EQ(report.leaf_pages, stat.ms_leaf_pages);
  EXPECT_EQ(report.overflow_pages, stat.ms_overflow_pages);
  EXPECT_EQ(report.entries, stat.ms_entries);
  EXPECT_EQ(report.depth, stat.ms_depth);
}

std::uint64_t count_free_pages(const Read& read) {
  MDB_cursor* cursor = nullptr;
  check_lmdb(::mdb_cursor_open(read.get(), 0, &cursor));
  std::uint64_t pages = 0;
  MDB_val key{};
  MDB_val value{};
  while (::mdb_cursor_get(cursor, &key, &value, MDB_NEXT) == 0) {
    std::uint64_t count = 0;
    std::memcpy(&count, value.mv_data, sizeof count);
    pages += count;
  }
  ::mdb_cursor_close(cursor);
  return pages;
}

/// Holds the walk of the file's last commit against what liblmdb says of it.
PageReport expect_sound(const LmdbFile& file) {
  const Read read(file);
  const Walked walked = walk(file, read);
  if (!walked.report) {
    ADD_FAILURE() << walked.report.error().message;
    return {};
  }
  const PageReport& report = *walked.report;
  EXPECT_EQ(walked.lines(), "");
  EXPECT_EQ(report.findings, 0U);
  EXPECT_EQ(report.txnid, read.txnid());
  EXPECT_EQ(report.leaked_pages, 0U);
  EXPECT_EQ(report.free_pages, count_free_pages(read));
  EXPECT_EQ(report.used_pages + report.free_pages + 2, report.pages);
  MDB_envinfo info{};
  ::mdb_env_info(file.env(), &info);
  EXPECT_EQ(report.pages, info.me_last_pgno + 1);

  MDB_stat stat{};
  check_lmdb(::mdb_stat(read.get(), 0, &stat));
  EXPECT_EQ(report.page_bytes, stat.ms_psize);
  expect_equal(report.free_list, stat);
  check_lmdb(::mdb_stat(read.get(), 1, &stat));
  expect_equal(report.main, stat);
  std::uint64_t pages = report.free_list.pages() + report.main.pages();
  for (const TableReport& table : report.tables) {
    SCOPED_TRACE(table.name);
    MDB_dbi dbi = 0;
    check_lmdb(::mdb_dbi_open(read.get(), table.name.c_str(), 0, &dbi));
    check_lmdb(::mdb_stat(read.get(), dbi, &stat));
    expect_equal(table, stat);
    pages += table.pages();
  }
  EXPECT_EQ(pages, report.used_pages);
  return report;
}

const TableReport& table_of(const PageReport& report, std::string_view name) {
  for (const TableReport& table : report.tables) {
    if (table.name == name) return table;
  }
  ADD_FAILURE() << "no table " << name;
  return report.main;
}

TEST(PageWalk, WalksANewFile) {
  const TemporaryDirectory directory;
  const LmdbFile file(directory.file("store"));
  const PageReport report = expect_sound(file);
  EXPECT_EQ(report.pages, 2U);
  EXPECT_EQ(report.used_pages, 0U);
  EXPECT_TRUE(report.tables.empty());
}

TEST(PageWalk, MeetsEveryFormOfPage) {
  const TemporaryDirectory directory;
  make_rich_file(directory.file("store"), 7);
  const LmdbFile file(directory.file("store"));
  const PageReport report = expect_sound(file);
  EXPECT_EQ(report.tables.size(), std::size(test_tables));
  EXPECT_GT(table_of(report, "records").overflow_pages, 0U);
  EXPECT_GT(table_of(report, "names").branch_pages, 0U);
  EXPECT_GT(table_of(report, "by_machine").duplicate_pages, 0U);
  EXPECT_GT(table_of(report, "odd").duplicate_pages, 0U);
  EXPECT_GT(table_of(report, "notes").duplicate_pages, 0U);
  EXPECT_EQ(table_of(report, "empty").pages(), 0U);
  EXPECT_GT(report.free_pages, 0U);
}

TEST(PageWalk, AgreesWithLmdbAfterEveryCommitOfRandomChanges) {
  for (std::uint64_t seed = 0; seed < 8; ++seed) {
    SCOPED_TRACE(seed);
    const TemporaryDirectory directory;
    const LmdbFile file(directory.file("store"));
    std::mt19937_64 random(seed);
    for (int commit = 0; commit < 40 && !testing::Test::HasFailure(); ++commit) {
      SCOPED_TRACE(commit);
      change_at_random(file, random, 1 + static_cast<int>(random() % 300));
      expect_sound(file);
    }
  }
}

TEST(PageWalk, CountsDeepTreesOfFixedDuplicates) {
  for (const std::size_t bytes : {1U, 2U, 3U, 7U, 8U, 16U, 100U, 511U}) {
    SCOPED_TRACE(bytes);
    const TemporaryDirectory directory;
    const LmdbFile file(directory.file("store"));
    const TestTable table{"fixed", MDB_DUPSORT | MDB_DUPFIXED};
    for (const std::uint64_t count : {1U, 2U, 5U, 100U, 3'000U}) {
      LmdbFile::Write txn = file.write();
      const MDB_dbi dbi = txn.table(table);
      for (std::uint64_t number = 0; number < count; ++number) {
        std::string value = bytes_of(number * 7919 % 65'536);
        value.resize(bytes);
        txn.put(dbi, "key " + std::to_string(count), value);
      }
      txn.commit();
      expect_sound(file);
    }
    LmdbFile::Write txn = file.write();
    const MDB_dbi dbi = txn.table(table);
    for (std::uint64_t number = 0; number < 3'000; number += 2) {
      std::string value = bytes_of(number * 7919 % 65'536);
      value.resize(bytes);
      for (const char* key : {"key 5", "key 100", "key 3000"}) txn.erase(dbi, key, value);
    }
    txn.commit();
    expect_sound(file);
  }
}

TEST(PageWalk, ReadsFreeListsThatFillOverflowPages) {
  const TemporaryDirectory directory;
  const LmdbFile file(directory.file("store"));
  for (int round = 0; round < 6; ++round) {
    LmdbFile::Write txn = file.write();
    const MDB_dbi records = txn.table(test_tables[0]);
    if (round % 2 == 0) {
      for (std::uint64_t row = 0; row < 20'000; ++row) txn.put(records, bytes_of(row), std::string(1'900, 'r'));
    } else {
      check_lmdb(::mdb_drop(txn.get(), records, 0));
    }
    txn.commit();
    const PageReport report = expect_sound(file);
    if (round == 1) {
      EXPECT_GT(report.free_list.overflow_pages, 0U);
      EXPECT_GT(report.free_pages, 5'000U);
    }
  }
}

TEST(PageWalk, ReadsValuesThatLieInTheMainTable) {
  const TemporaryDirectory directory;
  const LmdbFile file(directory.file("store"));
  LmdbFile::Write txn = file.write();
  static_cast<void>(txn.table(test_tables[0]));
  txn.put(1, "plain", "value");
  txn.put(1, "long", std::string(50'000, 'v'));
  txn.commit();
  EXPECT_EQ(expect_sound(file).main.entries, 3U);
}

TEST(PageWalk, WritesTablesWithUnprintableNames) {
  const TemporaryDirectory directory;
  const LmdbFile file(directory.file("store"));
  LmdbFile::Write txn = file.write();
  static_cast<void>(txn.table({"a\x01\\\xff", 0}));
  txn.commit();
  const Read read(file);
  EXPECT_EQ(walk(file, read).report->tables.at(0).name, "a\\x01\\x5c\\xff");
}

TEST(PageWalk, FindsCopiesSound) {
  for (const unsigned flags : {0U, unsigned{MDB_CP_COMPACT}}) {
    SCOPED_TRACE(flags);
    const TemporaryDirectory directory;
    make_rich_file(directory.file("store"), 3);
    {
      const LmdbFile file(directory.file("store"));
      const int copy = ::open(directory.file("copy").c_str(), O_RDWR | O_CREAT, 0600);
      check_lmdb(::mdb_env_copyfd2(file.env(), copy, flags));
      ::close(copy);
    }
    expect_sound(LmdbFile(directory.file("copy")));
  }
}

TEST(PageWalk, IsExactWhileAnotherThreadCommits) {
  const TemporaryDirectory directory;
  const LmdbFile file(directory.file("store"));
  std::mt19937_64 random(11);
  change_at_random(file, random, 1500);
  std::atomic<bool> stop{false};
  std::thread writer([&] {
    while (!stop.load()) change_at_random(file, random, 3);
  });
  constexpr int enough = 50;
  int overtaken = 0;  // walks during which two commits or more were made
  for (int attempt = 0; attempt < 20'000 && overtaken < enough; ++attempt) {
    const Read read(file);
    const Walked walked = walk(file, read);
    if (!walked.report) {
      EXPECT_EQ(walked.report.error().code, Errc::busy) << walked.report.error().message;
      continue;
    }
    EXPECT_EQ(walked.lines(), "");
    MDB_envinfo info{};
    ::mdb_env_info(file.env(), &info);
    if (info.me_last_txnid >= read.txnid() + 2) ++overtaken;
  }
  stop.store(true);
  writer.join();
  EXPECT_EQ(overtaken, enough);
}

TEST(PageWalk, IsBusyOnceTwoCommitsHaveBeenMade) {
  const TemporaryDirectory directory;
  const LmdbFile file(directory.file("store"));
  std::mt19937_64 random(5);
  change_at_random(file, random, 10);
  const Read read(file);
  change_at_random(file, random, 10);
  EXPECT_TRUE(walk(file, read).report);
  change_at_random(file, random, 10);
  const Walked walked = walk(file, read);
  ASSERT_FALSE(walked.report);
  EXPECT_EQ(walked.report.error().code, Errc::busy);
}

TEST(PageWalk, TellsItsProgressUpToAllPages) {
  const TemporaryDirectory directory;
  make_rich_file(directory.file("store"), 2);
  const auto file = PageFile::open(directory.file("store"));
  const auto meta = file->read_newest_meta();
  std::uint64_t last = 0;
  const auto report = walk_pages(*file, *meta, {}, [&](std::uint64_t done, std::uint64_t total) {
    EXPECT_GE(done, last);
    EXPECT_EQ(total, meta->last_page + 1);
    last = done;
    return true;
  });
  ASSERT_TRUE(report);
  EXPECT_EQ(last, report->pages);
}

TEST(PageWalk, StopsWhenProgressSaysSo) {
  const TemporaryDirectory directory;
  make_rich_file(directory.file("store"), 2);
  const auto file = PageFile::open(directory.file("store"));
  const auto meta = file->read_newest_meta();
  const auto report = walk_pages(*file, *meta, {}, [](std::uint64_t, std::uint64_t) { return false; });
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().code, Errc::busy);
}

}  // namespace
}  // namespace flowkeep::storage

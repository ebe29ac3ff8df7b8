#include "storage/file_check.hpp"

#include <sys/stat.h>

#include <cstring>

#include "page_fixture.hpp"

namespace flowkeep::storage {
namespace {

/// Reads every byte of every table through LMDB's map, then writes; 0 where LMDB did not complain.
int use_through_lmdb(const std::string& path) {
  const LmdbFile file(path);
  std::uint64_t sum = 0;
  {
    const Read read(file);
    const auto read_all = [&](MDB_dbi dbi) {
      MDB_cursor* cursor = nullptr;
      if (::mdb_cursor_open(read.get(), dbi, &cursor) != 0) return false;
      MDB_val key{};
      MDB_val value{};
      int code = 0;
      while ((code = ::mdb_cursor_get(cursor, &key, &value, MDB_NEXT)) == 0) {
        for (std::size_t at = 0; at < value.mv_size; ++at) sum += static_cast<const unsigned char*>(value.mv_data)[at];
      }
      ::mdb_cursor_close(cursor);
      return code == MDB_NOTFOUND;
    };
    if (!read_all(0) || !read_all(1)) return 1;
    for (const TestTable& table : test_tables) {
      MDB_dbi dbi = 0;
      if (::mdb_dbi_open(read.get(), table.name, table.flags, &dbi) != 0) return 2;
      if (!read_all(dbi)) return 3;
    }
  }
  std::mt19937_64 random(sum);
  change_at_random(file, random, 50);
  return 0;
}

Errc code_of(const std::string& path) {
  const auto facts = check_file_before_open(path);
  return facts ? Errc{} : facts.error().code;
}

TEST(FileCheck, TellsTheFactsOfASoundFile) {
  const TemporaryDirectory directory;
  const std::string path = directory.file("store");
  make_rich_file(path, 1);
  const LmdbFile file(path);
  MDB_envinfo info{};
  ::mdb_env_info(file.env(), &info);
  const auto facts = check_file_before_open(path);
  ASSERT_TRUE(facts) << facts.error().message;
  EXPECT_FALSE(facts->empty);
  EXPECT_EQ(facts->page_bytes, page_bytes);
  EXPECT_EQ(facts->last_txnid, info.me_last_txnid);
  EXPECT_EQ(facts->last_page, info.me_last_pgno);
  EXPECT_EQ(facts->file_bytes, std::filesystem::file_size(path));
}

TEST(FileCheck, TakesAFileOfNoBytesAsEmpty) {
  const TemporaryDirectory directory;
  write_file(directory.file("store"), "");
  const auto facts = check_file_before_open(directory.file("store"));
  ASSERT_TRUE(facts) << facts.error().message;
  EXPECT_TRUE(facts->empty);
}

TEST(FileCheck, AcceptsAStoreWithoutACommit) {
  const TemporaryDirectory directory;
  const LmdbFile file(directory.file("store"));
  const auto facts = check_file_before_open(directory.file("store"));
  ASSERT_TRUE(facts) << facts.error().message;
  EXPECT_EQ(facts->last_txnid, 0U);
  EXPECT_EQ(facts->last_page, 1U);
}

TEST(FileCheck, RefusesWhatIsNoStore) {
  const TemporaryDirectory directory;
  make_rich_file(directory.file("sound"), 1);
  const std::string sound = read_file(directory.file("sound"));
  const auto with = [&sound](std::size_t offset, auto number) {
    std::string bytes = sound;
    std::memcpy(bytes.data() + offset, &number, sizeof number);
    return bytes;
  };
  struct Case {
    std::string bytes;
    Errc code;
    const char* message;
  };
  const Case cases[] = {
      {"x", Errc::not_a_store, "is not a store"},
      {std::string(100'000, '\0'), Errc::not_a_store, "is not a store"},
      {std::string("SQLite format 3\0", 16) + std::string(100'000, 'x'), Errc::not_a_store, "is not a store"},
      {sound.substr(0, 19), Errc::not_a_store, "is not a store"},
      {with(16, std::uint32_t{0xDEC0EFBE}), Errc::not_a_store, "is not a store"},
      {with(20, std::uint32_t{2}), Errc::not_a_store, "data version 2"},
      {sound.substr(0, 20), Errc::corrupt, "it ends at 20 bytes"},
      {sound.substr(0, 151), Errc::corrupt, "it ends at 151 bytes"},
      {sound.substr(0, 152), Errc::corrupt, "second page, which begins at byte 4096"},
      {sound.substr(0, page_bytes), Errc::corrupt, "second page, which begins at byte 4096"},
      {sound.substr(0, page_bytes + 100), Errc::corrupt, "second page, which begins at byte 4096"},
      {with(10, std::uint16_t{0}), Errc::corrupt, "page 0 is not marked as a meta page"},
      {with(page_bytes + 10, std::uint16_t{0}), Errc::corrupt, "page 1 is not a meta page"},
      {with(page_bytes + 16, std::uint32_t{0}), Errc::corrupt, "page 1 is not a meta page"},
      {with(40, std::uint32_t{0}), Errc::corrupt, "a page size of 0 bytes"},
      {with(40, std::uint32_t{4097}), Errc::corrupt, "a page size of 4097 bytes"},
      {with(40, std::uint32_t{1U << 31}), Errc::corrupt, "a page size of 2147483648 bytes"},
      {with(40, std::uint32_t{8192}), Errc::corrupt, "page 1 is not a meta page like page 0"},
      {with(16 + 128, std::uint64_t{1'000'001}), Errc::corrupt, "transaction 1000001, which belongs in the other"},
      {with(16 + 128, std::uint64_t{1'000'000}), Errc::corrupt, "which do not follow each other"},
      {with(16 + 128, std::uint64_t{1'000'000}).replace(16 + 120, 8, 8, '\xff'), Errc::corrupt, "as the last one"},
      {with(16 + 128, std::uint64_t{1'000'000}).replace(16 + 120, 8, 8, '\x00'), Errc::corrupt, "as the last one"},
      {with(16 + 128, std::uint64_t{1'000'000}).replace(16 + 120, 8, 8, '\x0f'), Errc::corrupt, "as the last one"},
  };
  for (const Case& each : cases) {
    SCOPED_TRACE(each.message);
    write_file(directory.file("store"), each.bytes);
    const auto facts = check_file_before_open(directory.file("store"));
    ASSERT_FALSE(facts);
    EXPECT_EQ(facts.error().code, each.code);
    EXPECT_NE(facts.error().message.find(each.message), std::string::npos) << facts.error().message;
    EXPECT_NE(facts.error().message.find(directory.file("store")), std::string::npos) << facts.error().message;
  }
}

TEST(FileCheck, RefusesWhatIsNoFile) {
  const TemporaryDirectory directory;
  ASSERT_EQ(::mkfifo(directory.file("fifo").c_str(), 0600), 0);
  EXPECT_EQ(code_of(directory.file("absent")), Errc::not_found);
  EXPECT_EQ(code_of(directory.path()), Errc::invalid_argument);
  EXPECT_EQ(code_of(directory.file("fifo")), Errc::invalid_argument);
  EXPECT_EQ(code_of("/dev/null"), Errc::invalid_argument);
}

TEST(FileCheck, RefusesAFileThatMayNotBeRead) {
  const TemporaryDirectory directory;
  const std::string path = directory.file("store");
  make_rich_file(path, 1, 1);
  ASSERT_EQ(::chmod(path.c_str(), 0), 0);
  ASSERT_EQ(::chmod(directory.path().c_str(), 0755), 0);
  constexpr int still_root = 100;
  constexpr uid_t nobody = 65534;
  const int outcome = in_child([&path] {
    if (::geteuid() == 0 && ::setuid(nobody) != 0) return still_root;
    return static_cast<int>(code_of(path));
  });
  if (outcome == still_root) GTEST_SKIP() << "root may read every file, and cannot become somebody else here";
  EXPECT_EQ(outcome, static_cast<int>(Errc::access_denied));
}

TEST(FileCheck, AcceptsAFileThatLmdbItselfLeavesShort) {
  const TemporaryDirectory directory;
  const std::string path = directory.file("store");
  make_short_file(path);
  const auto facts = check_file_before_open(path);
  ASSERT_TRUE(facts) << facts.error().message;
  ASSERT_LT(facts->file_bytes, (facts->last_page + 1) * page_bytes) << "the file is not short: nothing was tested";
  EXPECT_EQ(walk_newest(path).lines(), "");
  EXPECT_EQ(in_child([&path] { return use_through_lmdb(path); }), 0);
}

TEST(FileCheck, AcceptsAShortFileExactlyWhereLmdbCanReadIt) {
  const TemporaryDirectory directory;
  const std::string whole_path = directory.file("whole");
  make_rich_file(whole_path, 9, 3, 40, 300);
  {
    // A value at the end of the file that a later commit gives up: its pages are free, and may be missing.
    const LmdbFile file(whole_path);
    const std::string row = bytes_of(std::uint64_t{9'999});
    for (int step = 0; step < 4; ++step) {
      LmdbFile::Write txn = file.write();
      const MDB_dbi records = txn.table(test_tables[0]);
      if (step == 0) txn.put(records, row, std::string(100'000, 'x'));
      if (step == 1) txn.erase(records, row);
      if (step > 1) txn.put(records, bytes_of(std::uint64_t{1}), "v");
      txn.commit();
    }
  }
  const std::string whole = read_file(whole_path);
  const std::string path = directory.file("store");
  int accepted = 0;
  int refused = 0;
  for (std::size_t size = 2 * page_bytes; size <= whole.size(); size += page_bytes) {
    SCOPED_TRACE(size);
    write_file(path, std::string_view(whole).substr(0, size));
    std::filesystem::remove(path + "-lock");
    const auto facts = check_file_before_open(path);
    const Walked walked = walk_newest(path);
    ASSERT_TRUE(walked.report) << walked.report.error().message;
    if (facts) {
      ++accepted;
      EXPECT_EQ(walked.lines(), "");
      EXPECT_EQ(in_child([&path] { return use_through_lmdb(path); }), 0);
    } else {
      ++refused;
      EXPECT_EQ(facts.error().code, Errc::corrupt) << facts.error().message;
      EXPECT_NE(facts.error().message.find("is cut short: it ends at " + std::to_string(size) + " bytes but page "),
                std::string::npos)
          << facts.error().message;
      EXPECT_NE(walked.lines().find("is in use, but the file ends at"), std::string::npos);
    }
  }
  EXPECT_GT(accepted, 10);
  EXPECT_GT(refused, 100);
}

TEST(FileCheck, RefusesAFileThatEndsInsideItsLastPageInUse) {
  const TemporaryDirectory directory;
  const std::string path = directory.file("store");
  {
    const LmdbFile file(path);
    LmdbFile::Write txn = file.write();
    txn.put(txn.table(test_tables[0]), bytes_of(std::uint64_t{1}), std::string(40'000, 'x'));
    txn.commit();
  }
  EXPECT_EQ(code_of(path), Errc{});
  std::filesystem::resize_file(path, std::filesystem::file_size(path) - 1);
  const auto facts = check_file_before_open(path);
  ASSERT_FALSE(facts);
  EXPECT_EQ(facts.error().code, Errc::corrupt);
}

TEST(FileCheck, AcceptsAFileThatAnotherProcessWritesTo) {
  const TemporaryDirectory directory;
  const std::string path = directory.file("store");
  make_short_file(path);
  const pid_t writer = ::fork();
  if (writer == 0) {
    const LmdbFile file(path);
    std::mt19937_64 random(17);
    const std::string row = bytes_of(std::uint64_t{9'999});
    for (int round = 0; round < 400; ++round) {
      change_at_random(file, random, 3);
      // Leaves the file short of its last page, now by more, now by less.
      LmdbFile::Write txn = file.write();
      const MDB_dbi records = txn.table(test_tables[0]);
      txn.put(records, row, std::string(1 + random() % 4'000'000, 'x'));
      txn.erase(records, row);
      txn.commit();
    }
    ::_exit(0);
  }
  int outcome = -1;
  int of_a_short_file = 0;
  std::uint64_t last = 0;
  while (::waitpid(writer, &outcome, WNOHANG) == 0) {
    const auto facts = check_file_before_open(path);
    if (!facts) {
      ADD_FAILURE() << facts.error().message;
      continue;
    }
    if (facts->last_txnid != last && facts->file_bytes < (facts->last_page + 1) * page_bytes) ++of_a_short_file;
    last = facts->last_txnid;
  }
  EXPECT_EQ(outcome, 0);
  EXPECT_GT(of_a_short_file, 20);
}

TEST(NetworkFilesystem, IsKnownByItsType) {
  struct Case {
    long type;
    const char* name;
  };
  constexpr Case cases[] = {
      {0x6969, "NFS"},
      {0x517B, "SMB"},
      {0xFF534D42, "CIFS"},
      {static_cast<std::int32_t>(0xFF534D42), "CIFS"},  // as machines with a 32-bit f_type give it
      {0xFE534D42, "SMB2"},
      {0x5346414F, "AFS"},
      {0x6B414653, "AFS"},
      {0x73757245, "Coda"},
      {0x564C, "NCP"},
      {0x00C36400, "Ceph"},
      {0x01021997, "9p"},
      {0x0BD00BD0, "Lustre"},
      {0x47504653, "GPFS"},
      {0x01161970, "GFS2"},
      {0x7461636F, "OCFS2"},
  };
  for (const Case& each : cases) EXPECT_EQ(network_filesystem_name(each.type), each.name) << std::hex << each.type;
}

TEST(NetworkFilesystem, IsNoLocalOne) {
  constexpr long ext4 = 0xEF53, tmpfs = 0x01021994, xfs = 0x58465342, btrfs = 0x9123683E, overlay = 0x794C7630,
                 zfs = 0x2FC12FC1, f2fs = 0xF2F52010, fuse = 0x65735546;
  for (const long type : {0L, ext4, tmpfs, xfs, btrfs, overlay, zfs, f2fs, fuse}) {
    EXPECT_EQ(network_filesystem_name(type), std::nullopt) << std::hex << type;
  }
}

TEST(NetworkFilesystem, IsLookedForAtTheFileOrItsDirectory) {
  const TemporaryDirectory directory;
  write_file(directory.file("there"), "x");
  EXPECT_TRUE(refuse_network_filesystem(directory.file("there")));
  EXPECT_TRUE(refuse_network_filesystem(directory.file("not yet")));
  EXPECT_TRUE(refuse_network_filesystem("a file of this name is not here"));
  const auto nowhere = refuse_network_filesystem(directory.file("no/such/directory"));
  ASSERT_FALSE(nowhere);
  EXPECT_EQ(nowhere.error().code, Errc::not_found);
  const auto below_a_file = refuse_network_filesystem(directory.file("there/store"));
  ASSERT_FALSE(below_a_file);
  EXPECT_EQ(below_a_file.error().code, Errc::invalid_argument);
}

}  // namespace
}  // namespace flowkeep::storage

// Files that are no sound store: each is refused with its own code and one sentence, and left as it is.
#include <lmdb.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "fixture.hpp"
#include "storage/environment.hpp"
#include "store/catalogue.hpp"

namespace flowkeep::fault {
namespace {

class BadFile : public testing::Test {
 protected:
  /// Every mode that takes an existing file refuses it, and does not change it.
  void expect_refused(Errc code) {
    const std::string before = bytes_of(path);
    for (const OpenMode mode : {OpenMode::open_or_create, OpenMode::existing, OpenMode::read_only}) {
      EXPECT_EQ(refusal(path, {.mode = mode}), code) << "mode " << static_cast<int>(mode);
    }
    EXPECT_EQ(refusal(path, {.mode = OpenMode::create_new}), Errc::already_exists);
    EXPECT_EQ(bytes_of(path), before);
  }

  TemporaryDirectory directory{};
  std::string path = directory.file();
};

TEST_F(BadFile, Missing) {
  EXPECT_EQ(refusal(path, {.mode = OpenMode::existing}), Errc::not_found);
  EXPECT_EQ(refusal(path, {.mode = OpenMode::read_only}), Errc::not_found);
  EXPECT_FALSE(std::filesystem::exists(path));
  EXPECT_FALSE(std::filesystem::exists(path + "-lock"));
}

TEST_F(BadFile, InAMissingDirectory) {
  path = directory.file("nowhere/agent.flowkeep");
  const auto store = Store::open(path);
  ASSERT_FALSE(store);
  EXPECT_EQ(store.error().code, Errc::not_found) << store.error().message;
  EXPECT_TRUE(is_one_sentence_about(store.error().message, directory.file("nowhere")));
}

TEST_F(BadFile, BelowAFile) {
  put_bytes(directory.file("file"), "text");
  path = directory.file("file/agent.flowkeep");
  const auto store = Store::open(path);
  ASSERT_FALSE(store);
  EXPECT_EQ(store.error().code, Errc::invalid_argument) << store.error().message;
}

TEST_F(BadFile, Empty) {
  put_bytes(path, "");
  EXPECT_EQ(refusal(path, {.mode = OpenMode::existing}), Errc::not_a_store);
  EXPECT_EQ(refusal(path, {.mode = OpenMode::read_only}), Errc::not_a_store);
  EXPECT_EQ(refusal(path, {.mode = OpenMode::create_new}), Errc::already_exists);
  EXPECT_EQ(std::filesystem::file_size(path), 0U);
}

TEST_F(BadFile, EmptyBecomesAStoreWhereCreatingIsAllowed) {
  put_bytes(path, "");
  const Store store = open_store(path);
  EXPECT_TRUE(store.create(named("first")));
  expect_clean(store);
}

TEST_F(BadFile, Directory) {
  std::filesystem::create_directory(path);
  for (const OpenMode mode : {OpenMode::open_or_create, OpenMode::existing, OpenMode::read_only}) {
    EXPECT_EQ(refusal(path, {.mode = mode}), Errc::invalid_argument);
  }
}

TEST_F(BadFile, Fifo) {
  ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
  for (const OpenMode mode : {OpenMode::open_or_create, OpenMode::existing, OpenMode::read_only}) {
    EXPECT_EQ(refusal(path, {.mode = mode}), Errc::invalid_argument);
  }
}

TEST_F(BadFile, Text) {
  for (const std::size_t size : {1, 100, 4096, 8192, 100'000}) {
    std::string text;
    while (text.size() < size) text += "id,name,statuscode\n";
    text.resize(size);
    put_bytes(path, text);
    expect_refused(Errc::not_a_store);
  }
}

TEST_F(BadFile, OtherDatabase) {
  std::string bytes("SQLite format 3\0\x10\0\x01\x01\0\x40\x20\x20", 24);
  bytes.resize(8 * 4096);
  put_bytes(path, bytes);
  expect_refused(Errc::not_a_store);
}

TEST_F(BadFile, NothingButZeros) {
  put_bytes(path, std::string(64 << 10, '\0'));
  expect_refused(Errc::not_a_store);
}

/// An LMDB file with these tables, one entry in each.
void make_lmdb_file(const std::string& path, const std::vector<std::pair<const char*, unsigned>>& tables) {
  MDB_env* env = nullptr;
  MDB_txn* txn = nullptr;
  ASSERT_EQ(::mdb_env_create(&env), 0);
  ::mdb_env_set_maxdbs(env, 64);
  ASSERT_EQ(::mdb_env_open(env, path.c_str(), MDB_NOSUBDIR, 0600), 0);
  ASSERT_EQ(::mdb_txn_begin(env, nullptr, 0, &txn), 0);
  for (const auto& [name, flags] : tables) {
    MDB_dbi table = 0;
    ASSERT_EQ(::mdb_dbi_open(txn, name, flags | MDB_CREATE, &table), 0);
    std::uint64_t number = 7;
    MDB_val key{sizeof number, &number};
    MDB_val value{sizeof number, &number};
    ASSERT_EQ(::mdb_put(txn, table, &key, &value, 0), 0);
  }
  ASSERT_EQ(::mdb_txn_commit(txn), 0);
  ::mdb_env_close(env);
}

TEST_F(BadFile, LmdbFileOfSomebodyElse) {
  make_lmdb_file(path, {{"users", 0}, {"orders", MDB_DUPSORT}});
  expect_refused(Errc::not_a_store);
}

TEST_F(BadFile, LmdbFileWithATableOfTheSameName) {
  make_lmdb_file(path, {{"sessions", 0}});
  expect_refused(Errc::not_a_store);
}

TEST_F(BadFile, LmdbFileWithATableOfTheSameNameAndAnotherKind) {
  make_lmdb_file(path, {{"meta", MDB_DUPSORT}});
  expect_refused(Errc::not_a_store);
}

TEST_F(BadFile, LmdbFileWithAnEmptyFormat) {
  make_lmdb_file(path, {{"meta", MDB_INTEGERKEY}});
  expect_refused(Errc::not_a_store);
}

/// Changes the format row of a store.
void set_format(const std::string& path, std::uint32_t major, std::uint32_t minor) {
  auto environment =
      storage::Environment::open(path, {.map_bytes = 1ULL << 30, .max_readers = 16, .max_tables = 64}).value();
  auto transaction = environment->begin_write().value();
  const storage::Table meta = transaction.open_table("meta", storage::TableKind::integer).value();
  const auto payload = store::read_meta(transaction, meta, codec::MetaRow::format).value();
  codec::FormatRow format = codec::decode_format(*payload).value();
  format.major = major;
  format.minor = minor;
  ASSERT_TRUE(store::write_meta(transaction, meta, codec::MetaRow::format, codec::encode(format)));
  ASSERT_TRUE(transaction.commit());
}

TEST_F(BadFile, OfANewerFormat) {
  { ASSERT_TRUE(open_store(path).create(named("one"))); }
  set_format(path, 2, 0);
  expect_refused(Errc::newer_format);
  set_format(path, 1, 0);
  EXPECT_EQ(size_of(open_store(path)), 1U) << "refusing the newer format changed nothing";
}

TEST_F(BadFile, OfANewerFormatTellsBothVersions) {
  { const Store made = open_store(path); }
  set_format(path, 7, 3);
  const auto store = Store::open(path);
  ASSERT_FALSE(store);
  EXPECT_NE(store.error().message.find("7.3"), std::string::npos) << store.error().message;
}

/// A store of some 300 KB, and its bytes.
std::string make_store(const std::string& path) {
  {
    const Store store = open_store(path);
    for (std::uint64_t i = 0; i < 20; ++i) EXPECT_TRUE(store.create(bulky(10'000, i)));
  }
  return bytes_of(path);
}

// A page beyond the end of the file would be SIGBUS: the cut file is opened by a child.
TEST_F(BadFile, CutShort) {
  const std::string whole = make_store(path);
  ASSERT_GT(whole.size(), 40U * 4096);
  for (std::size_t keep = 1; keep < whole.size(); keep += keep < 3 * 4096 ? 1365 : 4096 * 5) {
    put_bytes(path, whole.substr(0, keep));
    const int answer = in_child([&] {
      const auto store = Store::open(path, {.mode = OpenMode::existing});
      if (store) return what_check_finds(*store).empty() && size_of(*store) == 20 ? 0 : 1;
      if (!is_one_sentence_about(store.error().message, path)) return 2;
      const Errc expected = keep < 2 * 4096 ? Errc::not_a_store : Errc::corrupt;
      return store.error().code == expected || store.error().code == Errc::corrupt ? 0 : 3;
    });
    EXPECT_EQ(answer, 0) << "cut to " << keep << " of " << whole.size() << " bytes";
  }
}

TEST_F(BadFile, CutInHalfIsCorrupt) {
  const std::string whole = make_store(path);
  put_bytes(path, whole.substr(0, whole.size() / 2 / 4096 * 4096));
  expect_refused(Errc::corrupt);
}

TEST_F(BadFile, WithDamagedMetaPages) {
  std::string bytes = make_store(path);
  for (const std::size_t page : {0, 1}) bytes.replace(page * 4096 + 16, 200, std::string(200, '\x5A'));
  put_bytes(path, bytes);
  expect_refused(Errc::not_a_store);
}

class Unreadable : public BadFile {
 protected:
  /// What an open by somebody without privileges is refused with.
  std::optional<Errc> refusal_of_somebody(OpenMode mode) {
    ::chmod(directory.path().c_str(), 0777);
    const int answer = in_child([&] {
      if (::geteuid() == 0 && (::setgid(65534) != 0 || ::setuid(65534) != 0)) return 200;
      const auto store = Store::open(path, {.mode = mode});
      if (store) return 0;
      return is_one_sentence_about(store.error().message, path) ? static_cast<int>(store.error().code) : 201;
    });
    EXPECT_LT(answer, 200);
    return answer == 0 ? std::nullopt : std::make_optional(static_cast<Errc>(answer));
  }
};

TEST_F(Unreadable, IsRefusedWithAccessDenied) {
  { const Store made = open_store(path); }
  ::chmod(path.c_str(), 0);
  for (const OpenMode mode : {OpenMode::open_or_create, OpenMode::existing, OpenMode::read_only}) {
    EXPECT_EQ(refusal_of_somebody(mode), Errc::access_denied) << "mode " << static_cast<int>(mode);
  }
}

TEST_F(Unreadable, ToWritersOnlyIsRefusedToThem) {
  { const Store made = open_store(path); }
  ::chmod(path.c_str(), 0444);
  ::chmod((path + "-lock").c_str(), 0666);
  EXPECT_EQ(refusal_of_somebody(OpenMode::existing), Errc::access_denied);
  EXPECT_EQ(refusal_of_somebody(OpenMode::read_only), std::nullopt);
}

TEST_F(Unreadable, LockFileIsRefusedWithAccessDenied) {
  const Store made = open_store(path);
  ::chmod(path.c_str(), 0666);
  ::chmod((path + "-lock").c_str(), 0);
  EXPECT_EQ(refusal_of_somebody(OpenMode::existing), Errc::access_denied);
}

TEST_F(Unreadable, DirectoryIsRefusedWithAccessDenied) {
  std::filesystem::create_directory(directory.file("private"));
  ::chmod(directory.file("private").c_str(), 0);
  path = directory.file("private/agent.flowkeep");
  const int answer = in_child([&] {
    if (::geteuid() == 0 && (::setgid(65534) != 0 || ::setuid(65534) != 0)) return 200;
    return code_of(Store::open(path)) == Errc::access_denied ? 0 : 1;
  });
  ::chmod(directory.file("private").c_str(), 0700);
  EXPECT_EQ(answer, 0);
}

TEST_F(Unreadable, ReadOnlyStoreRefusesWrites) {
  Guid id;
  { id = open_store(path).create(named("one")).value(); }
  const Store store = open_store(path, {.mode = OpenMode::read_only});
  EXPECT_EQ(store.get(id)->name, "one");
  EXPECT_EQ(code_of(store.create(named("two"))), Errc::access_denied);
  EXPECT_EQ(code_of(store.erase(id)), Errc::access_denied);
  EXPECT_EQ(code_of(store.set_state_model(StateModel::platform())), Errc::access_denied);
  EXPECT_EQ(code_of(store.add_index(IndexId::startedon)), Errc::access_denied);
  expect_clean(store);
}

struct BadOptions {
  const char* about;
  OpenOptions options;
};

TEST_F(BadFile, OptionsOutOfRange) {
  const BadOptions table[] = {
      {"map_bytes", {.map_bytes = 4096}},
      {"journal_bytes", {.journal_bytes = 1 << 10}},
      {"journal_bytes", {.journal_bytes = 1ULL << 40}},
      {"max_readers", {.max_readers = 0}},
      {"max_readers", {.max_readers = 1'000'000}},
  };
  for (const BadOptions& each : table) {
    const auto store = Store::open(path, each.options);
    ASSERT_FALSE(store);
    EXPECT_EQ(store.error().code, Errc::invalid_argument);
    EXPECT_TRUE(is_one_sentence_about(store.error().message, each.about));
    EXPECT_FALSE(std::filesystem::exists(path)) << "a refused open left a file behind";
  }
}

}  // namespace
}  // namespace flowkeep::fault

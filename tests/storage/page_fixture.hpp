// Real LMDB files for the tests of our own page reader, made by liblmdb in a directory of their own.
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <lmdb.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "storage/page_walk.hpp"

namespace flowkeep::storage {

inline constexpr std::size_t page_bytes = 4096;

inline void check_lmdb(int code) {
  if (code != 0) {
    ADD_FAILURE() << "LMDB: " << ::mdb_strerror(code);
    std::abort();
  }
}

class TemporaryDirectory {
 public:
  TemporaryDirectory() {
    std::string pattern = (std::filesystem::temp_directory_path() / "flowkeep-pages-XXXXXX").string();
    path_ = ::mkdtemp(pattern.data());
  }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  ~TemporaryDirectory() { std::filesystem::remove_all(path_); }

  [[nodiscard]] std::string file(std::string_view name) const { return path_ + "/" + std::string(name); }
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
};

/// The tables that every test file has; together they take every form a page can have.
struct TestTable {
  const char* name;
  unsigned flags;
};
inline constexpr unsigned fixed_integers = MDB_DUPSORT | MDB_DUPFIXED | MDB_INTEGERDUP;
inline constexpr TestTable test_tables[] = {
    {"records", MDB_INTEGERKEY},          // values of all lengths: overflow pages
    {"by_machine", fixed_integers},       // sub-pages and sub-trees of 8-byte numbers
    {"odd", MDB_DUPSORT | MDB_DUPFIXED},  // fixed duplicates of 3 bytes
    {"notes", MDB_DUPSORT},               // duplicates of all lengths
    {"names", 0},                         // long keys: branch pages soon
    {"empty", 0},
};

inline MDB_val value_of(std::string_view bytes) {
  return {bytes.size(), const_cast<char*>(bytes.data())};
}
template <class Number>
std::string bytes_of(Number number) {
  return {reinterpret_cast<const char*>(&number), sizeof number};
}

class LmdbFile {
 public:
  explicit LmdbFile(const std::string& path) {
    check_lmdb(::mdb_env_create(&env_));
    check_lmdb(::mdb_env_set_maxdbs(env_, 16));
    check_lmdb(::mdb_env_set_mapsize(env_, std::size_t{1} << 30));
    check_lmdb(::mdb_env_open(env_, path.c_str(), MDB_NOSUBDIR | MDB_NOSYNC | MDB_NOTLS, 0600));
  }
  LmdbFile(const LmdbFile&) = delete;
  LmdbFile& operator=(const LmdbFile&) = delete;
  ~LmdbFile() { ::mdb_env_close(env_); }

  class Write {
   public:
    explicit Write(MDB_env* env) { check_lmdb(::mdb_txn_begin(env, nullptr, 0, &txn_)); }
    Write(const Write&) = delete;
    Write& operator=(const Write&) = delete;
    ~Write() {
      if (txn_ != nullptr) ::mdb_txn_abort(txn_);
    }
    [[nodiscard]] MDB_dbi table(const TestTable& table) const {
      MDB_dbi dbi = 0;
      check_lmdb(::mdb_dbi_open(txn_, table.name, table.flags | MDB_CREATE, &dbi));
      return dbi;
    }
    void put(MDB_dbi dbi, std::string_view key, std::string_view value) const {
      MDB_val k = value_of(key);
      MDB_val v = value_of(value);
      check_lmdb(::mdb_put(txn_, dbi, &k, &v, 0));
    }
    void erase(MDB_dbi dbi, std::string_view key) const {
      MDB_val k = value_of(key);
      const int code = ::mdb_del(txn_, dbi, &k, nullptr);
      if (code != MDB_NOTFOUND) check_lmdb(code);
    }
    void erase(MDB_dbi dbi, std::string_view key, std::string_view value) const {
      MDB_val k = value_of(key);
      MDB_val v = value_of(value);
      const int code = ::mdb_del(txn_, dbi, &k, &v);
      if (code != MDB_NOTFOUND) check_lmdb(code);
    }
    void commit() { check_lmdb(::mdb_txn_commit(std::exchange(txn_, nullptr))); }
    [[nodiscard]] MDB_txn* get() const { return txn_; }

   private:
    MDB_txn* txn_ = nullptr;
  };

  [[nodiscard]] Write write() const { return Write(env_); }
  [[nodiscard]] MDB_env* env() const { return env_; }
  [[nodiscard]] int descriptor() const {
    int descriptor = -1;
    ::mdb_env_get_fd(env_, &descriptor);
    return descriptor;
  }

 private:
  MDB_env* env_ = nullptr;
};

class Read {
 public:
  explicit Read(const LmdbFile& file) { check_lmdb(::mdb_txn_begin(file.env(), nullptr, MDB_RDONLY, &txn_)); }
  Read(const Read&) = delete;
  Read& operator=(const Read&) = delete;
  ~Read() { ::mdb_txn_abort(txn_); }
  [[nodiscard]] std::uint64_t txnid() const { return ::mdb_txn_id(txn_); }
  [[nodiscard]] MDB_txn* get() const { return txn_; }

 private:
  MDB_txn* txn_ = nullptr;
};

/// Makes `changes` random changes in every table, in one commit.
inline void change_at_random(const LmdbFile& file, std::mt19937_64& random, int changes) {
  LmdbFile::Write txn = file.write();
  const auto below = [&random](std::uint64_t limit) { return random() % limit; };
  const MDB_dbi records = txn.table(test_tables[0]);
  const MDB_dbi machines = txn.table(test_tables[1]);
  const MDB_dbi odd = txn.table(test_tables[2]);
  const MDB_dbi notes = txn.table(test_tables[3]);
  const MDB_dbi names = txn.table(test_tables[4]);
  static_cast<void>(txn.table(test_tables[5]));
  for (int change = 0; change < changes; ++change) {
    const std::uint64_t row = below(400);
    const bool erase = below(3) == 0;
    // The higher the key, the fewer its duplicates.
    const std::uint64_t keys = below(12) + 1;
    const std::string key = bytes_of(below(keys));
    const std::string number = bytes_of(below(100'000));
    const std::string small = number.substr(0, 3);
    const auto letter = static_cast<char>('a' + below(26));
    const std::string note(below(300) + 1, letter);
    const std::string name = std::string(below(400) + 1, letter) + std::to_string(row);
    if (erase) {
      txn.erase(records, bytes_of(row));
      if (below(50) == 0) {
        txn.erase(machines, key);
        txn.erase(odd, key);
        txn.erase(notes, key);
      }
      txn.erase(odd, key, small);
      txn.erase(notes, key, note);
      txn.erase(names, name);
    } else {
      const bool is_long = below(10) == 0;
      const std::uint64_t length = below(is_long ? 20'000 : 2'500);
      txn.put(records, bytes_of(row), std::string(length, static_cast<char>(change)));
      for (int more = 0; more < 4; ++more) {
        const std::string another = bytes_of(below(100'000));
        txn.put(machines, key, another);
        txn.put(odd, key, another.substr(0, 3));
      }
      txn.put(notes, key, note);
      txn.put(names, name, number);
    }
  }
  if (below(40) == 0) check_lmdb(::mdb_drop(txn.get(), names, 0));
  txn.commit();
}

/// Makes a file with every form of page and a free list: a first commit of `first` changes, then `commits - 1`
/// smaller ones.
inline void make_rich_file(const std::string& path, std::uint64_t seed, int commits = 12, int changes = 150,
                           int first = 1500) {
  std::mt19937_64 random(seed);
  const LmdbFile file(path);
  for (int commit = 0; commit < commits; ++commit) change_at_random(file, random, commit == 0 ? first : changes);
}

/// A file that ends before its last page, as LMDB itself leaves it: pages made and given up in one transaction
/// are counted, but never written.
inline void make_short_file(const std::string& path) {
  make_rich_file(path, 1, 3, 50, 300);
  const LmdbFile file(path);
  LmdbFile::Write txn = file.write();
  const MDB_dbi records = txn.table(test_tables[0]);
  txn.put(records, bytes_of(std::uint64_t{9'999}), std::string(3'000'000, 'x'));
  txn.erase(records, bytes_of(std::uint64_t{9'999}));
  txn.commit();
}

inline std::string read_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

/// Makes the file anew: ext4 would sync one that is truncated and written again.
inline void write_file(const std::string& path, std::string_view bytes) {
  std::filesystem::remove(path);
  std::ofstream out(path, std::ios::binary | std::ios::trunc);
  out.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}

/// Runs `work` in a child process; answers its exit status, or 1000 + the signal that ended it.
inline int in_child(const std::function<int()>& work) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(work());
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFSIGNALED(status) ? 1000 + WTERMSIG(status) : WEXITSTATUS(status);
}

/// The findings of a walk, one line each.
struct Walked {
  Result<PageReport> report;
  std::vector<PageFinding> findings{};
  [[nodiscard]] std::string lines() const {
    std::string out;
    for (const PageFinding& finding : findings) out += finding.where + ": " + finding.what + "\n";
    return out;
  }
};

inline Walked walk_newest(const PageFile& file) {
  const auto meta = file.read_newest_meta();
  if (!meta) return {fail(meta.error())};
  std::vector<PageFinding> findings;
  auto report = walk_pages(file, *meta, [&](const PageFinding& finding) { findings.push_back(finding); });
  return {std::move(report), std::move(findings)};
}

inline Walked walk_newest(const std::string& path) {
  const auto file = PageFile::open(path);
  if (!file) return {fail(file.error())};
  return walk_newest(*file);
}

}  // namespace flowkeep::storage

#include <leveldb/cache.h>
#include <leveldb/db.h>
#include <leveldb/filter_policy.h>
#include <leveldb/iterator.h>
#include <leveldb/write_batch.h>

#include "lsm_engine.hpp"
#include "peers.hpp"

namespace flowkeep::bench {

namespace {

struct LevelDbApi {
  static constexpr const char* name = "leveldb";
  using Db = leveldb::DB;
  using Batch = leveldb::WriteBatch;
  using Iterator = leveldb::Iterator;
  using ReadOptions = leveldb::ReadOptions;
  using Status = leveldb::Status;
  using WriteOptions = leveldb::WriteOptions;

  static Status open(const std::string& path, Db** db) {
    // They outlive every store.
    static leveldb::Cache* const cache = leveldb::NewLRUCache(512U << 20);
    static const leveldb::FilterPolicy* const filter = leveldb::NewBloomFilterPolicy(10);
    leveldb::Options options;
    options.create_if_missing = true;
    options.write_buffer_size = 64U << 20;
    options.block_cache = cache;
    options.filter_policy = filter;
    return Db::Open(options, path, db);
  }
  static void compact(Db& db) { db.CompactRange(nullptr, nullptr); }
};

}  // namespace

Result<std::unique_ptr<Engine>> open_leveldb(const std::string& directory) {
  return lsm::LsmEngine<LevelDbApi>::open(directory);
}

const char* leveldb_version() {
  static const std::string text = std::to_string(leveldb::kMajorVersion) + "." + std::to_string(leveldb::kMinorVersion);
  return text.c_str();
}

}  // namespace flowkeep::bench

#include <rocksdb/db.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/iterator.h>
#include <rocksdb/table.h>
#include <rocksdb/version.h>
#include <rocksdb/write_batch.h>

#include "lsm_engine.hpp"
#include "peers.hpp"

namespace flowkeep::bench {

namespace {

struct RocksDbApi {
  static constexpr const char* name = "rocksdb";
  using Db = rocksdb::DB;
  using Batch = rocksdb::WriteBatch;
  using Iterator = rocksdb::Iterator;
  using ReadOptions = rocksdb::ReadOptions;
  using Status = rocksdb::Status;
  using WriteOptions = rocksdb::WriteOptions;

  static Status open(const std::string& path, Db** db) {
    rocksdb::BlockBasedTableOptions table;
    table.block_cache = rocksdb::NewLRUCache(512U << 20);
    table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));
    rocksdb::Options options;
    options.create_if_missing = true;
    options.write_buffer_size = 64U << 20;
    options.max_background_jobs = 2;
    // A log that is used again needs no new blocks: a sync writes its data and nothing else.
    options.recycle_log_file_num = 4;
    options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
    return Db::Open(options, path, db);
  }
  static void compact(Db& db) { static_cast<void>(db.CompactRange({}, nullptr, nullptr)); }
};

}  // namespace

Result<std::unique_ptr<Engine>> open_rocksdb(const std::string& directory) {
  return lsm::LsmEngine<RocksDbApi>::open(directory);
}

const char* rocksdb_version() {
  static const std::string text =
      std::to_string(ROCKSDB_MAJOR) + "." + std::to_string(ROCKSDB_MINOR) + "." + std::to_string(ROCKSDB_PATCH);
  return text.c_str();
}

}  // namespace flowkeep::bench

#include "engine.hpp"

#include <cstdlib>

#include "generated_sessions.hpp"
#include "peers.hpp"

namespace flowkeep::bench {

namespace {

std::array<std::string, 3> wanted_binaries(std::uint64_t number) {
  static const bool wanted = std::getenv("FLOWKEEP_BENCH_NO_BINARIES") == nullptr;
  return wanted ? binaries_of(number) : std::array<std::string, 3>();
}

}  // namespace

NewSession make_new(std::uint64_t number) {
  return {new_session(number), wanted_binaries(number)};
}

NewSession make_past(std::uint64_t number) {
  return {past_session(number), wanted_binaries(number)};
}

const std::vector<EngineInfo>& engines() {
  static const std::vector<EngineInfo> all{
      {"flowkeep", open_flowkeep, nullptr, true},  // its version is the tree's
      {"lmdb", open_lmdb, lmdb_version()},
#ifdef FLOWKEEP_BENCH_SQLITE
      {"sqlite", open_sqlite, sqlite_version(), true},
#endif
#ifdef FLOWKEEP_BENCH_ROCKSDB
      {"rocksdb", open_rocksdb, rocksdb_version()},
#endif
#ifdef FLOWKEEP_BENCH_LEVELDB
      {"leveldb", open_leveldb, leveldb_version()},
#endif
  };
  return all;
}

}  // namespace flowkeep::bench

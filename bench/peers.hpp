// The engines that may be there or not, by how the program was built.
#pragma once

#include "engine.hpp"

namespace flowkeep::bench {

[[nodiscard]] const char* lmdb_version();
[[nodiscard]] const char* sqlite_version();
[[nodiscard]] const char* rocksdb_version();
[[nodiscard]] const char* leveldb_version();

// As OpenEngine.
[[nodiscard]] Result<std::unique_ptr<Engine>> open_rocksdb(const std::string& directory);
[[nodiscard]] Result<std::unique_ptr<Engine>> open_leveldb(const std::string& directory);
[[nodiscard]] Result<std::unique_ptr<Engine>> open_sqlite(const std::string& directory);
[[nodiscard]] Result<std::unique_ptr<Engine>> open_lmdb(const std::string& directory);
[[nodiscard]] Result<std::unique_ptr<Engine>> open_flowkeep(const std::string& directory);

}  // namespace flowkeep::bench

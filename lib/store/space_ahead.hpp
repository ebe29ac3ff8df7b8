// Room for what is promised.
#pragma once

#include <chrono>
#include <cstdint>

#include <flowkeep/result.hpp>

#include "storage/environment.hpp"

namespace flowkeep::store {

/// Keeps disk space behind the end of the data file, and room in the map, for changes that are accepted but not yet
/// applied: what is acknowledged must not fail for want of either. Where the file system cannot reserve space
/// (EOPNOTSUPP), or copies what it writes, there is no such promise. By the holder of the writer's lock.
class SpaceAhead {
 public:
  explicit SpaceAhead(storage::Environment& environment) noexcept : environment_(environment) {}

  enum class Purpose : std::uint8_t {
    adding,
    removing,  ///< may use what is kept back for this, so that a full disk can be made less full
  };
  struct Need {
    std::uint64_t bytes = 0;  ///< of the journal
    std::uint64_t rows = 0;   ///< put or deleted
  };
  /// Sees to room for changes. Errors: full, busy (the map cannot grow while snapshots of this process
  /// are open, for `timeout`).
  [[nodiscard]] Result<void> reserve(const Need& need, Purpose purpose, std::chrono::milliseconds timeout);

 private:
  storage::Environment& environment_;
  std::uint64_t reserved_end_ = 0;
  bool is_supported_ = true;
};

}  // namespace flowkeep::store

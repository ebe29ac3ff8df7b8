// Stands between the store and the disk: the write or sync of a chosen number fails, or ends the process.
// The test program's own pwrite, writev, fdatasync and fsync are what the library gets to call.
#pragma once

#include <cstdint>

namespace flowkeep::fault {

enum class DiskFault : std::uint8_t {
  io_error,     ///< EIO, once
  disk_full,    ///< ENOSPC, from then on; syncs succeed
  short_write,  ///< half the bytes, once; a sync fails with EIO
  death,        ///< the process ends before the call
  death_after,  ///< the process ends after the call
};

/// How a process ends by DiskFault::death.
inline constexpr int death_status = 77;

/// Arms: the call of this number, counted from 1, meets the fault.
void arm_disk_fault(int call, DiskFault fault);
/// Ends it; returns whether the fault was met.
bool disarm_disk_fault();

}  // namespace flowkeep::fault

// Stands between the store and the disk: the call of a chosen number fails, once or from then on, or ends the process.
// The test program's own open, pwrite, writev, fdatasync and so on are what the library and LMDB get to call. Calls are
// counted over all threads, and only those on files of a TemporaryDirectory.
#pragma once

#include <cstdint>
#include <optional>
#include <ostream>

namespace flowkeep::fault {

enum class DiskFault : std::uint8_t {
  io_error,     ///< EIO
  disk_full,    ///< ENOSPC, from a sync too; what takes no space succeeds
  short_write,  ///< half the bytes of a write; where it lasts, ENOSPC afterwards
  death,        ///< the process ends before the call
  death_after,  ///< the process ends after the call
};

enum class CallKind : std::uint8_t { write, sync, resize, allocate, make, remove, rename };
enum class FileKind : std::uint8_t { none, data, journal, page, lock, directory };

/// A call that met the fault.
struct DiskCall {
  CallKind kind{};
  FileKind file{};
};
std::ostream& operator<<(std::ostream& out, const DiskCall& call);

struct DiskPlan {
  DiskFault fault{};
  int call = 1;                    ///< which of the calls that can meet it, from 1
  bool for_good = false;           ///< every later one too
  std::optional<CallKind> kind{};  ///< only calls of this kind
  std::optional<FileKind> file{};  ///< only calls on this file
};

/// More calls than any test makes: one that looks at call after call ends before.
inline constexpr int too_many = 2'000;

/// How a process ends by DiskFault::death.
inline constexpr int death_status = 77;

void arm_disk(const DiskPlan& plan);
/// Ends it; the first call that met the fault.
std::optional<DiskCall> disarm_disk();
/// From now on renameat2() refuses RENAME_NOREPLACE, as some file systems do.
void forget_noreplace();

}  // namespace flowkeep::fault

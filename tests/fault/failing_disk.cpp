#include "failing_disk.hpp"

#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cerrno>

namespace flowkeep::fault {

namespace {

int calls_left = 0;  // 0: not armed
bool met = false;
DiskFault armed{};

enum class Verdict : std::uint8_t { pass, fail, halve, pass_and_die };

// The verdict on the next call; errno is set for a failure.
Verdict judge(bool is_sync) {
  if (met && armed == DiskFault::disk_full && !is_sync) {
    errno = ENOSPC;
    return Verdict::fail;
  }
  if (calls_left == 0 || --calls_left != 0) return Verdict::pass;
  met = true;
  switch (armed) {
    case DiskFault::io_error:
      errno = EIO;
      return Verdict::fail;
    case DiskFault::disk_full:
      if (is_sync) return Verdict::pass;
      errno = ENOSPC;
      return Verdict::fail;
    case DiskFault::short_write:
      errno = EIO;
      return is_sync ? Verdict::fail : Verdict::halve;
    case DiskFault::death:
      ::_exit(death_status);
    case DiskFault::death_after:
      return Verdict::pass_and_die;
  }
  return Verdict::pass;
}

long finish(Verdict verdict, long result) {
  if (verdict == Verdict::pass_and_die) ::_exit(death_status);
  return result;
}

}  // namespace

void arm_disk_fault(int call, DiskFault fault) {
  calls_left = call;
  armed = fault;
  met = false;
}

bool disarm_disk_fault() {
  calls_left = 0;
  const bool was_met = met;
  met = false;
  return was_met;
}

}  // namespace flowkeep::fault

using flowkeep::fault::Verdict;

extern "C" {

ssize_t pwrite(int descriptor, const void* bytes, size_t size, off_t offset) {
  const Verdict verdict = flowkeep::fault::judge(false);
  if (verdict == Verdict::fail) return -1;
  if (verdict == Verdict::halve) size /= 2;
  return flowkeep::fault::finish(verdict, ::syscall(SYS_pwrite64, descriptor, bytes, size, offset));
}

ssize_t writev(int descriptor, const iovec* parts, int count) {
  const Verdict verdict = flowkeep::fault::judge(false);
  if (verdict == Verdict::fail) return -1;
  if (verdict == Verdict::halve) count = (count + 1) / 2;
  return flowkeep::fault::finish(verdict, ::syscall(SYS_writev, descriptor, parts, count));
}

int fdatasync(int descriptor) {
  const Verdict verdict = flowkeep::fault::judge(true);
  if (verdict == Verdict::fail) return -1;
  return static_cast<int>(flowkeep::fault::finish(verdict, ::syscall(SYS_fdatasync, descriptor)));
}

int fsync(int descriptor) {
  const Verdict verdict = flowkeep::fault::judge(true);
  if (verdict == Verdict::fail) return -1;
  return static_cast<int>(flowkeep::fault::finish(verdict, ::syscall(SYS_fsync, descriptor)));
}
}

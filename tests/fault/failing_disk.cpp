// Both sets of names are defined here, those of LMDB and those that 64-bit offsets are redirected to.
#undef _FILE_OFFSET_BITS

#include "failing_disk.hpp"

#include <fcntl.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstdarg>
#include <cstdio>
#include <string_view>

namespace flowkeep::fault {

namespace {

constexpr std::string_view watched_directories = "flowkeep-fault-";
std::array<std::atomic<FileKind>, 1024> kinds{};  // by descriptor

// Written by arm_disk() alone, between two lives of a store.
DiskPlan plan{};
std::atomic<bool> armed{false};
bool knows_noreplace = true;
std::atomic<int> calls{0};
std::atomic<std::uint32_t> first_met{0};  // 0: none, else 1 + kind * 16 + file

FileKind kind_of(std::string_view path) noexcept {
  const std::size_t at = path.find(watched_directories);
  if (at == std::string_view::npos) return FileKind::none;
  if (path.find('/', at) == std::string_view::npos) return FileKind::directory;
  if (path.ends_with("-wal")) return FileKind::journal;
  if (path.ends_with("-shm")) return FileKind::page;
  if (path.ends_with("-lock")) return FileKind::lock;
  return FileKind::data;
}

FileKind kind_of(int descriptor) noexcept {
  if (descriptor < 0 || static_cast<std::size_t>(descriptor) >= kinds.size()) return FileKind::none;
  return kinds[static_cast<std::size_t>(descriptor)].load(std::memory_order_relaxed);
}

void note(int descriptor, FileKind kind) noexcept {
  if (descriptor < 0 || static_cast<std::size_t>(descriptor) >= kinds.size()) return;
  kinds[static_cast<std::size_t>(descriptor)].store(kind, std::memory_order_relaxed);
}

bool can_meet(DiskFault fault, CallKind kind, bool is_first) noexcept {
  switch (fault) {
    case DiskFault::disk_full:
      return kind != CallKind::remove && kind != CallKind::rename;
    case DiskFault::short_write:
      return kind == CallKind::write ||
             (!is_first && kind != CallKind::remove && kind != CallKind::sync && kind != CallKind::rename);
    default:
      return true;
  }
}

enum class Verdict : std::uint8_t { pass, fail, halve, pass_and_die };

// The verdict on the next call; errno is set for a failure.
Verdict judge(CallKind kind, FileKind file) {
  if (file == FileKind::none || !armed.load(std::memory_order_acquire)) return Verdict::pass;
  if ((plan.kind && *plan.kind != kind) || (plan.file && *plan.file != file)) return Verdict::pass;
  const bool is_over = calls.load() >= plan.call;
  if (!can_meet(plan.fault, kind, !is_over)) return Verdict::pass;
  const int number = calls.fetch_add(1) + 1;
  if (number < plan.call || (number > plan.call && !plan.for_good)) return Verdict::pass;
  std::uint32_t none = 0;
  first_met.compare_exchange_strong(none, 1U + static_cast<unsigned>(kind) * 16U + static_cast<unsigned>(file));
  switch (plan.fault) {
    case DiskFault::io_error:
      errno = EIO;
      return Verdict::fail;
    case DiskFault::disk_full:
      errno = ENOSPC;
      return Verdict::fail;
    case DiskFault::short_write:
      errno = ENOSPC;
      return number == plan.call ? Verdict::halve : Verdict::fail;
    case DiskFault::death:
      ::_exit(death_status);
    case DiskFault::death_after:
      return Verdict::pass_and_die;
  }
  return Verdict::pass;
}

// Carries a call out, unless the verdict is that it fails.
template <class Call>
auto carry_out(CallKind kind, FileKind file, Call call) -> decltype(call(false)) {
  const Verdict verdict = judge(kind, file);
  if (verdict == Verdict::fail) return -1;
  const auto result = call(verdict == Verdict::halve);
  if (verdict == Verdict::pass_and_die) ::_exit(death_status);
  return result;
}

}  // namespace

void arm_disk(const DiskPlan& wanted) {
  plan = wanted;
  calls = 0;
  first_met = 0;
  armed.store(true, std::memory_order_release);
}

std::optional<DiskCall> disarm_disk() {
  armed = false;
  const std::uint32_t met = first_met;
  if (met == 0) return std::nullopt;
  return DiskCall{static_cast<CallKind>((met - 1) / 16), static_cast<FileKind>((met - 1) % 16)};
}

void forget_noreplace() {
  knows_noreplace = false;
}

std::ostream& operator<<(std::ostream& out, const DiskCall& call) {
  constexpr std::array<const char*, 7> kind_names{"write", "sync", "resize", "allocate", "make", "remove", "rename"};
  constexpr std::array<const char*, 6> file_names{"other",       "data file", "journal",
                                                  "shared page", "lock file", "directory"};
  return out << kind_names[static_cast<std::size_t>(call.kind)] << " of the "
             << file_names[static_cast<std::size_t>(call.file)];
}

namespace {

int open_file(const char* path, int flags, mode_t mode) {
  const FileKind kind = kind_of(std::string_view(path));
  const auto call = [&](bool) { return static_cast<int>(::syscall(SYS_openat, AT_FDCWD, path, flags, mode)); };
  const int descriptor = (flags & O_CREAT) != 0 ? carry_out(CallKind::make, kind, call) : call(false);
  note(descriptor, kind);
  return descriptor;
}

ssize_t write_at(int descriptor, const void* bytes, std::size_t size, off_t offset) {
  return carry_out(CallKind::write, kind_of(descriptor), [&](bool half) {
    return static_cast<ssize_t>(::syscall(SYS_pwrite64, descriptor, bytes, half ? size / 2 : size, offset));
  });
}

int resize(int descriptor, off_t size) {
  return carry_out(CallKind::resize, kind_of(descriptor),
                   [&](bool) { return static_cast<int>(::syscall(SYS_ftruncate, descriptor, size)); });
}

int allocate(int descriptor, int mode, off_t offset, off_t size) {
  return carry_out(CallKind::allocate, kind_of(descriptor),
                   [&](bool) { return static_cast<int>(::syscall(SYS_fallocate, descriptor, mode, offset, size)); });
}

}  // namespace
}  // namespace flowkeep::fault

using flowkeep::fault::CallKind;
using flowkeep::fault::carry_out;
using flowkeep::fault::kind_of;

extern "C" {

int open(const char* path, int flags, ...) {
  va_list rest;
  va_start(rest, flags);
  const auto mode = static_cast<mode_t>(va_arg(rest, int));
  va_end(rest);
  return flowkeep::fault::open_file(path, flags, mode);
}

int open64(const char* path, int flags, ...) {
  va_list rest;
  va_start(rest, flags);
  const auto mode = static_cast<mode_t>(va_arg(rest, int));
  va_end(rest);
  return flowkeep::fault::open_file(path, flags, mode);
}

int close(int descriptor) {
  flowkeep::fault::note(descriptor, flowkeep::fault::FileKind::none);
  return static_cast<int>(::syscall(SYS_close, descriptor));
}

ssize_t pwrite(int descriptor, const void* bytes, size_t size, off_t offset) {
  return flowkeep::fault::write_at(descriptor, bytes, size, offset);
}

ssize_t pwrite64(int descriptor, const void* bytes, size_t size, off64_t offset) {
  return flowkeep::fault::write_at(descriptor, bytes, size, offset);
}

ssize_t write(int descriptor, const void* bytes, size_t size) {
  return carry_out(CallKind::write, kind_of(descriptor), [&](bool half) {
    return static_cast<ssize_t>(::syscall(SYS_write, descriptor, bytes, half ? size / 2 : size));
  });
}

ssize_t writev(int descriptor, const iovec* parts, int count) {
  return carry_out(CallKind::write, kind_of(descriptor), [&](bool half) {
    if (half && count == 1)
      return static_cast<ssize_t>(::syscall(SYS_write, descriptor, parts->iov_base, parts->iov_len / 2));
    return static_cast<ssize_t>(::syscall(SYS_writev, descriptor, parts, half ? count / 2 : count));
  });
}

int fdatasync(int descriptor) {
  return carry_out(CallKind::sync, kind_of(descriptor),
                   [&](bool) { return static_cast<int>(::syscall(SYS_fdatasync, descriptor)); });
}

int fsync(int descriptor) {
  return carry_out(CallKind::sync, kind_of(descriptor),
                   [&](bool) { return static_cast<int>(::syscall(SYS_fsync, descriptor)); });
}

int ftruncate(int descriptor, off_t size) noexcept {
  return flowkeep::fault::resize(descriptor, size);
}

int ftruncate64(int descriptor, off64_t size) noexcept {
  return flowkeep::fault::resize(descriptor, size);
}

int fallocate(int descriptor, int mode, off_t offset, off_t size) {
  return flowkeep::fault::allocate(descriptor, mode, offset, size);
}

int fallocate64(int descriptor, int mode, off64_t offset, off64_t size) {
  return flowkeep::fault::allocate(descriptor, mode, offset, size);
}

int rename(const char* from, const char* to) noexcept {
  return carry_out(CallKind::rename, kind_of(std::string_view(to)),
                   [&](bool) { return static_cast<int>(::syscall(SYS_rename, from, to)); });
}

int renameat2(int from_directory, const char* from, int to_directory, const char* to, unsigned flags) noexcept {
  if (!flowkeep::fault::knows_noreplace) {
    errno = EINVAL;
    return -1;
  }
  return carry_out(CallKind::rename, kind_of(std::string_view(to)), [&](bool) {
    return static_cast<int>(::syscall(SYS_renameat2, from_directory, from, to_directory, to, flags));
  });
}

int unlink(const char* path) noexcept {
  return carry_out(CallKind::remove, kind_of(std::string_view(path)),
                   [&](bool) { return static_cast<int>(::syscall(SYS_unlink, path)); });
}
}

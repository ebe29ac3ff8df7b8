// Both names of each call are defined here, so that none may stand for the other.
#undef _FILE_OFFSET_BITS
#include "trace.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdarg>
#include <cstdlib>
#include <cstring>
#include <new>

namespace flowkeep::torture {

namespace {

constexpr std::size_t most_files = 512;

bool ends_with(std::string_view text, std::string_view end) {
  return text.size() >= end.size() && text.substr(text.size() - end.size()) == end;
}

bool is_left_out(std::string_view name) {
  return ends_with(name, "-lock") || ends_with(name, "-shm");
}

struct Stored {
  Act act;
  bool is_through;
  std::uint32_t file;
  std::uint64_t begin;
  std::uint64_t offset;
  std::uint64_t bytes;
};

}  // namespace

struct Recording::Head {
  pthread_mutex_t mutex;
  std::size_t capacity;
  std::size_t used;  // bytes of events behind this
  std::uint64_t count;
  std::uint32_t files;
  std::uint32_t first_files;
  bool full;
  bool begun;
  struct File {
    ino_t inode;
    Role role;
    char name[64];
  } file[most_files];

  [[nodiscard]] char* bytes() { return reinterpret_cast<char*>(this + 1); }
  std::uint64_t append(const Stored& event, const iovec* parts, int count_of_parts);
  std::uint32_t add_file(ino_t inode, std::string_view name);
};

std::uint64_t Recording::Head::append(const Stored& event, const iovec* parts, int count_of_parts) {
  const std::size_t room = sizeof event + (event.bytes + 7) / 8 * 8;
  if (used + room > capacity || full) {
    full = true;
    return count;
  }
  char* at = bytes() + used;
  std::memcpy(at, &event, sizeof event);
  at += sizeof event;
  std::uint64_t left = event.bytes;
  for (int i = 0; i < count_of_parts && left > 0; ++i) {
    const std::size_t size = std::min<std::uint64_t>(left, parts[i].iov_len);
    std::memcpy(at, parts[i].iov_base, size);
    at += size;
    left -= size;
  }
  used += room;
  return count++;
}

std::uint32_t Recording::Head::add_file(ino_t inode, std::string_view name) {
  if (files == most_files || name.size() >= sizeof file[0].name) std::abort();
  for (std::uint32_t i = 0; i < files; ++i) {
    if (file[i].inode == inode) file[i].inode = 0;  // of a file that is gone
  }
  File& added = file[files];
  added.inode = inode;
  added.role = ends_with(name, "-wal") ? Role::journal : Role::data;
  std::memcpy(added.name, name.data(), name.size());
  added.name[name.size()] = '\0';
  return files++;
}

Recording::Recording(std::size_t bytes) {
  void* mapped =
      ::mmap(nullptr, sizeof(Head) + bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (mapped == MAP_FAILED) std::abort();
  head_ = new (mapped) Head{};
  head_->capacity = bytes;
  clear();
}

Recording::~Recording() {
  ::munmap(head_, sizeof(Head) + head_->capacity);
}

void Recording::clear() {
  head_->used = 0;
  head_->count = 0;
  head_->files = 0;
  head_->first_files = 0;
  head_->full = false;
  head_->begun = false;
  resume();
}

void Recording::resume() {
  pthread_mutexattr_t attributes;
  ::pthread_mutexattr_init(&attributes);
  ::pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
  ::pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
  ::pthread_mutex_init(&head_->mutex, &attributes);
  ::pthread_mutexattr_destroy(&attributes);
}

bool Recording::is_full() const {
  return head_->full;
}

Role Recording::role_of(std::uint32_t file) const {
  return head_->file[file].role;
}

std::map<std::uint32_t, std::string> Recording::first_files() const {
  std::map<std::uint32_t, std::string> found;
  for (std::uint32_t i = 0; i < head_->first_files; ++i) found.emplace(i, head_->file[i].name);
  return found;
}

std::vector<Event> Recording::events() const {
  std::vector<Event> all;
  all.reserve(head_->count);
  const char* at = head_->bytes();
  const char* const end = at + head_->used;
  while (at < end) {
    Stored stored;
    std::memcpy(&stored, at, sizeof stored);
    at += sizeof stored;
    all.push_back({stored.act, stored.is_through, stored.file, stored.begin, stored.offset, {at, stored.bytes}});
    at += (stored.bytes + 7) / 8 * 8;
  }
  return all;
}

namespace {

// What is being recorded, by this process.
struct Watch {
  std::atomic<Recording::Head*> head{nullptr};
  std::string directory{};
  ino_t directory_inode = 0;
  DiskManners manners{};
  std::atomic<std::uint32_t> delays{12345};
};
Watch watch;

class Locked {
 public:
  Locked() : head_(watch.head.load()) {
    // A process that died with it died by die_recording(): nothing is half done.
    if (head_ != nullptr && ::pthread_mutex_lock(&head_->mutex) == EOWNERDEAD)
      ::pthread_mutex_consistent(&head_->mutex);
  }
  Locked(const Locked&) = delete;
  Locked& operator=(const Locked&) = delete;
  ~Locked() {
    if (head_ != nullptr) ::pthread_mutex_unlock(&head_->mutex);
  }
  explicit operator bool() const { return head_ != nullptr; }
  Recording::Head* operator->() const { return head_; }
  Recording::Head& operator*() const { return *head_; }

 private:
  Recording::Head* head_;
};

constexpr std::uint32_t no_file = ~std::uint32_t{0};
constexpr std::uint32_t the_directory = no_file - 1;

std::uint32_t find(const Recording::Head& head, int descriptor) {
  struct stat facts {};
  if (::fstat(descriptor, &facts) != 0) return no_file;
  if (facts.st_ino == watch.directory_inode && S_ISDIR(facts.st_mode)) return the_directory;
  if (!S_ISREG(facts.st_mode)) return no_file;
  for (std::uint32_t i = head.files; i-- > 0;) {
    if (head.file[i].inode == facts.st_ino) return i;
  }
  return no_file;
}

// The name of a file of the directory; empty: of another, or one that is left out.
std::string_view name_of(const char* path) {
  const std::string_view text(path);
  const std::string& directory = watch.directory;
  if (text.size() < directory.size() + 2 || text.substr(0, directory.size()) != directory) return {};
  if (text[directory.size()] != '/') return {};
  const std::string_view name = text.substr(directory.size() + 1);
  return is_left_out(name) || name.find('/') != std::string_view::npos ? std::string_view() : name;
}

void append_text(Recording::Head& head, Act act, std::uint32_t file, std::string_view text, std::uint64_t kind = 0) {
  const iovec part{const_cast<char*>(text.data()), text.size()};
  head.append({act, false, file, 0, kind, text.size()}, &part, 1);
}

// A disk takes its time, and another time each time.
void take_time(std::uint32_t longest_us) {
  if (longest_us == 0) return;
  std::uint32_t state = watch.delays.fetch_add(0x9E3779B9U);
  state ^= state >> 16;
  state *= 0x85EBCA6BU;
  state ^= state >> 13;
  const timespec time{0, static_cast<long>(state % longest_us) * 1000};
  ::nanosleep(&time, nullptr);
}

}  // namespace

void start_recording(Recording& recording, const std::string& directory, const DiskManners& manners) {
  Recording::Head& head = recording.head();
  struct stat facts {};
  if (::stat(directory.c_str(), &facts) != 0) std::abort();
  watch.directory = directory;
  watch.directory_inode = facts.st_ino;
  watch.manners = manners;
  if (!head.begun) {
    DIR* listed = ::opendir(directory.c_str());
    if (listed == nullptr) std::abort();
    while (const dirent* entry = ::readdir(listed)) {
      const std::string name = entry->d_name;
      if (::stat((directory + "/" + name).c_str(), &facts) != 0 || !S_ISREG(facts.st_mode) || is_left_out(name)) {
        continue;
      }
      head.add_file(facts.st_ino, name);
    }
    ::closedir(listed);
    head.first_files = head.files;
    head.begun = true;
  }
  watch.head = &head;
}

void stop_recording() {
  watch.head = nullptr;
}

void note(std::uint64_t kind, std::string_view bytes) {
  const Locked head;
  if (head) append_text(*head, Act::note, 0, bytes, kind);
}

void die_recording(int status) {
  const Locked head;
  ::_exit(status);
}

namespace {

template <class Call>
long write_recorded(int descriptor, const iovec* parts, int count, off_t offset, Call call) {
  const Locked head;
  const std::uint32_t file = head ? find(*head, descriptor) : no_file;
  if (file >= the_directory) return call();
  const off_t at = offset >= 0 ? offset : ::lseek(descriptor, 0, SEEK_CUR);
  const long written = call();
  if (written <= 0) return written;
  const bool through = (::fcntl(descriptor, F_GETFL) & O_DSYNC) != 0;
  head->append({Act::write, through, file, 0, static_cast<std::uint64_t>(at), static_cast<std::uint64_t>(written)},
               parts, count);
  return written;
}

// Whether the call was one on what is recorded: then it is done.
bool sync_recorded(int descriptor) {
  std::uint32_t file = no_file;
  std::uint64_t begin = 0;
  bool is_lie = false;
  std::uint32_t longest_us = 0;
  {
    const Locked head;
    if (head) file = find(*head, descriptor);
    if (file == no_file) return false;
    if (file == the_directory) {
      is_lie = watch.manners.lie == Lie::names_syncs;
      begin = head->append({Act::names_begin, false, 0, 0, 0, 0}, nullptr, 0);
    } else {
      const bool is_journal = head->file[file].role == Role::journal;
      is_lie = watch.manners.lie == (is_journal ? Lie::journal_syncs : Lie::data_syncs);
      longest_us = is_journal ? watch.manners.journal_sync_us : watch.manners.data_sync_us;
      begin = head->append({Act::sync_begin, false, file, 0, 0, 0}, nullptr, 0);
    }
  }
  take_time(longest_us);
  const Locked head;
  if (head && !is_lie) {
    const bool is_names = file == the_directory;
    head->append({is_names ? Act::names_end : Act::sync_end, false, is_names ? 0 : file, begin, 0, 0}, nullptr, 0);
  }
  return true;
}

template <class Call>
int open_recorded(const char* path, int flags, Call call) {
  const std::string_view name = watch.head.load() != nullptr ? name_of(path) : std::string_view();
  if (name.empty() || (flags & (O_CREAT | O_TRUNC)) == 0) return call();
  const Locked head;
  struct stat facts {};
  const bool was_there = ::stat(path, &facts) == 0;
  const int descriptor = call();
  if (descriptor < 0 || !head) return descriptor;
  if (!was_there) {
    ::fstat(descriptor, &facts);
    append_text(*head, Act::create, head->add_file(facts.st_ino, name), name);
  } else if ((flags & O_TRUNC) != 0) {
    head->append({Act::resize, false, find(*head, descriptor), 0, 0, 0}, nullptr, 0);
  }
  return descriptor;
}

template <class Call>
int resize_recorded(int descriptor, off_t size, Call call) {
  const Locked head;
  const std::uint32_t file = head ? find(*head, descriptor) : no_file;
  const int done = call();
  if (done == 0 && file < the_directory) {
    head->append({Act::resize, false, file, 0, static_cast<std::uint64_t>(size), 0}, nullptr, 0);
  }
  return done;
}

template <class Call>
int remove_recorded(const char* path, Call call) {
  const std::string_view name = watch.head.load() != nullptr ? name_of(path) : std::string_view();
  if (name.empty()) return call();
  const Locked head;
  const int done = call();
  if (done == 0 && head) append_text(*head, Act::remove, 0, name);
  return done;
}

template <class Call>
int rename_recorded(const char* from, const char* to, Call call) {
  const bool is_watched = watch.head.load() != nullptr;
  const std::string_view old_name = is_watched ? name_of(from) : std::string_view();
  const std::string_view new_name = is_watched ? name_of(to) : std::string_view();
  if (old_name.empty() || new_name.empty()) return call();
  const Locked head;
  const int done = call();
  if (done == 0 && head) append_text(*head, Act::rename, 0, std::string(old_name) + '\0' + std::string(new_name));
  return done;
}

mode_t mode_of(int flags, std::va_list arguments) {
  return (flags & O_CREAT) != 0 ? static_cast<mode_t>(va_arg(arguments, unsigned)) : 0;
}

int raw_open(int directory, const char* path, int flags, mode_t mode) {
  return static_cast<int>(::syscall(SYS_openat, directory, path, flags, mode));
}

}  // namespace

}  // namespace flowkeep::torture

using namespace flowkeep::torture;

extern "C" {

ssize_t pwrite(int descriptor, const void* bytes, size_t size, off_t offset) {
  const iovec part{const_cast<void*>(bytes), size};
  return write_recorded(descriptor, &part, 1, offset,
                        [&] { return ::syscall(SYS_pwrite64, descriptor, bytes, size, offset); });
}

ssize_t pwrite64(int descriptor, const void* bytes, size_t size, off64_t offset) {
  return pwrite(descriptor, bytes, size, offset);
}

ssize_t write(int descriptor, const void* bytes, size_t size) {
  const iovec part{const_cast<void*>(bytes), size};
  return write_recorded(descriptor, &part, 1, -1, [&] { return ::syscall(SYS_write, descriptor, bytes, size); });
}

ssize_t writev(int descriptor, const iovec* parts, int count) {
  return write_recorded(descriptor, parts, count, -1, [&] { return ::syscall(SYS_writev, descriptor, parts, count); });
}

ssize_t pwritev(int descriptor, const iovec* parts, int count, off_t offset) {
  return write_recorded(descriptor, parts, count, offset,
                        [&] { return ::syscall(SYS_pwritev, descriptor, parts, count, offset, 0); });
}

ssize_t pwritev64(int descriptor, const iovec* parts, int count, off64_t offset) {
  return pwritev(descriptor, parts, count, offset);
}

int fdatasync(int descriptor) {
  return sync_recorded(descriptor) ? 0 : static_cast<int>(::syscall(SYS_fdatasync, descriptor));
}

int fsync(int descriptor) {
  return sync_recorded(descriptor) ? 0 : static_cast<int>(::syscall(SYS_fsync, descriptor));
}

int open(const char* path, int flags, ...) {
  std::va_list arguments;
  va_start(arguments, flags);
  const mode_t mode = mode_of(flags, arguments);
  va_end(arguments);
  return open_recorded(path, flags, [&] { return raw_open(AT_FDCWD, path, flags, mode); });
}

int open64(const char* path, int flags, ...) {
  std::va_list arguments;
  va_start(arguments, flags);
  const mode_t mode = mode_of(flags, arguments);
  va_end(arguments);
  return open(path, flags, mode);
}

int openat(int directory, const char* path, int flags, ...) {
  std::va_list arguments;
  va_start(arguments, flags);
  const mode_t mode = mode_of(flags, arguments);
  va_end(arguments);
  return open_recorded(path, flags, [&] { return raw_open(directory, path, flags, mode); });
}

int openat64(int directory, const char* path, int flags, ...) {
  std::va_list arguments;
  va_start(arguments, flags);
  const mode_t mode = mode_of(flags, arguments);
  va_end(arguments);
  return openat(directory, path, flags, mode);
}

int ftruncate(int descriptor, off_t size) noexcept {
  return resize_recorded(descriptor, size,
                         [&] { return static_cast<int>(::syscall(SYS_ftruncate, descriptor, size)); });
}

int ftruncate64(int descriptor, off64_t size) noexcept {
  return ftruncate(descriptor, size);
}

int fallocate(int descriptor, int mode, off_t offset, off_t size) {
  const auto call = [&] { return static_cast<int>(::syscall(SYS_fallocate, descriptor, mode, offset, size)); };
  // What is only reserved behind the end changes nothing that can be read.
  if ((mode & FALLOC_FL_KEEP_SIZE) != 0) return call();
  struct stat facts {};
  if (::fstat(descriptor, &facts) != 0 || facts.st_size >= offset + size) return call();
  return resize_recorded(descriptor, offset + size, call);
}

int fallocate64(int descriptor, int mode, off64_t offset, off64_t size) {
  return fallocate(descriptor, mode, offset, size);
}

int unlink(const char* path) noexcept {
  return remove_recorded(path, [&] { return static_cast<int>(::syscall(SYS_unlink, path)); });
}

int unlinkat(int directory, const char* path, int flags) noexcept {
  return remove_recorded(path, [&] { return static_cast<int>(::syscall(SYS_unlinkat, directory, path, flags)); });
}

int rename(const char* from, const char* to) noexcept {
  return rename_recorded(from, to, [&] { return static_cast<int>(::syscall(SYS_rename, from, to)); });
}

int renameat2(int from_directory, const char* from, int to_directory, const char* to, unsigned flags) noexcept {
  return rename_recorded(from, to, [&] {
    return static_cast<int>(::syscall(SYS_renameat2, from_directory, from, to_directory, to, flags));
  });
}

int renameat(int from_directory, const char* from, int to_directory, const char* to) noexcept {
  return renameat2(from_directory, from, to_directory, to, 0);
}
}

// flowkeep-bench-child: what a benchmark needs done by a process of its own.
//   load FILE SESSIONS         imports so many generated sessions, without File columns
//   write FILE THREADS SECONDS creates sessions (with File columns) and moves them, by so many threads, and prints
//                              "WRITES KIB_BEFORE KIB_PEAK": private memory before the open and at its highest
//   fill FILE                  creates sessions; after a while, and once the journal has its full size, lets no
//                              checkpoint end, and goes on until there is no room left; writes a byte to stdout for
//                              each that is durable, and waits to be killed
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <flowkeep/flowkeep.hpp>

#include "generated_sessions.hpp"

namespace {

std::atomic<ino_t> slow_file{0};  // its syncs do not return, but for the first: that of the checkpoint
std::atomic<int> syncs_left{1};   // that makes the journal as large as it is

long sync_unless_slow(long call, int descriptor) {
  struct stat facts {};
  const ino_t slow = slow_file;
  if (slow != 0 && ::fstat(descriptor, &facts) == 0 && facts.st_ino == slow && syncs_left.fetch_sub(1) <= 0) {
    for (;;) ::pause();
  }
  return ::syscall(call, descriptor);
}

}  // namespace

// In the place of the C library's, for this whole process.
extern "C" int fdatasync(int descriptor) {
  return static_cast<int>(sync_unless_slow(SYS_fdatasync, descriptor));
}
extern "C" int fsync(int descriptor) {
  return static_cast<int>(sync_unless_slow(SYS_fsync, descriptor));
}

namespace {

using namespace flowkeep;
using namespace flowkeep::bench;
using Clock = std::chrono::steady_clock;

constexpr std::uint64_t import_rows = 2000;
const std::uint64_t full_journal_bytes = OpenOptions{}.journal_bytes;
// In which the store has learnt what sessions are like: to keep that takes a checkpoint.
constexpr std::chrono::seconds learning_time{2};
constexpr std::chrono::milliseconds sample_interval{2};
// A walk over the page tables of the whole file.
constexpr std::uint64_t samples_per_rollup = 100;

int complain(const Error& error) {
  std::fprintf(stderr, "flowkeep-bench-child: %s\n", error.message.c_str());
  return 1;
}

int load(const std::string& path, std::uint64_t sessions) {
  const auto store = Store::open(path);
  if (!store) return complain(store.error());
  std::vector<Session> batch;
  for (std::uint64_t number = 0; number < sessions;) {
    batch.clear();
    for (; batch.size() < import_rows && number < sessions; ++number) batch.push_back(past_session(number));
    if (auto stored = store->import_sessions(batch); !stored) return complain(stored.error().error);
  }
  return 0;
}

/// A figure in KiB that a file of /proc gives behind `label`.
std::uint64_t kib_of(const char* file, std::string_view label) {
  std::ifstream lines(file);
  for (std::string line; std::getline(lines, line);) {
    if (line.compare(0, label.size(), label) != 0) continue;
    const char* begin = line.data() + line.find_first_of("0123456789");
    std::uint64_t kib = 0;
    std::from_chars(begin, line.data() + line.size(), kib);
    return kib;
  }
  return 0;
}

// The quick figure may lack what threads have not reported yet; the slow one is exact.
std::uint64_t quick_private_kib() {
  return kib_of("/proc/self/status", "RssAnon:");
}
std::uint64_t exact_private_kib() {
  return kib_of("/proc/self/smaps_rollup", "Anonymous:");
}

/// Creates sessions and moves them until told to stop; how many writes that were.
Result<std::uint64_t> write_until(const std::atomic<bool>& stop, const Store& store, std::atomic<std::uint64_t>& next) {
  std::uint64_t writes = 0;
  while (!stop) {
    const std::uint64_t number = next++;
    Session session = new_session(number);
    place_binaries(session, binaries_of(number));
    session.completedon.reset();
    session.statecode = StateCode::active;
    session.statuscode = StatusCode::waiting;
    const auto id = store.create(session);
    if (!id) return fail(id.error());
    const auto moved = store.transition(*id, StatusCode::running);
    if (!moved) return fail(moved.error());
    writes += 2;
  }
  return writes;
}

int write(const std::string& path, std::uint64_t threads, std::uint64_t seconds) {
  const std::uint64_t before = exact_private_kib();
  const auto store = Store::open(path);
  if (!store) return complain(store.error());
  const auto stats = store->stats();
  if (!stats) return complain(stats.error());

  std::atomic<bool> stop{false};
  std::atomic<std::uint64_t> next{stats->sessions};
  std::vector<Result<std::uint64_t>> results(threads);
  std::vector<std::thread> writers;
  for (std::uint64_t i = 0; i < threads; ++i) {
    writers.emplace_back([&, i] { results[i] = write_until(stop, *store, next); });
  }
  std::uint64_t peak = 0;
  const auto end = Clock::now() + std::chrono::seconds(seconds);
  for (std::uint64_t sample = 0; Clock::now() < end; ++sample) {
    peak = std::max(peak, sample % samples_per_rollup == 0 ? exact_private_kib() : quick_private_kib());
    std::this_thread::sleep_for(sample_interval);
  }
  stop = true;
  for (std::thread& writer : writers) writer.join();
  peak = std::max(peak, exact_private_kib());

  std::uint64_t writes = 0;
  for (const auto& result : results) {
    if (!result) return complain(result.error());
    writes += *result;
  }
  std::printf("%llu %llu %llu\n", static_cast<unsigned long long>(writes), static_cast<unsigned long long>(before),
              static_cast<unsigned long long>(peak));
  return 0;
}

int fill(const std::string& path) {
  const auto store = Store::open(path);
  if (!store) return complain(store.error());
  const auto stats = store->stats();
  if (!stats) return complain(stats.error());
  const auto settled = Clock::now() + learning_time;
  for (std::uint64_t number = stats->sessions;; ++number) {
    struct stat facts {};
    if (slow_file == 0 && Clock::now() > settled && ::stat((path + "-wal").c_str(), &facts) == 0 &&
        static_cast<std::uint64_t>(facts.st_size) >= full_journal_bytes && ::stat(path.c_str(), &facts) == 0) {
      slow_file = facts.st_ino;
    }
    Session session = new_session(number);
    place_binaries(session, binaries_of(number));
    if (const auto id = store->create(session); !id) return complain(id.error());
    if (::write(STDOUT_FILENO, "+", 1) != 1) return 1;
  }
}

std::uint64_t number(std::string_view text) {
  std::uint64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  if (arguments.size() == 3 && arguments[0] == "load") return load(arguments[1], number(arguments[2]));
  if (arguments.size() == 4 && arguments[0] == "write") {
    return write(arguments[1], number(arguments[2]), number(arguments[3]));
  }
  if (arguments.size() == 2 && arguments[0] == "fill") return fill(arguments[1]);
  std::fprintf(stderr, "usage: flowkeep-bench-child load FILE SESSIONS | write FILE THREADS SECONDS | fill FILE\n");
  return 2;
}

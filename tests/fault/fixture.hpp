// Stores in directories of their own, child processes and pipes, for the tests of safe embedding.
// Children make no assertions: they answer by exit status and by pipe. Nobody waits by the clock.
#pragma once

#include <gtest/gtest.h>
#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include <flowkeep/flowkeep.hpp>

namespace flowkeep {

/// So that a failed expectation shows the name.
inline void PrintTo(Errc code, std::ostream* out) {
  *out << errc_name(code);
}

namespace fault {

/// What dies here is a process, never the disk: memory will do, and is faster. But only a disk shows files while
/// they grow page by page.
enum class Place : std::uint8_t { memory, disk };

/// In $TMPDIR, else where `place` says.
class TemporaryDirectory {
 public:
  explicit TemporaryDirectory(Place place = Place::memory);
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  ~TemporaryDirectory();

  [[nodiscard]] std::string file(std::string_view name = "agent.flowkeep") const;
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
};

/// A forked process that runs `body` and ends with what it returns, or with its parent.
class Child {
 public:
  explicit Child(const std::function<int()>& body);
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  Child(Child&& other) noexcept;
  ~Child();

  [[nodiscard]] pid_t pid() const { return pid_; }
  /// The exit status, or minus the signal that ended it.
  int wait();
  /// SIGKILL, and the end of it.
  void kill();
  /// SIGSTOP, by us or by itself: returns when no thread of it runs.
  void stop();
  void await_stop();
  /// SIGCONT.
  void go_on();

 private:
  pid_t pid_;
};

/// Ends the program, and its children, where the test that owns it does not end in time.
class Watchdog {
 public:
  explicit Watchdog(std::chrono::seconds limit = std::chrono::seconds(120));
  Watchdog(const Watchdog&) = delete;
  Watchdog& operator=(const Watchdog&) = delete;
  ~Watchdog();
};

/// Runs `body` in a child; its exit status, or minus the signal that ended it.
[[nodiscard]] int in_child(const std::function<int()>& body);

class Pipe {
 public:
  Pipe();
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;
  ~Pipe();

  void close_reading();
  void close_writing();
  /// Puts the writing end where a program to be started expects it.
  void move_writing_to(int descriptor);
  /// Lets the writer be no more than a page ahead of the reader.
  void narrow() const;
  void write(std::string_view bytes) const;
  /// Exactly `size` bytes; fewer at the end of the pipe.
  [[nodiscard]] std::string read(std::size_t size) const;
  [[nodiscard]] std::string read_all() const;

 private:
  int ends_[2];
};

[[nodiscard]] void* map_shared(std::size_t bytes);
void unmap_shared(void* memory, std::size_t bytes);

/// A line where processes wait for each other: one arrives and stays until the other lets it go.
class Gate {
 public:
  /// In the process that waits.
  void arrive_and_wait();
  /// In the process that decides: returns once `count` others have arrived.
  void await(int count = 1);
  /// Lets everybody go on.
  void open();

 private:
  Pipe arrived_{};
  Pipe opened_{};
};

/// A T that a process and its children share; all zeros at first.
template <class T>
class Shared {
 public:
  Shared() : value_(static_cast<T*>(map_shared(sizeof(T)))) {}
  Shared(const Shared&) = delete;
  Shared& operator=(const Shared&) = delete;
  ~Shared() { unmap_shared(value_, sizeof(T)); }
  [[nodiscard]] T* operator->() const { return value_; }
  [[nodiscard]] T& operator*() const { return *value_; }

 private:
  T* value_;
};

inline constexpr std::uint64_t mebibyte = 1ULL << 20;

[[nodiscard]] std::string bytes_of(const std::string& path);
/// In place: the file stays the one it is, or becomes one. (A file that is another one is looked at more closely.)
void put_bytes(const std::string& path, const std::string& bytes);

[[nodiscard]] Store open_store(const std::string& path, OpenOptions options = {});
/// The code an open is refused with, after a look at its sentence; std::nullopt where it succeeds.
[[nodiscard]] std::optional<Errc> refusal(const std::string& path, OpenOptions options = {});

/// What a call failed with; std::nullopt where it succeeded.
template <class T>
[[nodiscard]] std::optional<Errc> code_of(const Result<T>& result) {
  return result ? std::nullopt : std::make_optional(result.error().code);
}

[[nodiscard]] Session named(std::string name);
/// A waiting session with `size` bytes of inputs that zstd cannot make smaller.
[[nodiscard]] Session bulky(std::size_t size, std::uint64_t seed = 1);
[[nodiscard]] std::string noise(std::size_t size, std::uint64_t seed = 1);

/// "" or the first finding of a check.
[[nodiscard]] std::string what_check_finds(const Store& store);
void expect_clean(const Store& store);
[[nodiscard]] std::uint64_t size_of(const Store& store);
/// Whether a process has a snapshot open, as `store` sees it.
[[nodiscard]] bool has_reader(const Store& store, pid_t pid);
/// Whether the message is one sentence that names `what`.
[[nodiscard]] testing::AssertionResult is_one_sentence_about(const std::string& message, const std::string& what);

}  // namespace fault
}  // namespace flowkeep

// Writes down what a program does to the files of one directory: every write, sync, and change of a name, in order.
// The test program's own write and sync calls are what the libraries below it get to call.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace flowkeep::torture {

enum class Act : std::uint8_t {
  create,      ///< a file got the name `bytes`
  remove,      ///< the name `bytes` went
  rename,      ///< bytes: the old name, a zero, the new one
  write,       ///< bytes at offset
  resize,      ///< to offset
  sync_begin,  ///< of a file
  sync_end,    ///< what was written before event `begin` is on the disk
  names_begin,
  names_end,
  note,  ///< something the program says about itself; offset: which
};

enum class Role : std::uint8_t { data, journal };

struct Event {
  Act act{};
  bool is_through = false;   ///< a write that is on the disk when it returns
  std::uint32_t file = 0;    ///< numbered as they appear
  std::uint64_t begin = 0;   ///< of a sync's end: the number of the event that began it
  std::uint64_t offset = 0;  ///< of a write; the new size; what kind of note
  std::string_view bytes{};
};

/// Syncs that are said to be done and are not: what a rig has to notice.
enum class Lie : std::uint8_t { none, journal_syncs, data_syncs, names_syncs };

/// How the disk behaves while it is watched.
struct DiskManners {
  std::uint32_t journal_sync_us = 0;  ///< the longest that a sync takes
  std::uint32_t data_sync_us = 0;
  Lie lie = Lie::none;
};

/// Room for events, in memory that forked processes share.
class Recording {
 public:
  explicit Recording(std::size_t bytes);
  Recording(const Recording&) = delete;
  Recording& operator=(const Recording&) = delete;
  ~Recording();

  /// Forgets all.
  void clear();
  /// After the death of the processes that recorded: the next ones may.
  void resume();
  [[nodiscard]] std::vector<Event> events() const;
  [[nodiscard]] bool is_full() const;
  /// The files that were there when it began, by number.
  [[nodiscard]] std::map<std::uint32_t, std::string> first_files() const;
  [[nodiscard]] Role role_of(std::uint32_t file) const;

  struct Head;
  [[nodiscard]] Head& head() const { return *head_; }

 private:
  Head* head_;
};

/// From now on this process's calls on `directory` (without links) are written down; files whose names end in -lock or
/// -shm are left out.
void start_recording(Recording& recording, const std::string& directory, const DiskManners& manners);
void stop_recording();
/// Adds a note, where a recording is going on.
void note(std::uint64_t kind, std::string_view bytes = {});
/// Ends the process, with no call half written down.
[[noreturn]] void die_recording(int status);

}  // namespace flowkeep::torture

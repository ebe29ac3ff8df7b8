// What the workloads ask of every engine: the same logical work, with answers that are known.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <flowkeep/flowkeep.hpp>

namespace flowkeep::bench {

/// A session to be stored: its columns, and the bytes of its three File columns.
struct NewSession {
  Session session{};
  std::array<std::string, 3> binaries{};

  /// Some runs are without: what is measured then is the number of sessions.
  [[nodiscard]] bool has_binaries() const noexcept { return !binaries[0].empty(); }
};
/// As an agent creates it.
[[nodiscard]] NewSession make_new(std::uint64_t number);
/// As an import brings it.
[[nodiscard]] NewSession make_past(std::uint64_t number);
/// Their names.
inline constexpr std::array<const char*, 3> binary_names{"inputs.json", "outputs.json", "actions.json"};

/// Writes for one thread. What returns success is on the disk.
class Writer {
 public:
  virtual ~Writer() = default;
  // What is given may be moved from. A session without an id gets one that rises with time.
  [[nodiscard]] virtual Result<Guid> create(NewSession& given) = 0;
  /// In one transaction; the id of the last.
  [[nodiscard]] virtual Result<Guid> create_batch(std::span<NewSession> given) = 0;
  /// Compare and set: only an open session moves.
  [[nodiscard]] virtual Result<void> transition(const Guid& id, StatusCode to) = 0;
  /// Removes the oldest, with their binaries and index entries, in one transaction.
  [[nodiscard]] virtual Result<void> delete_oldest(std::uint64_t rows) = 0;
  /// Removes the sessions that were completed first, likewise, a thousand in a transaction. Where prunes().
  [[nodiscard]] virtual Result<void> prune(std::uint64_t) {
    return fail(Errc::invalid_argument, "the engine keeps no index of completedon");
  }
};

/// Rows that were read, and their poll_sum()s, so that a wrong row shows.
struct Answer {
  std::uint64_t rows = 0;
  std::uint64_t sum = 0;
  friend bool operator==(const Answer&, const Answer&) = default;
};

/// Reads for one thread, of the store as it was when the reader was made or last refreshed. Every row that is read has
/// its checksum checked, where the engine has one.
class Reader {
 public:
  virtual ~Reader() = default;
  [[nodiscard]] virtual Result<void> refresh() = 0;
  /// Reads statuscode, statecode, startedon and completedon: their poll_sum().
  [[nodiscard]] virtual Result<std::uint64_t> poll(const Guid& id) = 0;
  /// The same as it is now: whatever was acknowledged to anybody counts.
  [[nodiscard]] virtual Result<std::uint64_t> poll_now(const Guid& id) {
    if (auto ok = refresh(); !ok) return fail(ok.error());
    return poll(id);
  }
  [[nodiscard]] virtual Result<Answer> by_correlationid(std::string_view correlationid) = 0;
  /// Newest first; each row's poll_sum() counts as often as its place, so that the order shows.
  [[nodiscard]] virtual Result<Answer> newest_of_machine(const Guid& machine, std::uint64_t rows) = 0;
  [[nodiscard]] virtual Result<std::uint64_t> count_active() = 0;
  /// All rows; the sum is of statuscode and runduration.
  [[nodiscard]] virtual Result<Answer> scan_two_fields() = 0;
};

/// A store of generated sessions in some engine.
class Engine {
 public:
  /// What is looked at of a session to see that it is the right one.
  struct Seen {
    std::string name{};
    StatusCode status{};
    std::string outputs{};
  };

  virtual ~Engine() = default;
  // Any thread; each takes one of its own.
  [[nodiscard]] virtual Result<std::unique_ptr<Writer>> writer() = 0;
  [[nodiscard]] virtual Result<std::unique_ptr<Reader>> reader() = 0;
  [[nodiscard]] virtual Result<std::uint64_t> count() = 0;
  /// Brings the store into the form that reads best, as a user would after a large load.
  [[nodiscard]] virtual Result<void> tidy() { return {}; }
  [[nodiscard]] virtual Result<Seen> read_back(const Guid& id) = 0;
};

/// Opens a store in `directory`, which is there, or makes it.
using OpenEngine = Result<std::unique_ptr<Engine>> (*)(const std::string& directory);

struct EngineInfo {
  const char* name = nullptr;
  OpenEngine open = nullptr;
  const char* version = nullptr;  ///< of its library
  bool prunes = false;            ///< whether its writers can
};
/// Those that this program was built with: flowkeep first.
[[nodiscard]] const std::vector<EngineInfo>& engines();

}  // namespace flowkeep::bench

// What the write workloads ask of every engine.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include <flowkeep/flowkeep.hpp>

namespace flowkeep::bench {

/// A session to be stored: its columns, and the bytes of its three File columns.
struct NewSession {
  Session session{};
  std::array<std::string, 3> binaries{};
};
/// As an agent creates it.
[[nodiscard]] NewSession make_new(std::uint64_t number);
/// As an import brings it.
[[nodiscard]] NewSession make_past(std::uint64_t number);

/// Writes for one thread. What returns success is on the disk.
class Writer {
 public:
  virtual ~Writer() = default;
  // What is given may be moved from.
  [[nodiscard]] virtual Result<Guid> create(NewSession& given) = 0;
  /// In one transaction; the id of the last.
  [[nodiscard]] virtual Result<Guid> create_batch(std::span<NewSession> given) = 0;
  [[nodiscard]] virtual Result<void> transition(const Guid& id, StatusCode to) = 0;
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
  /// Any thread; each takes one of its own.
  [[nodiscard]] virtual Result<std::unique_ptr<Writer>> writer() = 0;
  [[nodiscard]] virtual Result<std::uint64_t> count() = 0;
  [[nodiscard]] virtual Result<Seen> read_back(const Guid& id) = 0;
};

}  // namespace flowkeep::bench

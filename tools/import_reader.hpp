// The first stage of an import: a thread that reads, parses, decodes and compresses rows into batches while the
// second stage stores the batch before.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>
#include <thread>
#include <vector>

#include <flowkeep/io/json.hpp>

namespace flowkeep::tool {

/// Rows that are stored together or not at all.
struct Batch {
  std::vector<Session> sessions{};
  std::vector<std::uint64_t> lines{};  ///< where each stands in the input
  /// Of each of the sessions, where the input reads children; else none.
  std::vector<std::vector<Child>> children{};
  std::vector<Parent> parents{};  ///< those that no earlier batch had so
  std::string_view unit{};        ///< what `lines` counts: "line" or "element"
  std::uint64_t bytes = 0;        ///< of content
  /// Why the input ended inside this batch; it names the line. Nothing of such a batch is to be stored.
  std::optional<Error> error{};
};

/// What --strict asks of a row.
enum class Strictness { lenient, strict };

/// When a batch ends before it is full.
enum class Ending {
  full,   ///< never
  quiet,  ///< when the input has no more bytes for the moment: its rows are not to wait for others
};

/// What is read beside sessions.
enum class ReadChildren { no, yes };

class BatchReader {
 public:
  /// A batch holds `rows` rows, fewer where their content passes 64 MiB or `ending` says so; two batches wait at most.
  BatchReader(io::SessionInput input, std::uint64_t rows, Strictness strictness, Ending ending = Ending::full,
              ReadChildren children = ReadChildren::no);
  BatchReader(const BatchReader&) = delete;
  BatchReader& operator=(const BatchReader&) = delete;
  ~BatchReader();

  /// The next batch, or std::nullopt at the end; calls `meanwhile` a few times a second while it waits.
  [[nodiscard]] std::optional<Batch> next(const std::function<void()>& meanwhile);
  /// Asks the thread to end early, and says whether it has: it cannot while it waits for a pipe. Then the process
  /// has to end without running exit handlers.
  [[nodiscard]] bool stop();

  [[nodiscard]] std::uint64_t bytes_read() const noexcept;
  [[nodiscard]] std::uint64_t bytes_total() const noexcept;

 private:
  struct Shared;
  std::shared_ptr<Shared> shared_;
  std::thread thread_;
};

}  // namespace flowkeep::tool

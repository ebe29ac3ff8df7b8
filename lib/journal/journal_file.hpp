// The journal's file: header slots, records, growth.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include <flowkeep/result.hpp>

#include "journal/format.hpp"
#include "storage/file_io.hpp"

namespace flowkeep::journal {

/// The journal of a store, open. It keeps no position: who appends knows where. One thread at a time, but sync() and
/// write() by one and write_header() by another are fine.
class JournalFile {
 public:
  /// Not open.
  JournalFile() = default;
  /// Makes the file: zeros written and synced, the header durable, the name durable. What was there is replaced.
  /// Errors: full, access_denied, io.
  [[nodiscard]] static Result<JournalFile> create(const std::string& path, const Header& header);
  /// Errors: not_found, access_denied, io.
  enum class Access : std::uint8_t { read_only, read_write };
  [[nodiscard]] static Result<JournalFile> open(const std::string& path, Access access = Access::read_write);

  /// The newest valid header; std::nullopt where neither slot holds one. Errors: io.
  [[nodiscard]] Result<std::optional<Header>> read_header();
  /// Writes the header, its generation counted up, into the slot that is not the newest, and syncs. Errors: io.
  [[nodiscard]] Result<void> write_header(Header& header);

  [[nodiscard]] Result<void> write(std::uint64_t offset, std::string_view bytes);
  /// Errors: io (also where the file has been removed: a recovery would not find it).
  [[nodiscard]] Result<void> sync();
  /// Makes the file longer, zeros written and synced; it counts once a header says so. Errors: full, io.
  [[nodiscard]] Result<void> extend(std::uint64_t from_bytes, std::uint64_t to_bytes);
  /// Gives back what an extend() that failed has got; that it may not is no harm.
  void shorten(std::uint64_t to_bytes) noexcept;

  /// Calls `visit(position, payload, behind)` for each record from `start` on, as far as the chain goes; returns the
  /// position behind the last. An error of `visit` ends it. Errors: io.
  using Visit = std::function<Result<void>(const Position& at, std::string_view payload, const Position& behind)>;
  [[nodiscard]] Result<Position> scan(const Position& start, std::uint64_t capacity_bytes, const Visit& visit);

  /// Whether the name still leads to this file.
  [[nodiscard]] bool is_linked() const noexcept;
  [[nodiscard]] const std::string& path() const noexcept { return path_; }

 private:
  JournalFile(storage::Descriptor file, std::string path) noexcept : file_(std::move(file)), path_(std::move(path)) {}
  storage::Descriptor file_{};
  std::string path_{};
};

}  // namespace flowkeep::journal

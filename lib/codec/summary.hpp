// The summary: the short columns of sessions that follow each other, packed column by column into one value.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include <flowkeep/result.hpp>
#include <flowkeep/session_summary.hpp>
#include <flowkeep/session_view.hpp>

namespace flowkeep::codec {

/// What the summary says of a session.
struct SummaryRow {
  Timestamp createdon{};
  std::uint64_t arrival = 0;
  StatusCode statuscode{};
  std::optional<RunMode> runmode{};
  std::optional<Timestamp> startedon{};
  std::optional<Timestamp> completedon{};
  std::optional<std::int64_t> runduration{};
  std::optional<Guid> machineid{};
  std::optional<Guid> regardingobjectid{};

  friend bool operator==(const SummaryRow&, const SummaryRow&) noexcept = default;
};
[[nodiscard]] SummaryRow summary_of(const SessionView& session) noexcept;
[[nodiscard]] SummaryRow summary_of(const SessionSummary& summary) noexcept;

/// A block, its header included, and its key fit into half a page of LMDB's.
inline constexpr std::size_t most_summary_bytes = 2008;
inline constexpr std::size_t most_summary_rows = 250;

/// How many rows from the front fit into one block; at least one, if there is any. `spare` bytes are left free for each
/// session that is open still: its times come later.
[[nodiscard]] std::size_t fitting_summaries(std::span<const SummaryRow> rows, std::size_t spare);
/// The bytes of the block that all rows make; std::nullopt: they do not fit into one.
[[nodiscard]] std::optional<std::size_t> summary_bytes(std::span<const SummaryRow> rows);

/// The value of a block, replacing `out`. The rows fit, are in order, and at least one.
void encode_summaries(std::string& out, std::span<const SummaryRow> rows, std::string_view key);

/// A block where it lies, verified. Its rows die with it, and when it is opened anew.
class SummaryBlock {
 public:
  using Part = SessionSummary::Part;
  static constexpr std::size_t part_count = SessionSummary::part_count;

  SummaryBlock() = default;
  SummaryBlock(const SummaryBlock&) = delete;
  SummaryBlock& operator=(const SummaryBlock&) = delete;
  ~SummaryBlock() = default;
  /// Errors: corrupt, newer_format; there are no rows then.
  [[nodiscard]] Result<void> open(std::string_view key, std::string_view value);
  /// Becomes a block of this row, in memory of its own.
  void show(const SummaryRow& row) noexcept;
  [[nodiscard]] std::size_t size() const noexcept { return rows_; }
  [[nodiscard]] SessionSummary operator[](std::size_t row) const noexcept { return {block_, row}; }

 private:
  [[nodiscard]] Result<void> open(std::string_view payload);
  [[nodiscard]] bool is_within(Part part, std::int64_t end) const noexcept;

  SessionSummary::Block block_{};
  std::size_t rows_ = 0;
  std::array<std::int64_t, part_count> shown_{};  // the numbers of show()
  std::array<Guid, 2> shown_guids_{};
};

}  // namespace flowkeep::codec

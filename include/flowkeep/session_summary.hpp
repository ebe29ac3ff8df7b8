// The short columns of sessions, as scans read them.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>

#include <flowkeep/choices.hpp>
#include <flowkeep/export.hpp>
#include <flowkeep/guid.hpp>
#include <flowkeep/timestamp.hpp>

namespace flowkeep {

namespace codec {
class SummaryBlock;
}

/// What figures over many sessions are made of, where it lies, packed: a column that nobody asks for costs nothing, the
/// others a few nanoseconds each. Snapshot::get() leads from it to its session.
/// Lifetime: made only by a SummaryRange, dies when that moves on; what its members return are values.
class FLOWKEEP_API SessionSummary {
 public:
  [[nodiscard]] Timestamp createdon() const noexcept { return Timestamp(Ticks(number(Part::createdon))); }
  /// The number of its arrival in the store, from 1, given once. With createdon it names the session.
  [[nodiscard]] std::uint64_t arrival() const noexcept {
    return static_cast<std::uint64_t>(number(Part::arrival)) + row_;
  }
  [[nodiscard]] StatusCode statuscode() const noexcept { return static_cast<StatusCode>(number(Part::statuscode)); }
  [[nodiscard]] StateCode statecode() const noexcept { return state_of(statuscode()); }
  [[nodiscard]] std::optional<RunMode> runmode() const noexcept {
    if (is_null(Part::runmode)) return std::nullopt;
    return static_cast<RunMode>(number(Part::runmode));
  }
  [[nodiscard]] std::optional<Timestamp> startedon() const noexcept { return since_creation(Part::startedon); }
  [[nodiscard]] std::optional<Timestamp> completedon() const noexcept { return since_creation(Part::completedon); }
  /// Milliseconds.
  [[nodiscard]] std::optional<std::int64_t> runduration() const noexcept {
    if (is_null(Part::runduration)) return std::nullopt;
    return number(Part::runduration);
  }
  [[nodiscard]] std::optional<Guid> machineid() const noexcept { return guid(Part::machineid, block_->machines); }
  /// The flow.
  [[nodiscard]] std::optional<Guid> regardingobjectid() const noexcept {
    return guid(Part::regardingobjectid, block_->flows);
  }

 private:
  friend class codec::SummaryBlock;
  // Here, so that a loop over rows is compiled as one (docs/FORMAT.md, "Summary"). The numbers are stored.
  enum class Part : std::uint8_t {
    createdon,
    arrival,      // less the place of its row in the block
    startedon,    // since createdon
    completedon,  // since createdon
    runduration,
    statuscode,
    runmode,
    machineid,          // its place in the block's list
    regardingobjectid,  // its place in the block's list
  };
  static constexpr std::size_t part_count = 9;
  struct Column {
    const char* codes = nullptr;  // eight bytes can be read at each
    std::int64_t base = 0;
    std::uint64_t unit = 1;
    std::uint64_t mask = 0;
    std::size_t width = 0;
    std::uint64_t nulls = 0;  // 1 where code 0 is null
  };
  struct Block {
    std::array<Column, part_count> columns{};
    const char* machines = nullptr;
    const char* flows = nullptr;
  };

  SessionSummary(const Block& block, std::size_t row) noexcept : block_(&block), row_(row) {}
  [[nodiscard]] const Column& column(Part part) const noexcept {
    return block_->columns[static_cast<std::size_t>(part)];
  }
  [[nodiscard]] std::uint64_t code(const Column& column) const noexcept {
    std::uint64_t code = 0;
    std::memcpy(&code, column.codes + row_ * column.width, sizeof code);
    return code & column.mask;
  }
  [[nodiscard]] bool is_null(Part part) const noexcept { return code(column(part)) < column(part).nulls; }
  [[nodiscard]] std::int64_t number(Part part) const noexcept {
    const Column& from = column(part);
    return static_cast<std::int64_t>(static_cast<std::uint64_t>(from.base) + (code(from) - from.nulls) * from.unit);
  }
  [[nodiscard]] std::optional<Timestamp> since_creation(Part part) const noexcept {
    if (is_null(part)) return std::nullopt;
    const auto created = static_cast<std::uint64_t>(number(Part::createdon));
    return Timestamp(Ticks(static_cast<std::int64_t>(created + static_cast<std::uint64_t>(number(part)))));
  }
  [[nodiscard]] std::optional<Guid> guid(Part part, const char* list) const noexcept {
    if (is_null(part)) return std::nullopt;
    Guid guid;
    std::memcpy(guid.bytes.data(), list + static_cast<std::size_t>(number(part)) * sizeof guid.bytes,
                sizeof guid.bytes);
    return guid;
  }

  const Block* block_;
  std::size_t row_;
};

}  // namespace flowkeep

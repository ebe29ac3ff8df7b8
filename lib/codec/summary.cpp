#include "codec/summary.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>
#include <optional>

#include "codec/record.hpp"
#include "codec/value.hpp"
#include "store_generated.h"

namespace flowkeep::codec {

namespace {

using Part = SummaryBlock::Part;
constexpr std::size_t part_count = SummaryBlock::part_count;
using Parts = std::array<std::optional<std::int64_t>, part_count>;

constexpr std::size_t at(Part part) noexcept {
  return static_cast<std::size_t>(part);
}

// How a column of a block is written: bits 0 to 3 the bytes of a code, 4 and 5 its unit, 6 whether 0 is null.
constexpr unsigned width_mask = 15;
constexpr unsigned unit_shift = 4;
constexpr unsigned unit_mask = 3;
constexpr unsigned null_bit = 64;

// Times are mostly of whole seconds or milliseconds, in steps of 100 ns; durations are of milliseconds.
constexpr std::array<std::uint64_t, 4> units{10'000'000, 10'000, 1'000, 1};

// Wraps, as the sum does later, so that no difference is too large.
std::int64_t minus(std::int64_t a, std::int64_t b) noexcept {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) - static_cast<std::uint64_t>(b));
}

bool is_multiple(std::uint64_t difference, unsigned unit) noexcept {
  switch (unit) {  // division by a constant is a multiplication
    case 0:
      return difference % units[0] == 0;
    case 1:
      return difference % units[1] == 0;
    case 2:
      return difference % units[2] == 0;
    default:
      return true;
  }
}

unsigned bytes_for(std::uint64_t code) noexcept {
  return code == 0 ? 0 : (71U - static_cast<unsigned>(__builtin_clzll(code))) / 8;
}

/// What a column's numbers have in common.
class Extent {
 public:
  Extent() noexcept = default;
  explicit Extent(unsigned unit) noexcept : unit_(unit) {}
  void add(const std::optional<std::int64_t>& number) noexcept {
    if (!number) {
      has_null_ = true;
    } else if (!any_) {
      any_ = true;
      least_ = greatest_ = *number;
    } else {
      // All are alike to the first, and so to the least.
      const auto apart = static_cast<std::uint64_t>(*number < least_ ? minus(least_, *number) : minus(*number, least_));
      while (!is_multiple(apart, unit_)) ++unit_;
      least_ = std::min(least_, *number);
      greatest_ = std::max(greatest_, *number);
    }
  }
  /// Whether every number, and null, has a code.
  [[nodiscard]] bool is_possible() const noexcept {
    return !has_null_ || span() != std::numeric_limits<std::uint64_t>::max();
  }
  [[nodiscard]] unsigned width() const noexcept { return any_ ? bytes_for(span() + (has_null_ ? 1U : 0U)) : 0; }
  [[nodiscard]] std::int64_t base() const noexcept { return least_; }
  [[nodiscard]] std::uint8_t form() const noexcept {
    return static_cast<std::uint8_t>(width() | unit_ << unit_shift | (has_null_ ? null_bit : 0U));
  }
  [[nodiscard]] std::uint64_t code(const std::optional<std::int64_t>& number) const noexcept {
    if (!number) return 0;
    return static_cast<std::uint64_t>(minus(*number, least_)) / units[unit_] + (has_null_ ? 1U : 0U);
  }

 private:
  [[nodiscard]] std::uint64_t span() const noexcept {
    return static_cast<std::uint64_t>(minus(greatest_, least_)) / units[unit_];
  }
  std::int64_t least_ = 0;
  std::int64_t greatest_ = 0;
  unsigned unit_ = units.size() - 1;
  bool any_ = false;
  bool has_null_ = false;
};

/// The GUIDs of a block, each once.
class GuidList {
 public:
  std::int64_t place_of(const Guid& guid) noexcept {
    std::uint64_t hash = 0;
    std::memcpy(&hash, guid.bytes.data() + 8, sizeof hash);  // of a version 1 the front is a time
    std::uint64_t front = 0;
    std::memcpy(&front, guid.bytes.data(), sizeof front);
    std::size_t slot = ((hash ^ front) * 0x9e3779b97f4a7c15U) >> (64 - slot_bits);
    for (;; slot = (slot + 1) % slots_.size()) {
      if (slots_[slot] == 0) break;
      if (*guids_[slots_[slot] - 1U] == guid) return slots_[slot] - 1;
    }
    guids_[count_] = &guid;
    slots_[slot] = static_cast<std::uint8_t>(++count_);
    return static_cast<std::int64_t>(count_) - 1;
  }
  [[nodiscard]] std::size_t size() const noexcept { return count_; }
  [[nodiscard]] const Guid& operator[](std::size_t place) const noexcept { return *guids_[place]; }

 private:
  static constexpr unsigned slot_bits = 9;
  std::array<std::uint8_t, 1U << slot_bits> slots_{};  // place + 1; 0: none
  std::array<const Guid*, most_summary_rows + 1> guids_{};
  std::size_t count_ = 0;
};

// The numbers of a row, whose place in its block is told, but for those that stand for GUIDs.
Parts parts_of(const SummaryRow& row, std::size_t place) noexcept {
  Parts parts;
  const auto since_creation = [&](const std::optional<Timestamp>& time) -> std::optional<std::int64_t> {
    if (!time) return std::nullopt;
    return minus(time->time_since_epoch().count(), row.createdon.time_since_epoch().count());
  };
  parts[at(Part::createdon)] = row.createdon.time_since_epoch().count();
  parts[at(Part::arrival)] = minus(static_cast<std::int64_t>(row.arrival), static_cast<std::int64_t>(place));
  parts[at(Part::startedon)] = since_creation(row.startedon);
  parts[at(Part::completedon)] = since_creation(row.completedon);
  parts[at(Part::runduration)] = row.runduration;
  parts[at(Part::statuscode)] = static_cast<std::int64_t>(row.statuscode);
  if (row.runmode) parts[at(Part::runmode)] = static_cast<std::int64_t>(*row.runmode);
  return parts;
}

/// A block to be: what of it is known before its codes are written. Its rows stay where they are.
class Draft {
 public:
  void add(const SummaryRow& row) noexcept {
    const Parts parts = all_parts_of(row, rows_);
    for (std::size_t part = 0; part < part_count; ++part) extents_[part].add(parts[part]);
    ++rows_;
  }
  [[nodiscard]] bool is_possible() const noexcept {
    return rows_ <= most_summary_rows &&
           std::all_of(extents_.begin(), extents_.end(), [](const Extent& extent) { return extent.is_possible(); });
  }
  /// Of the value.
  [[nodiscard]] std::size_t bytes() const noexcept {
    std::size_t width = 0;
    for (const Extent& extent : extents_) width += extent.width();
    const std::size_t payload =
        sizeof(fb::SummaryHead) + (machines_.size() + flows_.size()) * sizeof(Guid::bytes) + rows_ * width + tail_bytes;
    return header_bytes + (payload + 7) / 8 * 8;
  }
  void write(std::string& out, std::span<const SummaryRow> rows, std::string_view key);

  /// Behind the codes, so that eight bytes can be read at each, and where a column without bytes begins.
  static constexpr std::size_t tail_bytes = 8;

 private:
  Parts all_parts_of(const SummaryRow& row, std::size_t place) noexcept {
    Parts parts = parts_of(row, place);
    if (row.machineid) parts[at(Part::machineid)] = machines_.place_of(*row.machineid);
    if (row.regardingobjectid) parts[at(Part::regardingobjectid)] = flows_.place_of(*row.regardingobjectid);
    return parts;
  }

  std::array<Extent, part_count> extents_{Extent(0), Extent(), Extent(0), Extent(0), Extent(0)};
  GuidList machines_{};
  GuidList flows_{};
  std::size_t rows_ = 0;
};

void Draft::write(std::string& out, std::span<const SummaryRow> rows, std::string_view key) {
  std::array<std::int64_t, part_count> bases{};
  std::array<std::uint8_t, part_count> forms{};
  std::array<char*, part_count> codes{};
  const std::size_t bytes = this->bytes();
  out.assign(bytes, '\0');
  const std::size_t guid_bytes = (machines_.size() + flows_.size()) * sizeof(Guid::bytes);
  char* to = out.data() + header_bytes + sizeof(fb::SummaryHead);
  for (const GuidList* list : {&machines_, &flows_}) {
    for (std::size_t i = 0; i < list->size(); ++i, to += sizeof(Guid::bytes)) {
      std::memcpy(to, (*list)[i].bytes.data(), sizeof(Guid::bytes));
    }
  }
  std::size_t width = 0;
  for (std::size_t part = 0; part < part_count; ++part) {
    bases[part] = extents_[part].base();
    forms[part] = extents_[part].form();
    codes[part] = to;
    to += extents_[part].width() * rows.size();
    width += extents_[part].width();
  }
  std::size_t place = 0;
  for (const SummaryRow& row : rows) {
    const Parts parts = all_parts_of(row, place++);
    for (std::size_t part = 0; part < part_count; ++part) {
      const std::uint64_t code = extents_[part].code(parts[part]);
      std::memcpy(codes[part], &code, extents_[part].width());
      codes[part] += extents_[part].width();
    }
  }
  const fb::SummaryHead head(bases, static_cast<std::uint16_t>(rows_), static_cast<std::uint8_t>(machines_.size()),
                             static_cast<std::uint8_t>(flows_.size()), forms);
  std::memcpy(out.data() + header_bytes, &head, sizeof head);
  out.resize(header_bytes + sizeof head + guid_bytes + width * rows_ + tail_bytes);
  seal_value(out, ValueKind::summary, 0, key);
}

}  // namespace

Result<void> SummaryBlock::open(std::string_view key, std::string_view value) {
  rows_ = 0;
  auto decoded = decode_value(ValueKind::summary, key, value);
  if (!decoded) return fail(std::move(decoded.error()));
  auto opened = open(decoded->payload);
  if (!opened) rows_ = 0;
  return opened;
}

void SummaryBlock::show(const SummaryRow& row) noexcept {
  Parts parts = parts_of(row, 0);
  if (row.machineid) parts[at(Part::machineid)] = 0;
  if (row.regardingobjectid) parts[at(Part::regardingobjectid)] = 0;
  shown_guids_ = {row.machineid.value_or(Guid()), row.regardingobjectid.value_or(Guid())};
  block_.machines = reinterpret_cast<const char*>(shown_guids_[0].bytes.data());
  block_.flows = reinterpret_cast<const char*>(shown_guids_[1].bytes.data());
  for (std::size_t part = 0; part < part_count; ++part) {
    shown_[part] = parts[part].value_or(0);
    SessionSummary::Column& column = block_.columns[part];
    column = {};
    column.codes = reinterpret_cast<const char*>(&shown_[part]);
    if (parts[part]) {
      column.mask = ~std::uint64_t{0};
    } else {
      column.nulls = 1;
    }
  }
  rows_ = 1;
}

Result<void> SummaryBlock::open(std::string_view payload) {
  fb::SummaryHead head;
  if (payload.size() < sizeof head) return damaged(ValueKind::summary, "it is shorter than its head");
  std::memcpy(&head, payload.data(), sizeof head);
  const std::size_t rows = head.rows();
  if (rows == 0 || rows > most_summary_rows) return damaged(ValueKind::summary, "its number of rows is off");
  const std::size_t guid_bytes = (std::size_t{head.machines()} + head.flows()) * sizeof(Guid::bytes);
  std::size_t width = 0;
  for (std::size_t part = 0; part < part_count; ++part) {
    width += head.forms()->Get(static_cast<flatbuffers::uoffset_t>(part)) & width_mask;
  }
  if (sizeof head + guid_bytes + width * rows + Draft::tail_bytes != payload.size()) {
    return damaged(ValueKind::summary, "its sizes do not add up");
  }
  block_.machines = payload.data() + sizeof head;
  block_.flows = block_.machines + head.machines() * sizeof(Guid::bytes);
  const char* codes = block_.machines + guid_bytes;
  for (std::size_t part = 0; part < part_count; ++part) {
    const auto place = static_cast<flatbuffers::uoffset_t>(part);
    const unsigned form = head.forms()->Get(place);
    SessionSummary::Column& column = block_.columns[part];
    column.width = form & width_mask;
    if (column.width > sizeof(std::uint64_t)) return damaged(ValueKind::summary, "a column is too wide");
    column.codes = codes;
    column.base = head.bases()->Get(place);
    column.unit = units[(form >> unit_shift) & unit_mask];
    column.mask = column.width == 8 ? ~std::uint64_t{0} : (std::uint64_t{1} << (8 * column.width)) - 1;
    column.nulls = (form & null_bit) != 0 ? 1 : 0;
    codes += column.width * rows;
  }
  rows_ = rows;
  for (const Part part : {Part::createdon, Part::arrival, Part::statuscode}) {
    if (block_.columns[at(part)].nulls != 0) return damaged(ValueKind::summary, "it has nulls where there are none");
  }
  if (!is_within(Part::statuscode, status_count) || !is_within(Part::runmode, 256) ||
      !is_within(Part::machineid, head.machines()) || !is_within(Part::regardingobjectid, head.flows())) {
    return damaged(ValueKind::summary, "a code is outside its set");
  }
  return {};
}

// Whether every number of a column is from 0 to below `end`.
bool SummaryBlock::is_within(Part part, std::int64_t end) const noexcept {
  const SessionSummary::Column& column = block_.columns[at(part)];
  std::uint64_t greatest = 0;
  if (column.width == 1) {  // as it mostly is
    std::uint8_t code = 0;
    for (std::size_t row = 0; row < rows_; ++row) code = std::max(code, static_cast<std::uint8_t>(column.codes[row]));
    greatest = code;
  } else {
    for (std::size_t row = 0; row < rows_ && column.width != 0; ++row) {
      std::uint64_t code = 0;
      std::memcpy(&code, column.codes + row * column.width, sizeof code);
      greatest = std::max(greatest, code & column.mask);
    }
  }
  if (greatest < column.nulls) return true;
  const auto most = static_cast<std::uint64_t>(end);
  return column.unit == 1 && column.base >= 0 && column.base < end && greatest - column.nulls < most &&
         static_cast<std::uint64_t>(column.base) + (greatest - column.nulls) < most;
}

SummaryRow summary_of(const SessionView& session) noexcept {
  SummaryRow summary;
  summary.createdon = session.createdon();
  summary.arrival = RecordView::arrival_of(session);
  summary.statuscode = session.statuscode();
  summary.runmode = session.runmode();
  summary.startedon = session.startedon();
  summary.completedon = session.completedon();
  summary.runduration = session.runduration();
  if (const auto machine = session.machineid()) summary.machineid = machine->id;
  if (const auto flow = session.regardingobjectid()) summary.regardingobjectid = flow->id;
  return summary;
}

SummaryRow summary_of(const SessionSummary& summary) noexcept {
  return {summary.createdon(),   summary.arrival(),   summary.statuscode(),
          summary.runmode(),     summary.startedon(), summary.completedon(),
          summary.runduration(), summary.machineid(), summary.regardingobjectid()};
}

std::size_t fitting_summaries(std::span<const SummaryRow> rows, std::size_t spare) {
  Draft draft;
  std::size_t spared = 0;
  std::size_t count = 0;
  for (const SummaryRow& row : rows) {
    draft.add(row);
    spared += is_terminal(row.statuscode) ? 0 : spare;
    if (count > 0 && (!draft.is_possible() || draft.bytes() + spared > most_summary_bytes)) break;
    ++count;
  }
  return count;
}

std::optional<std::size_t> summary_bytes(std::span<const SummaryRow> rows) {
  if (rows.size() > most_summary_rows) return std::nullopt;
  Draft draft;
  for (const SummaryRow& row : rows) draft.add(row);
  if (!draft.is_possible() || draft.bytes() > most_summary_bytes) return std::nullopt;
  return draft.bytes();
}

void encode_summaries(std::string& out, std::span<const SummaryRow> rows, std::string_view key) {
  Draft draft;
  for (const SummaryRow& row : rows) draft.add(row);
  draft.write(out, rows, key);
}

}  // namespace flowkeep::codec

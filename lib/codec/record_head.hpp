// The columns that stand at the front of a packed record.
#pragma once

#include <cstdint>
#include <type_traits>

#include <flowkeep/column.hpp>

#include "codec/fields.hpp"
#include "codec/record.hpp"

namespace flowkeep::codec {

/// Bits of RecordHead.present, for columns that may be null. The numbers are stored.
enum class HeadBit : std::uint16_t {
  machineid = 1,
  regardingobjectid = 2,
  correlationid = 4,
  modifiedon = 8,
  startedon = 16,
  completedon = 32,
  runduration = 64,
  runmode = 128,
};
inline constexpr std::uint16_t all_head_bits = 255;

/// Whether a column always stands in the head. (correlationid does where its text is a GUID in lower case;
/// versionnumber stands in the header of the value.)
[[nodiscard]] constexpr bool is_in_head(Column column) noexcept {
  switch (column) {
    case Column::flowsessionid:
    case Column::machineid:
    case Column::regardingobjectid:
    case Column::createdon:
    case Column::modifiedon:
    case Column::startedon:
    case Column::completedon:
    case Column::runduration:
    case Column::statecode:
    case Column::statuscode:
    case Column::runmode:
    case Column::versionnumber:
      return true;
    default:
      return false;
  }
}

[[nodiscard]] inline bool has(const fb::RecordHead& head, HeadBit bit) noexcept {
  return (head.present() & static_cast<std::uint16_t>(bit)) != 0;
}

static_assert(sizeof(fb::RecordHead) == head_bytes && std::is_trivially_copyable_v<fb::RecordHead>);

}  // namespace flowkeep::codec

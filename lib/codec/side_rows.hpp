// Rows that stand beside sessions, as plain values, and the tables they are in.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <flowkeep/callback.hpp>
#include <flowkeep/choices.hpp>
#include <flowkeep/guid.hpp>
#include <flowkeep/reference.hpp>
#include <flowkeep/result.hpp>
#include <flowkeep/timestamp.hpp>

#include "codec/value.hpp"

namespace flowkeep::codec {

/// Tables of side rows, since format 1.4; their keys are bytes. The numbers are stored, in the journal.
enum class SideTable : std::uint8_t {
  processes = 0,        ///< number of the process (8 bytes) -> ProcessRow
  cancel_requests = 1,  ///< flowsessionid in key order -> CancelRequestRow
  callbacks = 2,        ///< flowsessionid in key order -> Callback
  callbacks_due = 3,    ///< when it is to be tried (8 bytes), flowsessionid in key order -> nothing
  shares = 4,           ///< flowsessionid, principal, both in key order -> ShareRow
  shared_with = 5,      ///< principal in key order, row key of the session -> the same ShareRow
  /// flowsessionid in key order, collection (8 bytes), createdon of the child (8 bytes), its id in key order -> a child
  children = 6,
  child_places = 7,  ///< collection (8 bytes), id of the child in key order -> where it is among `children`
  parents = 8,       ///< EntityType (8 bytes), id in key order -> a row that sessions lead to
};
inline constexpr std::size_t side_table_count = 9;

struct SideTableInfo {
  const char* name;
  ValueKind kind;
  std::size_t key_bytes;
};
[[nodiscard]] const SideTableInfo& info(SideTable table) noexcept;

/// Numbers, times, in keys: big-endian, times offset by 2^63.
[[nodiscard]] std::string number_key(std::uint64_t number);
[[nodiscard]] std::uint64_t number_of_key(std::string_view key) noexcept;
[[nodiscard]] std::string due_key(Timestamp due, std::string_view session_key);
[[nodiscard]] Timestamp due_of_key(std::string_view key) noexcept;

struct ProcessRow {
  Guid boot{};
  std::int64_t pid = 0;
  std::uint64_t started = 0;  ///< clock ticks since the boot
  Timestamp since{};
  [[nodiscard]] bool is_same_process(const ProcessRow& other) const noexcept {
    return boot == other.boot && pid == other.pid && started == other.started;
  }
  friend bool operator==(const ProcessRow&, const ProcessRow&) noexcept = default;
};

struct ShareRow {
  std::uint32_t rights = 0;
  EntityType principal = EntityType::systemuser;  ///< or team
  Timestamp sharedon{};                           ///< when the rights became what they are
  std::optional<Guid> sharedby{};
};

struct CancelRequestRow {
  Timestamp requestedon{};
  std::optional<Guid> requestedby{};
};

[[nodiscard]] std::string encode(const ProcessRow& row);
[[nodiscard]] std::string encode(const ShareRow& row);
[[nodiscard]] std::string encode(const CancelRequestRow& row);
[[nodiscard]] std::string encode(const Callback& row);
// Errors: corrupt.
[[nodiscard]] Result<ProcessRow> decode_process(std::string_view payload);
[[nodiscard]] Result<ShareRow> decode_share(std::string_view payload);
[[nodiscard]] Result<CancelRequestRow> decode_cancel_request(std::string_view payload);
[[nodiscard]] Result<Callback> decode_callback(std::string_view payload);

}  // namespace flowkeep::codec

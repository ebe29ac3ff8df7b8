// The record of a session: Session -> the stored value -> SessionView.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <flowkeep/result.hpp>
#include <flowkeep/session.hpp>
#include <flowkeep/session_view.hpp>

#include "base/packing.hpp"

namespace flowkeep::fb {
struct Session;
}

namespace flowkeep::codec {

/// What stands before the columns of a packed record.
inline constexpr std::size_t head_bytes = 120;

/// How a record is written (docs/FORMAT.md, "Records").
struct RecordForm {
  bool is_packed = true;  ///< else one FlatBuffer with all columns, as stores before format 1.2 have it
  const base::PackingDictionary* dictionary = nullptr;  ///< of packed ones; nullptr: there is none yet
};

/// The number of a process that runs a session, in its record: 16 bits. 0: none that is known.
inline constexpr std::uint32_t most_processes = (1U << 16) - 1;

/// What a record tells of its owner without being unpacked: other owners mostly have another tag. Never 0.
[[nodiscard]] std::uint8_t owner_tag(const Guid& owner) noexcept;

/// Writes the value of a session's row to `out`, replacing it; answers how many bytes its columns take before they are
/// packed. flowsessionid, statecode, statuscode, createdon and versionnumber must be set; binary columns say where
/// their content is by `stored`. `process` is the one that runs the session; only packed records have it.
[[nodiscard]] std::size_t encode_record(std::string& out, const Session& session, std::string_view key,
                                        const RecordForm& form, std::uint32_t process = 0);

/// Makes views of records, and looks into them.
class RecordView {
 public:
  /// Verifies a value of table `sessions`, its structure aside, and says what it is packed with; 0: nothing.
  /// Errors: corrupt, newer_format.
  [[nodiscard]] static Result<std::uint16_t> verify(std::string_view key, std::string_view value);
  /// What a value that was verified is packed with; 0: nothing.
  [[nodiscard]] static std::uint16_t dictionary_of(std::string_view value) noexcept;
  /// Shows a value that was verified; `arrival` is its row key's. The five columns that no record lacks are there and
  /// legal. Errors: corrupt.
  [[nodiscard]] static Result<SessionView> open(std::string_view value, const base::PackingDictionary* dictionary,
                                                std::uint64_t arrival);

  /// That of its row key.
  [[nodiscard]] static std::uint64_t arrival_of(const SessionView& session) noexcept { return session.arrival_; }
  /// The number of the process that runs the session; 0: none that is known.
  [[nodiscard]] static std::uint32_t process_of(const SessionView& session) noexcept;
  /// The tag of its owner; 0: it has none, or does not tell.
  [[nodiscard]] static std::uint8_t owner_tag_of(const SessionView& session) noexcept;
  /// correlationid where it is a GUID that can be had without unpacking.
  [[nodiscard]] static std::optional<Guid> correlation_guid(const SessionView& session) noexcept;
  /// The FlatBuffer of the columns of a packed record that is unpacked; "" of others.
  [[nodiscard]] static std::string_view columns_of(const SessionView& session) noexcept;
  /// The FlatBuffer of the columns; nullptr: it is not well-formed.
  [[nodiscard]] static const fb::Session* verify_columns(std::string_view buffer) noexcept;
};

}  // namespace flowkeep::codec

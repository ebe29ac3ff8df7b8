// The record of a session: Session -> bytes -> SessionView.
#pragma once

#include <string>
#include <string_view>

#include <flowkeep/result.hpp>
#include <flowkeep/session.hpp>
#include <flowkeep/session_view.hpp>

namespace flowkeep::codec {

/// Writes the FlatBuffer of a session to `out`, replacing it. flowsessionid, statecode, statuscode, createdon and
/// versionnumber must be set; binary columns say where their content is by `stored`.
void encode_record(std::string& out, const Session& session);

/// Makes views of records.
class RecordView {
 public:
  /// Verifies the FlatBuffer, and that the five columns that no record lacks are there and legal.
  /// Errors: corrupt.
  [[nodiscard]] static Result<SessionView> verify(std::string_view payload);
};

}  // namespace flowkeep::codec

// The record of a session: Session -> bytes -> SessionView.
#pragma once

#include <string>
#include <string_view>

#include <flowkeep/result.hpp>
#include <flowkeep/session.hpp>
#include <flowkeep/session_view.hpp>

namespace flowkeep::codec {

/// The FlatBuffer of a session, until the next one is encoded in this thread. flowsessionid, statecode, statuscode,
/// createdon and versionnumber must be set; binary columns say where their content is by `stored`.
[[nodiscard]] std::string_view encode_record(const Session& session);

/// Makes views of records.
class RecordView {
 public:
  /// Verifies the FlatBuffer, and that the five columns that no record lacks are there and legal.
  /// Errors: corrupt.
  [[nodiscard]] static Result<SessionView> verify(std::string_view payload);
};

}  // namespace flowkeep::codec

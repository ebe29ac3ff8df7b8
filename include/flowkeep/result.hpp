// The one way Flowkeep reports failure: Result<T>, an Error or a value.
#pragma once

#include <cstdint>
#include <string>
#include <tl/expected.hpp>
#include <utility>

#include <flowkeep/export.hpp>

namespace flowkeep {

/// Says what the caller should do next. The numbers are stable.
enum class Errc : std::uint8_t {
  not_found = 1,       ///< no such row, index or column: nothing to do
  already_exists,      ///< a row or file is there already
  version_mismatch,    ///< a precondition (If-Match, If-None-Match) failed: read again, decide again
  invalid_transition,  ///< the state rules refuse the move or the (statecode, statuscode) pair
  invalid_argument,    ///< the caller's data or call breaks a rule: mend it, trying again is useless
  access_denied,       ///< the file's permissions, or an entity right, forbid it
  busy,                ///< somebody else holds what is needed: try again
  full,                ///< the quota, the map or the disk is full: delete or grow, then try again
  corrupt,             ///< stored bytes fail their checks
  not_a_store,         ///< the file is something else
  newer_format,        ///< the file was written by a newer Flowkeep
  io,                  ///< the operating system refused a read or a write
  no_memory,
  forked,          ///< the store was opened before fork(); open it again in the child
  internal,        ///< a bug in Flowkeep
  needs_recovery,  ///< the store was not closed: open it for writing once
  expired,         ///< a token is too old: begin without one
  in_use,          ///< other rows need it: change or delete those first
};

/// Names an Errc, e.g. "not_found".
[[nodiscard]] FLOWKEEP_API const char* errc_name(Errc code) noexcept;

/// The Web API error code that stands for the same refusal, or none.
/// Source: public Dataverse constants and live probes.
enum class DataverseCode : std::uint32_t {
  none = 0,
  object_does_not_exist = 0x80040217,
  privilege_denied = 0x80040220,
  cannot_delete_due_to_association = 0x80040227,
  duplicate_record = 0x80040237,
  concurrency_version_mismatch = 0x80060882,
  concurrency_version_not_provided = 0x80060883,
  invalid_state_code_status_code = 0x80048408,
  invalid_state_transition = 0x8004F00E,
};

/// What went wrong: a code to act on, the cause below it, and one sentence for a person.
struct Error {
  Errc code = Errc::internal;
  /// What failed, where, the value that was wrong and what would be right. Never quotes
  /// credentials, callbackurl or the content of a binary column.
  std::string message{};
  DataverseCode dataverse = DataverseCode::none;
  /// errno (> 0), an LMDB code (< 0), or 0 where neither applies.
  int cause = 0;
};

template <class T>
using Result = tl::expected<T, Error>;

/// Makes the failed side of a Result.
[[nodiscard]] inline tl::unexpected<Error> fail(Errc code, std::string message,
                                                DataverseCode dataverse = DataverseCode::none, int cause = 0) {
  return tl::unexpected<Error>(Error{code, std::move(message), dataverse, cause});
}

/// Hands an Error on, whatever the Result's value type.
[[nodiscard]] inline tl::unexpected<Error> fail(Error error) {
  return tl::unexpected<Error>(std::move(error));
}

}  // namespace flowkeep

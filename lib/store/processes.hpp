// The processes that run sessions.
#pragma once

#include <flowkeep/result.hpp>

#include "codec/side_rows.hpp"

namespace flowkeep::store {

/// The calling process, as it is entered. Errors: io (the system does not say what identifies it).
[[nodiscard]] Result<codec::ProcessRow> this_process();

/// Whether that very process runs, on the system as it was booted last. Errors: io (the system does not say).
[[nodiscard]] Result<bool> is_running(const codec::ProcessRow& process);

}  // namespace flowkeep::store

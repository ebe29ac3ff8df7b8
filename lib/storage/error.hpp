// LMDB's and the operating system's codes as Flowkeep errors.
#pragma once

#include <string>

#include <flowkeep/result.hpp>

namespace flowkeep::storage {

/// Makes the Error of an LMDB return code (negative) or errno (positive); the sentence is "what: reason".
[[nodiscard]] Error lmdb_error(std::string what, int code);

}  // namespace flowkeep::storage

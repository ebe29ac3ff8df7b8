// What a check finds wrong beside the sessions.
#pragma once

#include <functional>
#include <string>

#include <flowkeep/binary.hpp>

#include "storage/transaction.hpp"
#include "store/tables.hpp"

namespace flowkeep::store {

/// Where a check of some rows tells what it finds.
struct Findings {
  std::function<void(std::string where, std::string what)> find;
  /// After each row. Errors: busy (the check was stopped).
  std::function<Result<void>()> step;
  /// Told of the content of a child, which counts as a reference to it.
  std::function<void(const std::string& where, const StoredContent& stored)> use;
};

/// Reads every side row and compares those that belong together. Errors: io, and those of `step`.
[[nodiscard]] Result<void> check_side_rows(const storage::Transaction& transaction, const Tables& tables,
                                           const Findings& findings);

}  // namespace flowkeep::store

// A commit of a file that is in use, copied to another file.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>

#include <flowkeep/result.hpp>

#include "storage/page_file.hpp"
#include "storage/page_walk.hpp"
#include "storage/transaction.hpp"

namespace flowkeep::storage {

/// The meta page of the commit that `transaction` reads. std::nullopt: others have been made since, which may write
/// over it at any moment; a new transaction is needed. Errors: corrupt, io.
[[nodiscard]] Result<std::optional<MetaSector>> read_meta_sector(const ReadTransaction& transaction);

/// Writes that commit to the empty file behind `descriptor`: both meta pages made from `meta`, every other page as it
/// is, read by pread(): a bad sector is an error. The transaction keeps the pages that count as they are; what free
/// ones hold does not matter. Errors: busy (`progress` answered false), full, io.
[[nodiscard]] Result<void> copy_pages(const ReadTransaction& transaction, const MetaSector& meta, int descriptor,
                                      const std::string& name, const PageProgress& progress);

}  // namespace flowkeep::storage

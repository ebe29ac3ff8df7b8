// The files beside the data file, which have to stay as long as the store is open.
#pragma once

#include <string>
#include <vector>

#include <flowkeep/result.hpp>

#include "storage/file_io.hpp"

namespace flowkeep::journal {

/// Remembers which NAME-shm and NAME-lock this process shares with the others. Where somebody removes one of them, the
/// next process to come makes another, and two that do not know of each other write the file to pieces; so whoever
/// writes looks first.
class Sidecars {
 public:
  Sidecars() = default;
  /// Notes the two files beside `path`, both of which are in use. Errors: io.
  [[nodiscard]] static Result<Sidecars> note(const std::string& path);
  /// Errors: io (one of them has been removed or replaced).
  [[nodiscard]] Result<void> check() const;

 private:
  std::vector<storage::FileIdentity> files_{};
};

/// The sentence for it.
[[nodiscard]] Error removed_while_open(const std::string& path);

}  // namespace flowkeep::journal

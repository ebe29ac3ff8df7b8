#include "journal/sidecars.hpp"

#include "journal/recovery.hpp"

namespace flowkeep::journal {

Error removed_while_open(const std::string& path) {
  return Error{Errc::io, path + " has been removed or replaced while the store was open"};
}

Result<Sidecars> Sidecars::note(const std::string& path) {
  Sidecars sidecars;
  for (const std::string& name : {shared_page_path(path), lock_path(path)}) {
    auto file = storage::FileIdentity::of(name);
    if (!file) return fail(std::move(file.error()));
    sidecars.files_.push_back(std::move(*file));
  }
  return sidecars;
}

Result<void> Sidecars::check() const {
  for (const storage::FileIdentity& file : files_) {
    if (!file.is_still_there()) return fail(removed_while_open(file.path()));
  }
  return {};
}

}  // namespace flowkeep::journal

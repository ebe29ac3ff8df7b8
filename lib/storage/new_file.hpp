// Files that appear whole or not at all.
#pragma once

#include <string>

#include <flowkeep/result.hpp>

#include "storage/file_io.hpp"

namespace flowkeep::storage {

/// A file that is made beside its place, .NAME.…, mode 0600, and moved there when it is whole; removed again unless it
/// was. Only a crash leaves it behind.
class NewFile {
 public:
  /// Errors: not_found (no such directory), access_denied, full, io.
  [[nodiscard]] static Result<NewFile> make(const std::string& place);
  NewFile(NewFile&& other) noexcept;
  NewFile& operator=(NewFile&&) = delete;
  ~NewFile();

  [[nodiscard]] int descriptor() const noexcept { return file_.get(); }
  /// Where it is for now.
  [[nodiscard]] const std::string& path() const noexcept { return path_; }

  /// Syncs it and gives it its name, which nothing else may have. Errors: already_exists, io.
  [[nodiscard]] Result<void> put();
  /// Syncs it and gives it its name, in the place of what has it. Errors: io.
  [[nodiscard]] Result<void> replace();

 private:
  NewFile(Descriptor file, std::string path, std::string place) noexcept
      : file_(std::move(file)), path_(std::move(path)), place_(std::move(place)) {}
  [[nodiscard]] Result<void> moved(int code, int error);

  Descriptor file_;
  std::string path_;  // empty: it is in its place
  std::string place_;
};

}  // namespace flowkeep::storage

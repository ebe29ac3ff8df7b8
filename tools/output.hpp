// Where a command's data goes: standard output, or a file that appears only when it is whole.
#pragma once

#include <string>
#include <string_view>

#include "tool.hpp"

namespace flowkeep::tool {

/// Standard output, or the file of -o. A file is written beside its place, mode 0600, and moved there by
/// finish(); until then one that is there stays as it is, and without finish() nothing is left behind. What is
/// there and is no plain file (a device, a pipe) is written directly.
/// Failures of all members: bad_output; a pipe closed by its reader is a Failure with Exit::done and no words.
class Output {
 public:
  /// `path` "" or "-" is standard output. `store` is the file that must not be overwritten.
  [[nodiscard]] static Try<Output> open(const std::string& path, const std::string& store);
  [[nodiscard]] static Output standard() noexcept { return Output(1); }
  Output(Output&& other) noexcept;
  Output& operator=(Output&&) = delete;
  ~Output();

  [[nodiscard]] Try<void> write(std::string_view bytes);
  [[nodiscard]] Try<void> finish();

 private:
  explicit Output(int descriptor) noexcept : descriptor_(descriptor) {}
  [[nodiscard]] tl::unexpected<Failure> refused(int error) const;

  int descriptor_;
  std::string path_{};       // as the user gave it; empty: standard output
  std::string target_{};     // where the file will be; empty: written directly
  std::string temporary_{};  // where it is until then
};

/// Writes all of `text` to standard output.
[[nodiscard]] Try<void> print(std::string_view text);

}  // namespace flowkeep::tool

// The bytes of an input, whatever it is packed with.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include <flowkeep/result.hpp>

namespace flowkeep::io {

/// A file or standard input, plain, gzip (any number of members) or zstd (any number of frames), told by the first
/// bytes. One thread at a time.
class ByteSource {
 public:
  /// `path` "-" is standard input. Errors: not_found, access_denied, io.
  [[nodiscard]] static Result<ByteSource> open(const std::string& path);
  ByteSource(ByteSource&&) noexcept;
  ByteSource& operator=(ByteSource&&) noexcept;
  ~ByteSource();

  /// Writes up to `size` unpacked bytes to `to`; how many, 0 at the end. Errors: io, invalid_argument (the packed
  /// data are damaged or cut short); good bytes before the damage come first.
  [[nodiscard]] Result<std::size_t> read(char* to, std::size_t size);
  /// Has `callback` called each time read() is about to wait for bytes that are not there yet (a pipe that is quiet).
  void on_wait(std::function<void()> callback);
  /// Packed bytes read so far, and in all (0 where that is unknown).
  [[nodiscard]] std::uint64_t bytes_read() const noexcept;
  [[nodiscard]] std::uint64_t bytes_total() const noexcept;

 private:
  struct Impl;
  explicit ByteSource(std::unique_ptr<Impl> impl) noexcept;
  std::unique_ptr<Impl> impl_;
};

}  // namespace flowkeep::io

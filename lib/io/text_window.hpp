// The part of an input's text that is in memory: it slides forward and grows where one piece needs it.
#pragma once

#include <cstddef>
#include <memory>
#include <string_view>

#include "decompress.hpp"

namespace flowkeep::io {

/// A window on the text of a ByteSource; a byte order mark at the start is left out. json_padding bytes behind
/// text() are readable. What text() returned dies with fill() and consume().
class TextWindow {
 public:
  explicit TextWindow(ByteSource source) noexcept : source_(std::move(source)) {}

  [[nodiscard]] std::string_view text() const noexcept { return {buffer_.get() + begin_, end_ - begin_}; }
  /// Adds text at the end; false where the input has no more.
  [[nodiscard]] Result<bool> fill();
  /// Cuts text off the front.
  void consume(std::size_t bytes) noexcept { begin_ += bytes; }
  [[nodiscard]] const ByteSource& source() const noexcept { return source_; }
  [[nodiscard]] ByteSource& source() noexcept { return source_; }

 private:
  void make_room();

  ByteSource source_;
  std::unique_ptr<char[]> buffer_{};
  std::size_t capacity_ = 0;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  bool started_ = false;
};

}  // namespace flowkeep::io

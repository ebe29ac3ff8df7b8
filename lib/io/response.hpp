// A Web API response, {"@odata.context":…,"value":[…]}, taken apart while it is read: its elements are found by
// their brackets and handed out as text, one at a time, so that a response of any size needs the memory of one
// element.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "text_window.hpp"

namespace flowkeep::io {

/// Longest line or element.
inline constexpr std::size_t max_piece_bytes = std::size_t{256} << 20;

/// Walks over a response. Used by one thread at a time.
class ResponseReader {
 public:
  explicit ResponseReader(TextWindow& window) noexcept : window_(window) {}

  /// Whether the input is a response: one object with a list "value". If so, the window then stands inside the
  /// list; otherwise nothing is consumed. Errors: io, invalid_argument (damaged packing).
  [[nodiscard]] Result<bool> recognise();
  /// The next element, an object, as it stands in the window; dies with the next call. std::nullopt at the end, behind
  /// which nothing else stands. Errors: invalid_argument, io.
  [[nodiscard]] Result<std::optional<std::string_view>> next();
  /// The number of the element that next() returned or failed at, from 1.
  [[nodiscard]] std::uint64_t element() const noexcept { return element_; }

 private:
  // Positions count from the window's beginning. Each answers false where the text breaks off or is no JSON, and
  // says why in problem_ or failure_.
  [[nodiscard]] bool available(std::size_t at);
  [[nodiscard]] char peek(std::size_t at);
  [[nodiscard]] bool skip_space(std::size_t& at);
  [[nodiscard]] bool skip_text(std::size_t& at);
  [[nodiscard]] bool skip_nested(std::size_t& at);
  [[nodiscard]] bool skip_scalar(std::size_t& at);
  [[nodiscard]] bool skip_value(std::size_t& at);
  [[nodiscard]] bool skip_key(std::size_t& at, std::string& key);
  [[nodiscard]] bool skip_rest();
  [[nodiscard]] bool refuse(std::string_view problem);
  [[nodiscard]] tl::unexpected<Error> error() const;

  TextWindow& window_;
  std::uint64_t element_ = 0;
  std::size_t element_bytes_ = 0;  ///< of the element that was handed out last: still in the window
  std::string brackets_{};         ///< the closing brackets that are still to come
  std::string problem_{};
  std::optional<Error> failure_{};
};

}  // namespace flowkeep::io

#include "text_window.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include "session_parser.hpp"

namespace flowkeep::io {
namespace {

constexpr std::size_t first_capacity = std::size_t{1} << 20;
constexpr std::size_t least_read = std::size_t{256} << 10;
constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";

}  // namespace

void TextWindow::make_room() {
  if (capacity_ - end_ >= least_read) return;
  const std::size_t kept = end_ - begin_;
  if (capacity_ - kept >= std::max(least_read, kept)) {
    std::memmove(buffer_.get(), buffer_.get() + begin_, kept);
  } else {
    const std::size_t capacity = std::max(first_capacity, 2 * capacity_);
    auto larger = std::make_unique_for_overwrite<char[]>(capacity + json_padding);
    if (kept > 0) std::memcpy(larger.get(), buffer_.get() + begin_, kept);
    buffer_ = std::move(larger);
    capacity_ = capacity;
  }
  begin_ = 0;
  end_ = kept;
}

Result<bool> TextWindow::fill() {
  make_room();
  auto count = source_.read(buffer_.get() + end_, capacity_ - end_);
  if (!count) return fail(std::move(count.error()));
  end_ += *count;
  std::memset(buffer_.get() + end_, 0, json_padding);
  if (started_ || *count == 0) return *count > 0;
  // The mark's three bytes may come one by one.
  while (text().size() < byte_order_mark.size() && byte_order_mark.starts_with(text())) {
    auto more = source_.read(buffer_.get() + end_, capacity_ - end_);
    if (!more) return fail(std::move(more.error()));
    if (*more == 0) break;
    end_ += *more;
  }
  std::memset(buffer_.get() + end_, 0, json_padding);
  started_ = true;
  if (text().starts_with(byte_order_mark)) consume(byte_order_mark.size());
  return true;
}

}  // namespace flowkeep::io

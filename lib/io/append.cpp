#include "append.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace flowkeep::io {
namespace {

/// Writes `width` digits and returns what follows them.
char* write_digits(char* to, std::uint64_t value, int width) noexcept {
  for (int at = width - 1; at >= 0; --at, value /= 10) to[at] = static_cast<char>('0' + value % 10);
  return to + width;
}

}  // namespace

void append_double(std::string& out, double value) {
  char digits[32];
  out.append(digits, std::to_chars(digits, digits + sizeof digits, value).ptr);
}

void append_guid(std::string& out, const Guid& guid) {
  char text[36];
  guid.write(text);
  out.append(text, sizeof text);
}

void append_timestamp(std::string& out, Timestamp time) {
  using std::chrono::days;
  const auto day = std::chrono::floor<days>(time);
  const std::chrono::year_month_day date(day);
  const auto ticks = static_cast<std::uint64_t>((time - day).count());
  const std::uint64_t seconds = ticks / 10'000'000;
  std::uint64_t fraction = ticks % 10'000'000;

  char text[32];
  char* at = write_digits(text, static_cast<std::uint64_t>(static_cast<int>(date.year())), 4);
  *at++ = '-';
  at = write_digits(at, static_cast<unsigned>(date.month()), 2);
  *at++ = '-';
  at = write_digits(at, static_cast<unsigned>(date.day()), 2);
  *at++ = 'T';
  at = write_digits(at, seconds / 3600, 2);
  *at++ = ':';
  at = write_digits(at, seconds / 60 % 60, 2);
  *at++ = ':';
  at = write_digits(at, seconds % 60, 2);
  if (fraction != 0) {
    int width = 7;
    for (; fraction % 10 == 0; fraction /= 10) --width;
    *at++ = '.';
    at = write_digits(at, fraction, width);
  }
  *at++ = 'Z';
  out.append(text, at);
}

}  // namespace flowkeep::io

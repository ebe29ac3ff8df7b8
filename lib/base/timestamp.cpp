#include <date/date.h>

#include <flowkeep/timestamp.hpp>

namespace flowkeep {
namespace {

constexpr std::int64_t ticks_per_second = 10'000'000;
constexpr std::int64_t ticks_per_day = 86'400 * ticks_per_second;
constexpr int decimals = 7;

// Reads a text from left to right; once something does not fit it has failed for good.
class Reader {
 public:
  explicit Reader(std::string_view text) noexcept : rest_(text) {}

  [[nodiscard]] bool at_end() const noexcept { return rest_.empty(); }
  [[nodiscard]] bool failed() const noexcept { return failed_; }

  bool take(char c) noexcept {
    if (rest_.empty() || rest_.front() != c) return false;
    rest_.remove_prefix(1);
    return true;
  }

  void expect(char c) noexcept { failed_ |= !take(c); }

  // Exactly `count` digits that make a number up to `maximum`.
  unsigned number(std::size_t count, unsigned maximum) noexcept {
    unsigned value = 0;
    for (std::size_t i = 0; i < count; ++i) value = value * 10 + digit();
    failed_ |= value > maximum;
    return value;
  }

  // One to seven digits after the point, as ticks.
  std::int64_t fraction() noexcept {
    std::int64_t ticks = digit();
    int digits = 1;
    for (; digits < decimals && !rest_.empty() && is_digit(rest_.front()); ++digits) ticks = ticks * 10 + digit();
    for (; digits < decimals; ++digits) ticks *= 10;
    return ticks;
  }

 private:
  static bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

  unsigned digit() noexcept {
    if (rest_.empty() || !is_digit(rest_.front())) {
      failed_ = true;
      return 0;
    }
    const auto value = static_cast<unsigned>(rest_.front() - '0');
    rest_.remove_prefix(1);
    return value;
  }

  std::string_view rest_;
  bool failed_ = false;
};

// The offset from UTC in seconds: "Z", "+hh:mm", "-hh:mm" or nothing.
std::int64_t read_offset(Reader& reader) noexcept {
  if (reader.at_end() || reader.take('Z')) return 0;
  const bool east = reader.take('+');
  if (!east) reader.expect('-');
  const std::int64_t hours = reader.number(2, 23);
  reader.expect(':');
  const std::int64_t minutes = reader.number(2, 59);
  const std::int64_t seconds = hours * 3600 + minutes * 60;
  return east ? seconds : -seconds;
}

// The time of day in ticks, its offset from UTC taken off.
std::int64_t read_time(Reader& reader) noexcept {
  std::int64_t seconds = reader.number(2, 23) * 3600;
  std::int64_t fraction = 0;
  reader.expect(':');
  seconds += reader.number(2, 59) * 60;
  if (reader.take(':')) {
    seconds += reader.number(2, 59);
    if (reader.take('.')) fraction = reader.fraction();
  }
  seconds -= read_offset(reader);
  return seconds * ticks_per_second + fraction;
}

// Writes `count` digits of `value`, most significant first.
char* put_digits(char* out, unsigned value, int count) noexcept {
  for (int i = count; i-- > 0; value /= 10) out[i] = static_cast<char>('0' + value % 10);
  return out + count;
}

}  // namespace

std::optional<Timestamp> parse_timestamp(std::string_view text) noexcept {
  Reader reader(text);
  const unsigned year = reader.number(4, 9999);
  reader.expect('-');
  const unsigned month = reader.number(2, 12);
  reader.expect('-');
  const unsigned day = reader.number(2, 31);
  if (reader.failed()) return std::nullopt;
  const date::year_month_day civil{date::year{static_cast<int>(year)}, date::month{month}, date::day{day}};
  if (!civil.ok()) return std::nullopt;

  std::int64_t time_of_day = 0;
  if (!reader.at_end()) {
    if (!reader.take('T')) reader.expect(' ');
    time_of_day = read_time(reader);
  }
  if (reader.failed() || !reader.at_end()) return std::nullopt;

  const std::int64_t days = date::sys_days{civil}.time_since_epoch().count();
  const Timestamp time{Ticks{days * ticks_per_day + time_of_day}};
  if (time < min_timestamp || time > max_timestamp) return std::nullopt;
  return time;
}

std::string format_timestamp(Timestamp time) {
  // By integers: the midnight before the least Timestamp is not one.
  const std::int64_t since_1970 = time.time_since_epoch().count();
  std::int64_t days = since_1970 / ticks_per_day;
  std::int64_t ticks = since_1970 % ticks_per_day;
  if (ticks < 0) {
    --days;
    ticks += ticks_per_day;
  }
  const date::year_month_day civil{date::sys_days{date::days{days}}};
  const auto seconds = static_cast<unsigned>(ticks / ticks_per_second);
  auto fraction = static_cast<unsigned>(ticks % ticks_per_second);

  // Only times outside the legal range have years of five digits or before zero.
  const int year = static_cast<int>(civil.year());
  char text[48];
  char* out = text;
  if (year < 0) *out++ = '-';
  const auto absolute_year = static_cast<unsigned>(year < 0 ? -year : year);
  out = put_digits(out, absolute_year, absolute_year > 9999 ? 5 : 4);
  *out++ = '-';
  out = put_digits(out, static_cast<unsigned>(civil.month()), 2);
  *out++ = '-';
  out = put_digits(out, static_cast<unsigned>(civil.day()), 2);
  *out++ = 'T';
  out = put_digits(out, seconds / 3600, 2);
  *out++ = ':';
  out = put_digits(out, seconds / 60 % 60, 2);
  *out++ = ':';
  out = put_digits(out, seconds % 60, 2);
  if (fraction != 0) {
    int digits = decimals;
    for (; fraction % 10 == 0; fraction /= 10) --digits;
    *out++ = '.';
    out = put_digits(out, fraction, digits);
  }
  *out++ = 'Z';
  return {text, out};
}

Timestamp now() noexcept {
  return std::chrono::floor<Ticks>(std::chrono::system_clock::now());
}

}  // namespace flowkeep

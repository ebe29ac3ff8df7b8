#include <sys/random.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <flowkeep/guid.hpp>

#include "base/bytes.hpp"

namespace flowkeep {
namespace {

constexpr std::size_t text_size = 36;

constexpr bool is_hyphen_place(std::size_t place) noexcept {
  return place == 8 || place == 13 || place == 18 || place == 23;
}

// -1: it is none.
constexpr auto hex_digits = [] {
  std::array<std::int8_t, 256> digits{};
  digits.fill(-1);
  for (int i = 0; i < 10; ++i) digits[static_cast<std::size_t>('0' + i)] = static_cast<std::int8_t>(i);
  for (int i = 0; i < 6; ++i) {
    digits[static_cast<std::size_t>('a' + i)] = static_cast<std::int8_t>(10 + i);
    digits[static_cast<std::size_t>('A' + i)] = static_cast<std::int8_t>(10 + i);
  }
  return digits;
}();

int hex_digit(char c) noexcept {
  return hex_digits[static_cast<unsigned char>(c)];
}

// 48 bits of milliseconds since 1970, then 12 bits of the millisecond's fraction.
std::uint64_t clock_stamp() noexcept {
  using namespace std::chrono;
  const auto now = duration_cast<nanoseconds>(system_clock::now().time_since_epoch()).count();
  const auto nanoseconds_since_1970 = static_cast<std::uint64_t>(std::max<std::int64_t>(now, 0));
  const std::uint64_t milliseconds = nanoseconds_since_1970 / 1'000'000;
  const std::uint64_t fraction = nanoseconds_since_1970 % 1'000'000 * 4096 / 1'000'000;
  return (milliseconds << 12) | fraction;
}

// Each stamp is greater than the one before, whatever the clock does: it runs ahead of a clock that went back.
std::uint64_t next_stamp() noexcept {
  static std::atomic<std::uint64_t> last{0};
  const std::uint64_t present = clock_stamp();
  std::uint64_t before = last.load(std::memory_order_relaxed);
  std::uint64_t next = 0;
  do {
    next = std::max(present, before + 1);
  } while (!last.compare_exchange_weak(before, next, std::memory_order_relaxed));
  return next;
}

std::uint64_t random_bits(std::uint64_t stamp) noexcept {
  std::uint64_t bits = 0;
  ssize_t got = 0;
  do {
    got = getrandom(&bits, sizeof bits, 0);
  } while (got < 0 && errno == EINTR);
  if (got == static_cast<ssize_t>(sizeof bits)) return bits;
  // A sandbox may forbid getrandom(). The stamp keeps ids apart within the process; this keeps processes apart.
  bits = stamp ^ (static_cast<std::uint64_t>(getpid()) << 40) ^
         static_cast<std::uint64_t>(std::chrono::steady_clock::now().time_since_epoch().count());
  bits = (bits ^ (bits >> 30)) * 0xBF58476D1CE4E5B9ULL;
  bits = (bits ^ (bits >> 27)) * 0x94D049BB133111EBULL;
  return bits ^ (bits >> 31);
}

}  // namespace

std::optional<Guid> Guid::parse(std::string_view text) noexcept {
  if (text.size() == text_size + 2 && text.front() == '{' && text.back() == '}') text = text.substr(1, text_size);
  if (text.size() != text_size) return std::nullopt;
  Guid guid;
  std::size_t byte = 0;
  for (std::size_t place = 0; place < text_size;) {
    if (is_hyphen_place(place)) {
      if (text[place++] != '-') return std::nullopt;
      continue;
    }
    const int high = hex_digit(text[place]);
    const int low = hex_digit(text[place + 1]);
    if ((high | low) < 0) return std::nullopt;
    guid.bytes[byte++] = static_cast<std::uint8_t>(high << 4 | low);
    place += 2;
  }
  return guid;
}

Guid Guid::make() {
  const std::uint64_t stamp = next_stamp();
  const std::uint64_t time_and_version = (stamp >> 12 << 16) | 0x7000 | (stamp & 0x0FFF);
  const std::uint64_t variant_and_random = (1ULL << 63) | (random_bits(stamp) >> 2);
  char bytes[16];
  base::put_be64(bytes, time_and_version);
  base::put_be64(bytes + 8, variant_and_random);
  Guid guid;
  std::memcpy(guid.bytes.data(), bytes, sizeof bytes);
  return guid;
}

void Guid::write(char* out) const noexcept {
  constexpr char digits[] = "0123456789abcdef";
  std::size_t place = 0;
  for (const std::uint8_t byte : bytes) {
    if (is_hyphen_place(place)) out[place++] = '-';
    out[place++] = digits[byte >> 4];
    out[place++] = digits[byte & 15];
  }
}

std::string Guid::str() const {
  std::string text(text_size, '\0');
  write(text.data());
  return text;
}

}  // namespace flowkeep

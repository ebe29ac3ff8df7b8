#include "codec/value.hpp"

#include <xxhash.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstring>

namespace flowkeep::codec {

namespace {

// Little-endian on disk, as LMDB's own pages are (docs/FORMAT.md).
struct Header {
  std::uint32_t payload_bytes;
  std::uint8_t kind;
  std::uint8_t format;
  std::uint16_t reserved;
  std::uint64_t version;
  std::uint64_t checksum;
};
static_assert(sizeof(Header) == header_bytes);

constexpr std::uint8_t value_format = 1;

constexpr std::size_t padded(std::size_t bytes) noexcept {
  return (bytes + 7) & ~std::size_t{7};
}

// XXH3 over: header without checksum ‖ XXH3 of payload and padding ‖ key.
std::uint64_t checksum_of(const Header& header, std::string_view key, std::string_view content) noexcept {
  std::array<char, 16 + 8 + 64> text;
  std::memcpy(text.data(), &header, 16);
  const std::uint64_t inner = XXH3_64bits(content.data(), content.size());
  std::memcpy(text.data() + 16, &inner, 8);
  const std::size_t key_bytes = std::min<std::size_t>(key.size(), 64);
  std::memcpy(text.data() + 24, key.data(), key_bytes);
  return XXH3_64bits(text.data(), 24 + key_bytes);
}

const char* name_of(ValueKind kind) noexcept {
  switch (kind) {
    case ValueKind::record:
      return "record";
    case ValueKind::blob:
      return "binary";
    case ValueKind::chunk:
      return "piece of a binary";
    case ValueKind::deletion:
      return "deletion";
    case ValueKind::meta:
      return "store row";
    case ValueKind::packed_record:
      return "record";
    case ValueKind::dictionary:
      return "packing dictionary";
    case ValueKind::contents:
      return "row of small contents";
    case ValueKind::summary:
      return "block of the summary";
    case ValueKind::process:
      return "row of a process";
    case ValueKind::cancel_request:
      return "cancel request";
    case ValueKind::callback:
      return "callback";
    case ValueKind::callback_due:
      return "date of a callback";
    case ValueKind::share:
      return "share";
    case ValueKind::child:
      return "child of a session";
    case ValueKind::child_place:
      return "place of a child";
    case ValueKind::parent:
      return "parent of sessions";
  }
  return "value";
}

}  // namespace

tl::unexpected<Error> damaged(ValueKind kind, const std::string& what) {
  return fail(Errc::corrupt, std::string("a ") + name_of(kind) + " is damaged: " + what);
}

void encode_value(std::string& out, ValueKind kind, std::uint64_t version, std::string_view key,
                  std::string_view payload) {
  out.clear();
  out.reserve(header_bytes + padded(payload.size()));
  out.resize(header_bytes);
  out.append(payload);
  seal_value(out, kind, version, key);
}

void seal_value(std::string& out, ValueKind kind, std::uint64_t version, std::string_view key) {
  const std::size_t payload_bytes = out.size() - header_bytes;
  Header header{
      static_cast<std::uint32_t>(payload_bytes), static_cast<std::uint8_t>(kind), value_format, 0, version, 0};
  out.append(padded(payload_bytes) - payload_bytes, '\0');
  header.checksum = checksum_of(header, key, std::string_view(out).substr(header_bytes));
  std::memcpy(out.data(), &header, header_bytes);
}

Result<ValueView> decode_value(ValueKind kind, std::string_view key, std::string_view value) {
  if (value.size() < header_bytes) {
    return damaged(kind, "its length is " + std::to_string(value.size()) + " bytes, less than its header's");
  }
  Header header;
  std::memcpy(&header, value.data(), header_bytes);
  if (header.format > value_format) {
    return fail(Errc::newer_format, std::string("a ") + name_of(kind) + " is of value format " +
                                        std::to_string(header.format) + "; this Flowkeep reads up to 1");
  }
  if (header.format != value_format || header.kind != static_cast<std::uint8_t>(kind) || header.reserved != 0) {
    return damaged(kind, "its header is not one of a " + std::string(name_of(kind)));
  }
  if (value.size() != header_bytes + padded(header.payload_bytes)) {
    return damaged(kind, "its header says " + std::to_string(header.payload_bytes) + " bytes, stored are " +
                             std::to_string(value.size() - header_bytes));
  }
  const std::string_view content = value.substr(header_bytes);
  if (checksum_of(header, key, content) != header.checksum) return damaged(kind, "its checksum does not match");
  if (reinterpret_cast<std::uintptr_t>(content.data()) % 8 != 0) return damaged(kind, "it is not aligned to 8 bytes");
  return ValueView{header.version, content.substr(0, header.payload_bytes)};
}

ValueKind peek_kind(std::string_view value) noexcept {
  return value.size() < header_bytes ? ValueKind{} : static_cast<ValueKind>(value[offsetof(Header, kind)]);
}

std::string_view payload_of(std::string_view value) noexcept {
  Header header{};
  std::memcpy(&header, value.data(), header_bytes);
  return value.substr(header_bytes, header.payload_bytes);
}

std::uint64_t peek_version(std::string_view value) noexcept {
  Header header{};
  if (value.size() >= header_bytes) std::memcpy(&header, value.data(), header_bytes);
  return header.version;
}

}  // namespace flowkeep::codec

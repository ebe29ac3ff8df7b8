#include "codec/contents.hpp"

#include <cstring>

#include "binary_generated.h"
#include "codec/value.hpp"

namespace flowkeep::codec {

namespace {

constexpr std::size_t front_bytes = sizeof(fb::ContentsHead);
// Fewer bytes are not worth a search.
constexpr std::size_t least_packed = 24;

}  // namespace

void encode_contents(std::string& out, std::string_view key, const Slots& slots,
                     const base::PackingDictionary* dictionary) {
  std::string bytes;
  std::array<std::uint16_t, slot_count> sizes{};
  for (std::size_t slot = 0; slot < slot_count; ++slot) {
    sizes[slot] = static_cast<std::uint16_t>(slots[slot].size());
    bytes += slots[slot];
  }
  out.assign(header_bytes + front_bytes, '\0');
  const bool is_packed = dictionary != nullptr && bytes.size() >= least_packed &&
                         base::Packing::pack(out, bytes, bytes.size() - bytes.size() / 16, dictionary);
  if (!is_packed) out += bytes;
  const fb::ContentsHead head(is_packed ? dictionary->id() : std::uint16_t{0}, sizes[0], sizes[1], sizes[2]);
  std::memcpy(out.data() + header_bytes, &head, front_bytes);
  seal_value(out, ValueKind::contents, 0, key);
}

std::uint16_t contents_dictionary_of(std::string_view value) noexcept {
  fb::ContentsHead head;
  if (value.size() < header_bytes + front_bytes) return 0;
  std::memcpy(&head, value.data() + header_bytes, front_bytes);
  return head.dictionary();
}

Result<std::uint16_t> verify_contents(std::string_view key, std::string_view value) {
  auto decoded = decode_value(ValueKind::contents, key, value);
  if (!decoded) return fail(std::move(decoded.error()));
  return contents_dictionary_of(value);
}

Result<Slots> open_contents(std::string_view value, const base::PackingDictionary* dictionary, std::string& buffer) {
  if (value.size() < header_bytes) return damaged(ValueKind::contents, "it is shorter than its header");
  const std::string_view payload = payload_of(value);
  if (payload.size() < front_bytes) return damaged(ValueKind::contents, "it is shorter than its head");
  fb::ContentsHead head;
  std::memcpy(&head, payload.data(), front_bytes);
  const std::array<std::uint16_t, slot_count> sizes{head.inputs(), head.outputs(), head.additionalcontext()};
  std::uint64_t total = 0;
  for (const std::uint16_t size : sizes) {
    if (size >= shared_from_bytes) return damaged(ValueKind::contents, "a size is beyond what is small");
    total += size;
  }
  std::string_view bytes = payload.substr(front_bytes);
  if (head.dictionary() != 0) {
    buffer.resize(total);
    if (dictionary == nullptr || !base::Packing::unpack(buffer, bytes, dictionary))
      return damaged(ValueKind::contents, "it does not unpack");
    bytes = buffer;
  } else if (bytes.size() != total) {
    return damaged(ValueKind::contents, "its sizes do not add up");
  }
  Slots slots{};
  for (std::size_t slot = 0; slot < slot_count; ++slot) {
    slots[slot] = bytes.substr(0, sizes[slot]);
    bytes.remove_prefix(sizes[slot]);
  }
  return slots;
}

}  // namespace flowkeep::codec

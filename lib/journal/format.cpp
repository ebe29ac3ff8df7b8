#include "journal/format.hpp"

#include <xxhash.h>

#include <cstring>

namespace flowkeep::journal {

namespace {

constexpr std::array<char, 8> slot_magic{'F', 'K', 'W', 'A', 'L', '\0', '\0', '\1'};

// Walks a slot's fields, in either direction.
class Fields {
 public:
  explicit Fields(const char* bytes) noexcept : in_(bytes) {}
  explicit Fields(char* bytes) noexcept : in_(bytes), out_(bytes) {}

  template <class Value>
  void field(Value& value) noexcept {
    if (out_ != nullptr) {
      std::memcpy(out_ + at_, &value, sizeof value);
    } else {
      std::memcpy(&value, in_ + at_, sizeof value);
    }
    at_ += sizeof value;
  }
  [[nodiscard]] std::size_t at() const noexcept { return at_; }

 private:
  const char* in_;
  char* out_ = nullptr;
  std::size_t at_ = 0;
};

// One list for writing and reading.
void walk(Fields& fields, Header& header) noexcept {
  fields.field(header.generation);
  fields.field(header.epoch.bytes);
  fields.field(header.store_id.bytes);
  fields.field(header.file_inode);
  fields.field(header.capacity_bytes);
  fields.field(header.start.lsn);
  fields.field(header.start.offset);
  fields.field(header.start.chain);
  fields.field(header.image.roots_hash);
  for (auto& sector : header.image.sectors) fields.field(sector);
}

constexpr std::size_t fields_begin = 16;  // magic, checksum

std::uint64_t slot_checksum(std::span<const char> slot) noexcept {
  return XXH3_64bits(slot.data() + fields_begin, slot_bytes - fields_begin);
}

std::uint64_t record_checksum(const RecordHeader& header, std::uint64_t chain, std::string_view payload) noexcept {
  char bytes[16];
  std::memcpy(bytes, &header.payload_bytes, 4);
  std::memcpy(bytes + 4, &header.kind, 4);
  std::memcpy(bytes + 8, &header.lsn, 8);
  const std::uint64_t seed = XXH3_64bits_withSeed(bytes, sizeof bytes, chain);
  return XXH3_64bits_withSeed(payload.data(), payload.size(), seed);
}

}  // namespace

Slot encode(const Header& header) noexcept {
  Slot slot{};
  std::memcpy(slot.data(), slot_magic.data(), slot_magic.size());
  Header copy = header;
  Fields fields(slot.data() + fields_begin);
  walk(fields, copy);
  const std::uint64_t checksum = slot_checksum(slot);
  std::memcpy(slot.data() + slot_magic.size(), &checksum, sizeof checksum);
  return slot;
}

std::optional<Header> decode_header(std::span<const char> slot) noexcept {
  if (slot.size() != slot_bytes || std::memcmp(slot.data(), slot_magic.data(), slot_magic.size()) != 0) {
    return std::nullopt;
  }
  std::uint64_t checksum = 0;
  std::memcpy(&checksum, slot.data() + slot_magic.size(), sizeof checksum);
  if (checksum != slot_checksum(slot)) return std::nullopt;
  Header header;
  Fields fields(static_cast<const char*>(slot.data() + fields_begin));
  walk(fields, header);
  return header;
}

bool is_newer(std::span<const char> slot) noexcept {
  constexpr std::size_t version = slot_magic.size() - 1;
  return slot.size() == slot_bytes && std::memcmp(slot.data(), slot_magic.data(), version) == 0 &&
         static_cast<unsigned char>(slot[version]) > static_cast<unsigned char>(slot_magic[version]);
}

std::uint64_t append_record(std::string& out, RecordKind kind, const Position& at, std::string_view payload) {
  RecordHeader header{static_cast<std::uint32_t>(payload.size()), kind, at.lsn, 0};
  header.checksum = record_checksum(header, at.chain, payload);
  char bytes[record_header_bytes];
  std::memcpy(bytes, &header.payload_bytes, 4);
  std::memcpy(bytes + 4, &header.kind, 4);
  std::memcpy(bytes + 8, &header.lsn, 8);
  std::memcpy(bytes + 16, &header.checksum, 8);
  out.append(bytes, sizeof bytes);
  out.append(payload);
  out.append(record_bytes(payload.size()) - record_header_bytes - payload.size(), '\0');
  return header.checksum;
}

RecordHeader decode_record_header(std::span<const char> bytes) noexcept {
  RecordHeader header;
  std::memcpy(&header.payload_bytes, bytes.data(), 4);
  std::memcpy(&header.kind, bytes.data() + 4, 4);
  std::memcpy(&header.lsn, bytes.data() + 8, 8);
  std::memcpy(&header.checksum, bytes.data() + 16, 8);
  return header;
}

bool verify(const RecordHeader& header, const Position& at, std::string_view payload) noexcept {
  return header.lsn == at.lsn && header.checksum == record_checksum(header, at.chain, payload);
}

std::uint64_t make_salt() {
  const Guid random = Guid::make();
  return XXH3_64bits(random.bytes.data(), random.bytes.size());
}

}  // namespace flowkeep::journal

#include "journal/stamp.hpp"

#include <xxhash.h>

#include <array>
#include <cstring>

#include "storage/file_io.hpp"

namespace flowkeep::journal {

namespace {

constexpr std::uint64_t stamp_offset = 512;
constexpr std::array<char, 8> magic{'F', 'K', 'S', 'T', 'A', 'M', 'P', '\1'};
using Sector = std::array<char, 512>;

Sector sector_of(const Guid& epoch) noexcept {
  Sector sector{};
  std::memcpy(sector.data(), magic.data(), magic.size());
  std::memcpy(sector.data() + 8, epoch.bytes.data(), epoch.bytes.size());
  const std::uint64_t checksum = XXH3_64bits(sector.data(), 24);
  std::memcpy(sector.data() + 24, &checksum, sizeof checksum);
  return sector;
}

}  // namespace

Result<std::optional<Guid>> read_stamp(int descriptor, const std::string& name) {
  Sector sector{};
  auto got = storage::read_all(descriptor, sector, stamp_offset, name);
  if (!got) return fail(std::move(got.error()));
  if (sector == Sector{}) return std::nullopt;
  Guid epoch;
  std::memcpy(epoch.bytes.data(), sector.data() + 8, epoch.bytes.size());
  if (sector != sector_of(epoch)) {
    return fail(Errc::corrupt, name + " is damaged: bytes 512 to 1023 are neither empty nor a stamp of its journal");
  }
  return epoch;
}

Result<void> write_stamp(int descriptor, const std::string& name, const std::optional<Guid>& epoch) {
  const Sector sector = epoch ? sector_of(*epoch) : Sector{};
  if (auto ok = storage::write_all(descriptor, sector, stamp_offset, name); !ok) return ok;
  return storage::sync_data(descriptor, name);
}

}  // namespace flowkeep::journal

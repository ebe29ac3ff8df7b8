#include "storage/meta_image.hpp"

#include <xxhash.h>

#include <vector>

#include "storage/file_io.hpp"

namespace flowkeep::storage {

namespace {

// Pages beyond the end are hashed as far as the file goes: they match nothing that was synced.
Result<std::uint64_t> hash_roots(const MetaPage& meta, int descriptor, const std::string& name) {
  std::vector<char> page(meta.page_bytes);
  std::uint64_t hash = XXH3_64bits(&meta.txnid, sizeof meta.txnid);
  for (const PageNumber root : {meta.main.root, meta.free_list.root}) {
    if (root == no_page) continue;
    auto got = read_all(descriptor, page, root * meta.page_bytes, name);
    if (!got) return fail(std::move(got.error()));
    hash = XXH3_64bits_withSeed(page.data(), *got, hash);
  }
  return hash;
}

}  // namespace

MetaPage MetaImage::newest() const noexcept {
  const MetaPage first = MetaPage::decode(sectors[0]);
  const MetaPage second = MetaPage::decode(sectors[1]);
  return first.txnid < second.txnid ? second : first;
}

Result<MetaImage> read_meta_image(int descriptor, const std::string& name) {
  MetaImage image;
  std::uint64_t offset = 0;
  for (auto& sector : image.sectors) {
    auto got = read_all(descriptor, sector, offset, name);
    if (!got) return fail(std::move(got.error()));
    if (*got != sector.size()) return fail(Errc::corrupt, name + " is cut short: its meta pages are not whole");
    offset = MetaPage::decode(sector).page_bytes;
  }
  const MetaPage newest = image.newest();
  auto hash = hash_roots(newest, descriptor, name);
  if (!hash) return fail(std::move(hash.error()));
  image.roots_hash = *hash;
  return image;
}

Result<bool> matches(const MetaImage& image, int descriptor, const std::string& name) {
  auto hash = hash_roots(image.newest(), descriptor, name);
  if (!hash) return fail(std::move(hash.error()));
  return *hash == image.roots_hash;
}

Result<void> restore(const MetaImage& image, int descriptor, const std::string& name) {
  const std::uint32_t page_bytes = image.newest().page_bytes;
  std::uint64_t offset = 0;
  for (const auto& sector : image.sectors) {
    if (auto ok = write_all(descriptor, sector, offset, name); !ok) return ok;
    offset += page_bytes;
  }
  return {};
}

}  // namespace flowkeep::storage

#include "storage/page_copy.hpp"

#include <lmdb.h>

#include <algorithm>
#include <cstring>
#include <span>
#include <vector>

#include "storage/environment.hpp"
#include "storage/error.hpp"
#include "storage/file_io.hpp"

namespace flowkeep::storage {

namespace {

constexpr std::uint64_t piece_bytes = 1U << 20;
// Of a meta page, as page_file.cpp reads them.
constexpr std::size_t number_offset = 0;
constexpr std::size_t txnid_offset = page_header_bytes + 128;

void set_u64(MetaSector& sector, std::size_t offset, std::uint64_t value) noexcept {
  std::memcpy(sector.data() + offset, &value, sizeof value);
}

Result<MetaSector> read_sector(const Environment& environment, std::uint64_t offset) {
  MetaSector sector{};
  auto got = read_all(environment.descriptor(), sector, offset, environment.path());
  if (!got) return fail(std::move(got.error()));
  if (*got != sector.size()) {
    return fail(Errc::corrupt, environment.path() + " is cut short: its meta pages are not whole");
  }
  return sector;
}

}  // namespace

Result<std::optional<MetaSector>> read_meta_sector(const ReadTransaction& transaction) {
  const Environment& environment = transaction.environment();
  const std::uint64_t page_bytes = environment.info().page_bytes;
  const std::uint64_t slot = transaction.id() % 2;
  auto mine = read_sector(environment, slot * page_bytes);
  if (!mine) return fail(std::move(mine.error()));
  // The next commit but one writes over it, and begins when the next one is in the other slot.
  auto other = read_sector(environment, (1 - slot) * page_bytes);
  if (!other) return fail(std::move(other.error()));
  if (MetaPage::decode(*mine).txnid != transaction.id() || MetaPage::decode(*other).txnid > transaction.id())
    return std::nullopt;
  return *mine;
}

Result<void> copy_pages(const ReadTransaction& transaction, const MetaSector& meta, int descriptor,
                        const std::string& name, const PageProgress& progress) {
  const Environment& environment = transaction.environment();
  const MetaPage decoded = MetaPage::decode(meta);
  const std::uint64_t page_bytes = decoded.page_bytes;
  const std::uint64_t end = (decoded.last_page + 1) * page_bytes;

  std::string piece(2 * page_bytes, '\0');
  for (std::uint64_t slot = 0; slot < 2; ++slot) {
    MetaSector sector = meta;
    set_u64(sector, number_offset, slot);
    // LMDB expects the commit before this one in the other slot: the same trees do for it.
    if (slot != decoded.txnid % 2)
      set_u64(sector, txnid_offset, decoded.txnid - std::min<std::uint64_t>(decoded.txnid, 1));
    std::memcpy(piece.data() + slot * page_bytes, sector.data(), meta_bytes);
  }
  if (auto ok = write_all(descriptor, piece, 0, name); !ok) return ok;

  piece.resize(piece_bytes);
  for (std::uint64_t at = 2 * page_bytes; at < end;) {
    const std::span<char> wanted(piece.data(), std::min(piece_bytes, end - at));
    auto got = read_all(environment.descriptor(), wanted, at, environment.path());
    if (!got) return fail(std::move(got.error()));
    if (auto ok = write_all(descriptor, wanted.first(*got), at, name); !ok) return ok;
    if (*got < wanted.size()) return {};  // free pages at the end were never written
    at += *got;
    if (progress && !progress(at / page_bytes, decoded.last_page + 1)) {
      return fail(Errc::busy, "the copy of " + environment.path() + " was stopped");
    }
  }
  return {};
}

Result<void> Environment::copy_used_pages(int descriptor) {
  for (int attempt = 0;; ++attempt) {
    enter();
    // It begins a reading transaction of its own before it writes anything, and takes no lock of writers.
    const int code = ::mdb_env_copyfd2(env_, descriptor, MDB_CP_COMPACT);
    leave();
    if (code == 0) return {};
    if (code == MDB_MAP_RESIZED && attempt < 100) {
      if (auto ok = follow_map(); !ok) return ok;
      continue;
    }
    if (code == MDB_READERS_FULL && attempt == 0 && clear_stale_readers() > 0) continue;
    if (code == MDB_READERS_FULL) return fail(begin_error(code, "cannot read"));
    return fail(lmdb_error("cannot copy " + path_, code));
  }
}

}  // namespace flowkeep::storage

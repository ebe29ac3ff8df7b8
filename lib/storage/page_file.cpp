#include "storage/page_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <limits>
#include <utility>
#include <vector>

#include "base/error.hpp"

namespace flowkeep::storage {

namespace {

constexpr std::uint32_t lmdb_magic = 0xBEEFC0DE;
constexpr std::uint32_t lmdb_version = 1;
constexpr std::uint32_t min_page_bytes = 4096;
constexpr std::uint32_t max_page_bytes = 32768;
constexpr std::uint64_t address_space_bytes = std::uint64_t{1} << 47;
constexpr std::size_t node_header_bytes = 8;
constexpr int stable_read_attempts = 100;

using Bytes = std::span<const std::byte>;
using MetaBytes = std::array<std::byte, meta_bytes>;

template <class Number>
Number load(Bytes bytes, std::size_t offset) noexcept {
  Number number{};
  std::memcpy(&number, bytes.data() + offset, sizeof number);
  return number;
}

std::string text(std::uint64_t number) {
  return std::to_string(number);
}

bool is_page_size(std::uint32_t bytes) noexcept {
  return bytes >= min_page_bytes && bytes <= max_page_bytes && (bytes & (bytes - 1)) == 0;
}

Result<void> check_first_meta(const std::string& name, Bytes page) {
  if (page.size() < page_header_bytes + 4 || load<std::uint32_t>(page, page_header_bytes) != lmdb_magic) {
    return fail(Errc::not_a_store, name + " is not a store: it does not begin as an LMDB file does");
  }
  if (page.size() < meta_bytes) {
    return fail(Errc::corrupt,
                name + " is cut short: it ends at " + text(page.size()) + " bytes, inside its first page");
  }
  if (const auto version = load<std::uint32_t>(page, page_header_bytes + 4); version != lmdb_version) {
    return fail(Errc::not_a_store, name + " is not a store: it is an LMDB file of data version " + text(version) +
                                       ", and a store has version " + text(lmdb_version));
  }
  if ((PageHeader::decode(page).flags & page_flag::meta) == 0) {
    return fail(Errc::corrupt, name + " is damaged: page 0 is not marked as a meta page");
  }
  if (const auto bytes = MetaPage::decode(page).page_bytes; !is_page_size(bytes)) {
    return fail(Errc::corrupt, name + " is damaged: meta page 0 gives a page size of " + text(bytes) +
                                   " bytes; it would be a power of two from " + text(min_page_bytes) + " to " +
                                   text(max_page_bytes));
  }
  return {};
}

Result<void> check_second_meta(const std::string& name, Bytes page, std::uint32_t page_bytes) {
  if (page.size() < meta_bytes) {
    return fail(Errc::corrupt, name + " is cut short: it ends inside or before its second page, which begins at byte " +
                                   text(page_bytes));
  }
  const bool marked = (PageHeader::decode(page).flags & page_flag::meta) != 0;
  if (!marked || load<std::uint32_t>(page, page_header_bytes) != lmdb_magic ||
      load<std::uint32_t>(page, page_header_bytes + 4) != lmdb_version ||
      MetaPage::decode(page).page_bytes != page_bytes) {
    return fail(Errc::corrupt, name + " is damaged: page 1 is not a meta page like page 0");
  }
  return {};
}

}  // namespace

std::uint64_t load_u64(Bytes bytes) noexcept {
  return load<std::uint64_t>(bytes, 0);
}

TreeRecord TreeRecord::decode(Bytes bytes) noexcept {
  TreeRecord out;
  out.key_bytes = load<std::uint32_t>(bytes, 0);
  out.flags = load<std::uint16_t>(bytes, 4);
  out.depth = load<std::uint16_t>(bytes, 6);
  out.branch_pages = load<std::uint64_t>(bytes, 8);
  out.leaf_pages = load<std::uint64_t>(bytes, 16);
  out.overflow_pages = load<std::uint64_t>(bytes, 24);
  out.entries = load<std::uint64_t>(bytes, 32);
  out.root = load<PageNumber>(bytes, 40);
  return out;
}

MetaPage MetaPage::decode(Bytes bytes) noexcept {
  const Bytes meta = bytes.subspan(page_header_bytes);
  MetaPage out;
  out.number = load<PageNumber>(bytes, 0);
  out.free_list = TreeRecord::decode(meta.subspan(24));
  out.page_bytes = out.free_list.key_bytes;  // the free list has no fixed keys: LMDB keeps the page size there
  out.main = TreeRecord::decode(meta.subspan(24 + tree_record_bytes));
  out.last_page = load<PageNumber>(meta, 120);
  out.txnid = load<std::uint64_t>(meta, 128);
  return out;
}

PageHeader PageHeader::decode(Bytes bytes) noexcept {
  PageHeader out;
  out.number = load<PageNumber>(bytes, 0);
  out.key_bytes = load<std::uint16_t>(bytes, 8);
  out.flags = load<std::uint16_t>(bytes, 10);
  out.lower = load<std::uint16_t>(bytes, 12);
  out.upper = load<std::uint16_t>(bytes, 14);
  out.overflow_pages = load<std::uint32_t>(bytes, 12);
  return out;
}

Node NodesView::operator[](std::size_t index) const noexcept {
  const Bytes bytes = page_.subspan(load<std::uint16_t>(page_, page_header_bytes + 2 * index));
  Node node;
  const auto low = load<std::uint32_t>(bytes, 0);
  const auto flags = load<std::uint16_t>(bytes, 4);
  node.key = bytes.subspan(node_header_bytes, load<std::uint16_t>(bytes, 6));
  if (kind_ == Kind::branch) {
    node.child = low | (static_cast<PageNumber>(flags) << 32);
    return node;
  }
  node.flags = flags;
  node.data_bytes = low;
  const std::size_t inside = (flags & node_flag::overflow) != 0 ? sizeof(PageNumber) : low;
  node.data = bytes.subspan(node_header_bytes + node.key.size(), inside);
  return node;
}

tl::expected<NodesView, std::string> NodesView::check(Bytes page, Kind kind) {
  if (page.size() < page_header_bytes) {
    return tl::unexpected<std::string>("its " + text(page.size()) + " bytes have no room for a page header");
  }
  const PageHeader header = PageHeader::decode(page);
  if (header.lower < page_header_bytes || header.lower % 2 != 0 || header.lower > header.upper ||
      header.upper > page.size()) {
    return tl::unexpected<std::string>("its free space runs from byte " + text(header.lower) + " to " +
                                       text(header.upper) + " of " + text(page.size()));
  }
  const std::size_t size = (header.lower - page_header_bytes) / 2;
  std::vector<std::pair<std::size_t, std::size_t>> extents(size);
  for (std::size_t index = 0; index < size; ++index) {
    const std::size_t begin = load<std::uint16_t>(page, page_header_bytes + 2 * index);
    const auto wrong = [&](std::size_t end) {
      return tl::unexpected<std::string>("its entry " + text(index) + " lies at bytes " + text(begin) + " to " +
                                         text(end) + ", outside " + text(header.upper) + " to " + text(page.size()));
    };
    if (begin % 2 != 0 || begin < header.upper || begin + node_header_bytes > page.size()) {
      return wrong(begin + node_header_bytes);
    }
    const Bytes bytes = page.subspan(begin);
    std::size_t end = begin + node_header_bytes + load<std::uint16_t>(bytes, 6);
    if (kind == Kind::leaf) {
      const bool overflow = (load<std::uint16_t>(bytes, 4) & node_flag::overflow) != 0;
      end += overflow ? sizeof(PageNumber) : load<std::uint32_t>(bytes, 0);
    }
    if (end > page.size()) return wrong(end);
    extents[index] = {begin, end};
  }
  std::sort(extents.begin(), extents.end());
  for (std::size_t index = 1; index < size; ++index) {
    if (extents[index].first < extents[index - 1].second) {
      return tl::unexpected<std::string>("two of its entries share byte " + text(extents[index].first));
    }
  }
  return NodesView(page, kind, size);
}

tl::expected<std::size_t, std::string> count_fixed_keys(Bytes page) {
  if (page.size() < page_header_bytes) {
    return tl::unexpected<std::string>("its " + text(page.size()) + " bytes have no room for a page header");
  }
  const PageHeader header = PageHeader::decode(page);
  const std::size_t room = page.size() - page_header_bytes;
  const std::size_t size = header.lower < page_header_bytes ? 0 : (header.lower - page_header_bytes) / 2;
  if (header.lower < page_header_bytes || header.lower % 2 != 0 || header.key_bytes == 0 ||
      size > room / header.key_bytes) {
    return tl::unexpected<std::string>("it claims " + text(size) + " keys of " + text(header.key_bytes) +
                                       " bytes in a room of " + text(room));
  }
  // LMDB moves `upper` in 16-bit arithmetic so that upper - lower is what is left of the room.
  const auto left = static_cast<std::uint16_t>(header.upper - header.lower);
  if (left != static_cast<std::uint16_t>(room - size * header.key_bytes)) {
    return tl::unexpected<std::string>("it says that " + text(left) + " bytes are free where " +
                                       text(room - size * header.key_bytes) + " are");
  }
  return size;
}

Result<PageFile> PageFile::open(const std::string& path) {
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
  if (descriptor < 0) {
    const Errc code = errno == ENXIO || errno == ENODEV || errno == ENOTDIR || errno == ELOOP || errno == ENAMETOOLONG
                          ? Errc::invalid_argument
                          : Errc::io;
    return fail(base::errno_error(code, "cannot open " + path, errno));
  }
  PageFile file(descriptor, path, descriptor);
  struct stat status {};
  if (::fstat(descriptor, &status) != 0) return fail(base::errno_error(Errc::io, "cannot examine " + path, errno));
  if (!S_ISREG(status.st_mode)) {
    return fail(Errc::invalid_argument, path + " is " +
                                            (S_ISDIR(status.st_mode) ? "a directory" : "not a regular file") +
                                            "; a store is a regular file");
  }
  return file;
}

PageFile::PageFile(PageFile&& other) noexcept
    : descriptor_(other.descriptor_), owned_(std::exchange(other.owned_, -1)), name_(std::move(other.name_)) {}

PageFile::~PageFile() {
  if (owned_ >= 0) ::close(owned_);
}

Result<std::uint64_t> PageFile::size_bytes() const {
  struct stat status {};
  if (::fstat(descriptor_, &status) != 0) return fail(base::errno_error(Errc::io, "cannot examine " + name_, errno));
  return static_cast<std::uint64_t>(status.st_size);
}

Result<std::size_t> PageFile::read(std::uint64_t offset, std::span<std::byte> out) const {
  constexpr auto max_offset = static_cast<std::uint64_t>(std::numeric_limits<off_t>::max());
  std::size_t done = 0;
  while (done < out.size()) {
    if (offset > max_offset - out.size()) break;
    const ssize_t got = ::pread(descriptor_, out.data() + done, out.size() - done, static_cast<off_t>(offset + done));
    if (got == 0) break;
    if (got > 0) {
      done += static_cast<std::size_t>(got);
    } else if (errno != EINTR) {
      return fail(base::errno_error(Errc::io, "cannot read " + name_ + " at byte " + text(offset + done), errno));
    }
  }
  return done;
}

Result<MetaPages> PageFile::read_metas() const {
  // A writer may be half-way through one of them: what two reads agree on is whole.
  std::array<MetaBytes, 2> before{};
  for (int attempt = 0; attempt < stable_read_attempts; ++attempt) {
    std::array<MetaBytes, 2> now{};
    const auto first = read(0, now[0]);
    if (!first) return fail(first.error());
    const Bytes first_page = Bytes(now[0]).first(*first);
    if (auto ok = check_first_meta(name_, first_page); !ok) return fail(std::move(ok.error()));
    const std::uint32_t page_bytes = MetaPage::decode(first_page).page_bytes;
    const auto second = read(page_bytes, now[1]);
    if (!second) return fail(second.error());
    const Bytes second_page = Bytes(now[1]).first(*second);
    if (auto ok = check_second_meta(name_, second_page, page_bytes); !ok) return fail(std::move(ok.error()));
    if (now == before) return MetaPages{MetaPage::decode(first_page), MetaPage::decode(second_page)};
    before = now;
  }
  return fail(Errc::busy, "the meta pages of " + name_ + " change faster than they can be read");
}

Result<MetaPage> PageFile::read_newest_meta() const {
  const auto metas = read_metas();
  if (!metas) return fail(metas.error());
  const std::size_t slot = (*metas)[0].txnid < (*metas)[1].txnid ? 1 : 0;
  if (auto ok = check_meta((*metas)[slot], slot); !ok) return fail(std::move(ok.error()));
  // Every commit replaces the older of the two, so they are neighbours (both 0 before the first commit).
  const std::uint64_t distance = (*metas)[slot].txnid - (*metas)[1 - slot].txnid;
  if (distance > 1 || (distance == 0 && (*metas)[slot].txnid != 0)) {
    return fail(Errc::corrupt, name_ + " is damaged: its meta pages are of transactions " + text((*metas)[0].txnid) +
                                   " and " + text((*metas)[1].txnid) + ", which do not follow each other");
  }
  return (*metas)[slot];
}

Result<void> PageFile::check_meta(const MetaPage& meta, std::size_t slot) const {
  if (meta.txnid % 2 != slot) {
    return fail(Errc::corrupt, name_ + " is damaged: meta page " + text(slot) + " is of transaction " +
                                   text(meta.txnid) + ", which belongs in the other one");
  }
  const PageNumber most = address_space_bytes / meta.page_bytes;
  if (meta.last_page + 1 < first_data_page || meta.last_page >= most) {
    return fail(Errc::corrupt, name_ + " is damaged: meta page " + text(slot) + " gives page " + text(meta.last_page) +
                                   " as the last one; it would be from 1 to " + text(most - 1));
  }
  return {};
}

}  // namespace flowkeep::storage

// LMDB's data file read as bytes: format 1, as LMDB 0.9 writes it on 64-bit machines.
// Owns: the layout of meta pages, pages and nodes, and the descriptor it opened.
// Promises: reads with pread(), never through the map, so that a file cut short is an answer and no SIGBUS; no
// number from the file is believed before it is held against its bounds.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>

#include <flowkeep/result.hpp>

namespace flowkeep::storage {

using PageNumber = std::uint64_t;

inline constexpr PageNumber no_page = ~PageNumber{0};  ///< the root of an empty tree
inline constexpr PageNumber first_data_page = 2;       ///< after the two meta pages
inline constexpr std::size_t page_header_bytes = 16;
inline constexpr std::size_t tree_record_bytes = 48;
inline constexpr std::size_t meta_bytes = 152;  ///< what LMDB uses of a meta page, the page header included
inline constexpr unsigned max_tree_depth = 32;  ///< LMDB's cursors go no deeper

namespace page_flag {
inline constexpr std::uint16_t branch = 0x01, leaf = 0x02, overflow = 0x04, meta = 0x08;
inline constexpr std::uint16_t dirty = 0x10;  ///< left set on sub-pages
inline constexpr std::uint16_t fixed = 0x20;  ///< keys of one size, without nodes
inline constexpr std::uint16_t sub_page = 0x40;
}  // namespace page_flag

namespace node_flag {
inline constexpr std::uint16_t overflow = 0x01, tree = 0x02, duplicates = 0x04;
}  // namespace node_flag

namespace tree_flag {
inline constexpr std::uint16_t duplicates = 0x04, fixed_duplicates = 0x10;
}  // namespace tree_flag

/// What LMDB keeps of a tree: in a meta page, a node of the main tree, or a node with many duplicates.
struct TreeRecord {
  std::uint32_t key_bytes = 0;  ///< of the fixed keys
  std::uint16_t flags = 0;
  std::uint16_t depth = 0;
  std::uint64_t branch_pages = 0;
  std::uint64_t leaf_pages = 0;
  std::uint64_t overflow_pages = 0;
  std::uint64_t entries = 0;
  PageNumber root = no_page;

  /// Takes tree_record_bytes bytes or more.
  [[nodiscard]] static TreeRecord decode(std::span<const std::byte> bytes) noexcept;
};

struct PageHeader {
  PageNumber number = 0;
  std::uint16_t key_bytes = 0;  ///< of a page of fixed keys
  std::uint16_t flags = 0;
  std::uint16_t lower = 0;
  std::uint16_t upper = 0;
  std::uint32_t overflow_pages = 0;  ///< takes the place of lower and upper

  /// Takes page_header_bytes bytes or more.
  [[nodiscard]] static PageHeader decode(std::span<const std::byte> bytes) noexcept;
};

/// The beginning of a meta page, which LMDB writes as one.
using MetaSector = std::array<char, 512>;

struct MetaPage {
  PageNumber number = 0;  ///< as the page itself says
  std::uint32_t page_bytes = 0;
  TreeRecord free_list{};
  TreeRecord main{};
  PageNumber last_page = 0;
  std::uint64_t txnid = 0;

  /// Takes meta_bytes bytes or more: the beginning of a meta page.
  [[nodiscard]] static MetaPage decode(std::span<const std::byte> bytes) noexcept;
  [[nodiscard]] static MetaPage decode(const MetaSector& sector) noexcept {
    return decode(std::as_bytes(std::span(sector)));
  }
};

using MetaPages = std::array<MetaPage, 2>;

struct Node {
  std::uint16_t flags = 0;
  PageNumber child = 0;          ///< of a branch
  std::uint32_t data_bytes = 0;  ///< of the value, wherever it is
  std::span<const std::byte> key{};
  std::span<const std::byte> data{};  ///< the value, or the 8 bytes of its overflow page's number
};

/// The nodes of a branch page, a leaf page or a sub-page. Borrows the page's bytes.
class NodesView {
 public:
  enum class Kind : std::uint8_t { branch, leaf };

  /// Checks the bounds of every node. The error says what is wrong.
  [[nodiscard]] static tl::expected<NodesView, std::string> check(std::span<const std::byte> page, Kind kind);

  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  [[nodiscard]] Node operator[](std::size_t index) const noexcept;

 private:
  NodesView(std::span<const std::byte> page, Kind kind, std::size_t size) noexcept
      : page_(page), size_(size), kind_(kind) {}
  std::span<const std::byte> page_;
  std::size_t size_;
  Kind kind_;
};

/// Counts the keys of a page or sub-page of fixed keys. The error says what is wrong.
[[nodiscard]] tl::expected<std::size_t, std::string> count_fixed_keys(std::span<const std::byte> page);

/// A number from the file, which is little-endian and need not be aligned.
[[nodiscard]] std::uint64_t load_u64(std::span<const std::byte> bytes) noexcept;

class PageFile {
 public:
  /// Opens for reading, without waiting for the other end of a FIFO. Errors: not_found, access_denied,
  /// invalid_argument (not a regular file), io.
  [[nodiscard]] static Result<PageFile> open(const std::string& path);
  /// Reads a descriptor that somebody else owns and keeps open meanwhile.
  [[nodiscard]] static PageFile borrow(int descriptor, std::string name) { return {descriptor, std::move(name), -1}; }

  PageFile(PageFile&& other) noexcept;
  PageFile& operator=(PageFile&&) = delete;
  ~PageFile();

  [[nodiscard]] const std::string& name() const& noexcept { return name_; }
  const std::string& name() const&& = delete;

  /// The size of the file now. Errors: io.
  [[nodiscard]] Result<std::uint64_t> size_bytes() const;
  /// Fills `out` from `offset` on; answers how much there was, which is less only at the end. Errors: io.
  [[nodiscard]] Result<std::size_t> read(std::uint64_t offset, std::span<std::byte> out) const;
  /// Both meta pages, as LMDB will take them. Errors: not_a_store (no LMDB file, or of another version), corrupt
  /// (cut short, or one meta page is damaged), busy (they change faster than they can be read), io.
  [[nodiscard]] Result<MetaPages> read_metas() const;
  /// The meta page of the last commit, its last page and its place checked too. Errors: as read_metas().
  [[nodiscard]] Result<MetaPage> read_newest_meta() const;
  /// Whether the meta page's own numbers can be. Errors: corrupt.
  [[nodiscard]] Result<void> check_meta(const MetaPage& meta, std::size_t slot) const;

 private:
  PageFile(int descriptor, std::string name, int owned) noexcept
      : descriptor_(descriptor), owned_(owned), name_(std::move(name)) {}
  int descriptor_;
  int owned_;  // the descriptor to close, or -1
  std::string name_;
};

}  // namespace flowkeep::storage

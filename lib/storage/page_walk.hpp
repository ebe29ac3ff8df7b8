// The walk over every page of one commit: what each page says of itself, and whether each page of the file is in
// use once, or free once.
// Promises: ends on any file, in time and memory bounded by the bytes the file really holds; reads with pread()
// alone (page_file.hpp).
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include <flowkeep/result.hpp>

#include "storage/page_file.hpp"

namespace flowkeep::storage {

struct PageFinding {
  enum class Kind : std::uint8_t {
    beyond_end,    ///< a page is in use that the file is too short to hold: reading it through the map is SIGBUS
    unreadable,    ///< what a page says cannot be; what it leads to was not walked
    inconsistent,  ///< readable, but two things disagree: counts, a page used twice, used and free, or neither
  };
  Kind kind = Kind::unreadable;
  PageNumber page = 0;
  std::string tree{};   ///< e.g. "table sessions", "main table", "free list"; empty for a page of no tree
  std::string where{};  ///< e.g. "table sessions, page 17"
  std::string what{};
};

using PageFindings = std::function<void(const PageFinding& finding)>;
/// Told now and then how many pages are done; returns whether to go on.
using PageProgress = std::function<bool(std::uint64_t done, std::uint64_t total)>;

/// What the walk counted of one table. All but duplicate_pages is what mdb_stat() says of a sound file.
struct TableReport {
  std::string name{};
  std::uint64_t branch_pages = 0;
  std::uint64_t leaf_pages = 0;
  std::uint64_t overflow_pages = 0;
  std::uint64_t duplicate_pages = 0;  ///< of the trees that hold the duplicates of one key; mdb_stat() leaves them out
  std::uint64_t entries = 0;
  unsigned depth = 0;

  [[nodiscard]] std::uint64_t pages() const noexcept {
    return branch_pages + leaf_pages + overflow_pages + duplicate_pages;
  }
};

struct PageReport {
  std::uint64_t txnid = 0;
  std::uint32_t page_bytes = 0;
  std::uint64_t file_bytes = 0;
  std::uint64_t pages = 0;         ///< up to the last one, with the two meta pages
  std::uint64_t used_pages = 0;    ///< of all trees, without the meta pages
  std::uint64_t free_pages = 0;    ///< in the free list
  std::uint64_t leaked_pages = 0;  ///< neither; counted only where all that is in use could be walked
  std::uint64_t findings = 0;
  TableReport free_list{};
  TableReport main{};                 ///< the tree of the tables' names
  std::vector<TableReport> tables{};  ///< by name
};

/// Walks the commit `txnid` of the file behind `descriptor`. The caller holds an LMDB read transaction of that
/// commit, so that no page of it is used again meanwhile. `name` is for messages. What is wrong with pages goes to
/// `findings`; errors: busy (two commits have been made since `txnid`: begin a new transaction and call again; or
/// `progress` answered false), corrupt or not_a_store (a meta page), io.
[[nodiscard]] Result<PageReport> walk_pages(int descriptor, const std::string& name, std::uint64_t txnid,
                                            const PageFindings& findings, const PageProgress& progress = {});

/// The same for a meta page at hand, in a file that may be under use: if a later meta page turns up afterwards,
/// findings may be due to pages used again.
[[nodiscard]] Result<PageReport> walk_pages(const PageFile& file, const MetaPage& meta, const PageFindings& findings,
                                            const PageProgress& progress = {});

/// Whether the free list holds every page from `first` to the last one. Reads the free list only. A list that
/// cannot be read holds nothing. Errors: io.
[[nodiscard]] Result<bool> tail_is_free(const PageFile& file, const MetaPage& meta, PageNumber first);

}  // namespace flowkeep::storage

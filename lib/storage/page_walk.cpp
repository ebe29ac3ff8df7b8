#include "storage/page_walk.hpp"

#include <algorithm>
#include <cstddef>
#include <limits>
#include <span>
#include <utility>

#include "storage/page_set.hpp"

namespace flowkeep::storage {

namespace {

using Bytes = std::span<const std::byte>;
using Kind = PageFinding::Kind;

constexpr std::uint64_t progress_interval_pages = 256;
constexpr std::size_t free_chunk_entries = 8192;
constexpr std::uint64_t max_value_bytes = std::numeric_limits<std::uint32_t>::max();

std::string digits(std::uint64_t number) {
  return std::to_string(number);
}

/// A table's name for messages: LMDB allows any bytes.
std::string printable(Bytes key) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string out;
  for (const std::byte byte : key) {
    const auto value = std::to_integer<unsigned char>(byte);
    if (value >= 0x20 && value < 0x7f && value != '\\') {
      out += static_cast<char>(value);
    } else {
      out += "\\x";
      out += digits[value / 16U];
      out += digits[value % 16U];
    }
  }
  return out;
}

enum class Role : std::uint8_t { free_list, main, table, duplicates };

struct Tree {
  Role role;
  TreeRecord record;  // what LMDB says
  std::string title;
  std::uint64_t branch_pages = 0;  // what is there
  std::uint64_t leaf_pages = 0;
  std::uint64_t overflow_pages = 0;
  std::uint64_t duplicate_pages = 0;
  std::uint64_t entries = 0;
  bool whole = true;  // every part could be read, so the counts can be held against the record

  [[nodiscard]] TableReport report(std::string name) const {
    return {std::move(name), branch_pages, leaf_pages, overflow_pages, duplicate_pages, entries, record.depth};
  }
};

class PageWalk {
 public:
  PageWalk(const PageFile& file, const MetaPage& meta, std::uint64_t file_bytes, const PageFindings& findings,
           const PageProgress& progress)
      : file_(file),
        meta_(meta),
        file_bytes_(file_bytes),
        file_pages_(file_bytes / meta.page_bytes),
        findings_(findings),
        progress_(progress) {}

  Result<PageReport> run() {
    if (const PageNumber slot = meta_.txnid % 2; meta_.number != slot) {
      add_finding(
          {Kind::inconsistent, slot, "", "page " + digits(slot), "says that it is page " + digits(meta_.number)});
    }
    walk_free_list();
    Tree main{Role::main, meta_.main, "main table"};
    walk(main);
    report_.main = main.report("main table");
    if (stopped_) return fail(Errc::busy, "the walk over the pages of " + file_.name() + " was stopped");
    find_leaks();
    report_.txnid = meta_.txnid;
    report_.page_bytes = meta_.page_bytes;
    report_.file_bytes = file_bytes_;
    report_.pages = meta_.last_page + 1;
    report_.used_pages = used_.size();
    report_.free_pages = free_.size();
    if (progress_) progress_(report_.pages, report_.pages);
    return std::move(report_);
  }

  bool tail_is_free(PageNumber first) {
    walk_free_list();
    return all_walked_ && free_.count_from(first) == meta_.last_page - first + 1;
  }

 private:
  void walk_free_list() {
    Tree tree{Role::free_list, meta_.free_list, "free list"};
    walk(tree);
    report_.free_list = tree.report("free list");
  }

  void add_finding(PageFinding finding) {
    ++report_.findings;
    if (finding.kind != Kind::inconsistent) all_walked_ = false;
    if (findings_) findings_(finding);
  }

  void add_finding(Kind kind, Tree& tree, PageNumber page, std::string what) {
    if (kind != Kind::inconsistent) tree.whole = false;
    add_finding({kind, page, tree.title, tree.title + ", page " + digits(page), std::move(what)});
  }

  void tell_progress() {
    if (!progress_ || used_.size() < next_progress_) return;
    next_progress_ = used_.size() + progress_interval_pages;
    if (!progress_(std::min(used_.size() + free_.size(), meta_.last_page), meta_.last_page + 1)) stopped_ = true;
  }

  /// Notes that the tree uses these pages. Answers whether they may be read: they are there, and nobody else's.
  bool claim(Tree& tree, PageNumber first, std::uint64_t count) {
    if (first < first_data_page || first > meta_.last_page || count > meta_.last_page - first + 1) {
      add_finding(Kind::unreadable, tree, first,
                  "is in use, with " + digits(count - 1) + " pages after it, but pages run from 2 to " +
                      digits(meta_.last_page));
      return false;
    }
    if (first >= file_pages_ || count > file_pages_ - first) {
      for (PageNumber page = first; page < first + count && page < file_pages_; ++page) used_.insert(page);
      add_finding(Kind::beyond_end, tree, std::max(first, file_pages_),
                  "is in use, but the file ends at " + digits(file_bytes_) + " bytes");
      return false;
    }
    bool told = false;
    for (PageNumber page = first; page < first + count; ++page) {
      if (!used_.insert(page)) {
        add_finding(Kind::inconsistent, tree, page, "is in use in another place too");
        tree.whole = all_walked_ = false;
        return false;
      }
      if (!told && free_.contains(page)) {
        add_finding(Kind::inconsistent, tree, page, "is in use and in the free list");
        told = true;
      }
    }
    tell_progress();
    return !stopped_;
  }

  bool load(Tree& tree, PageNumber page, std::span<std::byte> out) {
    const auto got = file_.read(page * meta_.page_bytes, out);
    if (!got) {
      add_finding(Kind::unreadable, tree, page, got.error().message);
    } else if (*got < out.size()) {
      add_finding(Kind::beyond_end, tree, page, "is in use, but the file ends before the end of this page");
    } else if (const PageNumber says = PageHeader::decode(out).number; says != page) {
      add_finding(Kind::unreadable, tree, page, "says that it is page " + digits(says));
    } else {
      return true;
    }
    return false;
  }

  void walk(Tree& tree) {
    const TreeRecord& record = tree.record;
    if (record.depth > max_tree_depth) {
      add_finding(Kind::unreadable, tree, record.root,
                  "is the root of " + digits(record.depth) + " levels; LMDB reads " + digits(max_tree_depth));
      return;
    }
    if (record.root != no_page) visit(tree, record.root, 1);
    if (!tree.whole || stopped_) return;
    compare(tree, "branch pages", record.branch_pages, tree.branch_pages);
    compare(tree, "leaf pages", record.leaf_pages, tree.leaf_pages);
    compare(tree, "overflow pages", record.overflow_pages, tree.overflow_pages);
    compare(tree, "entries", record.entries, tree.entries);
    if (record.root == no_page) compare(tree, "levels", record.depth, 0);
  }

  void compare(Tree& tree, const char* what, std::uint64_t recorded, std::uint64_t counted) {
    if (recorded == counted) return;
    add_finding({Kind::inconsistent, tree.record.root, tree.title, tree.title,
                 "is recorded to have " + digits(recorded) + " " + what + ", but has " + digits(counted)});
  }

  void visit(Tree& tree, PageNumber number, unsigned level) {
    if (!claim(tree, number, 1)) return;
    std::vector<std::byte> page(meta_.page_bytes);
    if (!load(tree, number, page)) return;
    const std::uint16_t flags = PageHeader::decode(page).flags;
    const bool fixed = tree.role == Role::duplicates && (tree.record.flags & tree_flag::fixed_duplicates) != 0;
    const auto leaf_flags = static_cast<std::uint16_t>(page_flag::leaf | (fixed ? page_flag::fixed : 0));
    if (flags != page_flag::branch && flags != leaf_flags) {
      add_finding(Kind::unreadable, tree, number, "has flags " + digits(flags) + ", which no page of this tree has");
    } else if (flags == page_flag::branch) {
      visit_branch(tree, number, page, level);
    } else {
      if (level != tree.record.depth) {
        add_finding(Kind::inconsistent, tree, number,
                    "is a leaf at level " + digits(level) + " of " + digits(tree.record.depth));
      }
      ++tree.leaf_pages;
      fixed ? visit_fixed_leaf(tree, number, page) : visit_leaf(tree, number, page);
    }
  }

  void visit_branch(Tree& tree, PageNumber number, Bytes page, unsigned level) {
    if (level >= tree.record.depth) {
      add_finding(Kind::unreadable, tree, number,
                  "is a branch page at level " + digits(level) + " of " + digits(tree.record.depth));
      return;
    }
    const auto nodes = NodesView::check(page, NodesView::Kind::branch);
    if (!nodes) return add_finding(Kind::unreadable, tree, number, nodes.error());
    if (nodes->size() < 2) {
      add_finding(Kind::inconsistent, tree, number, "is a branch page with " + digits(nodes->size()) + " entries");
    }
    ++tree.branch_pages;
    for (std::size_t index = 0; index < nodes->size() && !stopped_; ++index) {
      visit(tree, (*nodes)[index].child, level + 1);
    }
  }

  void visit_fixed_leaf(Tree& tree, PageNumber number, Bytes page) {
    const auto keys = count_fixed_keys(page);
    if (!keys) return add_finding(Kind::unreadable, tree, number, keys.error());
    if (const auto bytes = PageHeader::decode(page).key_bytes; bytes != tree.record.key_bytes) {
      return add_finding(Kind::unreadable, tree, number,
                         "has keys of " + digits(bytes) + " bytes in a tree of " + digits(tree.record.key_bytes));
    }
    if (*keys == 0) add_finding(Kind::inconsistent, tree, number, "is an empty leaf");
    tree.entries += *keys;
  }

  void visit_leaf(Tree& tree, PageNumber number, Bytes page) {
    const auto nodes = NodesView::check(page, NodesView::Kind::leaf);
    if (!nodes) return add_finding(Kind::unreadable, tree, number, nodes.error());
    if (nodes->size() == 0) add_finding(Kind::inconsistent, tree, number, "is an empty leaf");
    for (std::size_t index = 0; index < nodes->size() && !stopped_; ++index) {
      visit_node(tree, number, index, (*nodes)[index]);
    }
  }

  void visit_node(Tree& tree, PageNumber number, std::size_t index, const Node& node) {
    const bool has_duplicates =
        (tree.record.flags & tree_flag::duplicates) != 0 && (tree.role == Role::main || tree.role == Role::table);
    const auto refuse = [&](const std::string& what) {
      add_finding(Kind::unreadable, tree, number, "its entry " + digits(index) + " " + what);
    };
    const bool is_tree = (node.flags & node_flag::tree) != 0;
    if (is_tree && node.data.size() != tree_record_bytes) {
      return refuse("is a tree's record of " + digits(node.data.size()) + " bytes; it would have " +
                    digits(tree_record_bytes));
    }
    if (node.flags == 0) {
      ++tree.entries;
      if (tree.role == Role::free_list) read_free_record(tree, number, node, nullptr);
    } else if (node.flags == node_flag::overflow && tree.role != Role::duplicates) {
      ++tree.entries;
      visit_overflow(tree, number, node);
    } else if (node.flags == node_flag::tree && tree.role == Role::main) {
      ++tree.entries;
      visit_table(node);
    } else if (node.flags == node_flag::duplicates && has_duplicates) {
      visit_sub_page(tree, refuse, node.data);
    } else if (node.flags == (node_flag::duplicates | node_flag::tree) && has_duplicates) {
      visit_duplicates(tree, refuse, node.data);
    } else {
      refuse("has flags " + digits(node.flags) + ", which no entry of this tree has");
    }
  }

  void visit_overflow(Tree& tree, PageNumber parent, const Node& node) {
    const PageNumber first = load_u64(node.data);
    if (!claim(tree, first, 1)) return;
    std::array<std::byte, page_header_bytes> bytes{};
    if (!load(tree, first, bytes)) return;
    const PageHeader header = PageHeader::decode(bytes);
    const std::uint64_t needed = pages_of(node.data_bytes);
    if (header.flags != page_flag::overflow || header.overflow_pages < needed ||
        header.overflow_pages > pages_of(max_value_bytes)) {
      return add_finding(Kind::unreadable, tree, first,
                         "has flags " + digits(header.flags) + " and claims " + digits(header.overflow_pages) +
                             " pages, where page " + digits(parent) + " expects an overflow run of at least " +
                             digits(needed));
    }
    if (header.overflow_pages > 1 && !claim(tree, first + 1, header.overflow_pages - 1)) return;
    tree.overflow_pages += header.overflow_pages;
    if (tree.role == Role::free_list) read_free_record(tree, parent, node, &first);
  }

  [[nodiscard]] std::uint64_t pages_of(std::uint64_t value_bytes) const noexcept {
    return (page_header_bytes - 1 + value_bytes) / meta_.page_bytes + 1;
  }

  void visit_table(const Node& node) {
    std::string name = printable(node.key);
    Tree table{Role::table, TreeRecord::decode(node.data), "table " + name};
    walk(table);
    report_.tables.push_back(table.report(std::move(name)));
  }

  template <class Refuse>
  void visit_sub_page(Tree& tree, const Refuse& refuse, Bytes page) {
    const bool fixed = (tree.record.flags & tree_flag::fixed_duplicates) != 0;
    const auto flags =
        static_cast<std::uint16_t>(page_flag::leaf | page_flag::sub_page | (fixed ? page_flag::fixed : 0));
    if (page.size() < page_header_bytes) return refuse("is a sub-page of " + digits(page.size()) + " bytes");
    if (const auto has = PageHeader::decode(page).flags; (has & ~page_flag::dirty) != flags) {
      return refuse("is a sub-page with flags " + digits(has));
    }
    if (fixed) {
      const auto keys = count_fixed_keys(page);
      if (!keys) return refuse("is a sub-page: " + keys.error());
      tree.entries += *keys;
      return;
    }
    const auto nodes = NodesView::check(page, NodesView::Kind::leaf);
    if (!nodes) return refuse("is a sub-page: " + nodes.error());
    for (std::size_t index = 0; index < nodes->size(); ++index) {
      if ((*nodes)[index].flags != 0) return refuse("is a sub-page whose entries are not plain");
    }
    tree.entries += nodes->size();
  }

  template <class Refuse>
  void visit_duplicates(Tree& tree, const Refuse& refuse, Bytes data) {
    Tree duplicates{Role::duplicates, TreeRecord::decode(data), tree.title + " (duplicates)"};
    if ((duplicates.record.flags & tree_flag::fixed_duplicates) != (tree.record.flags & tree_flag::fixed_duplicates)) {
      return refuse("is a tree of duplicates with flags " + digits(duplicates.record.flags));
    }
    walk(duplicates);
    tree.duplicate_pages += duplicates.branch_pages + duplicates.leaf_pages;
    tree.entries += duplicates.record.entries;
  }

  /// A record of the free list: a count, then page numbers in falling order. `overflow` is where it lies, if not
  /// in the node itself.
  void read_free_record(Tree& tree, PageNumber number, const Node& node, const PageNumber* overflow) {
    const auto refuse = [&](const std::string& what) { add_finding(Kind::unreadable, tree, number, what); };
    if (node.key.size() != sizeof(std::uint64_t)) return refuse("has a key of " + digits(node.key.size()) + " bytes");
    const std::uint64_t freed_by = load_u64(node.key);
    if (freed_by == 0 || freed_by > meta_.txnid) {
      return refuse("has pages freed by transaction " + digits(freed_by) + ", of " + digits(meta_.txnid));
    }
    const std::uint64_t start = overflow != nullptr ? *overflow * meta_.page_bytes + page_header_bytes : 0;
    const auto read_entries = [&](std::uint64_t index, std::span<std::byte> out) {
      const std::uint64_t offset = index * sizeof(PageNumber);
      if (overflow == nullptr) {
        std::copy_n(node.data.begin() + static_cast<std::ptrdiff_t>(offset), out.size(), out.begin());
        return true;
      }
      const auto got = file_.read(start + offset, out);
      if (!got || *got < out.size()) refuse(got ? "its list ends with the file" : got.error().message);
      return got && *got == out.size();
    };

    const std::uint64_t room = node.data_bytes / sizeof(PageNumber);
    std::array<std::byte, sizeof(PageNumber)> head{};
    if (room == 0) return refuse("has a free-list record of " + digits(node.data_bytes) + " bytes");
    if (!read_entries(0, head)) return;
    const std::uint64_t count = load_u64(head);
    if (count > room - 1) return refuse("lists " + digits(count) + " free pages in a room for " + digits(room - 1));

    std::vector<std::byte> chunk;
    PageNumber previous = meta_.last_page + 1;
    for (std::uint64_t done = 0; done < count; done += chunk.size() / sizeof(PageNumber)) {
      chunk.resize(std::min<std::uint64_t>(count - done, free_chunk_entries) * sizeof(PageNumber));
      if (!read_entries(1 + done, chunk)) return;
      for (std::size_t at = 0; at < chunk.size(); at += sizeof(PageNumber)) {
        const PageNumber page = load_u64(Bytes(chunk).subspan(at));
        if (page < first_data_page || page >= previous) {
          return refuse("lists page " + digits(page) + " as free, out of order: it would be from 2 to " +
                        digits(previous - 1));
        }
        previous = page;
        add_free_page(tree, page);
      }
    }
  }

  void add_free_page(Tree& tree, PageNumber page) {
    if (!free_.insert(page)) add_finding(Kind::inconsistent, tree, page, "is free twice");
    if (used_.contains(page)) add_finding(Kind::inconsistent, tree, page, "is in use and in the free list");
  }

  void find_leaks() {
    if (!all_walked_) return;
    PageSet known = used_;
    known.insert_all(free_);
    known.for_each_gap(first_data_page, meta_.last_page, [&](PageNumber first, PageNumber last) {
      report_.leaked_pages += last - first + 1;
      add_finding({Kind::inconsistent, first, "",
                   first == last ? "page " + digits(first) : "pages " + digits(first) + " to " + digits(last),
                   "neither in use nor in the free list"});
    });
  }

  const PageFile& file_;
  const MetaPage& meta_;
  const std::uint64_t file_bytes_;
  const PageNumber file_pages_;
  const PageFindings& findings_;
  const PageProgress& progress_;
  PageReport report_{};
  PageSet used_{};
  PageSet free_{};
  std::uint64_t next_progress_ = 0;
  bool all_walked_ = true;
  bool stopped_ = false;
};

}  // namespace

Result<PageReport> walk_pages(const PageFile& file, const MetaPage& meta, const PageFindings& findings,
                              const PageProgress& progress) {
  const auto bytes = file.size_bytes();
  if (!bytes) return fail(bytes.error());
  return PageWalk(file, meta, *bytes, findings, progress).run();
}

Result<PageReport> walk_pages(int descriptor, const std::string& name, std::uint64_t txnid,
                              const PageFindings& findings, const PageProgress& progress) {
  const PageFile file = PageFile::borrow(descriptor, name);
  const auto metas = file.read_metas();
  if (!metas) return fail(metas.error());
  const std::size_t slot = txnid % 2;
  const MetaPage& meta = (*metas)[slot];
  if (meta.txnid != txnid) {
    return fail(Errc::busy, name + ": transaction " + std::to_string(txnid) +
                                " is no longer in a meta page; two commits have been made since");
  }
  if (auto ok = file.check_meta(meta, slot); !ok) return fail(std::move(ok.error()));
  return walk_pages(file, meta, findings, progress);
}

Result<bool> tail_is_free(const PageFile& file, const MetaPage& meta, PageNumber first) {
  const auto bytes = file.size_bytes();
  if (!bytes) return fail(bytes.error());
  const PageFindings no_findings;
  const PageProgress no_progress;
  return PageWalk(file, meta, *bytes, no_findings, no_progress).tail_is_free(first);
}

}  // namespace flowkeep::storage

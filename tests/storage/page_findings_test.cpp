// What the walk finds in files that were sound and then changed by hand.
#include <cstring>
#include <span>

#include "page_fixture.hpp"

namespace flowkeep::storage {
namespace {

/// A sound file, changed by hand, byte by byte.
class DamagedFile {
 public:
  DamagedFile() {
    make_rich_file(path(), 21, 2, 40, 300);
    {
      // What this commit frees stays in a record of its own, because of the reader.
      const LmdbFile file(path());
      const Read reader(file);
      LmdbFile::Write txn = file.write();
      txn.put(txn.table(test_tables[0]), bytes_of(std::uint64_t{1}), "v");
      txn.commit();
    }
    bytes_ = read_file(path());
    const auto file = PageFile::open(path());
    meta_ = *file->read_newest_meta();
  }
  [[nodiscard]] const MetaPage& meta() const { return meta_; }
  [[nodiscard]] std::size_t offset_of(PageNumber page) const { return page * meta_.page_bytes; }
  [[nodiscard]] std::span<const std::byte> page(PageNumber number) const {
    return std::as_bytes(std::span(bytes_)).subspan(offset_of(number), meta_.page_bytes);
  }
  template <class Number>
  void set(std::size_t offset, Number number) {
    std::memcpy(bytes_.data() + offset, &number, sizeof number);
  }
  /// Where in the file the value of a node of the main table begins.
  [[nodiscard]] std::size_t main_value_offset(std::string_view key) const {
    const auto nodes = NodesView::check(page(meta_.main.root), NodesView::Kind::leaf);
    for (std::size_t index = 0; index < nodes->size(); ++index) {
      const Node node = (*nodes)[index];
      if (std::string_view(reinterpret_cast<const char*>(node.key.data()), node.key.size()) != key) continue;
      return static_cast<std::size_t>(reinterpret_cast<const char*>(node.data.data()) - bytes_.data());
    }
    ADD_FAILURE() << "no entry " << key;
    return 0;
  }
  [[nodiscard]] TreeRecord table(std::string_view name) const {
    return TreeRecord::decode(std::as_bytes(std::span(bytes_)).subspan(main_value_offset(name)));
  }
  void set_root(std::string_view table, PageNumber root) { set(main_value_offset(table) + 40, root); }
  /// Where in the file a record of the free list begins that lists two pages or more.
  [[nodiscard]] std::size_t free_list_value_offset() const {
    EXPECT_EQ(meta_.free_list.depth, 1);
    const auto nodes = NodesView::check(page(meta_.free_list.root), NodesView::Kind::leaf);
    for (std::size_t index = 0; index < nodes->size(); ++index) {
      const Node node = (*nodes)[index];
      if (node.flags != 0 || load_u64(node.data) < 2) continue;
      return static_cast<std::size_t>(reinterpret_cast<const char*>(node.data.data()) - bytes_.data());
    }
    ADD_FAILURE() << "no record of two pages in the root of the free list";
    return 0;
  }
  [[nodiscard]] std::uint64_t get(std::size_t offset) const {
    return load_u64(std::as_bytes(std::span(bytes_)).subspan(offset));
  }
  Walked walk() {
    write_file(path(), bytes_);
    return walk_newest(path());
  }

 private:
  [[nodiscard]] std::string path() const { return directory_.file("store"); }
  TemporaryDirectory directory_{};
  std::string bytes_{};
  MetaPage meta_{};
};

using Kind = PageFinding::Kind;

void expect_finding(const Walked& walked, Kind kind, std::string_view where, std::string_view what) {
  ASSERT_TRUE(walked.report) << walked.report.error().message;
  EXPECT_EQ(walked.report->findings, walked.findings.size());
  for (const PageFinding& finding : walked.findings) {
    if (finding.kind == kind && finding.where.find(where) != std::string::npos &&
        finding.what.find(what) != std::string::npos) {
      return;
    }
  }
  ADD_FAILURE() << "expected " << where << ": " << what << ", found\n" << walked.lines();
}

TEST(PageFindings, FindsALeakedPage) {
  DamagedFile file;
  const std::size_t list = file.free_list_value_offset();
  const std::uint64_t count = file.get(list);
  ASSERT_GT(count, 0U);
  const PageNumber lost = file.get(list + 8 * count);
  file.set(list, count - 1);
  const Walked walked = file.walk();
  expect_finding(walked, Kind::inconsistent, "page " + std::to_string(lost), "neither in use nor in the free list");
  EXPECT_EQ(walked.report->leaked_pages, 1U);
}

TEST(PageFindings, FindsAPageInUseAndFree) {
  DamagedFile file;
  const std::size_t list = file.free_list_value_offset();
  file.set(list, std::uint64_t{1});
  file.set(list + 8, file.table("records").root);
  expect_finding(file.walk(), Kind::inconsistent, "table records", "is in use and in the free list");
}

TEST(PageFindings, FindsAPageUsedTwice) {
  DamagedFile file;
  file.set_root("odd", file.table("by_machine").root);
  expect_finding(file.walk(), Kind::inconsistent, "table odd", "is in use in another place too");
}

TEST(PageFindings, FindsABranchThatLeadsBackToItself) {
  DamagedFile file;
  const PageNumber root = file.table("names").root;
  ASSERT_EQ(PageHeader::decode(file.page(root)).flags, page_flag::branch);
  std::uint16_t first = 0;
  std::memcpy(&first, file.page(root).data() + page_header_bytes, sizeof first);
  file.set(file.offset_of(root) + first, static_cast<std::uint32_t>(root));
  expect_finding(file.walk(), Kind::inconsistent, "table names", "is in use in another place too");
}

TEST(PageFindings, FindsARootOutsideTheFile) {
  DamagedFile file;
  file.set_root("odd", file.meta().last_page + 1);
  expect_finding(file.walk(), Kind::unreadable, "table odd", "pages run from 2 to");
}

TEST(PageFindings, FindsAMetaPageUsedAsATree) {
  DamagedFile file;
  file.set_root("odd", PageNumber{1});
  expect_finding(file.walk(), Kind::unreadable, "table odd, page 1", "pages run from 2 to");
}

TEST(PageFindings, FindsWhatIsWrongWithAPage) {
  struct Case {
    const char* table;
    std::size_t offset;
    std::uint16_t value;
    const char* what;
  };
  constexpr Case cases[] = {
      {"records", 0, 0xFFFF, "says that it is page"},
      {"records", 10, page_flag::overflow, "has flags 4"},
      {"records", 10, page_flag::leaf | page_flag::fixed, "has flags 34"},
      {"records", 12, 17, "its free space runs from byte 17"},
      {"records", 12, 2, "its free space runs from byte 2"},
      {"records", 14, 0xFFFF, "to 65535 of 4096"},
      {"records", 16, 0, "its entry 0 lies at bytes 0"},
      {"records", 16, 4094, "its entry 0 lies at bytes 4094"},
      {"records", 16, 4001, "its entry 0 lies at bytes 4001"},
      {"records", 12, 16, "is a branch page with 0 entries"},
  };
  for (const Case& each : cases) {
    SCOPED_TRACE(each.what);
    DamagedFile file;
    file.set(file.offset_of(file.table(each.table).root) + each.offset, each.value);
    const Walked walked = file.walk();
    const bool empty = each.offset == 12 && each.value == 16;
    expect_finding(walked, empty ? Kind::inconsistent : Kind::unreadable, std::string("table ") + each.table,
                   each.what);
  }
}

TEST(PageFindings, FindsCountsThatAreNotTrue) {
  struct Case {
    std::size_t offset;
    const char* what;
  };
  constexpr Case cases[] = {{8, "branch pages, but has"},
                            {16, "leaf pages, but has"},
                            {24, "overflow pages, but has"},
                            {32, "entries, but has"}};
  for (const Case& each : cases) {
    SCOPED_TRACE(each.what);
    DamagedFile file;
    file.set(file.main_value_offset("records") + each.offset, std::uint64_t{77'777});
    const Walked walked = file.walk();
    expect_finding(walked, Kind::inconsistent, "table records", each.what);
    EXPECT_EQ(walked.findings.size(), 1U);
  }
}

TEST(PageFindings, FindsATreeDeeperThanItsPages) {
  DamagedFile file;
  const std::size_t depth = file.main_value_offset("records") + 6;
  file.set(depth, std::uint16_t{9});
  expect_finding(file.walk(), Kind::inconsistent, "table records", "of 9");
  file.set(depth, std::uint16_t{1});
  expect_finding(file.walk(), Kind::unreadable, "table records", "is a branch page at level 1 of 1");
  file.set(depth, std::uint16_t{40'000});
  expect_finding(file.walk(), Kind::unreadable, "table records", "is the root of 40000 levels");
}

TEST(PageFindings, FindsFreeListsThatCannotBe) {
  struct Case {
    std::uint64_t count;
    std::uint64_t first;
    const char* what;
  };
  constexpr Case cases[] = {{~std::uint64_t{0}, 2, "free pages in a room for"},
                            {1, 1, "lists page 1 as free, out of order"},
                            {1, 1ULL << 60, "lists page 1152921504606846976 as free, out of order"}};
  for (const Case& each : cases) {
    SCOPED_TRACE(each.what);
    DamagedFile file;
    const std::size_t list = file.free_list_value_offset();
    file.set(list, each.count);
    file.set(list + 8, each.first);
    expect_finding(file.walk(), Kind::unreadable, "free list", each.what);
  }
}

TEST(PageFindings, FindsAMetaPageWithAnotherNumber) {
  DamagedFile file;
  file.set(file.offset_of(file.meta().txnid % 2), std::uint64_t{5});
  expect_finding(file.walk(), Kind::inconsistent, "page ", "says that it is page 5");
}

}  // namespace
}  // namespace flowkeep::storage

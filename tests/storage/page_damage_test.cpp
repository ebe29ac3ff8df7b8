// Damage at random: whatever a file holds, both readers of it end with an answer. The sanitizer builds watch that
// they read nothing that is not theirs.
#include <cstring>

#include "page_fixture.hpp"
#include "storage/file_check.hpp"

namespace flowkeep::storage {
namespace {

constexpr std::uint64_t seeds = 4'000;

/// Does one to eight harmful things to a file of whole pages.
void damage(std::string& bytes, std::mt19937_64& random) {
  const std::uint64_t pages = bytes.size() / page_bytes;
  const auto put = [&bytes](std::size_t offset, auto number) {
    if (offset + sizeof number <= bytes.size()) std::memcpy(bytes.data() + offset, &number, sizeof number);
  };
  for (std::uint64_t count = 1 + random() % 8; count > 0; --count) {
    // Half of the damage goes to meta pages, from which everything hangs.
    const std::size_t page = (random() % 2 == 0 ? random() % 2 : random() % pages) * page_bytes;
    const std::size_t header = page + 2 * (random() % 80);
    const std::size_t anywhere = page + random() % page_bytes;
    switch (random() % 6) {
      case 0:
        bytes[anywhere] = static_cast<char>(random());
        break;
      case 1:
        put(header, static_cast<std::uint16_t>(random()));
        break;
      case 2:
        put(header, static_cast<std::uint16_t>(random() % page_bytes));
        break;
      case 3:
        put(header, static_cast<std::uint64_t>(random() % (pages + 2)));
        break;
      case 4:
        put(anywhere & ~std::size_t{1}, static_cast<std::uint32_t>(random() % pages));
        break;
      default:
        put(page + 8 * (random() % (page_bytes / 8)), random() >> (random() % 64));
        break;
    }
  }
}

TEST(PageDamage, EndsWithAnAnswerForEveryFile) {
  const TemporaryDirectory directory;
  make_rich_file(directory.file("whole"), 1, 6, 40, 300);
  make_short_file(directory.file("short"));
  const std::string originals[] = {read_file(directory.file("whole")), read_file(directory.file("short"))};
  const std::string path = directory.file("damaged");
  std::uint64_t sound = 0;
  for (std::uint64_t seed = 0; seed < seeds && !testing::Test::HasFailure(); ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937_64 random(seed);
    std::string bytes = originals[seed % 2];
    damage(bytes, random);
    if (random() % 4 == 0) bytes.resize(random() % bytes.size());
    write_file(path, bytes);
    static_cast<void>(check_file_before_open(path));
    const Walked walked = walk_newest(path);
    if (!walked.report) {
      EXPECT_FALSE(walked.report.error().message.empty());
      continue;
    }
    EXPECT_EQ(walked.report->findings, walked.findings.size());
    EXPECT_LE(walked.report->used_pages, bytes.size() / 4096);
    if (walked.findings.empty()) ++sound;
  }
  EXPECT_LT(sound, seeds / 2) << "most of the damage hit nothing";
}

TEST(PageDamage, EndsSoonForAHugeHollowFile) {
  const TemporaryDirectory directory;
  const std::string path = directory.file("store");
  make_rich_file(path, 4, 2, 50);
  std::string bytes = read_file(path);
  const std::uint64_t last_page = (1ULL << 34) - 1;
  for (const std::size_t meta : {std::size_t{16}, std::size_t{4096 + 16}}) {
    std::memcpy(bytes.data() + meta + 120, &last_page, sizeof last_page);
  }
  write_file(path, bytes);
  EXPECT_TRUE(check_file_before_open(path)) << "pages that nobody uses may be missing";
  std::filesystem::resize_file(path, 1ULL << 42);
  const Walked walked = walk_newest(path);
  ASSERT_TRUE(walked.report) << walked.report.error().message;
  EXPECT_EQ(walked.report->used_pages + walked.report->free_pages + walked.report->leaked_pages + 2, last_page + 1);
}

}  // namespace
}  // namespace flowkeep::storage

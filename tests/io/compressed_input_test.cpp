#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <string>

#include "samples.hpp"

namespace flowkeep::io {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

struct Packing {
  const char* name;
  std::string (*pack)(std::string_view);
};
constexpr Packing packings[] = {{"gzip", gzipped}, {"zstd", zstandard}};

std::string rows(unsigned count) {
  std::string text;
  for (unsigned number = 0; number < count; ++number) text += full_row(number) + "\n";
  return text;
}

TEST(CompressedInput, GivesTheRowsOfThePlainFile) {
  const Folder folder;
  const std::string text = rows(800);
  for (const Packing& packing : packings) {
    const InputRead read = read_all(folder.write("x", packing.pack(text)));
    EXPECT_EQ(read.error, "") << packing.name;
    ASSERT_EQ(read.rows.size(), 800U) << packing.name;
    EXPECT_EQ(difference(read.rows.back().session, read_row(full_row(799))), "") << packing.name;
    EXPECT_EQ(read.rows.back().line, 800U) << packing.name;
  }
}

TEST(CompressedInput, ReadsSeveralMembersAndFrames) {
  const Folder folder;
  for (const Packing& packing : packings) {
    const InputRead read = read_all(
        folder.write("x", packing.pack("{\"name\":\"a\"}\n{\"na") + packing.pack("") + packing.pack("me\":\"b\"}\n")));
    EXPECT_EQ(read.error, "") << packing.name;
    ASSERT_EQ(read.rows.size(), 2U) << packing.name;
    EXPECT_EQ(read.rows[1].session.name, "b") << packing.name;
  }
}

TEST(CompressedInput, ReadsAResponseAndAnEmptyText) {
  const Folder folder;
  for (const Packing& packing : packings) {
    EXPECT_EQ(read_all(folder.write("x", packing.pack("\xEF\xBB\xBF{\"value\":[{},{}]}"))).rows.size(), 2U)
        << packing.name;
    const InputRead empty = read_all(folder.write("x", packing.pack("")));
    EXPECT_EQ(empty.rows.size(), 0U) << packing.name;
    EXPECT_EQ(empty.error, "") << packing.name;
  }
}

TEST(CompressedInput, ReadsATextThatIsLargeAndPacksWell) {
  const Folder folder;
  const std::string row = "{\"rundetails\":\"" + std::string(3'000'000, 'z') + "\"}\n";
  for (const Packing& packing : packings) {
    const InputRead read = read_all(folder.write("x", packing.pack(row + row + row)));
    EXPECT_EQ(read.error, "") << packing.name;
    EXPECT_EQ(read.rows.size(), 3U) << packing.name;
  }
}

TEST(CompressedInput, SaysWhenTheDataAreCutShort) {
  const Folder folder;
  const std::string text = rows(300);
  for (const Packing& packing : packings) {
    const std::string packed = packing.pack(text);
    for (const std::size_t length : {std::size_t{5}, packed.size() / 2, packed.size() - 5, packed.size() - 1}) {
      const InputRead read = read_all(folder.write("x", packed.substr(0, length)));
      EXPECT_THAT(read.error, StartsWith("line " + std::to_string(read.rows.size() + 1) + ": "))
          << packing.name << " " << length;
      EXPECT_THAT(read.error, HasSubstr(std::string("the ") + packing.name + " data are cut short")) << length;
      EXPECT_EQ(read.code, Errc::invalid_argument) << packing.name;
    }
  }
}

TEST(CompressedInput, SaysWhenTheDataAreDamaged) {
  const Folder folder;
  // Not one long run: a damaged byte must not go unnoticed.
  std::string text;
  for (unsigned number = 0; number < 2'000; ++number) text += "{\"name\":\"" + Guid::make().str() + "\"}\n";
  for (const Packing& packing : packings) {
    std::string packed = packing.pack(text);
    for (std::size_t at = packed.size() / 2; at < packed.size() / 2 + 64; ++at)
      packed[at] = static_cast<char>(packed[at] ^ 0x55);
    const InputRead read = read_all(folder.write("x", packed));
    EXPECT_THAT(read.error, StartsWith("line ")) << packing.name;
    EXPECT_LT(read.rows.size(), 2'000U) << packing.name;
    EXPECT_EQ(read.code, Errc::invalid_argument) << packing.name;
  }
}

TEST(CompressedInput, PassesOverZerosBehindGzipAndRefusesAnythingElse) {
  const Folder folder;
  const std::string packed = gzipped("{\"name\":\"a\"}\n");
  const InputRead padded = read_all(folder.write("x", packed + std::string(700'000, '\0')));
  EXPECT_EQ(padded.rows.size(), 1U);
  EXPECT_EQ(padded.error, "");
  const InputRead followed = read_all(folder.write("x", packed + "{\"name\":\"b\"}\n"));
  EXPECT_EQ(followed.rows.size(), 1U);
  EXPECT_THAT(followed.error, HasSubstr("followed by something that is not gzip"));
}

TEST(CompressedInput, TellsThePackingByTheContentNotByTheName) {
  const Folder folder;
  EXPECT_EQ(read_all(folder.write("plain.gz", "{}\n")).rows.size(), 1U);
  EXPECT_EQ(read_all(folder.write("packed.jsonl", gzipped("{}\n"))).rows.size(), 1U);
}

TEST(CompressedInput, CountsPackedBytes) {
  const Folder folder;
  const std::string packed = zstandard(rows(100));
  auto input = SessionInput::open(folder.write("x", packed));
  ASSERT_TRUE(input);
  EXPECT_EQ(input->bytes_total(), packed.size());
  while (input->next().value()) {
  }
  EXPECT_EQ(input->bytes_read(), packed.size());
}

}  // namespace
}  // namespace flowkeep::io

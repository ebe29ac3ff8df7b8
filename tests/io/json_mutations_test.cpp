#include <gtest/gtest.h>

#include <random>
#include <string>

#include "samples.hpp"

namespace flowkeep::io {
namespace {

/// Bytes that mean something to JSON, and some that mean nothing.
constexpr std::string_view telling = "{}[]\",:\\0123456789.eE+-tfnu \n\r\t/=_@\x80\xc3\xff\x01";

std::string mutated(std::string row, std::mt19937& random) {
  const auto below = [&random](std::size_t count) {
    return std::uniform_int_distribution<std::size_t>(0, count - 1)(random);
  };
  for (std::size_t changes = 1 + below(4); changes > 0 && !row.empty(); --changes) {
    const std::size_t at = below(row.size());
    switch (below(5)) {
      case 0:
        row[at] = telling[below(telling.size())];
        break;
      case 1:
        row.insert(at, 1, telling[below(telling.size())]);
        break;
      case 2:
        row.erase(at, 1 + below(8));
        break;
      case 3:
        row.insert(at, row.substr(below(row.size()), below(40)));
        break;
      default:
        row.resize(at);
        break;
    }
  }
  return row;
}

TEST(JsonReaderMutations, AnyTextIsReadOrRefused) {
  const std::string whole = full_row(3);
  const std::string row = whole.substr(0, whole.size() - 1) +
                          R"json(,"MachineId@odata.bind":"/flowmachines(0188f103-7a00-7000-8000-000000000005)",)json" +
                          R"json("new":[1,{"a":[null,"é\ud83d\ude00"]}],"x@y":{}})json";
  JsonReader reader;
  ASSERT_TRUE(reader.read(row)) << reader.read(row).error().message;
  int read = 0;
  for (std::uint32_t seed = 1; seed <= 20'000; ++seed) {
    std::mt19937 random(seed);
    const std::string text = mutated(row, random);
    const auto session = reader.read(text);
    if (session) {
      ++read;
      continue;
    }
    EXPECT_EQ(session.error().code, Errc::invalid_argument) << "seed " << seed;
    EXPECT_FALSE(session.error().message.empty()) << "seed " << seed;
  }
  EXPECT_GT(read, 100);
  EXPECT_LT(read, 19'000);
}

TEST(JsonReaderMutations, ARefusalLeavesNothingForTheNextRow) {
  const std::string row = full_row(3);
  const Session expected = read_row(row);
  JsonReader reader;
  for (std::uint32_t seed = 1; seed <= 500; ++seed) {
    std::mt19937 random(seed);
    (void)reader.read(mutated(row, random));
    const auto session = reader.read(row);
    ASSERT_TRUE(session) << "seed " << seed;
    ASSERT_EQ(difference(*session, expected), "") << "seed " << seed;
  }
}

TEST(SessionInputMutations, AnyFileIsReadOrRefused) {
  const Folder folder;
  const std::string response =
      "{\"@odata.context\":\"x\",\"value\":[" + full_row(1) + "," + full_row(2) + "],\"@odata.nextLink\":\"y\"}\n";
  const std::string lines = full_row(1) + "\n\n" + full_row(2) + "\n";
  for (std::uint32_t seed = 1; seed <= 600; ++seed) {
    std::mt19937 random(seed);
    std::string text = mutated(seed % 2 == 0 ? response : lines, random);
    if (seed % 5 == 0) text = mutated(gzipped(text), random);
    if (seed % 7 == 0) text = mutated(zstandard(text), random);
    const InputRead read = read_all(folder.write("mutated", text));
    const Errc expected = read.error.empty() ? Errc{} : Errc::invalid_argument;
    EXPECT_EQ(read.code, expected) << "seed " << seed << ": " << read.error;
    EXPECT_LE(read.rows.size(), 3U) << "seed " << seed;
  }
}

}  // namespace
}  // namespace flowkeep::io

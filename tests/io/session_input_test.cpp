#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <string>
#include <thread>
#include <vector>

#include "samples.hpp"

namespace flowkeep::io {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

std::string named(int number) {
  return "{\"name\":\"n" + std::to_string(number) + "\"}";
}

/// The names of the rows and where they stand: "n1@1 n2@2".
std::string shown(const InputRead& read) {
  std::string text;
  for (const InputRow& row : read.rows) {
    if (!text.empty()) text += ' ';
    text += row.session.name.value_or("?");
    text += '@';
    text += std::to_string(row.line);
  }
  return text;
}

TEST(SessionInput, ReadsJsonLines) {
  const Folder folder;
  const InputRead read = read_all(folder.write("x", named(1) + "\n" + named(2) + "\n"));
  EXPECT_EQ(shown(read), "n1@1 n2@2");
  EXPECT_EQ(read.error, "");
  EXPECT_EQ(read.unit, "line");
}

TEST(SessionInput, ReadsTheSameRowsFromEveryLayoutOfLines) {
  const Folder folder;
  const std::string bom = "\xEF\xBB\xBF";
  for (const auto& [text, rows] : std::initializer_list<std::pair<std::string, std::string>>{
           {named(1) + "\n" + named(2), "n1@1 n2@2"},
           {named(1) + "\r\n" + named(2) + "\r\n", "n1@1 n2@2"},
           {bom + named(1) + "\n" + named(2) + "\n", "n1@1 n2@2"},
           {"\n \n\t\r\n" + named(1) + "\n\n\n  " + named(2) + "  \n\n", "n1@4 n2@7"},
           {named(1), "n1@1"},
           {"", ""},
           {bom, ""},
           {"\n\n  \r\n", ""},
           {"{}\n{}", "?@1 ?@2"},
       }) {
    const InputRead read = read_all(folder.write("x", text));
    EXPECT_EQ(read.error, "") << text;
    EXPECT_EQ(shown(read), rows) << text;
  }
}

TEST(SessionInput, ReadsAWebApiResponse) {
  const Folder folder;
  const std::string context = "\"@odata.context\":\"https://org/api/data/v9.2/$metadata#flowsessions\"";
  for (const auto& [text, rows] : std::initializer_list<std::pair<std::string, std::string>>{
           {"{" + context + ",\"value\":[" + named(1) + "," + named(2) + "]}", "n1@1 n2@2"},
           {"{\"value\":[" + named(1) + "]," + context + ",\"@odata.nextLink\":\"https://x?$skiptoken=%22a\\\"]}\"}\n",
            "n1@1"},
           {"\xEF\xBB\xBF{\r\n  " + context +
                ",\r\n  \"value\": [\r\n    {\r\n      \"name\": \"n1\"\r\n    },\r\n    " + named(2) +
                "\r\n  ]\r\n}\r\n",
            "n1@1 n2@2"},
           {"\n\n{\"a\":[1,{\"value\":[2]}],\"b\":-1.5e3,\"c\":null,\"value\" : [ " + named(1) + " ] }  \n\n", "n1@1"},
           {"{\"value\":[]}", ""},
           {"{ \"value\" : [ ] , \"x\" : { \"y\" : \"]}\" } }", ""},
       }) {
    const InputRead read = read_all(folder.write("x", text));
    EXPECT_EQ(read.error, "") << text;
    EXPECT_EQ(shown(read), rows) << text;
    EXPECT_EQ(read.unit, "element") << text;
  }
}

TEST(SessionInput, TakesARowForALineUnlessItsValueIsAList) {
  const Folder folder;
  const InputRead read = read_all(folder.write("x", "{\"value\":4,\"name\":\"n1\"}\n" + named(2) + "\n"));
  EXPECT_EQ(shown(read), "n1@1 n2@2");
  EXPECT_EQ(read.rows.at(0).session.extra.at("value"), "4");
}

TEST(SessionInput, SaysWhereARowIsWrong) {
  const Folder folder;
  const std::string lines = named(1) + "\n\n" + named(2) + "\n";
  struct Case {
    std::string text;
    std::string rows;
    std::string error;
  };
  for (const Case& c : std::initializer_list<Case>{
           {lines + "{\"name\":4}\n" + named(3), "n1@1 n2@3", "line 4: name: 4 is a number, a text is needed"},
           {lines + "{\"name\":\"x\"", "n1@1 n2@3", "line 4: the JSON object is cut short"},
           {lines + "{\"name\":\"x", "n1@1 n2@3", "line 4: the JSON object is cut short"},
           {lines + "[1]\n", "n1@1 n2@3", "line 4: a list stands here, a JSON object is needed"},
           {lines + "17\n", "n1@1 n2@3", "line 4: a number stands here"},
           {lines + "{\"name\":\"\xff\"}\n", "n1@1 n2@3", "line 4: not valid UTF-8"},
           {named(1) + named(2) + "\n", "", "line 1: more text stands behind the JSON object"},
           {"[" + named(1) + "]\n", "", "line 1: a list stands here"},
           {"name,statuscode\r\nx,4\r\n", "", "line 1: "},
           {"{\n\"name\":\"x\"\n}\n", "", "line 1: the JSON object is cut short"},
           {"{\"name\":\"x\n" + named(2) + "\n", "", "line 1: the JSON object is cut short"},
           {"{\"@odata.context\":\"x\",\"val", "", "line 1: the JSON object is cut short"},
           {"{\"value\":[" + named(1) + ",{\"name\":4}]}", "n1@1", "element 2: name: 4 is a number"},
           {"{\"value\":[" + named(1) + ",4]}", "n1@1", "element 2: a number stands here, a JSON object is needed"},
           {"{\"value\":[[]]}", "", "element 1: a list stands here"},
           {"{\"value\":[" + named(1) + ",]}", "n1@1", "element 2: "},
           {"{\"value\":[" + named(1) + " " + named(2) + "]}", "n1@1", "element 2: not valid JSON"},
           {"{\"value\":[" + named(1) + "," + "{\"name\":\"x", "n1@1", "element 2: the response is cut short"},
           {"{\"value\":[" + named(1), "n1@1", "element 2: the response is cut short"},
           {"{\"value\":[" + named(1) + "]", "n1@1", "element 1: the response is cut short"},
           {"{\"value\":[" + named(1) + "],\"x\":", "n1@1", "element 1: the response is cut short"},
           {"{\"value\":[" + named(1) + "]}" + named(2), "n1@1", "element 1: behind the list: more text"},
           {"{\"value\":[" + named(1) + "]]", "n1@1", "element 1: behind the list: not valid JSON"},
           {"{\"value\":[" + named(1) + "],\"value\":[]}", "n1@1", "element 1: behind the list: a second \"value\""},
           {"{\"value\":[{\"name\":\"n1\"]]}", "", "element 1: not valid JSON"},
           {"{\"value\":[{\"name\":\"\xff\"}]}", "", "element 1: not valid UTF-8"},
       }) {
    const InputRead read = read_all(folder.write("x", c.text));
    EXPECT_EQ(shown(read), c.rows) << c.text;
    EXPECT_THAT(read.error, StartsWith(c.error)) << c.text;
    EXPECT_EQ(read.code, Errc::invalid_argument) << c.text;
  }
}

TEST(SessionInput, ReadsLinesOfAnyLength) {
  const Folder folder;
  std::string text;
  std::vector<std::size_t> lengths{0, 1, 100, 262'000, 262'144, 1'048'576, 3, 5'000'000, 70'000, 2};
  for (const std::size_t length : lengths) text += "{\"rundetails\":\"" + std::string(length, 'y') + "\"}\n";
  const InputRead read = read_all(folder.write("x", text));
  EXPECT_EQ(read.error, "");
  ASSERT_EQ(read.rows.size(), lengths.size());
  for (std::size_t row = 0; row < lengths.size(); ++row)
    EXPECT_EQ(read.rows[row].session.rundetails->size(), lengths[row]);
}

TEST(SessionInput, ReadsElementsOfAnyLength) {
  const Folder folder;
  std::string text = "{\"value\":[";
  std::vector<std::size_t> lengths{0, 262'144, 1'048'560, 3'000'000, 5};
  for (const std::size_t length : lengths)
    text += std::string(text.back() == '[' ? "" : ",") + "{\"rundetails\":\"" + std::string(length, 'y') + "\\\\\"}";
  const InputRead read = read_all(folder.write("x", text + "]}"));
  EXPECT_EQ(read.error, "");
  ASSERT_EQ(read.rows.size(), lengths.size());
  for (std::size_t row = 0; row < lengths.size(); ++row)
    EXPECT_EQ(read.rows[row].session.rundetails->size(), lengths[row] + 1);
}

TEST(SessionInput, RefusesALineOver256MiB) {
  const Folder folder;
  const std::string path = folder.write("x", "{}\n{\"name\":\"");
  ASSERT_EQ(::truncate(path.c_str(), (off_t{256} << 20) + 100), 0);
  const InputRead read = read_all(path);
  EXPECT_EQ(read.rows.size(), 1U);
  EXPECT_EQ(read.error, "line 2: longer than 256 MiB");
}

TEST(SessionInput, TellsMissingAndForbiddenFilesApart) {
  const Folder folder;
  const auto missing = SessionInput::open(folder.path("missing.jsonl"));
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, Errc::not_found);
  EXPECT_THAT(missing.error().message, HasSubstr("missing.jsonl"));

  const auto directory = SessionInput::open(folder.path("."));
  ASSERT_FALSE(directory);
  EXPECT_EQ(directory.error().code, Errc::io);
  EXPECT_THAT(directory.error().message, HasSubstr("directory"));
}

TEST(SessionInput, RefusesAFileWithoutPermission) {
  const Folder folder;
  const std::string path = folder.write("x", "{}");
  ASSERT_EQ(::chmod(path.c_str(), 0), 0);
  constexpr uid_t nobody = 65534;
  const uid_t user = ::geteuid();
  if (user == 0 && ::seteuid(nobody) != 0) GTEST_SKIP() << "root may read every file, and cannot be somebody else here";
  const auto input = SessionInput::open(path);
  ASSERT_EQ(::seteuid(user), 0);
  ASSERT_FALSE(input);
  EXPECT_EQ(input.error().code, Errc::access_denied);
}

TEST(SessionInput, ReadsAPipeByteByByte) {
  const Folder folder;
  const std::string path = folder.path("pipe");
  ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
  const std::string text = "\xEF\xBB\xBF" + named(1) + "\r\n\r\n" + named(2);
  std::thread writer([&] {
    const int descriptor = ::open(path.c_str(), O_WRONLY);
    for (const char c : text) EXPECT_EQ(::write(descriptor, &c, 1), 1);
    ::close(descriptor);
  });
  const InputRead read = read_all(path);
  writer.join();
  EXPECT_EQ(shown(read), "n1@1 n2@3");
  EXPECT_EQ(read.error, "");
}

TEST(SessionInput, CountsTheBytesOfAFile) {
  const Folder folder;
  const std::string text = named(1) + "\n" + named(2) + "\n";
  auto input = SessionInput::open(folder.write("x", text));
  ASSERT_TRUE(input);
  EXPECT_EQ(input->bytes_total(), text.size());
  EXPECT_EQ(input->bytes_read(), 0U);
  while (input->next().value()) {
  }
  EXPECT_EQ(input->bytes_read(), text.size());
}

TEST(SessionInput, ReadsAfterBeingMoved) {
  const Folder folder;
  auto first = SessionInput::open(folder.write("x", named(1) + "\n" + named(2) + "\n"));
  ASSERT_TRUE(first);
  EXPECT_TRUE(first->next().value());
  SessionInput second(std::move(*first));
  const auto row = second.next();
  ASSERT_TRUE(row && *row);
  EXPECT_EQ((*row)->session.name, "n2");
}

}  // namespace
}  // namespace flowkeep::io

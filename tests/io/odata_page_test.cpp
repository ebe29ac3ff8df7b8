#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

#include <flowkeep/io/odata.hpp>

#include "samples.hpp"

namespace flowkeep::io {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

std::string numbered(unsigned number) {
  return "{\"name\":\"n" + std::to_string(number) + "\",\"statuscode\":" + (number % 2 == 0 ? "4" : "8") +
         ",\"createdon\":\"2024-05-01T10:00:00Z\"}";
}

class ODataPage : public StoredRows {
 protected:
  void fill(unsigned rows) {
    std::vector<std::string> texts;
    for (unsigned number = 0; number < rows; ++number) texts.push_back(numbered(number));
    import(texts);
  }

  Result<std::string> page(const Query& query, std::uint64_t size, std::string& out,
                           ODataWriter::Count count = ODataWriter::Count::none) {
    const auto snapshot = store_->snapshot();
    EXPECT_TRUE(snapshot);
    return ODataWriter::make({.columns = {"name"}})->write_page(*snapshot, query, size, count, out);
  }

  /// The names of all pages, those of a page with a bar behind them, going on by the links alone.
  std::string walked(Query query, std::uint64_t size) {
    std::string names;
    for (;;) {
      std::string out;
      const auto token = page(query, size, out);
      EXPECT_TRUE(token) << token.error().message;
      if (!token) return names;
      for (const InputRow& row : read_all(folder_.write("page.json", out)).rows) names += *row.session.name + " ";
      names += "| ";
      const std::string start = "\"@odata.nextLink\":\"";
      const std::size_t link = out.find(start);
      if (link == std::string::npos) {
        EXPECT_EQ(*token, "");
        return names;
      }
      const std::size_t begin = link + start.size();
      query.after = read_link_token(out.substr(begin, out.find('"', begin) - begin)).value();
      EXPECT_EQ(query.after, *token);
    }
  }
};

TEST_F(ODataPage, EverySessionComesOnceUntilTheEnd) {
  fill(7);
  const Query all{.order = oldest_first};
  EXPECT_EQ(walked(all, 3), "n0 n1 n2 | n3 n4 n5 | n6 | ");
  EXPECT_EQ(walked(all, 1), "n0 | n1 | n2 | n3 | n4 | n5 | n6 | ");
  EXPECT_EQ(walked(all, 6), "n0 n1 n2 n3 n4 n5 | n6 | ");
  EXPECT_EQ(walked(all, 7), "n0 n1 n2 n3 n4 n5 n6 | ");
  EXPECT_EQ(walked(all, std::numeric_limits<std::uint64_t>::max()), "n0 n1 n2 n3 n4 n5 n6 | ");
  EXPECT_EQ(walked({.statuscodes = {StatusCode::failed}}, 2), "n5 n3 | n1 | ");
}

TEST_F(ODataPage, LeavesTheQuerysLimitAside) {
  fill(4);
  std::string out;
  const auto token = page({.limit = limit(1), .pause_after = 1}, 3, out);
  ASSERT_TRUE(token);
  EXPECT_NE(*token, "");
  EXPECT_EQ(read_all(folder_.write("page.json", out)).rows.size(), 3U);
}

TEST_F(ODataPage, CountsAllThatMatchOnEveryPage) {
  fill(7);
  Query query{.statuscodes = {StatusCode::succeeded}};
  for (int at = 0; at < 2; ++at) {
    std::string out;
    const auto token = page(query, 3, out, ODataWriter::Count::all);
    ASSERT_TRUE(token);
    EXPECT_THAT(out, StartsWith(R"j({"@odata.context":"$metadata#flowsessions(name)","@odata.count":4,"value":[)j"));
    query.after = *token;
  }
}

TEST_F(ODataPage, GoesOnWhileTheStoreIsWrittenTo) {
  fill(4);
  std::string out;
  Query query{.order = oldest_first};
  query.after = page(query, 2, out).value();
  std::vector<Session> more{read_row(numbered(4))};
  ASSERT_TRUE(store_->import_sessions(more));
  for (const InputRow& row : read_all(folder_.write("page.json", out)).rows)
    ASSERT_TRUE(store_->erase(row.session.flowsessionid.value()));
  EXPECT_EQ(walked(query, 2), "n2 n3 | n4 | ");
}

TEST_F(ODataPage, RefusesWithoutAppending) {
  fill(3);
  std::string out = "before";
  EXPECT_EQ(page({}, 0, out).error().code, Errc::invalid_argument);
  const std::string token = page({}, 2, out).value();
  out = "before";
  const auto other = page({.statuscodes = {StatusCode::failed}, .after = token}, 2, out);
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().code, Errc::invalid_argument);
  EXPECT_THAT(other.error().message, HasSubstr("another query"));
  EXPECT_FALSE(page({.after = "abc"}, 2, out));
  EXPECT_EQ(out, "before");
}

TEST_F(ODataPage, ABufferMayBeEmptiedInTheMiddleOfAList) {
  fill(3);
  auto writer = ODataWriter::make({.columns = {"name"}});
  ASSERT_TRUE(writer);
  const auto snapshot = store_->snapshot();
  ASSERT_TRUE(snapshot);
  std::string all;
  std::string out;
  writer->begin(out);
  all += std::exchange(out, {});
  auto range = snapshot->select({});
  for (const auto& row : range) {
    ASSERT_TRUE(writer->write(*snapshot, *row, out));
    all += std::exchange(out, {});
  }
  writer->end(out);
  all += out;
  std::string at_once;
  ASSERT_TRUE(writer->write_page(*snapshot, {}, 3, ODataWriter::Count::none, at_once));
  EXPECT_EQ(all, at_once);
}

TEST(ODataLink, HasItsTokenRead) {
  for (const auto& [link, token] : std::initializer_list<std::pair<const char*, const char*>>{
           {"01ab", "01ab"},
           {"flowsessions?$skiptoken=01ab", "01ab"},
           {"https://h/api/data/v9.2/flowsessions?$select=name&$skiptoken=01ab&$top=3", "01ab"},
           {"https://h/flowsessions?%24skiptoken=a%20b%26c#x", "a b&c"},
           {"flowsessions?$deltatoken=01ab", "01ab"},
           {"a%2Fb", "a/b"},
       }) {
    EXPECT_EQ(read_link_token(link), token) << link;
  }
  for (const char* link : {"", "flowsessions?$skiptoken=", "flowsessions?$skip=3", "https://h/flowsessions", "a%2",
                           "%zz", "flowsessions?xskiptoken=1", "flowsessions#$skiptoken=1"}) {
    const auto token = read_link_token(link);
    ASSERT_FALSE(token) << link;
    EXPECT_EQ(token.error().code, Errc::invalid_argument) << link;
  }
}

TEST(ODataLink, BeginsWithTheBase) {
  for (const auto& [base, context] : std::initializer_list<std::pair<const char*, const char*>>{
           {"", "\"$metadata#flowsessions\""},
           {"/api", "\"/api/$metadata#flowsessions\""},
           {"https://h/api/", "\"https://h/api/$metadata#flowsessions\""},
           {"http://[::1]:8080/a%20b", "\"http://[::1]:8080/a%20b/$metadata#flowsessions\""},
       }) {
    auto writer = ODataWriter::make({.base_url = base});
    ASSERT_TRUE(writer) << base;
    std::string out;
    writer->begin(out);
    EXPECT_THAT(out, HasSubstr(context));
  }
  for (const char* base : {"https://h/?a=b", "https://h/#a", "h\"", "a b", "h\n", "h\\", "ü"}) {
    for (const Format format : {Format::odata, Format::jsonl}) {
      const auto writer = SessionWriter::make({.format = format, .base_url = base});
      EXPECT_EQ(writer.has_value(), format == Format::jsonl) << base;
    }
  }
}

TEST(ODataError, HasDataversesCodeOrOurName) {
  const auto written = [](const Error& error) {
    std::string out;
    append_odata_error(out, error);
    return out;
  };
  EXPECT_EQ(written({.code = Errc::not_found, .message = "no", .dataverse = DataverseCode::object_does_not_exist}),
            "{\"error\":{\"code\":\"0x80040217\",\"message\":\"no\"}}\n");
  EXPECT_EQ(written({.code = Errc::invalid_transition, .dataverse = DataverseCode::invalid_state_transition}),
            "{\"error\":{\"code\":\"0x8004f00e\",\"message\":\"\"}}\n");
  EXPECT_EQ(written({.code = Errc::busy, .message = "a \"b\"\n\xC3\xA9 \xFF\xC3 \xF0\x9F\xA7\xBE\xE2\x82"}),
            "{\"error\":{\"code\":\"busy\",\"message\":\"a \\\"b\\\"\\n\xC3\xA9 \xEF\xBF\xBD\xEF\xBF\xBD "
            "\xF0\x9F\xA7\xBE\xEF\xBF\xBD\xEF\xBF\xBD\"}}\n");
}

}  // namespace
}  // namespace flowkeep::io

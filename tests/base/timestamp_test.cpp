#include <gtest/gtest.h>

#include <flowkeep/timestamp.hpp>

namespace flowkeep {
namespace {

TEST(TimestampParse, ReadsEveryForm) {
  const struct {
    const char* text;
    const char* written;
  } cases[] = {
      {"2022-06-16T12:54:40Z", "2022-06-16T12:54:40Z"},
      {"2022-06-16 12:54:40Z", "2022-06-16T12:54:40Z"},
      {"2022-06-16T12:54:40", "2022-06-16T12:54:40Z"},
      {"2022-06-16T12:54Z", "2022-06-16T12:54:00Z"},
      {"2022-06-16T12:54", "2022-06-16T12:54:00Z"},
      {"2022-06-16", "2022-06-16T00:00:00Z"},
      {"2022-06-16T12:54:40.1Z", "2022-06-16T12:54:40.1Z"},
      {"2022-06-16T12:54:40.1234567Z", "2022-06-16T12:54:40.1234567Z"},
      {"2022-06-16T12:54:40.1200000Z", "2022-06-16T12:54:40.12Z"},
      {"2022-06-16T12:54:40.0000001", "2022-06-16T12:54:40.0000001Z"},
      {"2022-06-16T12:54:40.000Z", "2022-06-16T12:54:40Z"},
      {"2022-06-16T12:54:40+02:00", "2022-06-16T10:54:40Z"},
      {"2022-06-16T12:54:40-05:30", "2022-06-16T18:24:40Z"},
      {"2022-06-16T12:54-00:00", "2022-06-16T12:54:00Z"},
      {"2022-06-16T00:30:00.5+01:00", "2022-06-15T23:30:00.5Z"},
      {"2022-12-31T23:30:00-23:59", "2023-01-01T23:29:00Z"},
      {"2020-02-29T00:00:00Z", "2020-02-29T00:00:00Z"},
      {"2000-02-29T23:59:59Z", "2000-02-29T23:59:59Z"},
      {"1969-12-31T23:59:59.9999999Z", "1969-12-31T23:59:59.9999999Z"},
      {"1970-01-01T00:00:00Z", "1970-01-01T00:00:00Z"},
      {"0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z"},
      {"0001-01-01T01:00:00+01:00", "0001-01-01T00:00:00Z"},
      {"9999-12-31T23:59:59.9999999Z", "9999-12-31T23:59:59.9999999Z"},
  };
  for (const auto& [text, written] : cases) {
    const auto time = parse_timestamp(text);
    ASSERT_TRUE(time) << text;
    EXPECT_EQ(format_timestamp(*time), written) << text;
  }
}

TEST(TimestampParse, RefusesWhatIsNotATime) {
  for (const char* text : {
           "",
           "2022",
           "2022-06",
           "2022-6-16",
           "22-06-16",
           "02022-06-16",
           "2022/06/16",
           "20220616",
           "+2022-06-16",
           "-2022-06-16",
           "2022-06-16T",
           "2022-06-16T12",
           "2022-06-16T12:",
           "2022-06-16T1:54",
           "2022-06-16T12:54:",
           "2022-06-16T12:54:4",
           "2022-06-16T12:54:40.",
           "2022-06-16T12:54:40.Z",
           "2022-06-16T12:54:40.12345678Z",
           "2022-06-16T12:54:40,5Z",
           "2022-06-16T12:54:40z",
           "2022-06-16t12:54:40Z",
           "2022-06-16  12:54:40Z",
           "2022-06-16Z",
           "2022-06-16+02:00",
           "2022-06-16T12:54:40 Z",
           "2022-06-16T12:54:40Z ",
           " 2022-06-16T12:54:40Z",
           "2022-06-16T12:54:40ZZ",
           "2022-06-16T12:54:40+02",
           "2022-06-16T12:54:40+0200",
           "2022-06-16T12:54:40+2:00",
           "2022-06-16T12:54:40+24:00",
           "2022-06-16T12:54:40+02:60",
           "2022-06-16T12:54:40+02:00Z",
           "2022-06-16T24:00:00Z",
           "2022-06-16T12:60:00Z",
           "2022-06-16T12:54:60Z",
           "2016-12-31T23:59:60Z",
           "2022-00-16",
           "2022-13-16",
           "2022-06-00",
           "2022-06-31",
           "2022-02-30",
           "2022-02-29",
           "1900-02-29",
           "2022-01-32",
           "0000-01-01T00:00:00Z",
           "0000-12-31",
           "0001-01-01T00:00:00+00:01",
           "9999-12-31T23:59:59-00:01",
           "10000-01-01",
           "20x2-06-16",
           "2022-06-16T12:5a:40Z",
           "/Date(1655384080000)/",
           "1655384080",
       }) {
    EXPECT_EQ(parse_timestamp(text), std::nullopt) << text;
  }
}

TEST(TimestampParse, RefusesANulInside) {
  EXPECT_EQ(parse_timestamp(std::string_view("2022-06-16T12:54:40\0", 20)), std::nullopt);
}

TEST(Timestamp, CountsTicksSince1970) {
  EXPECT_EQ(parse_timestamp("2022-06-16T12:54:40.5Z")->time_since_epoch().count(), 16'553'840'805'000'000);
  EXPECT_EQ(parse_timestamp("1969-12-31T23:59:59Z")->time_since_epoch().count(), -10'000'000);
}

TEST(Timestamp, HasTheDocumentedEnds) {
  EXPECT_EQ(parse_timestamp("0001-01-01"), min_timestamp);
  EXPECT_EQ(parse_timestamp("9999-12-31T23:59:59.9999999Z"), max_timestamp);
  EXPECT_EQ(format_timestamp(min_timestamp), "0001-01-01T00:00:00Z");
  EXPECT_EQ(format_timestamp(max_timestamp), "9999-12-31T23:59:59.9999999Z");
}

TEST(TimestampFormat, WritesTimesOutsideTheLegalRange) {
  EXPECT_EQ(format_timestamp(max_timestamp + Ticks{1}), "10000-01-01T00:00:00Z");
  EXPECT_EQ(format_timestamp(min_timestamp - Ticks{1}), "0000-12-31T23:59:59.9999999Z");
  EXPECT_EQ(format_timestamp(Timestamp::max()), "31197-09-14T02:48:05.4775807Z");
  EXPECT_EQ(format_timestamp(Timestamp::min()), "-27258-04-19T21:11:54.5224192Z");
}

TEST(TimestampFormat, ReadsBackEveryDayOfFourCenturies) {
  for (Timestamp time = *parse_timestamp("1699-12-31T23:59:59.9999999Z"); time < *parse_timestamp("2100-03-02");
       time += std::chrono::hours(24)) {
    ASSERT_EQ(parse_timestamp(format_timestamp(time)), time) << format_timestamp(time);
  }
}

TEST(Now, IsTheSystemClock) {
  const auto before = std::chrono::floor<Ticks>(std::chrono::system_clock::now());
  const Timestamp present = now();
  EXPECT_GE(present, before);
  EXPECT_LE(present, std::chrono::system_clock::now());
}

}  // namespace
}  // namespace flowkeep

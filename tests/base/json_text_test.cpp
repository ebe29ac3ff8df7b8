#include "base/json_text.hpp"

#include <gtest/gtest.h>
#include <string>

namespace flowkeep::base {
namespace {

TEST(JsonText, AcceptsOneValue) {
  for (const char* text : {"0", "-1", "1.5e+10", "2E-3", "true", "false", "null", "\"\"", "\"a\\u00e9\\n\\\"\"", "[]",
                           "[1,[2],{}]", "{\"a\":{\"b\":[null]},\"c\":\"x y\"}", "\"\xC3\xA4\""}) {
    EXPECT_TRUE(is_minified_json(text)) << text;
  }
}

TEST(JsonText, RefusesEverythingElse) {
  for (const char* text : {"",      " 1",         "1 ",     "01",         "1.",
                           ".5",    "-",          "+1",     "1e",         "nul",
                           "tru e", "\"",         "\"\n\"", "\"\\x\"",    "\"\\u12g4\"",
                           "[1,]",  "[,1]",       "[1",     "{\"a\"}",    "{\"a\":1,}",
                           "{a:1}", "{\"a\": 1}", "1,2",    "not json\n", "1,\"credentials\":\"zz\"",
                           "[1]]"}) {
    EXPECT_FALSE(is_minified_json(text)) << text;
  }
}

TEST(JsonText, NestsNoDeeperThan256) {
  const auto nested = [](std::size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); };
  EXPECT_TRUE(is_minified_json(nested(256)));
  EXPECT_FALSE(is_minified_json(nested(257)));
}

}  // namespace
}  // namespace flowkeep::base

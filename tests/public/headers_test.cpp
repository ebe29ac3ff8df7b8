// Every public header is compiled alone; this looks that none is missing from the list.
#include <gtest/gtest.h>

#include <filesystem>
#include <set>
#include <sstream>
#include <string>

namespace flowkeep {
namespace {

TEST(PublicHeaders, AreAllCompiledAlone) {
  std::set<std::string> listed;
  std::istringstream list(FLOWKEEP_TEST_HEADERS);
  for (std::string header; list >> header;) listed.insert(header);
  std::set<std::string> present;
  const std::filesystem::path folder = FLOWKEEP_TEST_INCLUDE "/flowkeep";
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    if (entry.is_regular_file()) present.insert(entry.path().lexically_relative(folder).string());
  }
  EXPECT_EQ(listed, present);
}

}  // namespace
}  // namespace flowkeep

#include "move_table.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

namespace flowkeep::test {

MoveTable read_move_table(const std::string& file) {
  MoveTable table{};
  std::ifstream in(std::string(FLOWKEEP_TEST_STATE_DIR) + "/" + file);
  EXPECT_TRUE(in) << file;
  std::size_t rows = 0;
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with('#') || line.starts_with("from")) continue;
    std::istringstream words(line);
    std::size_t from = 0;
    std::string label_of_from;
    words >> from >> label_of_from;
    EXPECT_EQ(from, rows) << file;
    EXPECT_EQ(label_of_from, label(static_cast<StatusCode>(from))) << file;
    if (from >= table.size()) break;
    for (bool& allowed : table[from]) {
      std::string word;
      words >> word;
      EXPECT_TRUE(word == "yes" || word == "no") << file << ", row " << from;
      allowed = word == "yes";
    }
    ++rows;
  }
  EXPECT_EQ(rows, table.size()) << file;
  return table;
}

}  // namespace flowkeep::test

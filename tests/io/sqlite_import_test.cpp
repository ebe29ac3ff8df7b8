#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <string>

#include "samples.hpp"

namespace flowkeep::io {
namespace {

/// What a shell command prints.
std::string output_of(const std::string& command) {
  std::string output;
  std::FILE* const pipe = ::popen(command.c_str(), "r");
  if (pipe == nullptr) return output;
  char buffer[4096];
  while (const std::size_t count = std::fread(buffer, 1, sizeof buffer, pipe)) output.append(buffer, count);
  ::pclose(pipe);
  return output;
}

class SqliteImport : public StoredRows {
 protected:
  /// The answer of a query on the CSV file's table.
  std::string query(const std::string& csv, const std::string& sql) {
    const std::string script = folder_.write(
        "script.sql", ".import --csv '" + folder_.write("sessions.csv", csv) + "' sessions\n.mode list\n" + sql + "\n");
    return output_of("sqlite3 -batch :memory: < '" + script + "' 2>&1");
  }
};

TEST_F(SqliteImport, LoadsEveryRowAndField) {
  if (std::system("sqlite3 --version > /dev/null 2>&1") != 0) GTEST_SKIP() << "sqlite3 is not installed";
  import(
      {full_row(1), full_row(2),
       R"({"flowsessionid":"3219b349-858c-557f-8825-517ad49b41b4","statuscode":8,"name":"a,\"b\"\r\nc ","errorcode":" ","rundetails":"","new":"x\ny"})"});
  const std::string csv =
      written({.format = Format::csv, .extra_columns = {"new"}, .labels = WriteOptions::Labels::beside});
  EXPECT_EQ(query(csv, "select count(*) from sessions;"), "3\n");
  EXPECT_EQ(query(csv, "select count(*) from pragma_table_info('sessions');"),
            std::to_string(column_count + 6 + 1) + "\n");
  EXPECT_EQ(query(csv,
                  "select hex(name), hex(errorcode), statuscode_label, hex(new), rundetails, gateway from sessions "
                  "where flowsessionid = '3219b349-858c-557f-8825-517ad49b41b4';"),
            "612C2262220D0A6320|20|Failed|780A79||\n");
  const Session first = read_row(full_row(1));
  EXPECT_EQ(query(csv, "select errordetails from sessions where flowsessionid = '" + first.flowsessionid->str() + "';"),
            *first.errordetails + "\n");
}

}  // namespace
}  // namespace flowkeep::io

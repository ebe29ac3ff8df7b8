// SQLite as a user of it would store sessions: WAL, synchronous=FULL, real columns, the same indexes, prepared
// statements, ids as 16-byte blobs, File columns as blobs.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include <sqlite3.h>

#include "engine.hpp"

namespace flowkeep::bench {

/// What connections to one file share.
struct SqliteFile {
  std::string path{};
  std::atomic<std::int64_t> version{0};  ///< the last versionnumber
};

/// A connection. One thread at a time.
class SqliteConnection {
 public:
  /// Opens the file, with its table made where it is missing.
  static Result<std::unique_ptr<SqliteConnection>> open(SqliteFile& file);

  [[nodiscard]] Result<void> begin_write() { return finish(begin_write_, "begin"); }
  [[nodiscard]] Result<void> begin_read() { return finish(begin_read_, "begin"); }
  [[nodiscard]] Result<void> commit() { return finish(commit_, "commit"); }
  /// Outside of a transaction it is one, durable on return.
  [[nodiscard]] Result<Guid> insert(const NewSession& given);
  [[nodiscard]] Result<void> transition(const Guid& id, StatusCode to);
  [[nodiscard]] Result<void> delete_oldest(std::uint64_t rows);
  /// Those that were completed first.
  [[nodiscard]] Result<void> delete_first_completed(std::uint64_t rows);

  /// All of the log into the file, and figures for the query planner.
  [[nodiscard]] Result<void> tidy() { return run("PRAGMA wal_checkpoint(TRUNCATE); ANALYZE;"); }
  [[nodiscard]] Result<std::uint64_t> count() { return number(count_); }
  [[nodiscard]] Result<std::uint64_t> count_active() { return number(count_active_); }
  [[nodiscard]] Result<std::uint64_t> last_version() { return number(last_version_); }
  [[nodiscard]] Result<Engine::Seen> read_back(const Guid& id);
  [[nodiscard]] Result<std::uint64_t> poll(const Guid& id);
  [[nodiscard]] Result<Answer> by_correlationid(std::string_view correlationid);
  [[nodiscard]] Result<Answer> newest_of_machine(const Guid& machine, std::uint64_t rows);
  [[nodiscard]] Result<Answer> scan_two_fields();

 private:
  struct Close {
    void operator()(sqlite3* connection) const noexcept { ::sqlite3_close(connection); }
    void operator()(sqlite3_stmt* statement) const noexcept { ::sqlite3_finalize(statement); }
  };
  using Statement = std::unique_ptr<sqlite3_stmt, Close>;

  explicit SqliteConnection(SqliteFile& file) noexcept : file_(file) {}
  [[nodiscard]] Result<void> run(const char* sql);
  [[nodiscard]] Result<Statement> prepare(const std::string& sql);
  [[nodiscard]] Result<void> check(int code, const char* what);
  /// Steps a statement that answers no row, and makes it ready for its next use.
  [[nodiscard]] Result<void> finish(Statement& statement, const char* what);
  /// The one number that a statement answers.
  [[nodiscard]] Result<std::uint64_t> number(Statement& statement);
  /// Calls each(statement) for every row. `bound`: what binding its parameters answered.
  template <class Each>
  [[nodiscard]] Result<void> for_each_row(Statement& statement, int bound, Each each);

  SqliteFile& file_;
  std::unique_ptr<sqlite3, Close> connection_{};
  Statement begin_write_{};
  Statement begin_read_{};
  Statement commit_{};
  Statement insert_{};
  Statement transition_{};
  Statement delete_oldest_{};
  Statement delete_first_completed_{};
  Statement count_{};
  Statement count_active_{};
  Statement last_version_{};
  Statement read_back_{};
  Statement poll_{};
  Statement by_correlationid_{};
  Statement newest_of_machine_{};
  Statement scan_two_fields_{};
};

}  // namespace flowkeep::bench

// SQLite as a user of it would store sessions: WAL, synchronous=FULL, real columns, the same indexes, prepared
// statements, ids as 16-byte blobs, File columns as blobs.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>

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
  [[nodiscard]] static Result<std::unique_ptr<SqliteConnection>> open(SqliteFile& file);

  [[nodiscard]] Result<void> begin();
  [[nodiscard]] Result<void> commit();
  /// Outside of a transaction it is one, durable on return.
  [[nodiscard]] Result<Guid> insert(const NewSession& given);
  [[nodiscard]] Result<void> transition(const Guid& id, StatusCode to);
  [[nodiscard]] Result<std::uint64_t> count();
  [[nodiscard]] Result<Engine::Seen> read_back(const Guid& id);

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

  SqliteFile& file_;
  std::unique_ptr<sqlite3, Close> connection_{};
  Statement begin_{};
  Statement commit_{};
  Statement insert_{};
  Statement transition_{};
  Statement count_{};
  Statement read_back_{};
};

class SqliteEngine final : public Engine {
 public:
  enum class Sharing : std::uint8_t {
    connection_each,  ///< every writer has its own; a busy handler waits for the others
    one_behind_mutex,
  };
  /// `file` outlives it.
  [[nodiscard]] static Result<std::unique_ptr<SqliteEngine>> open(SqliteFile& file, Sharing sharing);
  [[nodiscard]] Result<std::unique_ptr<Writer>> writer() override;
  [[nodiscard]] Result<std::uint64_t> count() override;
  [[nodiscard]] Result<Seen> read_back(const Guid& id) override;

 private:
  SqliteEngine(SqliteFile& file, Sharing sharing, std::unique_ptr<SqliteConnection> connection) noexcept
      : file_(file), sharing_(sharing), connection_(std::move(connection)) {}
  SqliteFile& file_;
  Sharing sharing_;
  std::mutex mutex_{};
  std::unique_ptr<SqliteConnection> connection_;
};

}  // namespace flowkeep::bench

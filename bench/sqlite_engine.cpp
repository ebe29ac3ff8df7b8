// SQLite as a user of it would store sessions: WAL, synchronous=FULL, real columns, the same indexes, prepared
// statements, ids as 16-byte blobs, File columns as blobs.
#include <sqlite3.h>
#include <time.h>

#include <array>
#include <atomic>
#include <mutex>
#include <string_view>

#include "generated_sessions.hpp"
#include "peers.hpp"

namespace flowkeep::bench {

namespace {

struct SqlColumn {
  const char* name;
  const char* type;
};
// In the order in which bind_session() binds them.
constexpr std::array columns{
    SqlColumn{"flowsessionid", "BLOB PRIMARY KEY NOT NULL"},
    SqlColumn{"versionnumber", "INTEGER NOT NULL"},
    SqlColumn{"name", "TEXT"},
    SqlColumn{"correlationid", "TEXT"},
    SqlColumn{"clienttrackingid", "TEXT"},
    SqlColumn{"regardingobjectid", "BLOB"},
    SqlColumn{"machineid", "BLOB"},
    SqlColumn{"machinegroupid", "BLOB"},
    SqlColumn{"statecode", "INTEGER NOT NULL"},
    SqlColumn{"statuscode", "INTEGER NOT NULL"},
    SqlColumn{"runmode", "INTEGER"},
    SqlColumn{"runsessionmode", "INTEGER"},
    SqlColumn{"triggertype", "INTEGER"},
    SqlColumn{"createdon", "INTEGER NOT NULL"},
    SqlColumn{"modifiedon", "INTEGER NOT NULL"},
    SqlColumn{"startedon", "INTEGER"},
    SqlColumn{"completedon", "INTEGER"},
    SqlColumn{"runduration", "INTEGER"},
    SqlColumn{"runexecutionduration", "INTEGER"},
    SqlColumn{"runwaitduration", "INTEGER"},
    SqlColumn{"errorcode", "TEXT"},
    SqlColumn{"errormessage", "TEXT"},
    SqlColumn{"errordetails", "TEXT"},
    SqlColumn{"context", "TEXT"},
    SqlColumn{"rundetails", "TEXT"},
    SqlColumn{"processversion", "TEXT"},
    SqlColumn{"sessionusername", "TEXT"},
    SqlColumn{"machinepercentcpuusage", "REAL"},
    SqlColumn{"machinepercentramusage", "REAL"},
    SqlColumn{"machineramusage", "INTEGER"},
    SqlColumn{"ownerid", "BLOB"},
    SqlColumn{"owninguser", "BLOB"},
    SqlColumn{"owningbusinessunit", "BLOB"},
    SqlColumn{"createdby", "BLOB"},
    SqlColumn{"modifiedby", "BLOB"},
    SqlColumn{"inputs_name", "TEXT"},
    SqlColumn{"inputs", "BLOB"},
    SqlColumn{"outputs_name", "TEXT"},
    SqlColumn{"outputs", "BLOB"},
    SqlColumn{"additionalcontext_name", "TEXT"},
    SqlColumn{"additionalcontext", "BLOB"},
};

constexpr const char* settings =
    "PRAGMA page_size=4096; PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA cache_size=-65536;"
    "PRAGMA mmap_size=1073741824; PRAGMA temp_store=MEMORY;";
constexpr const char* indexes =
    "CREATE INDEX IF NOT EXISTS ix_statecode ON sessions(statecode, statuscode);"
    "CREATE INDEX IF NOT EXISTS ix_machine ON sessions(machineid, createdon);"
    "CREATE INDEX IF NOT EXISTS ix_correlation ON sessions(correlationid);"
    "CREATE INDEX IF NOT EXISTS ix_flow ON sessions(regardingobjectid);"
    "CREATE INDEX IF NOT EXISTS ix_completedon ON sessions(completedon);"
    "CREATE UNIQUE INDEX IF NOT EXISTS ix_versionnumber ON sessions(versionnumber);";

std::int64_t milliseconds(Timestamp time) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(time.time_since_epoch()).count();
}

std::int64_t present() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
}

/// Binds one parameter after the other. What it is given has to live until the statement has been stepped.
class Binder {
 public:
  explicit Binder(sqlite3_stmt* statement) noexcept : statement_(statement) {}

  void integer(std::int64_t value) { note(::sqlite3_bind_int64(statement_, ++at_, value)); }
  template <class T>
  void integer(const std::optional<T>& value) {
    value ? integer(static_cast<std::int64_t>(*value)) : null();
  }
  void time(const std::optional<Timestamp>& value) { value ? integer(milliseconds(*value)) : null(); }
  void real(const std::optional<double>& value) {
    value ? note(::sqlite3_bind_double(statement_, ++at_, *value)) : null();
  }
  void text(std::string_view value) {
    note(::sqlite3_bind_text(statement_, ++at_, value.data(), static_cast<int>(value.size()), SQLITE_STATIC));
  }
  void text(const std::optional<std::string>& value) { value ? text(std::string_view(*value)) : null(); }
  void blob(std::string_view value) {
    note(::sqlite3_bind_blob(statement_, ++at_, value.data(), static_cast<int>(value.size()), SQLITE_STATIC));
  }
  void guid(const Guid& value) { blob({reinterpret_cast<const char*>(value.bytes.data()), value.bytes.size()}); }
  void reference(const std::optional<Reference>& value) { value ? guid(value->id) : null(); }
  void null() { note(::sqlite3_bind_null(statement_, ++at_)); }

  [[nodiscard]] int code() const noexcept { return code_; }

 private:
  void note(int code) {
    if (code_ == SQLITE_OK) code_ = code;
  }
  sqlite3_stmt* statement_;
  int at_ = 0;
  int code_ = SQLITE_OK;
};

void bind_session(Binder& bind, const NewSession& given, const Guid& id, std::int64_t version) {
  const Session& session = given.session;
  const std::int64_t now = present();
  bind.guid(id);
  bind.integer(version);
  bind.text(session.name);
  bind.text(session.correlationid);
  bind.text(session.clienttrackingid);
  bind.reference(session.regardingobjectid);
  bind.reference(session.machineid);
  bind.reference(session.machinegroupid);
  bind.integer(session.statecode);
  bind.integer(session.statuscode);
  bind.integer(session.runmode);
  bind.integer(session.runsessionmode);
  bind.integer(session.triggertype);
  bind.integer(session.createdon ? milliseconds(*session.createdon) : now);
  bind.integer(session.modifiedon ? milliseconds(*session.modifiedon) : now);
  bind.time(session.startedon);
  bind.time(session.completedon);
  bind.integer(session.runduration);
  bind.integer(session.runexecutionduration);
  bind.integer(session.runwaitduration);
  bind.text(session.errorcode);
  bind.text(session.errormessage);
  bind.text(session.errordetails);
  bind.text(session.context);
  bind.text(session.rundetails);
  bind.text(session.processversion);
  bind.text(session.sessionusername);
  bind.real(session.machinepercentcpuusage);
  bind.real(session.machinepercentramusage);
  bind.integer(session.machineramusage);
  bind.reference(session.ownerid);
  bind.reference(session.owninguser);
  bind.reference(session.owningbusinessunit);
  bind.reference(session.createdby);
  bind.reference(session.modifiedby);
  for (std::size_t i = 0; i < given.binaries.size(); ++i) {
    if (!given.has_binaries()) {
      bind.null();
      bind.null();
      continue;
    }
    bind.text(std::string_view(binary_names[i]));
    bind.blob(given.binaries[i]);
  }
}

std::string create_table() {
  std::string sql = "CREATE TABLE IF NOT EXISTS sessions(";
  for (const SqlColumn& column : columns) {
    if (&column != columns.data()) sql += ", ";
    sql.append(column.name).append(" ").append(column.type);
  }
  return sql + ")";
}

std::string insert_row() {
  std::string sql = "INSERT INTO sessions VALUES(?";
  for (std::size_t i = 1; i < columns.size(); ++i) sql += ", ?";
  return sql + ")";
}

std::string_view bytes_of(sqlite3_stmt* statement, int column) {
  const void* bytes = ::sqlite3_column_blob(statement, column);
  return {static_cast<const char*>(bytes), static_cast<std::size_t>(::sqlite3_column_bytes(statement, column))};
}

// SQLite's own busy timeout sleeps for up to 100 ms, far longer than a commit takes.
int wait_a_little(void*, int attempts) {
  const timespec pause{0, attempts < 10 ? 50'000 : 200'000};
  ::nanosleep(&pause, nullptr);
  return 1;
}

/// What connections to one file share.
struct SqliteFile {
  std::string path{};
  std::atomic<std::int64_t> version{0};  // the last versionnumber
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
  /// Calls each(statement) for every row.
  template <class Each>
  [[nodiscard]] Result<void> for_each_row(Statement& statement, const Binder& bound, Each each);

  SqliteFile& file_;
  std::unique_ptr<sqlite3, Close> connection_{};
  Statement begin_write_{};
  Statement begin_read_{};
  Statement commit_{};
  Statement insert_{};
  Statement transition_{};
  Statement delete_oldest_{};
  Statement count_{};
  Statement count_active_{};
  Statement last_version_{};
  Statement read_back_{};
  Statement poll_{};
  Statement by_correlationid_{};
  Statement newest_of_machine_{};
  Statement scan_two_fields_{};
};

std::optional<Timestamp> time_at(sqlite3_stmt* statement, int column) {
  if (::sqlite3_column_type(statement, column) == SQLITE_NULL) return std::nullopt;
  return Timestamp(std::chrono::milliseconds(::sqlite3_column_int64(statement, column)));
}

/// Of a row that begins with statuscode, statecode, startedon, completedon.
std::uint64_t poll_sum_of(sqlite3_stmt* statement) {
  return poll_sum(static_cast<StatusCode>(::sqlite3_column_int(statement, 0)),
                  static_cast<StateCode>(::sqlite3_column_int(statement, 1)), time_at(statement, 2),
                  time_at(statement, 3));
}

Result<void> SqliteConnection::check(int code, const char* what) {
  if (code == SQLITE_OK || code == SQLITE_DONE) return {};
  return fail(Errc::io, std::string("SQLite: ") + what + ": " + ::sqlite3_errmsg(connection_.get()),
              DataverseCode::none, code);
}

Result<void> SqliteConnection::run(const char* sql) {
  return check(::sqlite3_exec(connection_.get(), sql, nullptr, nullptr, nullptr), sql);
}

Result<SqliteConnection::Statement> SqliteConnection::prepare(const std::string& sql) {
  sqlite3_stmt* made = nullptr;
  const int code = ::sqlite3_prepare_v3(connection_.get(), sql.c_str(), -1, SQLITE_PREPARE_PERSISTENT, &made, nullptr);
  Statement statement(made);
  if (auto ok = check(code, sql.c_str()); !ok) return fail(ok.error());
  return statement;
}

Result<void> SqliteConnection::finish(Statement& statement, const char* what) {
  const int code = ::sqlite3_step(statement.get());
  auto done = check(code, what);
  ::sqlite3_reset(statement.get());
  return done;
}

Result<std::unique_ptr<SqliteConnection>> SqliteConnection::open(SqliteFile& file) {
  std::unique_ptr<SqliteConnection> made(new SqliteConnection(file));
  sqlite3* connection = nullptr;
  const int code = ::sqlite3_open_v2(file.path.c_str(), &connection,
                                     SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, nullptr);
  made->connection_.reset(connection);
  if (auto ok = made->check(code, "open"); !ok) return fail(ok.error());
  ::sqlite3_busy_handler(connection, wait_a_little, nullptr);
  const std::string table = create_table();
  for (const char* sql : {settings, table.c_str(), indexes}) {
    if (auto ok = made->run(sql); !ok) return fail(ok.error());
  }
  struct Wanted {
    Statement& statement;
    std::string sql;
  };
  const std::string polled = "SELECT statuscode, statecode, startedon, completedon FROM sessions ";
  const std::array<Wanted, 14> wanted{{
      {made->begin_write_, "BEGIN IMMEDIATE"},
      {made->begin_read_, "BEGIN"},
      {made->commit_, "COMMIT"},
      {made->insert_, insert_row()},
      {made->transition_,
       "UPDATE sessions SET statecode = ?1, statuscode = ?2, modifiedon = ?3, startedon = coalesce(startedon, ?3), "
       "versionnumber = ?4 WHERE flowsessionid = ?5 AND statecode = 0"},
      {made->delete_oldest_, "DELETE FROM sessions WHERE rowid IN (SELECT rowid FROM sessions ORDER BY rowid LIMIT ?)"},
      {made->count_, "SELECT count(*) FROM sessions"},
      {made->count_active_, "SELECT count(*) FROM sessions WHERE statecode = 0"},
      {made->last_version_, "SELECT coalesce(max(versionnumber), 0) FROM sessions"},
      {made->poll_, polled + "WHERE flowsessionid = ?"},
      {made->by_correlationid_, polled + "WHERE correlationid = ?"},
      {made->newest_of_machine_, polled + "WHERE machineid = ? ORDER BY createdon DESC LIMIT ?"},
      {made->scan_two_fields_, "SELECT statuscode, runduration FROM sessions"},
      {made->read_back_, "SELECT name, statuscode, outputs FROM sessions WHERE flowsessionid = ?"},
  }};
  for (const Wanted& one : wanted) {
    auto statement = made->prepare(one.sql);
    if (!statement) return fail(statement.error());
    one.statement = std::move(*statement);
  }
  return made;
}

template <class Each>
Result<void> SqliteConnection::for_each_row(Statement& statement, const Binder& bound, Each each) {
  auto done = check(bound.code(), "bind");
  int code = SQLITE_DONE;
  if (done) {
    while ((code = ::sqlite3_step(statement.get())) == SQLITE_ROW) each(statement.get());
    done = check(code, "read");
  }
  ::sqlite3_reset(statement.get());
  return done;
}

Result<std::uint64_t> SqliteConnection::number(Statement& statement) {
  std::uint64_t found = 0;
  auto done = for_each_row(statement, Binder(statement.get()), [&](sqlite3_stmt* row) {
    found = static_cast<std::uint64_t>(::sqlite3_column_int64(row, 0));
  });
  if (!done) return fail(done.error());
  return found;
}

Result<Guid> SqliteConnection::insert(const NewSession& given) {
  const Guid id = given.session.flowsessionid ? *given.session.flowsessionid : Guid::make();
  Binder bind(insert_.get());
  bind_session(bind, given, id, ++file_.version);
  if (auto ok = check(bind.code(), "bind"); !ok) return fail(ok.error());
  if (auto ok = finish(insert_, "insert"); !ok) return fail(ok.error());
  return id;
}

Result<void> SqliteConnection::transition(const Guid& id, StatusCode to) {
  Binder bind(transition_.get());
  bind.integer(static_cast<std::int64_t>(state_of(to)));
  bind.integer(static_cast<std::int64_t>(to));
  bind.integer(present());
  bind.integer(++file_.version);
  bind.guid(id);
  if (auto ok = check(bind.code(), "bind"); !ok) return ok;
  if (auto ok = finish(transition_, "update"); !ok) return ok;
  if (::sqlite3_changes(connection_.get()) == 1) return {};
  return fail(Errc::not_found, "SQLite: no row was moved");
}

Result<void> SqliteConnection::delete_oldest(std::uint64_t rows) {
  Binder bind(delete_oldest_.get());
  bind.integer(static_cast<std::int64_t>(rows));
  return finish(delete_oldest_, "delete");
}

Result<Engine::Seen> SqliteConnection::read_back(const Guid& id) {
  Binder bind(read_back_.get());
  bind.guid(id);
  std::optional<Engine::Seen> seen;
  auto done = for_each_row(read_back_, bind, [&](sqlite3_stmt* row) {
    seen = Engine::Seen{std::string(bytes_of(row, 0)), static_cast<StatusCode>(::sqlite3_column_int(row, 1)),
                        std::string(bytes_of(row, 2))};
  });
  if (!done) return fail(done.error());
  if (!seen) return fail(Errc::not_found, "SQLite: there is no session " + id.str());
  return std::move(*seen);
}

Result<std::uint64_t> SqliteConnection::poll(const Guid& id) {
  Binder bind(poll_.get());
  bind.guid(id);
  std::optional<std::uint64_t> sum;
  auto done = for_each_row(poll_, bind, [&](sqlite3_stmt* row) { sum = poll_sum_of(row); });
  if (!done) return fail(done.error());
  if (!sum) return fail(Errc::not_found, "SQLite: there is no session " + id.str());
  return *sum;
}

Result<Answer> SqliteConnection::by_correlationid(std::string_view correlationid) {
  Binder bind(by_correlationid_.get());
  bind.text(correlationid);
  Answer answer;
  auto done = for_each_row(by_correlationid_, bind, [&](sqlite3_stmt* row) {
    ++answer.rows;
    answer.sum += poll_sum_of(row);
  });
  if (!done) return fail(done.error());
  return answer;
}

Result<Answer> SqliteConnection::newest_of_machine(const Guid& machine, std::uint64_t rows) {
  Binder bind(newest_of_machine_.get());
  bind.guid(machine);
  bind.integer(static_cast<std::int64_t>(rows));
  Answer answer;
  auto done = for_each_row(newest_of_machine_, bind, [&](sqlite3_stmt* row) {
    ++answer.rows;
    answer.sum += answer.rows * poll_sum_of(row);
  });
  if (!done) return fail(done.error());
  return answer;
}

Result<Answer> SqliteConnection::scan_two_fields() {
  Answer answer;
  auto done = for_each_row(scan_two_fields_, Binder(scan_two_fields_.get()), [&](sqlite3_stmt* row) {
    ++answer.rows;
    answer.sum += static_cast<std::uint64_t>(::sqlite3_column_int64(row, 0)) +
                  static_cast<std::uint64_t>(::sqlite3_column_int64(row, 1));
  });
  if (!done) return fail(done.error());
  return answer;
}

// One connection behind a mutex for all who write: faster than one each, which meet in the busy handler.
class SqliteWriter final : public Writer {
 public:
  SqliteWriter(SqliteConnection& connection, std::mutex& mutex) noexcept : connection_(connection), mutex_(mutex) {}

  Result<Guid> create(NewSession& given) override {
    const std::lock_guard lock(mutex_);
    return connection_.insert(given);
  }

  Result<Guid> create_batch(std::span<NewSession> given) override {
    const std::lock_guard lock(mutex_);
    if (auto ok = connection_.begin_write(); !ok) return fail(ok.error());
    Result<Guid> id = Guid{};
    for (const NewSession& one : given) {
      id = connection_.insert(one);
      if (!id) return id;
    }
    if (auto ok = connection_.commit(); !ok) return fail(ok.error());
    return id;
  }

  Result<void> transition(const Guid& id, StatusCode to) override {
    const std::lock_guard lock(mutex_);
    return connection_.transition(id, to);
  }

  Result<void> delete_oldest(std::uint64_t rows) override {
    const std::lock_guard lock(mutex_);
    return connection_.delete_oldest(rows);
  }

 private:
  SqliteConnection& connection_;
  std::mutex& mutex_;
};

class SqliteReader final : public Reader {
 public:
  explicit SqliteReader(std::unique_ptr<SqliteConnection> own) noexcept : connection_(std::move(own)) {}

  Result<void> refresh() override {
    if (auto ok = connection_->commit(); !ok) return ok;
    return connection_->begin_read();
  }
  Result<std::uint64_t> poll(const Guid& id) override { return connection_->poll(id); }
  Result<Answer> by_correlationid(std::string_view correlationid) override {
    return connection_->by_correlationid(correlationid);
  }
  Result<Answer> newest_of_machine(const Guid& machine, std::uint64_t rows) override {
    return connection_->newest_of_machine(machine, rows);
  }
  Result<std::uint64_t> count_active() override { return connection_->count_active(); }
  Result<Answer> scan_two_fields() override { return connection_->scan_two_fields(); }

 private:
  std::unique_ptr<SqliteConnection> connection_;
};

class SqliteEngine final : public Engine {
 public:
  SqliteEngine(std::unique_ptr<SqliteFile> file, std::unique_ptr<SqliteConnection> connection) noexcept
      : file_(std::move(file)), connection_(std::move(connection)) {}

  static Result<std::unique_ptr<Engine>> open(const std::string& directory) {
    auto file = std::make_unique<SqliteFile>();
    file->path = directory + "/peer.sqlite";
    auto connection = SqliteConnection::open(*file);
    if (!connection) return fail(connection.error());
    const auto version = (*connection)->last_version();
    if (!version) return fail(version.error());
    file->version = static_cast<std::int64_t>(*version);
    return std::unique_ptr<Engine>(std::make_unique<SqliteEngine>(std::move(file), std::move(*connection)));
  }

  Result<std::unique_ptr<Writer>> writer() override {
    return std::unique_ptr<Writer>(std::make_unique<SqliteWriter>(*connection_, mutex_));
  }

  Result<std::unique_ptr<Reader>> reader() override {
    auto connection = SqliteConnection::open(*file_);
    if (!connection) return fail(connection.error());
    if (auto ok = (*connection)->begin_read(); !ok) return fail(ok.error());
    return std::unique_ptr<Reader>(std::make_unique<SqliteReader>(std::move(*connection)));
  }

  Result<std::uint64_t> count() override {
    const std::lock_guard lock(mutex_);
    return connection_->count();
  }
  Result<void> tidy() override {
    const std::lock_guard lock(mutex_);
    return connection_->tidy();
  }
  Result<Seen> read_back(const Guid& id) override {
    const std::lock_guard lock(mutex_);
    return connection_->read_back(id);
  }

 private:
  std::unique_ptr<SqliteFile> file_;
  std::mutex mutex_{};
  std::unique_ptr<SqliteConnection> connection_;
};

}  // namespace

Result<std::unique_ptr<Engine>> open_sqlite(const std::string& directory) {
  return SqliteEngine::open(directory);
}

const char* sqlite_version() {
  return ::sqlite3_libversion();
}

}  // namespace flowkeep::bench

#include "sqlite_connection.hpp"

#include <time.h>

#include <array>
#include <optional>
#include <utility>

#include "generated_sessions.hpp"

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

}  // namespace

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
  const std::array<Wanted, 15> wanted{{
      {made->begin_write_, "BEGIN IMMEDIATE"},
      {made->begin_read_, "BEGIN"},
      {made->commit_, "COMMIT"},
      {made->insert_, insert_row()},
      {made->transition_,
       "UPDATE sessions SET statecode = ?1, statuscode = ?2, modifiedon = ?3, startedon = coalesce(startedon, ?3), "
       "versionnumber = ?4 WHERE flowsessionid = ?5 AND statecode = 0"},
      {made->delete_oldest_, "DELETE FROM sessions WHERE rowid IN (SELECT rowid FROM sessions ORDER BY rowid LIMIT ?)"},
      {made->delete_first_completed_,
       "DELETE FROM sessions WHERE rowid IN (SELECT rowid FROM sessions WHERE completedon IS NOT NULL "
       "ORDER BY completedon LIMIT ?)"},
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
Result<void> SqliteConnection::for_each_row(Statement& statement, int bound, Each each) {
  auto done = check(bound, "bind");
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
  auto done = for_each_row(statement, SQLITE_OK, [&](sqlite3_stmt* row) {
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

Result<void> SqliteConnection::delete_first_completed(std::uint64_t rows) {
  Binder bind(delete_first_completed_.get());
  bind.integer(static_cast<std::int64_t>(rows));
  return finish(delete_first_completed_, "delete");
}

Result<Engine::Seen> SqliteConnection::read_back(const Guid& id) {
  Binder bind(read_back_.get());
  bind.guid(id);
  std::optional<Engine::Seen> seen;
  auto done = for_each_row(read_back_, bind.code(), [&](sqlite3_stmt* row) {
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
  auto done = for_each_row(poll_, bind.code(), [&](sqlite3_stmt* row) { sum = poll_sum_of(row); });
  if (!done) return fail(done.error());
  if (!sum) return fail(Errc::not_found, "SQLite: there is no session " + id.str());
  return *sum;
}

Result<Answer> SqliteConnection::by_correlationid(std::string_view correlationid) {
  Binder bind(by_correlationid_.get());
  bind.text(correlationid);
  Answer answer;
  auto done = for_each_row(by_correlationid_, bind.code(), [&](sqlite3_stmt* row) {
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
  auto done = for_each_row(newest_of_machine_, bind.code(), [&](sqlite3_stmt* row) {
    ++answer.rows;
    answer.sum += answer.rows * poll_sum_of(row);
  });
  if (!done) return fail(done.error());
  return answer;
}

Result<Answer> SqliteConnection::scan_two_fields() {
  Answer answer;
  auto done = for_each_row(scan_two_fields_, SQLITE_OK, [&](sqlite3_stmt* row) {
    ++answer.rows;
    answer.sum += static_cast<std::uint64_t>(::sqlite3_column_int64(row, 0)) +
                  static_cast<std::uint64_t>(::sqlite3_column_int64(row, 1));
  });
  if (!done) return fail(done.error());
  return answer;
}

}  // namespace flowkeep::bench

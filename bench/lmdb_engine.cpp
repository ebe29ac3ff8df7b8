#include "peers.hpp"

#include <lmdb.h>

#include <array>
#include <cstring>
#include <optional>
#include <utility>

#include "plain_record.hpp"

namespace flowkeep::bench {

namespace {

constexpr std::uint64_t map_bytes = 64ULL << 30;

enum Table : std::uint8_t {
  ids,       // GUID -> row
  records,   // row -> record; appended
  binaries,  // row -> the three binaries
  by_status,
  by_machine,
  by_correlation,
  by_flow,
  by_completedon,
  by_version,
  counters,  // 0 -> the last version
  table_count
};
constexpr unsigned rows_of_key = MDB_DUPSORT | MDB_DUPFIXED | MDB_INTEGERDUP;
struct TableInfo {
  const char* name;
  unsigned flags;
};
constexpr std::array<TableInfo, table_count> tables{{{"ids", 0},
                                                     {"records", MDB_INTEGERKEY},
                                                     {"binaries", MDB_INTEGERKEY},
                                                     {"by_status", rows_of_key},
                                                     {"by_machine", rows_of_key},
                                                     {"by_correlation", rows_of_key},
                                                     {"by_flow", rows_of_key},
                                                     {"by_completedon", MDB_INTEGERKEY | rows_of_key},
                                                     {"by_version", MDB_INTEGERKEY},
                                                     {"counters", MDB_INTEGERKEY}}};

struct CloseEnv {
  void operator()(MDB_env* env) const noexcept { ::mdb_env_close(env); }
};
struct AbortTxn {
  void operator()(MDB_txn* txn) const noexcept { ::mdb_txn_abort(txn); }
};
struct CloseCursor {
  void operator()(MDB_cursor* cursor) const noexcept { ::mdb_cursor_close(cursor); }
};
using Env = std::unique_ptr<MDB_env, CloseEnv>;
using Txn = std::unique_ptr<MDB_txn, AbortTxn>;
using Cursor = std::unique_ptr<MDB_cursor, CloseCursor>;

MDB_val val(std::string_view bytes) noexcept {
  return {bytes.size(), const_cast<char*>(bytes.data())};
}
template <class T>
MDB_val val_of(const T& value) noexcept {
  return {sizeof value, const_cast<T*>(&value)};
}
std::string_view view(const MDB_val& value) noexcept {
  return {static_cast<const char*>(value.mv_data), value.mv_size};
}
std::string_view view(const Guid& guid) noexcept {
  return {reinterpret_cast<const char*>(guid.bytes.data()), guid.bytes.size()};
}
std::uint64_t row_in(const MDB_val& value) noexcept {
  std::uint64_t row = 0;
  std::memcpy(&row, value.mv_data, sizeof row);
  return row;
}

Result<void> check(int code, const char* what) {
  if (code == MDB_SUCCESS) return {};
  return fail(Errc::io, std::string("LMDB: ") + what + ": " + ::mdb_strerror(code));
}

struct Store {
  Env env{};
  std::array<MDB_dbi, table_count> table{};
};

struct StatusKey {
  std::uint32_t state;
  std::uint32_t status;
};

class Transaction {
 public:
  static Result<Transaction> begin(const Store& store, unsigned flags) {
    MDB_txn* txn = nullptr;
    if (auto ok = check(::mdb_txn_begin(store.env.get(), nullptr, flags, &txn), "begin"); !ok) return fail(ok.error());
    return Transaction(store, Txn(txn));
  }
  [[nodiscard]] MDB_txn* get() const noexcept { return txn_.get(); }
  [[nodiscard]] std::optional<std::string_view> find(Table table, MDB_val key) const {
    MDB_val value{};
    if (::mdb_get(txn_.get(), store_->table[table], &key, &value) != MDB_SUCCESS) return std::nullopt;
    return view(value);
  }
  [[nodiscard]] Result<void> put(Table table, MDB_val key, MDB_val value, unsigned flags = 0) const {
    return check(::mdb_put(txn_.get(), store_->table[table], &key, &value, flags), tables[table].name);
  }
  [[nodiscard]] Result<void> remove(Table table, MDB_val key, std::optional<std::uint64_t> row = {}) const {
    MDB_val value = row ? val_of(*row) : MDB_val{};
    return check(::mdb_del(txn_.get(), store_->table[table], &key, row ? &value : nullptr), tables[table].name);
  }
  [[nodiscard]] Cursor cursor(Table table) const {
    MDB_cursor* cursor = nullptr;
    if (::mdb_cursor_open(txn_.get(), store_->table[table], &cursor) != MDB_SUCCESS) return nullptr;
    return Cursor(cursor);
  }
  [[nodiscard]] Result<void> commit() { return check(::mdb_txn_commit(txn_.release()), "commit"); }

 private:
  Transaction(const Store& store, Txn txn) noexcept : store_(&store), txn_(std::move(txn)) {}
  const Store* store_;
  Txn txn_;
};

tl::unexpected<Error> damaged() {
  return fail(Errc::corrupt, "LMDB: a record is damaged or missing");
}

/// One row's index entries, added or removed.
template <class Each>
Result<void> for_each_entry(const PlainRecord& record, Each each) {
  const PlainHeader& header = record.header();
  const StatusKey status{__builtin_bswap32(static_cast<std::uint32_t>(header.statecode)),
                         __builtin_bswap32(static_cast<std::uint32_t>(header.statuscode))};
  const auto completedon = static_cast<std::uint64_t>(header.completedon);
  if (auto ok = each(by_status, val_of(status)); !ok) return ok;
  for (const auto& [table, column] : {std::pair{by_machine, Column::machineid},
                                      {by_correlation, Column::correlationid},
                                      {by_flow, Column::regardingobjectid}}) {
    if (auto ok = each(table, val(record.column(column))); !ok) return ok;
  }
  if (header.completedon == PlainHeader::none) return {};
  return each(by_completedon, val_of(completedon));
}

class LmdbWriter final : public Writer {
 public:
  explicit LmdbWriter(const Store& store) noexcept : store_(store) {}

  Result<Guid> create(NewSession& given) override { return create_batch({&given, 1}); }

  Result<Guid> create_batch(std::span<NewSession> given) override {
    auto transaction = Transaction::begin(store_, 0);
    if (!transaction) return fail(transaction.error());
    auto version = last_version(*transaction);
    auto row = last_row(*transaction);
    Result<Guid> id = Guid{};
    for (const NewSession& one : given) {
      id = insert(*transaction, one, ++row, ++version);
      if (!id) return id;
    }
    const std::uint64_t key = 0;
    if (auto ok = transaction->put(counters, val_of(key), val_of(version)); !ok) return fail(ok.error());
    if (auto ok = transaction->commit(); !ok) return fail(ok.error());
    return id;
  }

  Result<void> transition(const Guid& id, StatusCode to) override {
    auto transaction = Transaction::begin(store_, 0);
    if (!transaction) return fail(transaction.error());
    const auto row_bytes = transaction->find(ids, val(view(id)));
    if (!row_bytes) return damaged();
    const std::uint64_t row = row_in(val(*row_bytes));
    const auto bytes = transaction->find(records, val_of(row));
    const auto before = bytes ? PlainRecord::read(*bytes) : std::nullopt;
    if (!before) return damaged();
    if (is_terminal(static_cast<StatusCode>(before->header().statuscode))) {
      return fail(Errc::invalid_transition, "LMDB: the session is over");
    }
    const std::int64_t version = last_version(*transaction) + 1;
    record_.assign(*bytes);
    move_plain(record_, to, version, now());
    const PlainHeader& old = before->header();
    const auto old_version = static_cast<std::uint64_t>(old.version);
    const StatusKey old_status{__builtin_bswap32(static_cast<std::uint32_t>(old.statecode)),
                               __builtin_bswap32(static_cast<std::uint32_t>(old.statuscode))};
    const StatusKey new_status{__builtin_bswap32(static_cast<std::uint32_t>(state_of(to))),
                               __builtin_bswap32(static_cast<std::uint32_t>(to))};
    auto done = transaction->remove(by_version, val_of(old_version));
    if (done) done = transaction->remove(by_status, val_of(old_status), row);
    if (done) done = transaction->put(by_version, val_of(version), val_of(row));
    if (done) done = transaction->put(by_status, val_of(new_status), val_of(row));
    if (done) done = transaction->put(records, val_of(row), val(record_));
    const std::uint64_t key = 0;
    if (done) done = transaction->put(counters, val_of(key), val_of(version));
    return done ? transaction->commit() : done;
  }

  Result<void> delete_oldest(std::uint64_t rows) override {
    auto transaction = Transaction::begin(store_, 0);
    if (!transaction) return fail(transaction.error());
    for (; rows > 0; --rows) {
      MDB_val key{};
      MDB_val value{};
      {
        const Cursor cursor = transaction->cursor(records);
        const int code = ::mdb_cursor_get(cursor.get(), &key, &value, MDB_FIRST);
        if (auto ok = check(code, "the oldest"); !ok) return ok;
      }
      const std::uint64_t row = row_in(key);
      record_.assign(view(value));
      const auto record = PlainRecord::read(record_);
      if (!record) return damaged();
      const auto version = static_cast<std::uint64_t>(record->header().version);
      auto done =
          for_each_entry(*record, [&](Table table, MDB_val entry) { return transaction->remove(table, entry, row); });
      if (done) done = transaction->remove(by_version, val_of(version));
      if (done) done = transaction->remove(ids, val(record->column(Column::flowsessionid)));
      if (done && transaction->find(binaries, val_of(row))) done = transaction->remove(binaries, val_of(row));
      if (done) done = transaction->remove(records, val_of(row));
      if (!done) return done;
    }
    return transaction->commit();
  }

 private:
  static std::int64_t last_version(const Transaction& transaction) {
    const std::uint64_t key = 0;
    const auto found = transaction.find(counters, val_of(key));
    return found ? static_cast<std::int64_t>(row_in(val(*found))) : 0;
  }
  static std::uint64_t last_row(const Transaction& transaction) {
    const Cursor cursor = transaction.cursor(records);
    MDB_val key{};
    MDB_val value{};
    return ::mdb_cursor_get(cursor.get(), &key, &value, MDB_LAST) == MDB_SUCCESS ? row_in(key) : 0;
  }

  Result<Guid> insert(const Transaction& transaction, const NewSession& given, std::uint64_t row,
                      std::int64_t version) {
    const Stamp stamp = stamp_of(given, version);
    encode_plain(record_, given, stamp);
    encode_binaries(binaries_, given);
    const auto record = PlainRecord::read(record_);
    auto done = transaction.put(ids, val(view(stamp.id)), val_of(row), MDB_NOOVERWRITE);
    if (done) done = transaction.put(records, val_of(row), val(record_), MDB_APPEND);
    if (done && given.has_binaries()) done = transaction.put(binaries, val_of(row), val(binaries_), MDB_APPEND);
    if (done) done = transaction.put(by_version, val_of(version), val_of(row), MDB_APPEND);
    if (done) {
      done = for_each_entry(
          *record, [&](Table table, MDB_val key) { return transaction.put(table, key, val_of(row), MDB_APPENDDUP); });
    }
    if (!done) return fail(done.error());
    return stamp.id;
  }

  const Store& store_;
  std::string record_{};
  std::string binaries_{};
};

class LmdbReader final : public Reader {
 public:
  static Result<std::unique_ptr<Reader>> make(const Store& store) {
    auto transaction = Transaction::begin(store, MDB_RDONLY);
    if (!transaction) return fail(transaction.error());
    return std::unique_ptr<Reader>(new LmdbReader(std::move(*transaction)));
  }

  Result<void> refresh() override {
    ::mdb_txn_reset(transaction_.get());
    return check(::mdb_txn_renew(transaction_.get()), "renew");
  }

  Result<std::uint64_t> poll(const Guid& id) override {
    const auto row = transaction_.find(ids, val(view(id)));
    const auto bytes = row ? transaction_.find(records, val(*row)) : std::nullopt;
    const auto record = bytes ? PlainRecord::read(*bytes) : std::nullopt;
    if (!record) return damaged();
    return record->poll_sum();
  }

  Result<Answer> by_correlationid(std::string_view correlationid) override {
    return walk(by_correlation, val(correlationid), MDB_FIRST_DUP, MDB_NEXT_DUP, UINT64_MAX, Weight::one);
  }
  Result<Answer> newest_of_machine(const Guid& machine, std::uint64_t rows) override {
    return walk(by_machine, val(view(machine)), MDB_LAST_DUP, MDB_PREV_DUP, rows, Weight::place);
  }

  Result<std::uint64_t> count_active() override {
    const Cursor cursor = transaction_.cursor(by_status);
    MDB_val key{};
    MDB_val value{};
    std::uint64_t rows = 0;
    int code = ::mdb_cursor_get(cursor.get(), &key, &value, MDB_FIRST);
    for (; code == MDB_SUCCESS; code = ::mdb_cursor_get(cursor.get(), &key, &value, MDB_NEXT_NODUP)) {
      StatusKey status{};
      std::memcpy(&status, key.mv_data, sizeof status);
      if (status.state != 0) break;
      std::size_t count = 0;
      if (auto ok = check(::mdb_cursor_count(cursor.get(), &count), "count"); !ok) return fail(ok.error());
      rows += count;
    }
    return rows;
  }

  Result<Answer> scan_two_fields() override {
    const Cursor cursor = transaction_.cursor(records);
    Answer answer;
    MDB_val key{};
    MDB_val value{};
    while (::mdb_cursor_get(cursor.get(), &key, &value, MDB_NEXT) == MDB_SUCCESS) {
      const auto record = PlainRecord::read(view(value));
      if (!record) return damaged();
      ++answer.rows;
      answer.sum += static_cast<std::uint64_t>(record->header().statuscode) +
                    static_cast<std::uint64_t>(record->header().runduration);
    }
    return answer;
  }

 private:
  enum class Weight { one, place };
  explicit LmdbReader(Transaction transaction) noexcept : transaction_(std::move(transaction)) {}

  Result<Answer> walk(Table table, MDB_val key, MDB_cursor_op first, MDB_cursor_op next, std::uint64_t most,
                      Weight weight) {
    const Cursor cursor = transaction_.cursor(table);
    Answer answer;
    MDB_val value{};
    int code = ::mdb_cursor_get(cursor.get(), &key, &value, MDB_SET_KEY);
    if (code == MDB_SUCCESS) code = ::mdb_cursor_get(cursor.get(), &key, &value, first);
    for (; code == MDB_SUCCESS && answer.rows < most; code = ::mdb_cursor_get(cursor.get(), &key, &value, next)) {
      const auto bytes = transaction_.find(records, value);
      const auto record = bytes ? PlainRecord::read(*bytes) : std::nullopt;
      if (!record) return damaged();
      ++answer.rows;
      answer.sum += (weight == Weight::place ? answer.rows : 1) * record->poll_sum();
    }
    return answer;
  }

  Transaction transaction_;
};

class LmdbEngine final : public Engine {
 public:
  explicit LmdbEngine(Store store) noexcept : store_(std::move(store)) {}

  Result<std::unique_ptr<Writer>> writer() override {
    return std::unique_ptr<Writer>(std::make_unique<LmdbWriter>(store_));
  }
  Result<std::unique_ptr<Reader>> reader() override { return LmdbReader::make(store_); }

  Result<std::uint64_t> count() override {
    auto transaction = Transaction::begin(store_, MDB_RDONLY);
    if (!transaction) return fail(transaction.error());
    MDB_stat stat{};
    if (auto ok = check(::mdb_stat(transaction->get(), store_.table[records], &stat), "count"); !ok) {
      return fail(ok.error());
    }
    return stat.ms_entries;
  }

  Result<Seen> read_back(const Guid& id) override {
    auto transaction = Transaction::begin(store_, MDB_RDONLY);
    if (!transaction) return fail(transaction.error());
    const auto row = transaction->find(ids, val(view(id)));
    const auto bytes = row ? transaction->find(records, val(*row)) : std::nullopt;
    const auto contents = row ? transaction->find(binaries, val(*row)) : std::nullopt;
    const auto record = bytes ? PlainRecord::read(*bytes) : std::nullopt;
    if (!record) return damaged();
    return Seen{std::string(record->column(Column::name)), static_cast<StatusCode>(record->header().statuscode),
                std::string(contents ? binary_in(*contents, 1) : "")};
  }

 private:
  Store store_;
};

}  // namespace

Result<std::unique_ptr<Engine>> open_lmdb(const std::string& directory) {
  Store store;
  MDB_env* env = nullptr;
  auto done = check(::mdb_env_create(&env), "create");
  store.env.reset(env);
  if (done) done = check(::mdb_env_set_mapsize(env, map_bytes), "map");
  if (done) done = check(::mdb_env_set_maxdbs(env, table_count), "tables");
  // Readers keep their transactions when their thread does other work.
  const std::string path = directory + "/bare.mdb";
  if (done) done = check(::mdb_env_open(env, path.c_str(), MDB_NOSUBDIR | MDB_NOTLS | MDB_NORDAHEAD, 0600), "open");
  if (!done) return fail(done.error());
  auto transaction = Transaction::begin(store, 0);
  if (!transaction) return fail(transaction.error());
  for (std::size_t i = 0; i < table_count; ++i) {
    done = check(::mdb_dbi_open(transaction->get(), tables[i].name, tables[i].flags | MDB_CREATE, &store.table[i]),
                 tables[i].name);
    if (!done) return fail(done.error());
  }
  if (auto ok = transaction->commit(); !ok) return fail(ok.error());
  return std::unique_ptr<Engine>(std::make_unique<LmdbEngine>(std::move(store)));
}

const char* lmdb_version() {
  static const std::string text = std::to_string(MDB_VERSION_MAJOR) + "." + std::to_string(MDB_VERSION_MINOR) + "." +
                                  std::to_string(MDB_VERSION_PATCH);
  return text.c_str();
}

}  // namespace flowkeep::bench

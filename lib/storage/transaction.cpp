#include "storage/transaction.hpp"

#include <lmdb.h>
#include <sys/statvfs.h>

#include <cerrno>
#include <cstring>
#include <string>

#include "storage/environment.hpp"
#include "storage/error.hpp"

namespace flowkeep::storage {

namespace {

MDB_val value_of(std::string_view bytes) noexcept {
  return {bytes.size(), const_cast<char*>(bytes.data())};
}

unsigned flags_of(TableKind kind) noexcept {
  switch (kind) {
    case TableKind::bytes:
      return 0;
    case TableKind::integer:
      return MDB_INTEGERKEY;
    case TableKind::sorted_sets:
      return MDB_DUPSORT | MDB_DUPFIXED;
    case TableKind::integer_sets:
      return MDB_INTEGERKEY | MDB_DUPSORT | MDB_DUPFIXED | MDB_INTEGERDUP;
  }
  return 0;
}

// LMDB reports a short write as EIO whatever stopped it: look whether the disk is full.
Error write_error(const Environment& environment, const char* what, int code) {
  struct statvfs disk {};
  const bool disk_full =
      code == EIO && ::statvfs(environment.path().c_str(), &disk) == 0 && disk.f_bavail * disk.f_frsize < (1U << 20);
  return lmdb_error(what + (" " + environment.path()), disk_full ? ENOSPC : code);
}

}  // namespace

std::uint64_t IntegerKey::value_of(std::string_view bytes) noexcept {
  std::uint64_t value = 0;
  if (bytes.size() >= sizeof value) std::memcpy(&value, bytes.data(), sizeof value);
  return value;
}

Result<std::optional<std::string_view>> Transaction::get(Table table, std::string_view key) const {
  MDB_val k = value_of(key);
  MDB_val v{};
  const int code = ::mdb_get(txn_, table.handle, &k, &v);
  if (code == 0) return std::string_view(static_cast<const char*>(v.mv_data), v.mv_size);
  if (code == MDB_NOTFOUND) return std::nullopt;
  return fail(lmdb_error("cannot read " + environment_->path(), code));
}

Result<TableStat> Transaction::stat(Table table) const {
  MDB_stat stat{};
  if (const int code = ::mdb_stat(txn_, table.handle, &stat); code != 0) {
    return fail(lmdb_error("cannot read " + environment_->path(), code));
  }
  return TableStat{stat.ms_entries, stat.ms_branch_pages + stat.ms_leaf_pages + stat.ms_overflow_pages, stat.ms_depth};
}

std::uint64_t Transaction::id() const noexcept {
  return ::mdb_txn_id(txn_);
}

ReadTransaction::~ReadTransaction() {
  if (txn_ == nullptr || !environment_->check_process()) return;
  environment_->recycle(txn_);
  if (live_) environment_->leave();
}

Result<void> ReadTransaction::renew() {
  if (auto ok = environment_->check_process(); !ok) return ok;
  release();
  for (int attempt = 0;; ++attempt) {
    environment_->enter();
    const int code = ::mdb_txn_renew(txn_);
    if (code == 0) {
      live_ = true;
      return {};
    }
    environment_->leave();
    if (code != MDB_MAP_RESIZED || attempt == 100) return fail(environment_->begin_error(code, "cannot read"));
    if (auto ok = environment_->follow_map(); !ok) return ok;
  }
}

void ReadTransaction::release() noexcept {
  if (!std::exchange(live_, false)) return;
  ::mdb_txn_reset(txn_);
  environment_->leave();
}

WriteTransaction::~WriteTransaction() {
  if (txn_ == nullptr || !environment_->check_process()) return;
  ::mdb_txn_abort(txn_);
  environment_->leave();
}

Result<void> WriteTransaction::put(Table table, std::string_view key, std::string_view value, Place place) {
  auto writer = TableWriter::open(*this, table);
  if (!writer) return fail(std::move(writer.error()));
  return writer->put(key, value, place);
}

Result<bool> WriteTransaction::add(Table table, std::string_view key, std::string_view member) {
  auto writer = TableWriter::open(*this, table);
  if (!writer) return fail(std::move(writer.error()));
  return writer->add(key, member);
}

Result<bool> WriteTransaction::remove(Table table, std::string_view key) {
  MDB_val k = value_of(key);
  const int code = ::mdb_del(txn_, table.handle, &k, nullptr);
  if (code == MDB_NOTFOUND) return false;
  if (code != 0) return fail(write_error(*environment_, "cannot write", code));
  return true;
}

Result<bool> WriteTransaction::remove(Table table, std::string_view key, std::string_view member) {
  MDB_val k = value_of(key);
  MDB_val v = value_of(member);
  const int code = ::mdb_del(txn_, table.handle, &k, &v);
  if (code == MDB_NOTFOUND) return false;
  if (code != 0) return fail(write_error(*environment_, "cannot write", code));
  return true;
}

Result<void> WriteTransaction::clear(Table table) {
  if (const int code = ::mdb_drop(txn_, table.handle, 0); code != 0) {
    return fail(write_error(*environment_, "cannot write", code));
  }
  return {};
}

Result<Table> WriteTransaction::open_table(const char* name, TableKind kind) {
  MDB_dbi handle = 0;
  if (const int code = ::mdb_dbi_open(txn_, name, flags_of(kind) | MDB_CREATE, &handle); code != 0) {
    return fail(write_error(*environment_, "cannot write", code));
  }
  return Table{handle};
}

Result<void> WriteTransaction::commit() {
  MDB_txn* txn = std::exchange(txn_, nullptr);
  const int code = ::mdb_txn_commit(txn);
  environment_->leave();
  if (code != 0) return fail(write_error(*environment_, "cannot commit to", code));
  return {};
}

Result<TableWriter> TableWriter::open(WriteTransaction& transaction, Table table) {
  MDB_cursor* cursor = nullptr;
  if (const int code = ::mdb_cursor_open(transaction.handle(), table.handle, &cursor); code != 0) {
    return fail(write_error(transaction.environment(), "cannot write", code));
  }
  return TableWriter(transaction.environment(), cursor);
}

TableWriter::~TableWriter() {
  if (cursor_ != nullptr && environment_->check_process()) ::mdb_cursor_close(cursor_);
}

Result<void> TableWriter::put(std::string_view key, std::string_view value, WriteTransaction::Place place) {
  MDB_val k = value_of(key);
  MDB_val v = value_of(value);
  int code = MDB_KEYEXIST;
  // A key that is not the last after all is refused before anything is touched.
  if (place == WriteTransaction::Place::last) code = ::mdb_cursor_put(cursor_, &k, &v, MDB_APPEND | MDB_NOOVERWRITE);
  // A refusal answers with what is there.
  v = value_of(value);
  if (code == MDB_KEYEXIST) code = ::mdb_cursor_put(cursor_, &k, &v, 0);
  if (code != 0) return fail(write_error(*environment_, "cannot write", code));
  return {};
}

Result<bool> TableWriter::add(std::string_view key, std::string_view member) {
  MDB_val k = value_of(key);
  MDB_val v = value_of(member);
  const int code = ::mdb_cursor_put(cursor_, &k, &v, MDB_NODUPDATA);
  if (code == MDB_KEYEXIST) return false;
  if (code != 0) return fail(write_error(*environment_, "cannot write", code));
  return true;
}

// Of a set that is there.
bool TableWriter::is_behind_all(std::string_view key, std::string_view member) noexcept {
  MDB_val k = value_of(key);
  MDB_val last{};
  if (::mdb_cursor_get(cursor_, &k, &last, MDB_SET) != 0) return false;
  if (::mdb_cursor_get(cursor_, &k, &last, MDB_LAST_DUP) != 0) return false;
  return std::string_view(static_cast<const char*>(last.mv_data), last.mv_size) < member;
}

Result<bool> TableWriter::add_in_order(std::string_view key, std::string_view member) {
  const bool appends = appended_to_ == key || is_behind_all(key, member);
  MDB_val k = value_of(key);
  MDB_val v = value_of(member);
  int code = MDB_KEYEXIST;
  if (appends) code = ::mdb_cursor_put(cursor_, &k, &v, MDB_NODUPDATA | MDB_APPENDDUP);
  if (code == MDB_KEYEXIST) {
    appended_to_.clear();
    return add(key, member);
  }
  if (code != 0) return fail(write_error(*environment_, "cannot write", code));
  appended_to_ = key;
  return true;
}

Result<Table> Environment::open_table(const char* name, TableKind kind) {
  enter();
  MDB_txn* txn = nullptr;
  int code = ::mdb_txn_begin(env_, nullptr, MDB_RDONLY, &txn);
  MDB_dbi handle = 0;
  if (code == 0) {
    code = ::mdb_dbi_open(txn, name, flags_of(kind), &handle);
    // The handle is kept only by a commit, of a reading transaction too.
    if (code == 0) {
      code = ::mdb_txn_commit(txn);
    } else {
      ::mdb_txn_abort(txn);
    }
  }
  leave();
  if (code == MDB_NOTFOUND) return fail(Errc::not_found, path_ + " has no table " + name);
  if (code != 0) return fail(lmdb_error("cannot read " + path_, code));
  return Table{handle};
}

}  // namespace flowkeep::storage

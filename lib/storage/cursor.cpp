#include "storage/cursor.hpp"

#include <lmdb.h>

#include "storage/error.hpp"

namespace flowkeep::storage {

Result<Cursor> Cursor::open(const Transaction& transaction, Table table) {
  MDB_cursor* cursor = nullptr;
  if (const int code = ::mdb_cursor_open(transaction.handle(), table.handle, &cursor); code != 0) {
    return fail(lmdb_error("cannot walk a table", code));
  }
  return Cursor(cursor);
}

Cursor& Cursor::operator=(Cursor&& other) noexcept {
  std::swap(cursor_, other.cursor_);
  key_ = other.key_;
  value_ = other.value_;
  return *this;
}

Cursor::~Cursor() {
  if (cursor_ != nullptr) ::mdb_cursor_close(cursor_);
}

Result<bool> Cursor::move(int operation, std::string_view key, std::string_view value) {
  MDB_val k{key.size(), const_cast<char*>(key.data())};
  MDB_val v{value.size(), const_cast<char*>(value.data())};
  const int code = ::mdb_cursor_get(cursor_, &k, &v, static_cast<MDB_cursor_op>(operation));
  if (code == MDB_NOTFOUND) return false;
  if (code != 0) return fail(lmdb_error("cannot walk a table", code));
  key_ = {static_cast<const char*>(k.mv_data), k.mv_size};
  value_ = {static_cast<const char*>(v.mv_data), v.mv_size};
  return true;
}

Result<bool> Cursor::first() {
  return move(MDB_FIRST);
}
Result<bool> Cursor::last() {
  return move(MDB_LAST);
}
Result<bool> Cursor::next() {
  return move(MDB_NEXT);
}
Result<bool> Cursor::previous() {
  return move(MDB_PREV);
}
Result<bool> Cursor::find(std::string_view key) {
  return move(MDB_SET_KEY, key);
}
Result<bool> Cursor::seek(std::string_view key) {
  return move(MDB_SET_RANGE, key);
}

Result<bool> Cursor::seek_before(std::string_view key) {
  auto found = seek(key);
  if (!found) return found;
  return *found ? previous() : last();
}

// MDB_GET_BOTH and its kin do not return the key: keep the one asked for.
Result<bool> Cursor::find_member(std::string_view key, std::string_view member) {
  auto found = move(MDB_GET_BOTH, key, member);
  return found && *found ? move(MDB_GET_CURRENT) : std::move(found);
}

Result<bool> Cursor::seek_member(std::string_view key, std::string_view member) {
  auto found = move(MDB_GET_BOTH_RANGE, key, member);
  return found && *found ? move(MDB_GET_CURRENT) : std::move(found);
}

Result<bool> Cursor::first_member() {
  auto found = move(MDB_FIRST_DUP);
  return found && *found ? move(MDB_GET_CURRENT) : std::move(found);
}

Result<bool> Cursor::last_member() {
  auto found = move(MDB_LAST_DUP);
  return found && *found ? move(MDB_GET_CURRENT) : std::move(found);
}

Result<bool> Cursor::next_member() {
  return move(MDB_NEXT_DUP);
}
Result<bool> Cursor::previous_member() {
  return move(MDB_PREV_DUP);
}
Result<bool> Cursor::next_key() {
  return move(MDB_NEXT_NODUP);
}
Result<bool> Cursor::previous_key() {
  return move(MDB_PREV_NODUP);
}

Result<std::uint64_t> Cursor::members() {
  std::size_t count = 0;
  if (const int code = ::mdb_cursor_count(cursor_, &count); code != 0) {
    return fail(lmdb_error("cannot count an index entry", code));
  }
  return count;
}

}  // namespace flowkeep::storage

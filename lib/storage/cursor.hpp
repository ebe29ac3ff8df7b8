// A position in a table.
#pragma once

#include <cstdint>
#include <string_view>
#include <utility>

#include <flowkeep/result.hpp>

#include "storage/transaction.hpp"

struct MDB_cursor;

namespace flowkeep::storage {

/// Walks a table. Every move answers whether it found an entry; key() and value() are those of the last entry
/// found and point into the map. Dies before its transaction. Moves never write.
class Cursor {
 public:
  [[nodiscard]] static Result<Cursor> open(const Transaction& transaction, Table table);
  Cursor(Cursor&& other) noexcept
      : cursor_(std::exchange(other.cursor_, nullptr)), key_(other.key_), value_(other.value_) {}
  Cursor& operator=(Cursor&& other) noexcept;
  ~Cursor();

  [[nodiscard]] Result<bool> first();
  [[nodiscard]] Result<bool> last();
  [[nodiscard]] Result<bool> next();
  [[nodiscard]] Result<bool> previous();
  /// To this key.
  [[nodiscard]] Result<bool> find(std::string_view key);
  /// To the first key that is not less.
  [[nodiscard]] Result<bool> seek(std::string_view key);
  /// To the last key that is less (to the table's last, where none is not less).
  [[nodiscard]] Result<bool> seek_before(std::string_view key);

  // Tables of sets: find(), seek() and next_key() stand at the first member.
  /// To this member of this key's set.
  [[nodiscard]] Result<bool> find_member(std::string_view key, std::string_view member);
  /// To the first member of this key's set that is not less.
  [[nodiscard]] Result<bool> seek_member(std::string_view key, std::string_view member);
  [[nodiscard]] Result<bool> first_member();
  [[nodiscard]] Result<bool> last_member();
  [[nodiscard]] Result<bool> next_member();
  [[nodiscard]] Result<bool> previous_member();
  /// To the next key's first member, or the previous key's last.
  [[nodiscard]] Result<bool> next_key();
  [[nodiscard]] Result<bool> previous_key();
  /// How many members the set of the present key has.
  [[nodiscard]] Result<std::uint64_t> members();

  [[nodiscard]] std::string_view key() const noexcept { return key_; }
  [[nodiscard]] std::string_view value() const noexcept { return value_; }

 private:
  explicit Cursor(MDB_cursor* cursor) noexcept : cursor_(cursor) {}
  [[nodiscard]] Result<bool> move(int operation, std::string_view key = {}, std::string_view value = {});

  MDB_cursor* cursor_;
  std::string_view key_{};
  std::string_view value_{};
};

}  // namespace flowkeep::storage

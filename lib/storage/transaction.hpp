// LMDB transactions and tables as values with owners.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>

#include <flowkeep/result.hpp>

struct MDB_cursor;
struct MDB_txn;

namespace flowkeep::storage {

class Environment;

/// A named table; good as long as its Environment.
struct Table {
  unsigned handle = 0;
  [[nodiscard]] bool is_open() const noexcept { return handle != 0; }
};

enum class TableKind : std::uint8_t {
  bytes,         ///< keys compared as bytes, one value each
  integer,       ///< keys are native std::uint64_t, one value each
  sorted_sets,   ///< keys compared as bytes; each holds a sorted set of values of one size, compared as bytes
  integer_sets,  ///< keys and members are native std::uint64_t
};

struct TableStat {
  std::uint64_t entries = 0;
  std::uint64_t pages = 0;
  unsigned depth = 0;
};

/// The key of an integer table.
class IntegerKey {
 public:
  explicit IntegerKey(std::uint64_t value) noexcept : value_(value) {}
  [[nodiscard]] std::string_view bytes() const noexcept {
    return {reinterpret_cast<const char*>(&value_), sizeof value_};
  }
  [[nodiscard]] static std::uint64_t value_of(std::string_view bytes) noexcept;

 private:
  std::uint64_t value_;
};

/// What can be read inside a transaction. Values point into the map (or, in a write transaction, into pages
/// that the next write may move) and die with it.
class Transaction {
 public:
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;

  [[nodiscard]] Result<std::optional<std::string_view>> get(Table table, std::string_view key) const;
  [[nodiscard]] Result<TableStat> stat(Table table) const;
  [[nodiscard]] std::uint64_t id() const noexcept;
  [[nodiscard]] MDB_txn* handle() const noexcept { return txn_; }
  [[nodiscard]] Environment& environment() const noexcept { return *environment_; }

 protected:
  Transaction(Environment& environment, MDB_txn* txn) noexcept : environment_(&environment), txn_(txn) {}
  Transaction(Transaction&& other) noexcept
      : environment_(other.environment_), txn_(std::exchange(other.txn_, nullptr)) {}
  ~Transaction() = default;

  Environment* environment_;
  MDB_txn* txn_;
};

/// A snapshot. Any thread may use it, one at a time.
class ReadTransaction : public Transaction {
 public:
  ReadTransaction(ReadTransaction&&) noexcept = default;
  ~ReadTransaction();
  /// Moves to the newest commit. After an error the transaction must not be used but for destruction and renew().
  [[nodiscard]] Result<void> renew();
  /// Lets the commit go and keeps the reader slot, so that renew() cannot fail for want of one.
  void release() noexcept;

 private:
  friend class Environment;
  using Transaction::Transaction;
  bool live_ = true;
};

/// The writer. Aborts unless committed. Only the thread that began it uses it.
class WriteTransaction : public Transaction {
 public:
  WriteTransaction(WriteTransaction&&) noexcept = default;
  ~WriteTransaction();

  /// Where a key is likely to stand. LMDB fills the pages of keys that come last, and halves others.
  enum class Place : std::uint8_t { anywhere, last };
  /// Stores a value, in place of the key's present one if there is one.
  [[nodiscard]] Result<void> put(Table table, std::string_view key, std::string_view value,
                                 Place place = Place::anywhere);
  /// Adds a member to a set; false where it was there.
  [[nodiscard]] Result<bool> add(Table table, std::string_view key, std::string_view member);
  /// Removes a key (with all of its set); false where it was not there.
  [[nodiscard]] Result<bool> remove(Table table, std::string_view key);
  /// Removes one member of a set; false where it was not there.
  [[nodiscard]] Result<bool> remove(Table table, std::string_view key, std::string_view member);
  /// Empties a table.
  [[nodiscard]] Result<void> clear(Table table);
  /// Opens a table, creating it where it is missing. Only while no other transaction of the process opens one.
  [[nodiscard]] Result<Table> open_table(const char* name, TableKind kind);
  /// Syncs the commit to the disk.
  [[nodiscard]] Result<void> commit();

 private:
  friend class Environment;
  using Transaction::Transaction;
};

/// Writes many entries to one table. In the order of their keys most are found on the page of the one before, without a
/// walk from the root. Dies before its transaction; meanwhile nothing is removed from the table.
class TableWriter {
 public:
  [[nodiscard]] static Result<TableWriter> open(WriteTransaction& transaction, Table table);
  TableWriter(TableWriter&& other) noexcept
      : environment_(other.environment_),
        cursor_(std::exchange(other.cursor_, nullptr)),
        appended_to_(std::move(other.appended_to_)) {}
  TableWriter& operator=(TableWriter&&) = delete;
  ~TableWriter();

  // As their namesakes of WriteTransaction.
  [[nodiscard]] Result<void> put(std::string_view key, std::string_view value,
                                 WriteTransaction::Place place = WriteTransaction::Place::anywhere);
  [[nodiscard]] Result<bool> add(std::string_view key, std::string_view member);
  /// The same, in a table of sorted sets, for members that mostly come in order: one that is behind all others is
  /// appended, which leaves the pages before it full. (LMDB halves them otherwise.)
  [[nodiscard]] Result<bool> add_in_order(std::string_view key, std::string_view member);

 private:
  TableWriter(Environment& environment, MDB_cursor* cursor) noexcept : environment_(&environment), cursor_(cursor) {}
  [[nodiscard]] bool is_behind_all(std::string_view key, std::string_view member) noexcept;
  Environment* environment_;
  MDB_cursor* cursor_;
  std::string appended_to_{};  // the set whose last member came from the last call; "": none
};

}  // namespace flowkeep::storage

// Damage done to a store's rows below the library, while no Store has the file open.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "storage/cursor.hpp"
#include "storage/environment.hpp"
#include "store/engine.hpp"
#include "store_fixture.hpp"

namespace flowkeep::test {

/// The tables of a store's file, open for any change.
class RawStore {
 public:
  explicit RawStore(const std::string& path) {
    storage::EnvironmentOptions options;
    options.map_bytes = 1ULL << 30;
    options.max_readers = 16;
    options.max_tables = 64;
    environment_ = value_of(storage::Environment::open(path, options));
    for (const store::TableInfo& info : store::table_infos(tables_)) {
      *info.table = value_of(environment_->open_table(info.name, info.kind));
    }
  }

  [[nodiscard]] const store::Tables& tables() const { return tables_; }
  [[nodiscard]] storage::Table index(IndexId id) const { return tables_.indexes[static_cast<std::size_t>(id)]; }
  [[nodiscard]] storage::ReadTransaction read() { return value_of(environment_->begin_read()); }

  /// The key of entry `position` of a table.
  [[nodiscard]] std::string key_at(storage::Table table, std::size_t position) {
    const storage::ReadTransaction transaction = read();
    storage::Cursor cursor = value_of(storage::Cursor::open(transaction, table));
    EXPECT_TRUE(value_of(cursor.first()));
    for (std::size_t i = 0; i < position; ++i) EXPECT_TRUE(value_of(cursor.next()));
    return std::string(cursor.key());
  }
  /// Changes the value of a key as `change` says.
  void change(storage::Table table, std::string_view key, const std::function<void(std::string&)>& change) {
    storage::WriteTransaction transaction = value_of(environment_->begin_write());
    std::string value(value_of(transaction.get(table, key)).value());
    change(value);
    value_of(transaction.put(table, key, value));
    value_of(transaction.commit());
  }
  /// Flips a bit in the middle of the value of a key.
  void damage(storage::Table table, std::string_view key) {
    change(table, key, [](std::string& value) { value[value.size() / 2] ^= 0x10; });
  }
  void put(storage::Table table, std::string_view key, std::string_view value) {
    storage::WriteTransaction transaction = value_of(environment_->begin_write());
    value_of(transaction.put(table, key, value));
    value_of(transaction.commit());
  }
  void remove(storage::Table table, std::string_view key) {
    storage::WriteTransaction transaction = value_of(environment_->begin_write());
    EXPECT_TRUE(value_of(transaction.remove(table, key)));
    value_of(transaction.commit());
  }
  void add(storage::Table table, std::string_view key, std::string_view member) {
    storage::WriteTransaction transaction = value_of(environment_->begin_write());
    EXPECT_TRUE(value_of(transaction.add(table, key, member)));
    value_of(transaction.commit());
  }
  void remove(storage::Table table, std::string_view key, std::string_view member) {
    storage::WriteTransaction transaction = value_of(environment_->begin_write());
    EXPECT_TRUE(value_of(transaction.remove(table, key, member)));
    value_of(transaction.commit());
  }

 private:
  std::unique_ptr<storage::Environment> environment_{};
  store::Tables tables_{};
};

/// Closes the store, lets `work` at its tables, and opens it again.
inline void tamper(TestStore& store, const std::function<void(RawStore&)>& work) {
  store.close();
  {
    RawStore raw(store.path());
    work(raw);
  }
  store.open();
}

}  // namespace flowkeep::test

// What the look-ups by id are measured against: a store's id and record tables in a plain LMDB environment.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <lmdb.h>

#include <flowkeep/result.hpp>

namespace flowkeep::bench {

/// A copy of the two tables, keys and values byte by byte, that is read with nothing but mdb_get.
class BareLmdb {
 public:
  using IdKey = std::array<std::uint8_t, 16>;
  struct Lookup {
    IdKey id_key;
    std::uint64_t sum;  ///< what poll() has to answer
  };

  /// Copies the tables of the store at `store_path`, which must not be open, to a new file. Pages are filled in the
  /// order of the keys: the best that LMDB can do.
  [[nodiscard]] static Result<BareLmdb> copy(const std::string& store_path, const std::string& path,
                                             std::uint64_t map_bytes);

  /// Random sessions, as many as there are.
  [[nodiscard]] const std::vector<Lookup>& lookups() const noexcept { return lookups_; }
  /// Mean size of a record, with its header.
  [[nodiscard]] double record_bytes() const noexcept { return record_bytes_; }

  /// Looks up the id, then the record, and adds four 8-byte fields of it, as a plain struct would hold them.
  [[nodiscard]] std::optional<std::uint64_t> poll(const IdKey& id_key) const noexcept {
    MDB_val key{id_key.size(), const_cast<std::uint8_t*>(id_key.data())};
    MDB_val row_key{};
    MDB_val record{};
    if (::mdb_get(reading_.get(), ids_, &key, &row_key) != 0) return std::nullopt;
    if (::mdb_get(reading_.get(), records_, &row_key, &record) != 0) return std::nullopt;
    std::array<std::uint64_t, 4> fields;
    std::memcpy(fields.data(), static_cast<const char*>(record.mv_data) + 64, sizeof fields);
    return fields[0] + fields[1] + fields[2] + fields[3];
  }

 private:
  struct Close {
    void operator()(MDB_env* env) const noexcept { ::mdb_env_close(env); }
    void operator()(MDB_txn* txn) const noexcept { ::mdb_txn_abort(txn); }
  };
  using Env = std::unique_ptr<MDB_env, Close>;
  using Txn = std::unique_ptr<MDB_txn, Close>;

  [[nodiscard]] static Result<Env> open(const std::string& path, std::uint64_t map_bytes, unsigned flags);
  [[nodiscard]] static Result<Txn> begin(MDB_env* env, unsigned flags);
  [[nodiscard]] static Result<void> copy_table(MDB_txn* from, MDB_txn* to, const char* name);
  [[nodiscard]] Result<void> choose_lookups();

  Env env_{};
  Txn reading_{};
  MDB_dbi ids_ = 0;
  MDB_dbi records_ = 0;
  std::vector<Lookup> lookups_{};
  double record_bytes_ = 0;
};

}  // namespace flowkeep::bench

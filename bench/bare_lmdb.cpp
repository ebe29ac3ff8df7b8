#include "bare_lmdb.hpp"

#include "generated_sessions.hpp"

namespace flowkeep::bench {

namespace {

constexpr const char* id_table = "ids";
constexpr const char* record_table = "sessions";
constexpr std::size_t least_record = 96;

Result<void> checked(int code, const char* what) {
  if (code == 0) return {};
  return fail(Errc::io, std::string("bare LMDB: ") + what + ": " + ::mdb_strerror(code), DataverseCode::none, code);
}

template <class Visit>
Result<void> for_each(MDB_txn* txn, MDB_dbi table, Visit visit) {
  MDB_cursor* cursor = nullptr;
  if (auto ok = checked(::mdb_cursor_open(txn, table, &cursor), "cursor"); !ok) return ok;
  MDB_val key{};
  MDB_val value{};
  Result<void> result;
  int code = 0;
  while (result && (code = ::mdb_cursor_get(cursor, &key, &value, MDB_NEXT)) == 0) result = visit(key, value);
  ::mdb_cursor_close(cursor);
  if (result && code != MDB_NOTFOUND) return checked(code, "walk");
  return result;
}

}  // namespace

Result<BareLmdb::Env> BareLmdb::open(const std::string& path, std::uint64_t map_bytes, unsigned flags) {
  MDB_env* made = nullptr;
  if (auto ok = checked(::mdb_env_create(&made), "create"); !ok) return fail(ok.error());
  Env env(made);
  ::mdb_env_set_maxdbs(made, 64);
  ::mdb_env_set_mapsize(made, map_bytes);
  if (auto ok = checked(::mdb_env_open(made, path.c_str(), MDB_NOSUBDIR | MDB_NORDAHEAD | flags, 0600), "open"); !ok) {
    return fail(ok.error());
  }
  return env;
}

Result<BareLmdb::Txn> BareLmdb::begin(MDB_env* env, unsigned flags) {
  MDB_txn* txn = nullptr;
  if (auto ok = checked(::mdb_txn_begin(env, nullptr, flags, &txn), "begin"); !ok) return fail(ok.error());
  return Txn(txn);
}

Result<void> BareLmdb::copy_table(MDB_txn* from, MDB_txn* to, const char* name) {
  MDB_dbi source = 0;
  MDB_dbi target = 0;
  if (auto ok = checked(::mdb_dbi_open(from, name, 0, &source), name); !ok) return ok;
  if (auto ok = checked(::mdb_dbi_open(to, name, MDB_CREATE, &target), name); !ok) return ok;
  return for_each(from, source, [&](MDB_val& key, MDB_val& value) {
    return checked(::mdb_put(to, target, &key, &value, MDB_APPEND), "put");
  });
}

Result<BareLmdb> BareLmdb::copy(const std::string& store_path, const std::string& path, std::uint64_t map_bytes) {
  auto store = open(store_path, map_bytes, MDB_RDONLY | MDB_NOLOCK);
  if (!store) return fail(store.error());
  auto from = begin(store->get(), MDB_RDONLY);
  if (!from) return fail(from.error());
  auto env = open(path, map_bytes, MDB_NOSYNC);
  if (!env) return fail(env.error());
  for (const char* name : {id_table, record_table}) {
    auto to = begin(env->get(), 0);
    if (!to) return fail(to.error());
    if (auto ok = copy_table(from->get(), to->get(), name); !ok) return fail(ok.error());
    if (auto ok = checked(::mdb_txn_commit(to->release()), "commit"); !ok) return fail(ok.error());
  }

  BareLmdb bare;
  bare.env_ = std::move(*env);
  auto opening = begin(bare.env_.get(), MDB_RDONLY);
  if (!opening) return fail(opening.error());
  if (auto ok = checked(::mdb_dbi_open(opening->get(), id_table, 0, &bare.ids_), id_table); !ok)
    return fail(ok.error());
  if (auto ok = checked(::mdb_dbi_open(opening->get(), record_table, 0, &bare.records_), record_table); !ok) {
    return fail(ok.error());
  }
  ::mdb_txn_commit(opening->release());  // keeps the handles
  auto reading = begin(bare.env_.get(), MDB_RDONLY);
  if (!reading) return fail(reading.error());
  bare.reading_ = std::move(*reading);
  if (auto ok = bare.choose_lookups(); !ok) return fail(ok.error());
  return bare;
}

Result<void> BareLmdb::choose_lookups() {
  std::uint64_t bytes = 0;
  auto walked = for_each(reading_.get(), records_, [&](MDB_val&, MDB_val& value) -> Result<void> {
    bytes += value.mv_size;
    if (value.mv_size < least_record)
      return fail(Errc::internal, "bare LMDB: a record is too short to read four fields of");
    return {};
  });
  if (!walked) return walked;

  std::vector<IdKey> keys;
  walked = for_each(reading_.get(), ids_, [&](MDB_val& key, MDB_val&) -> Result<void> {
    IdKey copy{};
    if (key.mv_size != copy.size()) return fail(Errc::internal, "bare LMDB: an id key is not of 16 bytes");
    std::memcpy(copy.data(), key.mv_data, copy.size());
    keys.push_back(copy);
    return {};
  });
  if (!walked) return walked;
  if (keys.empty()) return fail(Errc::internal, "bare LMDB: there is no session to look up");

  record_bytes_ = static_cast<double>(bytes) / static_cast<double>(keys.size());
  lookups_.reserve(keys.size());
  for (std::uint64_t i = 0; i < keys.size(); ++i) {
    const IdKey& key = keys[mixed(i, lookup_salt) % keys.size()];
    const auto sum = poll(key);
    if (!sum) return fail(Errc::internal, "bare LMDB: a session is in table ids and not in table sessions");
    lookups_.push_back({key, *sum});
  }
  return {};
}

}  // namespace flowkeep::bench

// RocksDB and LevelDB, which share an interface: one ordered key space, a letter in front of each kind of key.
#pragma once

#include <array>
#include <atomic>
#include <cstring>
#include <mutex>
#include <optional>
#include <utility>

#include "plain_record.hpp"

namespace flowkeep::bench {

namespace lsm {

// Letters of keys.
inline constexpr char record_kind = 'r';       // id -> record
inline constexpr char binaries_kind = 'b';     // id -> the three binaries
inline constexpr char order_kind = 'o';        // createdon, version, id
inline constexpr char status_kind = 's';       // state, status, id
inline constexpr char machine_kind = 'm';      // machine, createdon, version, id
inline constexpr char correlation_kind = 'c';  // correlation id, 0, id
inline constexpr char flow_kind = 'f';         // flow, id
inline constexpr char completed_kind = 'd';    // completedon, id
inline constexpr char version_kind = 'v';      // version, id

inline void append_be64(std::string& out, std::int64_t value) {
  const std::uint64_t bytes = __builtin_bswap64(static_cast<std::uint64_t>(value) ^ (1ULL << 63));
  out.append(reinterpret_cast<const char*>(&bytes), sizeof bytes);
}
inline std::string_view view(const Guid& guid) noexcept {
  return {reinterpret_cast<const char*>(guid.bytes.data()), guid.bytes.size()};
}
inline std::string key_of(char kind, std::string_view rest) {
  std::string key(1, kind);
  key += rest;
  return key;
}
inline std::string status_key(std::int32_t state, std::int32_t status, std::string_view id) {
  std::string key{status_kind, static_cast<char>(state), static_cast<char>(status)};
  key += id;
  return key;
}
inline std::string version_key(std::int64_t version, std::string_view id) {
  std::string key(1, version_kind);
  append_be64(key, version);
  key += id;
  return key;
}
inline std::string_view id_in(std::string_view key) noexcept {
  return key.substr(key.size() - 16);
}

/// Calls each(key) for every index entry of a record.
template <class Each>
void for_each_entry(const PlainRecord& record, Each each) {
  const PlainHeader& header = record.header();
  const std::string_view id = record.column(Column::flowsessionid);
  std::string key(1, order_kind);
  append_be64(key, header.createdon);
  append_be64(key, header.version);
  key += id;
  each(key);
  each(status_key(header.statecode, header.statuscode, id));
  key.assign(1, machine_kind);
  key += record.column(Column::machineid);
  append_be64(key, header.createdon);
  append_be64(key, header.version);
  key += id;
  each(key);
  key.assign(1, correlation_kind);
  key += record.column(Column::correlationid);
  key += '\0';
  key += id;
  each(key);
  key.assign(1, flow_kind);
  key += record.column(Column::regardingobjectid);
  key += id;
  each(key);
  if (header.completedon != PlainHeader::none) {
    key.assign(1, completed_kind);
    append_be64(key, header.completedon);
    key += id;
    each(key);
  }
  each(version_key(header.version, id));
}

/// What the threads of an engine share. `Api` names the store's types, and says how it is opened.
template <class Api>
struct Shared {
  std::unique_ptr<typename Api::Db> db{};
  std::atomic<std::int64_t> version{0};
  std::array<std::mutex, 64> stripes{};  // for compare and set: these stores have no such thing in their writes
  std::mutex oldest{};
};

template <class Api>
Result<void> check(const typename Api::Status& status) {
  if (status.ok()) return {};
  return fail(Errc::io, std::string(Api::name) + ": " + status.ToString());
}
template <class Api>
tl::unexpected<Error> damaged() {
  return fail(Errc::corrupt, std::string(Api::name) + ": a record is damaged or missing");
}

template <class Api>
class LsmWriter final : public Writer {
 public:
  explicit LsmWriter(Shared<Api>& shared) noexcept : shared_(shared) { durably_.sync = true; }

  Result<Guid> create(NewSession& given) override { return create_batch({&given, 1}); }

  Result<Guid> create_batch(std::span<NewSession> given) override {
    typename Api::Batch batch;
    Guid id;
    for (const NewSession& one : given) {
      const Stamp stamp = stamp_of(one, ++shared_.version);
      id = stamp.id;
      const std::string key = key_of(record_kind, view(id));
      if (one.session.flowsessionid) {  // one of its own may be there
        std::string present;
        if (shared_.db->Get(typename Api::ReadOptions{}, key, &present).ok())
          return fail(Errc::already_exists, "the id is taken");
      }
      encode_plain(record_, one, stamp);
      encode_binaries(binaries_, one);
      batch.Put(key, record_);
      if (one.has_binaries()) batch.Put(key_of(binaries_kind, view(id)), binaries_);
      for_each_entry(*PlainRecord::read(record_), [&](const std::string& entry) { batch.Put(entry, ""); });
    }
    if (auto ok = check<Api>(shared_.db->Write(durably_, &batch)); !ok) return fail(ok.error());
    return id;
  }

  Result<void> transition(const Guid& id, StatusCode to) override {
    const std::lock_guard lock(shared_.stripes[id.bytes[15] % shared_.stripes.size()]);
    const std::string key = key_of(record_kind, view(id));
    if (auto ok = check<Api>(shared_.db->Get(typename Api::ReadOptions{}, key, &record_)); !ok) return ok;
    const auto before = PlainRecord::read(record_);
    if (!before) return damaged<Api>();
    const PlainHeader old = before->header();
    if (is_terminal(static_cast<StatusCode>(old.statuscode))) {
      return fail(Errc::invalid_transition, "the session is over");
    }
    const std::int64_t version = ++shared_.version;
    move_plain(record_, to, version, now());
    typename Api::Batch batch;
    batch.Put(key, record_);
    batch.Delete(status_key(old.statecode, old.statuscode, view(id)));
    batch.Put(status_key(static_cast<std::int32_t>(state_of(to)), static_cast<std::int32_t>(to), view(id)), "");
    batch.Delete(version_key(old.version, view(id)));
    batch.Put(version_key(version, view(id)), "");
    return check<Api>(shared_.db->Write(durably_, &batch));
  }

  Result<void> delete_oldest(std::uint64_t rows) override {
    const std::lock_guard lock(shared_.oldest);
    typename Api::Batch batch;
    const std::unique_ptr<typename Api::Iterator> at(shared_.db->NewIterator(typename Api::ReadOptions{}));
    for (at->Seek(std::string(1, order_kind)); rows > 0 && at->Valid(); at->Next(), --rows) {
      const std::string_view entry(at->key().data(), at->key().size());
      if (entry.front() != order_kind) break;
      const std::string id(id_in(entry));
      if (auto ok = check<Api>(shared_.db->Get(typename Api::ReadOptions{}, key_of(record_kind, id), &record_)); !ok)
        return ok;
      const auto record = PlainRecord::read(record_);
      if (!record) return damaged<Api>();
      for_each_entry(*record, [&](const std::string& key) { batch.Delete(key); });
      batch.Delete(key_of(record_kind, id));
      batch.Delete(key_of(binaries_kind, id));
    }
    return check<Api>(shared_.db->Write(durably_, &batch));
  }

 private:
  Shared<Api>& shared_;
  typename Api::WriteOptions durably_{};
  std::string record_{};
  std::string binaries_{};
};

template <class Api>
class LsmReader final : public Reader {
 public:
  explicit LsmReader(Shared<Api>& shared) : shared_(shared) { take(); }
  LsmReader(const LsmReader&) = delete;
  LsmReader& operator=(const LsmReader&) = delete;
  ~LsmReader() override { drop(); }

  Result<void> refresh() override {
    drop();
    take();
    return {};
  }

  Result<std::uint64_t> poll(const Guid& id) override {
    auto record = find(view(id));
    if (!record) return fail(record.error());
    return record->poll_sum();
  }

  Result<Answer> by_correlationid(std::string_view correlationid) override {
    std::string prefix = key_of(correlation_kind, correlationid);
    prefix += '\0';
    Answer answer;
    const auto at = iterator();
    for (at->Seek(prefix); at->Valid() && has_prefix(*at, prefix); at->Next()) {
      auto record = find(id_in({at->key().data(), at->key().size()}));
      if (!record) return fail(record.error());
      ++answer.rows;
      answer.sum += record->poll_sum();
    }
    return answer;
  }

  Result<Answer> newest_of_machine(const Guid& machine, std::uint64_t rows) override {
    const std::string prefix = key_of(machine_kind, view(machine));
    Answer answer;
    const auto at = iterator();
    at->Seek(prefix + std::string(33, '\xff'));
    if (at->Valid()) {
      at->Prev();
    } else {
      at->SeekToLast();
    }
    for (; at->Valid() && answer.rows < rows && has_prefix(*at, prefix); at->Prev()) {
      auto record = find(id_in({at->key().data(), at->key().size()}));
      if (!record) return fail(record.error());
      ++answer.rows;
      answer.sum += answer.rows * record->poll_sum();
    }
    return answer;
  }

  Result<std::uint64_t> count_active() override {
    const std::string prefix{status_kind, '\0'};
    std::uint64_t rows = 0;
    const auto at = iterator();
    for (at->Seek(prefix); at->Valid() && has_prefix(*at, prefix); at->Next()) ++rows;
    return rows;
  }

  Result<Answer> scan_two_fields() override {
    const std::string prefix(1, record_kind);
    Answer answer;
    const auto at = iterator();
    for (at->Seek(prefix); at->Valid() && has_prefix(*at, prefix); at->Next()) {
      const auto record = PlainRecord::read({at->value().data(), at->value().size()});
      if (!record) return damaged<Api>();
      ++answer.rows;
      answer.sum += static_cast<std::uint64_t>(record->header().statuscode) +
                    static_cast<std::uint64_t>(record->header().runduration);
    }
    return answer;
  }

 private:
  void take() { options_.snapshot = shared_.db->GetSnapshot(); }
  void drop() { shared_.db->ReleaseSnapshot(options_.snapshot); }
  [[nodiscard]] std::unique_ptr<typename Api::Iterator> iterator() const {
    return std::unique_ptr<typename Api::Iterator>(shared_.db->NewIterator(options_));
  }
  static bool has_prefix(const typename Api::Iterator& at, const std::string& prefix) {
    return at.key().starts_with(prefix);
  }
  Result<PlainRecord> find(std::string_view id) {
    if (auto ok = check<Api>(shared_.db->Get(options_, key_of(record_kind, id), &value_)); !ok) {
      return fail(ok.error());
    }
    const auto record = PlainRecord::read(value_);
    if (!record) return damaged<Api>();
    return *record;
  }

  Shared<Api>& shared_;
  typename Api::ReadOptions options_{};
  std::string value_{};
};

template <class Api>
class LsmEngine final : public Engine {
 public:
  static Result<std::unique_ptr<Engine>> open(const std::string& directory) {
    auto engine = std::make_unique<LsmEngine<Api>>();
    typename Api::Db* db = nullptr;
    if (auto ok = check<Api>(Api::open(directory + "/" + Api::name, &db)); !ok) return fail(ok.error());
    engine->shared_.db.reset(db);
    const std::unique_ptr<typename Api::Iterator> at(db->NewIterator(typename Api::ReadOptions{}));
    at->Seek(std::string(1, version_kind + 1));
    if (at->Valid()) {
      at->Prev();
    } else {
      at->SeekToLast();
    }
    if (at->Valid() && at->key()[0] == version_kind) {
      std::uint64_t last = 0;
      std::memcpy(&last, at->key().data() + 1, sizeof last);
      engine->shared_.version = static_cast<std::int64_t>(__builtin_bswap64(last) ^ (1ULL << 63));
    }
    return std::unique_ptr<Engine>(std::move(engine));
  }

  Result<std::unique_ptr<Writer>> writer() override {
    return std::unique_ptr<Writer>(std::make_unique<LsmWriter<Api>>(shared_));
  }
  Result<std::unique_ptr<Reader>> reader() override {
    return std::unique_ptr<Reader>(std::make_unique<LsmReader<Api>>(shared_));
  }

  Result<std::uint64_t> count() override {
    std::uint64_t rows = 0;
    const std::unique_ptr<typename Api::Iterator> at(shared_.db->NewIterator(typename Api::ReadOptions{}));
    for (at->Seek(std::string(1, version_kind)); at->Valid() && at->key()[0] == version_kind; at->Next()) ++rows;
    return rows;
  }

  Result<void> tidy() override {
    Api::compact(*shared_.db);
    return {};
  }

  Result<Seen> read_back(const Guid& id) override {
    std::string bytes;
    std::string contents;
    if (auto ok = check<Api>(shared_.db->Get(typename Api::ReadOptions{}, key_of(record_kind, view(id)), &bytes));
        !ok) {
      return fail(ok.error());
    }
    const auto found = shared_.db->Get(typename Api::ReadOptions{}, key_of(binaries_kind, view(id)), &contents);
    if (!found.ok() && !found.IsNotFound()) return fail(check<Api>(found).error());
    const auto record = PlainRecord::read(bytes);
    if (!record) return damaged<Api>();
    return Seen{std::string(record->column(Column::name)), static_cast<StatusCode>(record->header().statuscode),
                std::string(found.ok() ? binary_in(contents, 1) : "")};
  }

 private:
  Shared<Api> shared_{};
};

}  // namespace lsm

}  // namespace flowkeep::bench

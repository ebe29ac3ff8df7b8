#include <algorithm>
#include <mutex>
#include <utility>

#include "peers.hpp"
#include "sqlite_connection.hpp"

namespace flowkeep::bench {

namespace {

// One connection behind a mutex for all who write: faster than one each, which meet in the busy handler.
class SqliteWriter final : public Writer {
 public:
  SqliteWriter(SqliteConnection& connection, std::mutex& mutex) noexcept : connection_(connection), mutex_(mutex) {}

  Result<Guid> create(NewSession& given) override {
    const std::lock_guard lock(mutex_);
    return connection_.insert(given);
  }

  Result<Guid> create_batch(std::span<NewSession> given) override {
    const std::lock_guard lock(mutex_);
    if (auto ok = connection_.begin_write(); !ok) return fail(ok.error());
    Result<Guid> id = Guid{};
    for (const NewSession& one : given) {
      id = connection_.insert(one);
      if (!id) return id;
    }
    if (auto ok = connection_.commit(); !ok) return fail(ok.error());
    return id;
  }

  Result<void> transition(const Guid& id, StatusCode to) override {
    const std::lock_guard lock(mutex_);
    return connection_.transition(id, to);
  }

  Result<void> delete_oldest(std::uint64_t rows) override {
    const std::lock_guard lock(mutex_);
    return connection_.delete_oldest(rows);
  }

  Result<void> prune(std::uint64_t rows) override {
    constexpr std::uint64_t at_once = 1000;
    for (std::uint64_t left = rows; left > 0; left -= std::min(left, at_once)) {
      const std::lock_guard lock(mutex_);
      if (auto ok = connection_.delete_first_completed(std::min(left, at_once)); !ok) return ok;
    }
    return {};
  }

 private:
  SqliteConnection& connection_;
  std::mutex& mutex_;
};

class SqliteReader final : public Reader {
 public:
  explicit SqliteReader(std::unique_ptr<SqliteConnection> own) noexcept : connection_(std::move(own)) {}

  Result<void> refresh() override {
    if (auto ok = connection_->commit(); !ok) return ok;
    return connection_->begin_read();
  }
  Result<std::uint64_t> poll(const Guid& id) override { return connection_->poll(id); }
  Result<Answer> by_correlationid(std::string_view correlationid) override {
    return connection_->by_correlationid(correlationid);
  }
  Result<Answer> newest_of_machine(const Guid& machine, std::uint64_t rows) override {
    return connection_->newest_of_machine(machine, rows);
  }
  Result<std::uint64_t> count_active() override { return connection_->count_active(); }
  Result<Answer> scan_two_fields() override { return connection_->scan_two_fields(); }

 private:
  std::unique_ptr<SqliteConnection> connection_;
};

class SqliteEngine final : public Engine {
 public:
  SqliteEngine(std::unique_ptr<SqliteFile> file, std::unique_ptr<SqliteConnection> connection) noexcept
      : file_(std::move(file)), connection_(std::move(connection)) {}

  static Result<std::unique_ptr<Engine>> open(const std::string& directory) {
    auto file = std::make_unique<SqliteFile>();
    file->path = directory + "/peer.sqlite";
    auto connection = SqliteConnection::open(*file);
    if (!connection) return fail(connection.error());
    const auto version = (*connection)->last_version();
    if (!version) return fail(version.error());
    file->version = static_cast<std::int64_t>(*version);
    return std::unique_ptr<Engine>(std::make_unique<SqliteEngine>(std::move(file), std::move(*connection)));
  }

  Result<std::unique_ptr<Writer>> writer() override {
    return std::unique_ptr<Writer>(std::make_unique<SqliteWriter>(*connection_, mutex_));
  }

  Result<std::unique_ptr<Reader>> reader() override {
    auto connection = SqliteConnection::open(*file_);
    if (!connection) return fail(connection.error());
    if (auto ok = (*connection)->begin_read(); !ok) return fail(ok.error());
    return std::unique_ptr<Reader>(std::make_unique<SqliteReader>(std::move(*connection)));
  }

  Result<std::uint64_t> count() override {
    const std::lock_guard lock(mutex_);
    return connection_->count();
  }
  Result<void> tidy() override {
    const std::lock_guard lock(mutex_);
    return connection_->tidy();
  }
  Result<Seen> read_back(const Guid& id) override {
    const std::lock_guard lock(mutex_);
    return connection_->read_back(id);
  }

 private:
  std::unique_ptr<SqliteFile> file_;
  std::mutex mutex_{};
  std::unique_ptr<SqliteConnection> connection_;
};

}  // namespace

Result<std::unique_ptr<Engine>> open_sqlite(const std::string& directory) {
  return SqliteEngine::open(directory);
}

const char* sqlite_version() {
  return ::sqlite3_libversion();
}

}  // namespace flowkeep::bench

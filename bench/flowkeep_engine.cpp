// Flowkeep itself, as one of the engines.
#include <utility>

#include "generated_sessions.hpp"
#include "peers.hpp"

namespace flowkeep::bench {

namespace {

class FlowkeepWriter final : public Writer {
 public:
  explicit FlowkeepWriter(const Store& store) noexcept : store_(store) {}

  // The hashing and compressing of File columns is the store's work.
  Result<Guid> create(NewSession& given) override {
    if (given.has_binaries()) place_binaries(given.session, given.binaries);
    return given.session.createdon ? import({&given.session, 1}) : store_.create(given.session);
  }

  Result<Guid> create_batch(std::span<NewSession> given) override {
    sessions_.clear();
    for (NewSession& one : given) {
      if (one.has_binaries()) place_binaries(one.session, one.binaries);
      sessions_.push_back(std::move(one.session));
    }
    if (sessions_.front().createdon) return import(sessions_);
    const auto ids = store_.create_multiple(sessions_);
    if (!ids) return fail(ids.error());
    if (ids->size() != sessions_.size()) return fail(Errc::internal, "a batch has lost sessions");
    return ids->back();
  }

  Result<void> transition(const Guid& id, StatusCode to) override {
    const auto moved = store_.transition(id, to);
    if (!moved) return fail(moved.error());
    return {};
  }

  Result<void> delete_oldest(std::uint64_t rows) override {
    std::vector<Guid> ids;
    {
      const auto snapshot = store_.snapshot();
      if (!snapshot) return fail(snapshot.error());
      Query query;
      query.order = oldest_first;
      query.limit = limit(rows);
      auto range = snapshot->select(query);
      for (const Result<SessionView>& session : range) {
        if (!session) return fail(session.error());
        ids.push_back(session->flowsessionid());
      }
    }
    const auto erased = store_.erase_multiple(ids);
    if (!erased) return fail(erased.error());
    return {};
  }

  Result<void> prune(std::uint64_t rows) override {
    Query closed;
    closed.by = OrderBy::completedon;
    RetentionPolicy policy;
    {
      const auto snapshot = store_.snapshot();
      if (!snapshot) return fail(snapshot.error());
      const auto sessions = snapshot->count(closed);
      if (!sessions) return fail(sessions.error());
      if (*sessions < rows) return fail(Errc::not_found, "there are too few closed sessions");
      policy.keep = *sessions - rows;
    }
    const auto pruned = store_.prune(policy);
    if (!pruned) return fail(pruned.error());
    if (pruned->deleted != rows) return fail(Errc::internal, "other sessions than those were closed");
    return {};
  }

 private:
  Result<Guid> import(std::span<const Session> sessions) const {
    const auto stored = store_.import_sessions(sessions);
    if (!stored) return fail(stored.error().error);
    return *sessions.back().flowsessionid;
  }

  const Store& store_;
  std::vector<Session> sessions_{};
};

class FlowkeepReader final : public Reader {
 public:
  FlowkeepReader(const Store& store, Snapshot snapshot) noexcept : store_(store), snapshot_(std::move(snapshot)) {}

  Result<void> refresh() override {
    auto snapshot = store_.snapshot();
    if (!snapshot) return fail(snapshot.error());
    snapshot_ = std::move(*snapshot);
    return {};
  }

  Result<std::uint64_t> poll(const Guid& id) override {
    const auto session = snapshot_.get(id);
    if (!session) return fail(session.error());
    return poll_sum(*session);
  }

  Result<std::uint64_t> poll_now(const Guid& id) override {
    const auto status = store_.status_of(id);
    if (!status) return fail(status.error());
    return poll_sum(status->statuscode, status->statecode, status->startedon, status->completedon);
  }

  Result<Answer> by_correlationid(std::string_view correlationid) override {
    Answer answer;
    auto range = snapshot_.by_correlationid(correlationid);
    for (const Result<SessionView>& session : range) {
      if (!session) return fail(session.error());
      ++answer.rows;
      answer.sum += poll_sum(*session);
    }
    return answer;
  }

  Result<Answer> newest_of_machine(const Guid& machine, std::uint64_t rows) override {
    Answer answer;
    auto range = snapshot_.by_machine(machine, newest_first, limit(rows));
    for (const Result<SessionView>& session : range) {
      if (!session) return fail(session.error());
      ++answer.rows;
      answer.sum += answer.rows * poll_sum(*session);
    }
    return answer;
  }

  Result<std::uint64_t> count_active() override {
    Query query;
    query.statecode = StateCode::active;
    return snapshot_.count(query);
  }

  Result<Answer> scan_two_fields() override {
    Answer answer;
    Query query;
    query.order = oldest_first;
    for (const Result<SessionSummary>& session : snapshot_.summaries(query)) {
      if (!session) return fail(session.error());
      ++answer.rows;
      answer.sum += static_cast<std::uint64_t>(session->statuscode()) +
                    static_cast<std::uint64_t>(session->runduration().value_or(0));
    }
    return answer;
  }

 private:
  const Store& store_;
  Snapshot snapshot_;
};

class FlowkeepEngine final : public Engine {
 public:
  explicit FlowkeepEngine(Store store) noexcept : store_(std::move(store)) {}

  Result<std::unique_ptr<Writer>> writer() override {
    return std::unique_ptr<Writer>(std::make_unique<FlowkeepWriter>(store_));
  }

  Result<std::unique_ptr<Reader>> reader() override {
    auto snapshot = store_.snapshot();
    if (!snapshot) return fail(snapshot.error());
    return std::unique_ptr<Reader>(std::make_unique<FlowkeepReader>(store_, std::move(*snapshot)));
  }

  Result<std::uint64_t> count() override {
    const auto snapshot = store_.snapshot();
    if (!snapshot) return fail(snapshot.error());
    return snapshot->size();
  }

  Result<Seen> read_back(const Guid& id) override {
    const auto snapshot = store_.snapshot();
    if (!snapshot) return fail(snapshot.error());
    const auto session = snapshot->get(id);
    if (!session) return fail(session.error());
    Seen seen{std::string(session->name().value_or("")), session->statuscode(), {}};
    if (session->outputs().stored) {
      auto outputs = snapshot->read(session->outputs());
      if (!outputs) return fail(outputs.error());
      seen.outputs = std::move(*outputs);
    }
    return seen;
  }

 private:
  Store store_;
};

}  // namespace

Result<std::unique_ptr<Engine>> open_flowkeep(const std::string& directory) {
  OpenOptions options;
  options.map_bytes = 64ULL << 30;
  auto store = Store::open(directory + "/generated.flowkeep", std::move(options));
  if (!store) return fail(store.error());
  return std::unique_ptr<Engine>(std::make_unique<FlowkeepEngine>(std::move(*store)));
}

}  // namespace flowkeep::bench

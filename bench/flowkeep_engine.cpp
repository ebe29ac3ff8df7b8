#include "flowkeep_engine.hpp"

#include "generated_sessions.hpp"

namespace flowkeep::bench {

namespace {

class FlowkeepWriter final : public Writer {
 public:
  explicit FlowkeepWriter(const Store& store) noexcept : store_(store) {}

  // The hashing and compressing of File columns is the store's work.
  Result<Guid> create(NewSession& given) override {
    place_binaries(given.session, given.binaries);
    return store_.create(given.session);
  }

  Result<Guid> create_batch(std::span<NewSession> given) override {
    sessions_.clear();
    for (NewSession& one : given) {
      place_binaries(one.session, one.binaries);
      sessions_.push_back(std::move(one.session));
    }
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

 private:
  const Store& store_;
  std::vector<Session> sessions_{};
};

}  // namespace

Result<std::unique_ptr<Writer>> FlowkeepEngine::writer() {
  return std::unique_ptr<Writer>(std::make_unique<FlowkeepWriter>(store_));
}

Result<std::uint64_t> FlowkeepEngine::count() {
  const auto snapshot = store_.snapshot();
  if (!snapshot) return fail(snapshot.error());
  return snapshot->size();
}

Result<Engine::Seen> FlowkeepEngine::read_back(const Guid& id) {
  const auto snapshot = store_.snapshot();
  if (!snapshot) return fail(snapshot.error());
  const auto session = snapshot->get(id);
  if (!session) return fail(session.error());
  auto outputs = snapshot->read(session->outputs());
  if (!outputs) return fail(outputs.error());
  return Seen{std::string(session->name().value_or("")), session->statuscode(), std::move(*outputs)};
}

}  // namespace flowkeep::bench

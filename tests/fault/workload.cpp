#include "workload.hpp"

#include <cstdlib>

namespace flowkeep::fault {

namespace {

Guid id_of(int number) {
  Guid id;
  id.bytes[0] = 0xF0;
  id.bytes[15] = static_cast<std::uint8_t>(number);
  return id;
}

Session session_of(int number) {
  Session session = named("session " + std::to_string(number));
  session.flowsessionid = id_of(number);
  session.correlationid = "run";
  return session;
}

template <class T>
Result<void> without_value(Result<T> result) {
  if (!result) return fail(std::move(result.error()));
  return {};
}

}  // namespace

StoreContent content_of(const Store& store) {
  StoreContent content;
  const auto snapshot = store.snapshot().value();
  for (const Result<SessionView>& row : snapshot.select({})) {
    const auto stored = row.value().inputs().stored;
    Facts facts{{}, row->statuscode(), stored ? stored->hash : 0};
    if (row->name()) facts.name = std::string(*row->name());
    content.emplace(row->flowsessionid(), std::move(facts));
  }
  return content;
}

Result<void> do_step(const Store& store, int step) {
  SessionUpdate update;
  switch (step) {
    case 0:
      return without_value(store.create(session_of(0)));
    case 1: {
      Session session = session_of(1);
      session.inputs = Binary{std::nullopt, Content(noise(150'000, 1)), {}, {}};
      return without_value(store.create(session));
    }
    case 2:
      return without_value(store.transition(id_of(0), StatusCode::running));
    case 3: {
      std::vector<Session> batch;
      for (int i = 10; i < 60; ++i) batch.push_back(session_of(i));
      return without_value(store.create_multiple(batch));
    }
    case 4:
      update.set.name = "renamed";
      return without_value(store.update(id_of(30), update));
    case 5:
      update.set.inputs = Binary{std::nullopt, Content(noise(90'000, 2)), {}, {}};
      return without_value(store.update(id_of(1), update));
    case 6:
      return store.erase(id_of(1));
    case 7:
      return without_value(store.transition(id_of(0), StatusCode::succeeded));
    case 8: {
      std::vector<Guid> ids;
      for (int i = 20; i < 50; ++i) ids.push_back(id_of(i));
      return without_value(store.erase_multiple(ids));
    }
    default:
      return without_value(store.create(session_of(2)));
  }
}

const std::vector<StoreContent>& contents_after_steps() {
  static const std::vector<StoreContent> contents = [] {
    const TemporaryDirectory directory;
    const Store store = open_store(directory.file());
    std::vector<StoreContent> made{content_of(store)};
    for (int step = 0; step < workload_steps; ++step) {
      if (!do_step(store, step)) std::abort();
      made.push_back(content_of(store));
    }
    return made;
  }();
  return contents;
}

}  // namespace flowkeep::fault

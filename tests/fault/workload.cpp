#include "workload.hpp"

#include <unistd.h>

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

template <class Operation>
Result<void> in_transaction(const Store& store, Operation operation, Durability durability) {
  auto transaction = store.write();
  if (!transaction) return fail(std::move(transaction.error()));
  if (auto done = operation(*transaction); !done) return fail(std::move(done.error()));
  return transaction->commit(durability);
}

template <class Operation>
Result<void> handed_over(const Store& store, Operation operation) {
  auto transaction = store.write();
  if (!transaction) return fail(std::move(transaction.error()));
  if (auto done = operation(*transaction); !done) return fail(std::move(done.error()));
  const auto pending = transaction->submit();
  if (!pending) return fail(pending.error());
  return pending->wait();
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
    case 9:
      return without_value(store.create(session_of(2)));
    case 10:
      return in_transaction(
          store, [](WriteTransaction& writer) { return writer.create(session_of(3)); }, Durability::process_safe);
    case 11:
      return store.set_state_model(StateModel::platform());
    case 12: {
      // More than a third of the journal: goes by it.
      Session session = session_of(4);
      session.outputs = Binary{std::nullopt, Content(noise(400'000, 3)), {}, {}};
      return without_value(store.create(session));
    }
    case 13: {
      auto added = store.add_index(IndexId::startedon);
      if (!added && added.error().code == Errc::already_exists) return {};
      return added;
    }
    case 14: {
      // Most of the journal that is left: it grows, or is wrapped around behind a checkpoint.
      std::vector<Session> batch;
      for (int i = 60; i < 64; ++i) {
        batch.push_back(session_of(i));
        batch.back().inputs = Binary{std::nullopt, Content(noise(50'000, static_cast<std::uint64_t>(i))), {}, {}};
      }
      return without_value(store.create_multiple(batch));
    }
    default:
      return handed_over(store,
                         [](WriteTransaction& writer) { return writer.transition(id_of(2), StatusCode::running); });
  }
}

OpenOptions workload_options() {
  OpenOptions options;
  options.journal_bytes = 1U << 20;
  options.sync_interval = std::chrono::milliseconds(2);
  return options;
}

int leave_unclean(const std::string& path, int steps) {
  const auto die = [&] {
    const Store store = open_store(path, workload_options());
    for (int step = 0; step < steps; ++step) {
      if (!do_step(store, step)) ::_exit(workload_steps + 1);
    }
    ::_exit(steps);
  };
  return in_child([&]() -> int {
    die();
    return 0;
  });
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

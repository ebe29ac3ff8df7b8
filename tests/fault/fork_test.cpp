// What a child of fork() may do with its parent's objects: be told so, and let go of them.
#include <utility>

#include "fixture.hpp"

namespace flowkeep::fault {
namespace {

/// Gathers, in a child, the calls that did not answer `forked`; the parent reads their names.
class Answers {
 public:
  template <class T>
  void note(const char* call, const Result<T>& answer) {
    if (answer) {
      wrong_ += std::string(call) + " succeeded; ";
    } else if (answer.error().code != Errc::forked) {
      wrong_ += std::string(call) + " said " + errc_name(answer.error().code) + "; ";
    }
  }
  void note(const char* call, const tl::expected<ImportResult, ImportFailure>& answer) {
    note(call, answer ? Result<int>(1) : Result<int>(fail(answer.error().error)));
  }
  void note(const char* call, SessionRange range) {
    const auto row = range.begin();
    note(call, row == range.end() ? Result<int>(0) : row->map([](const SessionView&) { return 1; }));
  }
  [[nodiscard]] const std::string& wrong() const { return wrong_; }

 private:
  std::string wrong_{};
};

StoredContent inputs_of(const Snapshot& snapshot, const Guid& id) {
  const SessionView session = snapshot.get(id).value();
  return *session.inputs().stored;
}

/// Runs `calls(answers)` in a child; "" where every call answered `forked`.
template <class Calls>
std::string wrong_answers_in_child(Calls&& calls) {
  Pipe pipe;
  Child child([&] {
    Answers answers;
    calls(answers);
    pipe.write(answers.wrong());
    return 0;
  });
  pipe.close_writing();
  std::string wrong = pipe.read_all();
  const int status = child.wait();
  if (status != 0) wrong += "the child ended with " + std::to_string(status);
  return wrong;
}

class Fork : public testing::Test {
 protected:
  Fork() {
    Session session = bulky(600'000);
    session.machineid = machine;
    for (int i = 0; i < 3; ++i) id = store->create(session).value();
  }
  /// The parent goes on as if there had been no child.
  void expect_parent_unharmed() {
    const std::uint64_t before = size_of(*store);
    const auto late = store->create(named("after the fork"));
    ASSERT_TRUE(late) << late.error().message;
    EXPECT_EQ(store->get(*late)->name, "after the fork");
    EXPECT_EQ(size_of(*store), before + 1);
    expect_clean(*store);
    store.reset();
    expect_clean(open_store(path));
  }

  TemporaryDirectory directory{};
  std::string path = directory.file();
  std::optional<Store> store{open_store(path)};
  Guid machine = Guid::make();
  Guid id{};
};

TEST_F(Fork, StoreSaysForked) {
  SessionUpdate update;
  update.set.flowsessionid = id;
  update.set.name = "from the child";
  const std::vector<SessionUpdate> updates{update};
  const std::vector<Session> sessions{named("from the child")};
  const std::vector<Guid> ids{id};
  EXPECT_EQ(wrong_answers_in_child([&](Answers& answers) {
              answers.note("snapshot", store->snapshot());
              answers.note("write", store->write());
              answers.note("write(caller)", store->write(Caller{}));
              answers.note("create", store->create(sessions[0]));
              answers.note("create_multiple", store->create_multiple(sessions));
              answers.note("update", store->update(id, update));
              answers.note("update_multiple", store->update_multiple(updates));
              answers.note("upsert", store->upsert(id, update));
              answers.note("upsert_multiple", store->upsert_multiple(updates));
              answers.note("transition", store->transition(id, StatusCode::running));
              answers.note("erase", store->erase(id));
              answers.note("erase_multiple", store->erase_multiple(ids));
              answers.note("import_sessions", store->import_sessions(sessions));
              answers.note("get", store->get(id));
              answers.note("find", store->find(id));
              answers.note("is_valid_state_transition", store->is_valid_state_transition(id, "Active", 2));
              answers.note("set_state_model", store->set_state_model(StateModel::platform()));
              answers.note("add_index", store->add_index(IndexId::startedon));
              answers.note("drop_index", store->drop_index(IndexId::startedon));
              answers.note("stats", store->stats());
              answers.note("check", store->check());
            }),
            "");
  expect_parent_unharmed();
}

// Nothing was read yet, so that the child's call is the one that would tend the reader slots.
TEST_F(Fork, StoreThatWasOnlyOpenedSaysForked) {
  const Store idle = open_store(directory.file("idle.flowkeep"));
  EXPECT_EQ(wrong_answers_in_child([&](Answers& answers) {
              answers.note("snapshot", idle.snapshot());
              answers.note("write", idle.write());
              answers.note("stats", idle.stats());
              answers.note("check", idle.check());
            }),
            "");
}

TEST_F(Fork, SnapshotSaysForked) {
  auto snapshot = store->snapshot().value();
  const StoredContent stored = inputs_of(snapshot, id);
  EXPECT_EQ(wrong_answers_in_child([&](Answers& answers) {
              answers.note("find", snapshot.find(id));
              answers.note("get", snapshot.get(id));
              answers.note("select", snapshot.select({}));
              answers.note("by_machine", snapshot.by_machine(machine));
              answers.note("by_correlationid", snapshot.by_correlationid("x"));
              answers.note("by_flow", snapshot.by_flow(machine));
              answers.note("by_statecode", snapshot.by_statecode(StateCode::active));
              answers.note("by_statuscode", snapshot.by_statuscode(StatusCode::waiting));
              answers.note("changed_since", snapshot.changed_since(0));
              answers.note("count", snapshot.count({}));
              answers.note("size", snapshot.size());
              answers.note("read", snapshot.read(stored));
              answers.note("stream", snapshot.stream(stored));
              answers.note("is_valid_state_transition", snapshot.is_valid_state_transition(id, "Active", 2));
              answers.note("state_model", snapshot.state_model());
              answers.note("index_status", snapshot.index_status());
              answers.note("extra_columns", snapshot.extra_columns());
              answers.note("renew", snapshot.renew());
            }),
            "");
  EXPECT_EQ(snapshot.size(), 3U);
  EXPECT_TRUE(snapshot.renew());
}

TEST_F(Fork, WriteTransactionSaysForked) {
  auto transaction = store->write().value();
  const Guid made = transaction.create(named("before the fork")).value();
  SessionUpdate update;
  update.set.flowsessionid = made;
  update.set.name = "from the child";
  const std::vector<SessionUpdate> updates{update};
  const std::vector<Session> sessions{named("from the child")};
  const std::vector<Guid> ids{made};
  EXPECT_EQ(wrong_answers_in_child([&](Answers& answers) {
              answers.note("find", transaction.find(made));
              answers.note("get", transaction.get(made));
              answers.note("is_valid_state_transition", transaction.is_valid_state_transition(made, "Active", 2));
              answers.note("create", transaction.create(sessions[0]));
              answers.note("create_multiple", transaction.create_multiple(sessions));
              answers.note("update", transaction.update(made, update));
              answers.note("update_multiple", transaction.update_multiple(updates));
              answers.note("upsert", transaction.upsert(made, update));
              answers.note("upsert_multiple", transaction.upsert_multiple(updates));
              answers.note("transition", transaction.transition(made, StatusCode::running));
              answers.note("erase", transaction.erase(made));
              answers.note("erase_multiple", transaction.erase_multiple(ids));
              answers.note("import_sessions", transaction.import_sessions(sessions));
              answers.note("commit", transaction.commit());
            }),
            "");
  ASSERT_TRUE(transaction.commit());
  EXPECT_EQ(store->get(made)->name, "before the fork");
}

TEST_F(Fork, SessionRangeBegunBeforeSaysForked) {
  const auto snapshot = store->snapshot().value();
  SessionRange all = snapshot.select({});
  SessionRange changes = snapshot.changed_since(0);
  SessionRange machines = snapshot.by_machine(machine);
  for (SessionRange* range : {&all, &changes, &machines}) ASSERT_TRUE(*range->begin());
  EXPECT_EQ(wrong_answers_in_child([&](Answers& answers) {
              const auto step = [&](const char* what, SessionRange& range) {
                auto row = range.begin();
                ++row;
                answers.note(what,
                             row == range.end() ? Result<int>(0) : row->map([](const SessionView&) { return 1; }));
              };
              step("select", all);
              step("changed_since", changes);
              step("by_machine", machines);
            }),
            "");
  std::size_t rows = 0;
  for (const auto& row : all) rows += row.has_value() ? 1 : 0;
  EXPECT_EQ(rows, 3U);
}

TEST_F(Fork, BinaryReaderBegunBeforeSaysForked) {
  const auto snapshot = store->snapshot().value();
  auto reader = snapshot.stream(inputs_of(snapshot, id)).value();
  std::string bytes(reader.next().value());
  EXPECT_EQ(wrong_answers_in_child([&](Answers& answers) { answers.note("next", reader.next()); }), "");
  for (auto piece = reader.next(); piece && !piece->empty(); piece = reader.next()) bytes += *piece;
  EXPECT_EQ(bytes, noise(600'000));
}

TEST_F(Fork, ChildLetsGoOfEverything) {
  auto snapshot = std::make_optional(store->snapshot().value());
  auto range = std::make_optional(snapshot->select({}));
  auto reader = std::make_optional(snapshot->stream(inputs_of(*snapshot, id)).value());
  auto transaction = std::make_optional(store->write().value());
  ASSERT_TRUE(*range->begin());
  const Guid made = transaction->create(named("across the fork")).value();
  EXPECT_EQ(in_child([&] {
              reader.reset();
              range.reset();
              transaction.reset();
              snapshot.reset();
              store.reset();
              return 0;
            }),
            0);
  EXPECT_TRUE(snapshot->get(id));
  EXPECT_TRUE(reader->next());
  ASSERT_TRUE(transaction->commit());
  EXPECT_TRUE(store->get(made));
  const auto readers = store->stats().value().readers;
  EXPECT_EQ(readers.size(), 1U) << "the child took the parent's reader slot away";
  transaction.reset();
  reader.reset();
  range.reset();
  snapshot.reset();
  expect_parent_unharmed();
}

TEST_F(Fork, ChildOpensTheFileItself) {
  EXPECT_EQ(in_child([&] {
              const Store own = open_store(path);
              if (!own.get(id)) return 1;
              if (!own.create(named("by the child"))) return 2;
              if (!what_check_finds(own).empty()) return 3;
              return code_of(store->stats()) == Errc::forked ? 0 : 4;
            }),
            0);
  EXPECT_EQ(size_of(*store), 4U);
  expect_parent_unharmed();
}

TEST_F(Fork, ChildOpensTheFileAfterLettingGo) {
  EXPECT_EQ(in_child([&] {
              store.reset();
              return open_store(path).create(named("by the child")) ? 0 : 1;
            }),
            0);
  expect_parent_unharmed();
}

TEST_F(Fork, LettingGoOfTheParentsStoreLeavesTheChildsOwnRegistered) {
  EXPECT_EQ(in_child([&] {
              const Store own = open_store(path);
              store.reset();
              return code_of(Store::open(path)) == Errc::busy ? 0 : 1;
            }),
            0);
}

TEST_F(Fork, GrandchildSaysForkedToo) {
  EXPECT_EQ(in_child([&] {
              const auto own = open_store(path);
              return in_child([&] {
                return code_of(own.stats()) == Errc::forked && code_of(store->stats()) == Errc::forked ? 0 : 1;
              });
            }),
            0);
  expect_parent_unharmed();
}

}  // namespace
}  // namespace flowkeep::fault

// What an agent does with the library, by the public headers alone.
#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <string>

#include <flowkeep/flowkeep.hpp>

namespace flowkeep {
namespace {

class Embedding : public testing::Test {
 protected:
  Embedding() {
    std::string pattern = (std::filesystem::temp_directory_path() / "flowkeep-public-XXXXXX").string();
    directory = ::mkdtemp(pattern.data());
    store.emplace(Store::open(path(), {.caller = {.user = user}}).value());
  }
  ~Embedding() override {
    store.reset();
    std::filesystem::remove_all(directory);
  }
  [[nodiscard]] std::string path() const { return directory + "/agent.flowkeep"; }
  void reopen() {
    store.reset();
    store.emplace(Store::open(path(), {.mode = OpenMode::existing, .caller = {.user = user}}).value());
  }
  [[nodiscard]] Session run(const char* name) const {
    Session session;
    session.name = name;
    session.machineid = machine;
    session.correlationid = "run-42";
    session.statuscode = StatusCode::waiting;
    return session;
  }

  std::string directory{};
  Guid user = Guid::make();
  Guid machine = Guid::make();
  std::optional<Store> store{};
};

TEST_F(Embedding, FollowsARunFromWaitingToItsEnd) {
  const Guid id = store->create(run("Invoices")).value();
  ASSERT_TRUE(store->transition(id, StatusCode::running));
  EXPECT_TRUE(store->get(id)->startedon);
  ASSERT_TRUE(store->transition(id, StatusCode::succeeded));
  const Session done = store->get(id).value();
  EXPECT_EQ(done.name, "Invoices");
  EXPECT_EQ(done.statecode, StateCode::active);
  EXPECT_TRUE(done.completedon);
  EXPECT_EQ(done.createdby, Reference(user, EntityType::systemuser));
}

TEST_F(Embedding, RefusesAMoveWithASentenceAndACode) {
  Session session = run("Invoices");
  session.statuscode = StatusCode::succeeded;
  const Guid id = store->create(session).value();
  const auto refused = store->transition(id, StatusCode::running);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::invalid_transition);
  EXPECT_EQ(refused.error().dataverse, DataverseCode::invalid_state_transition);
  EXPECT_NE(refused.error().message.find("Succeeded"), std::string::npos) << refused.error().message;
  EXPECT_EQ(store->is_valid_state_transition(id, "Active", 2), false);
}

TEST_F(Embedding, ShowsTheNewestOfAMachineFirst) {
  for (const char* name : {"first", "second", "third"}) ASSERT_TRUE(store->create(run(name)));
  Session elsewhere = run("elsewhere");
  elsewhere.machineid = Guid::make();
  ASSERT_TRUE(store->create(elsewhere));
  const auto snapshot = store->snapshot();
  ASSERT_TRUE(snapshot);
  std::string names;
  for (const Result<SessionView>& row : snapshot->by_machine(machine, newest_first, limit(2))) {
    names += std::string(row.value().name().value()) + " ";
  }
  EXPECT_EQ(names, "third second ");
}

TEST_F(Embedding, KeepsFileColumns) {
  Session session = run("with inputs");
  session.inputs = Binary{"inputs.json", Content(R"({"invoice":17})"), {}, {}};
  const Guid id = store->create(session).value();
  const auto snapshot = store->snapshot().value();
  const SessionView view = snapshot.get(id).value();
  EXPECT_EQ(view.inputs().name, "inputs.json");
  EXPECT_EQ(snapshot.read(view.inputs()), R"({"invoice":17})");
}

TEST_F(Embedding, ChangesOnlyWhatWasNotChangedMeanwhile) {
  const Guid id = store->create(run("Invoices")).value();
  const std::int64_t version = *store->get(id)->versionnumber;
  SessionUpdate update;
  update.set.errorcode = "Timeout";
  update.clear.insert(Column::correlationid);
  ASSERT_TRUE(store->update(id, update, Precondition::if_match(version)));
  const auto stale = store->update(id, update, Precondition::if_match(version));
  ASSERT_FALSE(stale);
  EXPECT_EQ(stale.error().code, Errc::version_mismatch);
  EXPECT_EQ(store->get(id)->errorcode, "Timeout");
  EXPECT_FALSE(store->get(id)->correlationid);
}

TEST_F(Embedding, UndoesATransactionThatIsNotCommitted) {
  {
    auto transaction = store->write().value();
    ASSERT_TRUE(transaction.create(run("never")));
  }
  EXPECT_EQ(store->snapshot()->size(), 0U);
}

TEST_F(Embedding, WritesOnAfterACommitWhoseTransactionStillLives) {
  auto first = store->write().value();
  ASSERT_TRUE(first.create(run("first")));
  ASSERT_TRUE(first.commit());
  const auto id = store->create(run("second"));
  EXPECT_TRUE(id) << id.error().message;
}

TEST_F(Embedding, RefusesASecondTransactionOfAThread) {
  const auto first = store->write();
  ASSERT_TRUE(first);
  const auto second = store->write();
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, Errc::busy);
}

TEST_F(Embedding, FindsEverythingAgainAfterAReopen) {
  const Guid id = store->create(run("kept")).value();
  const std::int64_t version = *store->get(id)->versionnumber;
  reopen();
  EXPECT_EQ(store->get(id)->name, "kept");
  EXPECT_EQ(store->get(id)->versionnumber, version);
  EXPECT_GT(store->transition(id, StatusCode::running).value(), version);
  EXPECT_TRUE(store->check()->clean());
}

TEST_F(Embedding, TellsAbsentFromWrong) {
  const Guid nobody = Guid::make();
  EXPECT_FALSE(store->find(nobody).value());
  const auto missing = store->get(nobody);
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, Errc::not_found);
  EXPECT_EQ(missing.error().dataverse, DataverseCode::object_does_not_exist);
}

TEST_F(Embedding, GoesOnFromAToken) {
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(store->create(run("page")));
  Query query;
  query.machineid = machine;
  query.limit = limit(4);
  std::vector<std::size_t> pages;
  for (;;) {
    const auto snapshot = store->snapshot().value();
    auto rows = snapshot.select(query);
    std::size_t page = 0;
    for (auto row = rows.begin(); row != rows.end(); ++row) {
      ASSERT_TRUE(*row);
      ++page;
      query.after = rows.token();
    }
    if (page == 0) break;
    pages.push_back(page);
  }
  EXPECT_EQ(pages, (std::vector<std::size_t>{4, 4, 2}));
}

TEST(Library, KnowsItsVersion) {
  EXPECT_STREQ(version(), FLOWKEEP_TEST_VERSION);
}

}  // namespace
}  // namespace flowkeep

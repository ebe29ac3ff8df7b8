// Small contents of File columns, which stand together beside their record.
#include <gmock/gmock.h>

#include <array>
#include <random>

#include "store_fixture.hpp"

namespace flowkeep {
namespace {

using test::refusal;
using test::TestStore;
using test::value_of;
using Contents = std::array<std::optional<std::string>, 3>;

constexpr std::array members{&Session::inputs, &Session::outputs, &Session::additionalcontext};

Session with(const Contents& contents) {
  Session session;
  for (std::size_t slot = 0; slot < contents.size(); ++slot) {
    if (!contents[slot]) continue;
    auto& binary = (session.*members[slot]).emplace();
    binary.name = "content.json";
    binary.content = Content(*contents[slot]);
  }
  return session;
}

SessionUpdate set(const Contents& contents) {
  SessionUpdate update;
  update.set = with(contents);
  return update;
}

Contents read(const Store& store, const Guid& id) {
  const Snapshot snapshot = value_of(store.snapshot());
  const SessionView session = value_of(snapshot.get(id));
  Contents contents;
  for (std::size_t slot = 0; slot < contents.size(); ++slot) {
    const BinaryView binary = slot == 0   ? session.inputs()
                              : slot == 1 ? session.outputs()
                                          : session.additionalcontext();
    if (!binary.stored) continue;
    contents[slot] = value_of(snapshot.read(binary));
    EXPECT_EQ(binary.stored->size, contents[slot]->size());
    BinaryReader reader = value_of(snapshot.stream(*binary.stored));
    std::string streamed;
    for (std::string_view piece = value_of(reader.next()); !piece.empty(); piece = value_of(reader.next())) {
      streamed += piece;
    }
    EXPECT_EQ(streamed, *contents[slot]);
  }
  return contents;
}

TEST(SmallContents, StandInOneRow) {
  const TestStore store;
  const Contents contents{"in", "out", "context"};
  const Guid id = value_of(store->create(with(contents)));
  EXPECT_EQ(read(*store, id), contents);
  EXPECT_EQ(store.entries("contents"), 1U);
  EXPECT_EQ(store.entries("blobs"), 0U);
}

TEST(SmallContents, KeepWhatAnUpdateLeavesAlone) {
  const TestStore store;
  const Guid id = value_of(store->create(with({"in", "out", "context"})));
  value_of(store->update(id, set({std::nullopt, "other", std::nullopt})));  // the row may not be in the tables yet
  EXPECT_EQ(read(*store, id), (Contents{"in", "other", "context"}));
  SessionUpdate clear;
  clear.clear.insert(Column::inputs);
  value_of(store->update(id, clear));
  EXPECT_EQ(read(*store, id), (Contents{std::nullopt, "other", "context"}));
  SessionUpdate rename;
  rename.set.name = "renamed";
  value_of(store->update(id, rename));
  value_of(store->transition(id, StatusCode::running));
  EXPECT_EQ(read(*store, id), (Contents{std::nullopt, "other", "context"}));
  EXPECT_TRUE(value_of(store->check()).clean());
}

TEST(SmallContents, KeepWhatAnUpdateOfTheSameTransactionLeavesAlone) {
  const TestStore store;
  auto transaction = value_of(store->write());
  const Guid id = value_of(transaction.create(with({"in", "out", std::nullopt})));
  value_of(transaction.update(id, set({std::nullopt, "other", "context"})));
  SessionUpdate rename;
  rename.set.name = "renamed";
  value_of(transaction.update(id, rename));
  value_of(transaction.update(id, set({"new", std::nullopt, std::nullopt})));
  value_of(transaction.commit());
  EXPECT_EQ(read(*store, id), (Contents{"new", "other", "context"}));
  EXPECT_EQ(store.entries("contents"), 1U);
  EXPECT_TRUE(value_of(store->check()).clean());
}

TEST(SmallContents, GoWithTheirSession) {
  const TestStore store;
  const Guid id = value_of(store->create(with({"in", std::nullopt, std::nullopt})));
  const Guid other = value_of(store->create(with({std::nullopt, "out", std::nullopt})));
  value_of(store->erase(id));
  EXPECT_EQ(store.entries("contents"), 1U);
  SessionUpdate clear;
  clear.clear.insert(Column::outputs);
  value_of(store->update(other, clear));
  EXPECT_EQ(store.entries("contents"), 0U);
  EXPECT_TRUE(value_of(store->check()).clean());
}

TEST(SmallContents, AreReplacedByAnImport) {
  const TestStore store;
  ImportOptions replace;
  replace.on_conflict = OnConflict::replace;
  Session session = with({"in", "out", std::nullopt});
  session.flowsessionid = test::guid(1);
  session.createdon = test::at("2024-01-01");
  Session moved = with({std::nullopt, std::nullopt, "context"});
  moved.flowsessionid = session.flowsessionid;
  moved.createdon = test::at("2023-01-01");
  Session bare;
  bare.flowsessionid = session.flowsessionid;
  bare.createdon = test::at("2025-01-01");
  ASSERT_TRUE(store->import_sessions(std::vector<Session>{session, moved}, replace));
  EXPECT_EQ(read(*store, test::guid(1)), (Contents{std::nullopt, std::nullopt, "context"}));
  ASSERT_TRUE(store->import_sessions(std::vector<Session>{session}, replace));
  EXPECT_EQ(read(*store, test::guid(1)), (Contents{"in", "out", std::nullopt}));
  ASSERT_TRUE(store->import_sessions(std::vector<Session>{moved, bare}, replace));
  EXPECT_EQ(read(*store, test::guid(1)), Contents{});
  EXPECT_EQ(store.entries("contents"), 0U);
  EXPECT_TRUE(value_of(store->check()).clean());
}

TEST(SmallContents, GiveWayToWhatDoesNotFit) {
  const TestStore store;
  const std::string much(1023, 'x');
  const std::string large(5000, 'y');
  const Guid id = value_of(store->create(with({much, much, "rest"})));  // two of them are more than half a page
  EXPECT_EQ(read(*store, id), (Contents{much, much, "rest"}));
  EXPECT_EQ(store.entries("contents"), 1U);
  EXPECT_EQ(store.entries("blobs"), 1U);
  value_of(store->update(id, set({large, std::nullopt, std::nullopt})));
  EXPECT_EQ(read(*store, id), (Contents{large, much, "rest"}));
  value_of(store->update(id, set({"small again", "small", large})));
  EXPECT_EQ(read(*store, id), (Contents{"small again", "small", large}));
  EXPECT_EQ(store.entries("blobs"), 1U);
  EXPECT_TRUE(value_of(store->check()).clean());
}

TEST(SmallContents, OfNothingAreContentsToo) {
  const TestStore store;
  const Guid id = value_of(store->create(with({"", std::nullopt, ""})));
  EXPECT_EQ(read(*store, id), (Contents{"", std::nullopt, ""}));
  EXPECT_TRUE(value_of(store->check()).clean());
}

TEST(SmallContents, ThatWereReplacedAreNotTheOnesAnUpdateNames) {
  const TestStore store;
  const Guid id = value_of(store->create(with({"one", std::nullopt, std::nullopt})));
  SessionUpdate stale;
  stale.set.inputs = value_of(store->get(id)).inputs;
  value_of(store->update(id, set({"two", std::nullopt, std::nullopt})));
  EXPECT_EQ(refusal(store->update(id, stale)).code, Errc::invalid_argument);
}

TEST(SmallContents, AreAsAMapHasThemAfterAnyUpdates) {
  for (const std::uint64_t seed : {1U, 2U, 3U, 4U}) {
    SCOPED_TRACE(seed);
    std::mt19937_64 random(seed);
    TestStore store;
    std::vector<std::pair<Guid, Contents>> sessions;
    const auto any_content = [&]() -> std::optional<std::string> {
      constexpr std::array<std::size_t, 8> sizes{0, 1, 30, 300, 900, 1023, 1024, 3000};
      if (random() % 3 == 0) return std::nullopt;
      return std::string(sizes[random() % sizes.size()], static_cast<char>('a' + random() % 26));
    };
    for (int step = 0; step < 300; ++step) {
      const Contents given{any_content(), any_content(), any_content()};
      if (sessions.empty() || random() % 4 == 0) {
        sessions.emplace_back(value_of(store->create(with(given))), given);
        continue;
      }
      const std::size_t place = random() % sessions.size();
      auto& [id, contents] = sessions[place];
      value_of(store->update(id, set(given)));
      for (std::size_t slot = 0; slot < given.size(); ++slot) {
        if (given[slot]) contents[slot] = given[slot];
      }
      if (random() % 40 == 0) store.reopen();
      if (random() % 10 == 0) {
        value_of(store->erase(id));
        sessions.erase(sessions.begin() + static_cast<std::ptrdiff_t>(place));
      }
    }
    for (const auto& [id, contents] : sessions) EXPECT_EQ(read(*store, id), contents);
    EXPECT_TRUE(value_of(store->check()).clean());
  }
}

}  // namespace
}  // namespace flowkeep

#include "children_fixture.hpp"

namespace flowkeep::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

TEST(Children, ComeBackAsTheyWereAdded) {
  TestStore store;
  const Guid session = value_of(store->create(named("run")));
  Child given = event("started", guid(7), at("2024-05-01T10:00:00.0000001Z"));
  given.event.eventcode = "42";
  given.event.eventcontent = "{\"a\":1}";
  given.event.eventduration = 17;
  given.event.expirydate = at("2024-06-01");
  given.event.completedon = at("2024-05-01T11:00:00Z");
  given.extra = {{"statecode", "0"}, {"parentobjectlogicalname", "\"flowsession\""}};
  EXPECT_EQ(value_of(store->add_child(session, given)), guid(7));
  store.reopen();
  const Snapshot snapshot = value_of(store->snapshot());
  const Child child = value_of(snapshot.child(Collection::flowevent, guid(7))).value();
  EXPECT_EQ(child.id, guid(7));
  EXPECT_EQ(child.flowsessionid, session);
  EXPECT_EQ(child.name, "started");
  EXPECT_EQ(child.createdon, given.createdon);
  EXPECT_EQ(child.event, given.event);
  EXPECT_EQ(child.extra, given.extra);
  EXPECT_TRUE(child.file.is_null());
  EXPECT_EQ(value_of(snapshot.child(Collection::syncerror, guid(7))), std::nullopt);
  expect_clean(store);
}

TEST(Children, GetAnIdAndATimeWhereNoneIsGiven) {
  TestStore store;
  const Guid session = value_of(store->create(named("run")));
  const Timestamp before = now();
  const Guid id = value_of(store->add_child(session, event("now")));
  const Snapshot snapshot = value_of(store->snapshot());
  const Child child = value_of(snapshot.child(Collection::flowevent, id)).value();
  EXPECT_GE(*child.createdon, before);
  EXPECT_LE(*child.createdon, now());
}

TEST(Children, LeaveTheVersionOfTheirSession) {
  TestStore store;
  const Guid session = value_of(store->create(named("run")));
  const auto version = value_of(store->get(session)).versionnumber;
  const Guid id = value_of(store->add_child(session, event("one")));
  value_of(store->remove_child(Collection::flowevent, id));
  EXPECT_EQ(value_of(store->get(session)).versionnumber, version);
}

TEST(Children, AreListedByCreatedonThenById) {
  TestStore store;
  const Guid session = value_of(store->create(named("run")));
  const Guid other = value_of(store->create(named("other")));
  const Timestamp time = at("2024-05-01");
  value_of(store->add_child(session, event("c", guid(3), time)));
  value_of(store->add_child(session, event("b", guid(2), time)));
  value_of(store->add_child(session, event("d", guid(1), time + Ticks(1))));
  value_of(store->add_child(session, event("a", guid(9), time - std::chrono::hours(24 * 365 * 60))));  // before 1970
  value_of(store->add_child(other, event("x", guid(4), time)));
  value_of(store->add_child(session, of(Collection::syncerror, guid(5))));
  EXPECT_THAT(names_of(store, session), ElementsAre("a", "b", "c", "d"));
  const Snapshot snapshot = value_of(store->snapshot());
  const auto newest = [&](Limit most, std::string_view after = {}) {
    return value_of(snapshot.children(session, Collection::flowevent, newest_first, most, after));
  };
  EXPECT_THAT(names_of(newest({})), ElementsAre("d", "c", "b", "a"));
  EXPECT_EQ(newest({}).token, "");
  const ChildPage first = newest(limit(3));
  EXPECT_THAT(names_of(first), ElementsAre("d", "c", "b"));
  const ChildPage second = newest(limit(3), first.token);
  EXPECT_THAT(names_of(second), ElementsAre("a"));
  EXPECT_EQ(second.token, "");
  EXPECT_THAT(names_of(newest(limit(4))), ElementsAre("d", "c", "b", "a"));
  EXPECT_EQ(newest(limit(4)).token, "");
  EXPECT_THAT(names_of(newest(limit(0))), IsEmpty());
}

TEST(Children, GoOnBehindATokenWhoseRowIsGone) {
  TestStore store;
  const Guid session = value_of(store->create(named("run")));
  for (unsigned i = 0; i < 4; ++i) {
    value_of(store->add_child(session, event(std::to_string(i), guid(i), at("2024-05-01") + Ticks(i))));
  }
  std::string token;
  {
    const Snapshot snapshot = value_of(store->snapshot());
    token = value_of(snapshot.children(session, Collection::flowevent, oldest_first, limit(2))).token;
  }
  value_of(store->remove_child(Collection::flowevent, guid(1)));
  const Snapshot snapshot = value_of(store->snapshot());
  EXPECT_THAT(names_of(value_of(snapshot.children(session, Collection::flowevent, oldest_first, {}, token))),
              ElementsAre("2", "3"));
}

TEST(Children, RefuseTheTokenOfAnotherList) {
  TestStore store;
  TestStore stranger;
  const Guid session = value_of(store->create(named("run")));
  for (unsigned i = 0; i < 2; ++i) value_of(store->add_child(session, event("e", guid(i))));
  const Snapshot snapshot = value_of(store->snapshot());
  const std::string token = value_of(snapshot.children(session, Collection::flowevent, oldest_first, limit(1))).token;
  ASSERT_NE(token, "");
  const auto refused = [&](const Snapshot& from, Collection collection, Order order, std::string_view after) {
    return refusal(from.children(session, collection, order, {}, after)).code;
  };
  EXPECT_EQ(refused(snapshot, Collection::flowevent, newest_first, token), Errc::invalid_argument);
  EXPECT_EQ(refused(snapshot, Collection::syncerror, oldest_first, token), Errc::invalid_argument);
  EXPECT_EQ(refused(value_of(stranger->snapshot()), Collection::flowevent, oldest_first, token),
            Errc::invalid_argument);
  std::string damaged = token;
  damaged[20] = damaged[20] == '0' ? '1' : '0';
  EXPECT_EQ(refused(snapshot, Collection::flowevent, oldest_first, damaged), Errc::invalid_argument);
  EXPECT_EQ(refused(snapshot, Collection::flowevent, oldest_first, "x"), Errc::invalid_argument);
}

TEST(Children, OfAMissingSessionAreRefused) {
  TestStore store;
  const Error error = refusal(store->add_child(guid(1), event("orphan")));
  EXPECT_EQ(error.code, Errc::not_found);
  EXPECT_EQ(error.dataverse, DataverseCode::object_does_not_exist);
  EXPECT_THAT(error.message, HasSubstr(guid(1).str()));
}

TEST(Children, HaveEachIdOnceInACollection) {
  TestStore store;
  const Guid session = value_of(store->create(named("run")));
  const Guid other = value_of(store->create(named("other")));
  value_of(store->add_child(session, event("first", guid(1))));
  const Error error = refusal(store->add_child(other, event("second", guid(1))));
  EXPECT_EQ(error.code, Errc::already_exists);
  EXPECT_EQ(error.dataverse, DataverseCode::duplicate_record);
  value_of(store->add_child(other, of(Collection::asyncoperation, guid(1))));
  expect_clean(store);
}

TEST(Children, AreAddedAllOrNone) {
  TestStore store;
  const Guid session = value_of(store->create(named("run")));
  const std::vector<Child> twice{event("a", guid(1)), event("b", guid(2)), event("c", guid(1))};
  const Error error = refusal(store->add_children(session, twice));
  EXPECT_EQ(error.code, Errc::already_exists);
  EXPECT_THAT(error.message, HasSubstr("child 2: "));
  EXPECT_THAT(names_of(store, session), IsEmpty());
  const std::vector<Child> good{event("a", guid(1), at("2024-01-01")), event("b", guid(2), at("2024-01-02"))};
  EXPECT_THAT(value_of(store->add_children(session, good)), ElementsAre(guid(1), guid(2)));
  EXPECT_THAT(names_of(store, session), ElementsAre("a", "b"));
}

TEST(Children, AreSeenByTheirOwnTransaction) {
  TestStore store;
  WriteTransaction transaction = value_of(store->write());
  const Guid session = value_of(transaction.create(named("run")));
  value_of(transaction.add_child(session, event("a", guid(1))));
  EXPECT_EQ(refusal(transaction.add_child(session, event("a", guid(1)))).code, Errc::already_exists);
  value_of(transaction.remove_child(Collection::flowevent, guid(1)));
  EXPECT_EQ(refusal(transaction.remove_child(Collection::flowevent, guid(1))).code, Errc::not_found);
  value_of(transaction.add_child(session, event("again", guid(1))));
  const std::string content = repeated("shared content ", 200);
  value_of(transaction.add_child(session, attachment("a.txt", content, guid(2))));
  value_of(transaction.add_child(session, attachment("b.txt", content, guid(3))));
  value_of(transaction.remove_child(Collection::fileattachment, guid(2)));
  value_of(transaction.commit());
  EXPECT_THAT(names_of(store, session), ElementsAre("again"));
  EXPECT_THAT(names_of(store, session, Collection::fileattachment), ElementsAre("b.txt"));
  expect_clean(store);
}

TEST(Children, GoWithTheirSessionButAsyncoperations) {
  TestStore store;
  const Guid session = value_of(store->create(named("run")));
  const Guid other = value_of(store->create(named("other")));
  for (const CollectionInfo& collection : collections()) {
    value_of(store->add_child(session, of(collection.collection, guid(1))));
    value_of(store->add_child(other, of(collection.collection, guid(2))));
  }
  EXPECT_EQ(store.entries("children"), 16U);
  value_of(store->erase(session));
  EXPECT_EQ(store.entries("children"), 9U);
  EXPECT_EQ(store.entries("child_places"), 9U);
  store.reopen();
  const Snapshot snapshot = value_of(store->snapshot());
  for (const CollectionInfo& collection : collections()) {
    const bool stays = collection.collection == Collection::asyncoperation;
    EXPECT_EQ(value_of(snapshot.child(collection.collection, guid(1))).has_value(), stays) << collection.name;
    EXPECT_EQ(value_of(snapshot.children(session, collection.collection)).children.size(), stays ? 1U : 0U);
    EXPECT_TRUE(value_of(snapshot.child(collection.collection, guid(2)))) << collection.name;
  }
  EXPECT_TRUE(value_of(snapshot.has_children(session)));
  expect_clean(store);
  // One that is left over can still be removed.
  value_of(store->remove_child(Collection::asyncoperation, guid(1)));
  EXPECT_FALSE(value_of(value_of(store->snapshot()).has_children(session)));
}

TEST(Children, OfASessionThatComesAndGoesInATransactionGoToo) {
  TestStore store;
  WriteTransaction transaction = value_of(store->write());
  const Guid session = value_of(transaction.create(named("run")));
  value_of(transaction.add_child(session, attachment("a.txt", repeated("x", 3000), guid(1))));
  value_of(transaction.erase(session));
  value_of(transaction.commit());
  EXPECT_EQ(store.entries("children"), 0U);
  EXPECT_EQ(store.entries("blobs"), 0U);
  expect_clean(store);
}

TEST(Children, GoWhenTheirSessionIsPruned) {
  TestStore store;
  Session done = named("done");
  done.statuscode = StatusCode::succeeded;
  const Guid session = value_of(store->create(done));
  value_of(store->add_child(session, attachment("a.txt", repeated("x", 3000))));
  RetentionPolicy policy;
  policy.keep = 0;
  EXPECT_EQ(value_of(store->prune(policy)).deleted, 1U);
  EXPECT_EQ(store.entries("children"), 0U);
  EXPECT_EQ(store.entries("blobs"), 0U);
  expect_clean(store);
}

TEST(Children, StayWhenTheirSessionIsReplacedOrUpdated) {
  TestStore store;
  const Guid session = value_of(store->create(named("run")));
  value_of(store->add_child(session, event("stays", guid(1))));
  value_of(store->update(session, renamed("renamed")));
  Session again = named("imported");
  again.flowsessionid = session;
  again.createdon = at("2020-01-01");
  const std::vector<Session> sessions{again};
  ASSERT_TRUE(store->import_sessions(sessions, {.on_conflict = OnConflict::replace}));
  EXPECT_THAT(names_of(store, session), ElementsAre("stays"));
  expect_clean(store);
}

TEST(Children, ShareContentWithSessionsAndWithEachOther) {
  TestStore store;
  const std::string content = repeated("the same content of all ", 1000);
  Session run = named("run");
  run.inputs.emplace().content = Content(content);
  const Guid session = value_of(store->create(run));
  value_of(store->add_child(session, attachment("a.txt", content, guid(1))));
  Child binary = of(Collection::workflowbinary, guid(1));
  binary.file.content = Content(content);
  binary.file.name = "data.bin";
  value_of(store->add_child(session, binary));
  EXPECT_EQ(store.entries("blobs"), 1U);
  store.reopen();
  {
    const Snapshot snapshot = value_of(store->snapshot());
    const Child child = value_of(snapshot.child(Collection::workflowbinary, guid(1))).value();
    EXPECT_EQ(child.file.name, "data.bin");
    EXPECT_EQ(value_of(snapshot.read(child.file.stored.value())), content);
    EXPECT_EQ(child.file.stored->size, content.size());
  }
  expect_clean(store);
  value_of(store->remove_child(Collection::fileattachment, guid(1)));
  expect_clean(store);
  SessionUpdate update;
  update.clear = {Column::inputs};
  value_of(store->update(session, update));
  EXPECT_EQ(store.entries("blobs"), 1U);
  value_of(store->erase(session));
  EXPECT_EQ(store.entries("blobs"), 0U);
  expect_clean(store);
}

TEST(Children, KeepEmptySmallAndLargeContent) {
  TestStore store;
  const Guid session = value_of(store->create(named("run")));
  std::string large(max_binary_bytes, '\0');
  for (std::size_t i = 0; i < large.size(); i += 97) large[i] = static_cast<char>(i * 2'654'435'761U >> 13U);
  const std::vector<std::string> contents{"", "small", std::string(1024, 'x'), large};
  for (unsigned i = 0; i < contents.size(); ++i) {
    value_of(store->add_child(session, attachment("f", contents[i], guid(i))));
  }
  store.reopen();
  const Snapshot snapshot = value_of(store->snapshot());
  for (unsigned i = 0; i < contents.size(); ++i) {
    const Child child = value_of(snapshot.child(Collection::fileattachment, guid(i))).value();
    EXPECT_EQ(value_of(snapshot.read(child.file.stored.value())), contents[i]) << i;
  }
  expect_clean(store);
}

TEST(Children, OfOneSessionMayBeVeryMany) {
  constexpr std::size_t number = 100'000;
  TestStore store;
  const Guid session = value_of(store->create(named("run")));
  std::vector<Child> children(number / 10, event("one of many"));
  for (int round = 0; round < 10; ++round) value_of(store->add_children(session, children));
  EXPECT_EQ(store.entries("children"), number);
  value_of(store->erase(session));
  EXPECT_EQ(store.entries("children"), 0U);
  EXPECT_EQ(store.entries("child_places"), 0U);
  expect_clean(store);
}

TEST(Children, AreImportedWithTheirSessions) {
  TestStore store;
  std::vector<Session> sessions{named("a"), named("b")};
  sessions[0].flowsessionid = guid(1);
  const std::vector<std::vector<Child>> children{
      {event("1", guid(11), at("2024-01-01")), event("2", guid(12), at("2024-01-02"))}, {event("3")}};
  const ImportOptions options{.children = children};
  ASSERT_TRUE(store->import_sessions(sessions, options));
  EXPECT_THAT(names_of(store, guid(1)), ElementsAre("1", "2"));
  EXPECT_EQ(store.entries("children"), 3U);
  expect_clean(store);
}

TEST(Children, FollowTheRuleForConflictsWhenImported) {
  TestStore store;
  Session session = named("run");
  session.flowsessionid = guid(1);
  const std::vector<Session> sessions{session};
  const auto import = [&](std::string name, unsigned child, OnConflict rule) {
    const std::vector<std::vector<Child>> children{{event(std::move(name), guid(child))}};
    return store->import_sessions(sessions, {.on_conflict = rule, .children = children});
  };
  ASSERT_TRUE(import("first", 11, OnConflict::error));
  ASSERT_TRUE(import("skipped with its session", 12, OnConflict::skip));
  EXPECT_THAT(names_of(store, guid(1)), ElementsAre("first"));
  ASSERT_TRUE(import("replaced", 11, OnConflict::replace));
  EXPECT_THAT(names_of(store, guid(1)), ElementsAre("replaced"));
  ASSERT_TRUE(import("another", 12, OnConflict::replace));
  EXPECT_THAT(names_of(store, guid(1)), testing::UnorderedElementsAre("replaced", "another"));
  Session second = named("second");
  second.flowsessionid = guid(2);
  const std::vector<Session> more{named("third"), second};
  const std::vector<std::vector<Child>> taken{{}, {event("taken", guid(11))}};
  const auto refused = store->import_sessions(more, {.children = taken});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().position, 1U);
  EXPECT_EQ(refused.error().error.code, Errc::already_exists);
  EXPECT_EQ(store.entries("sessions"), 1U);
  const auto lopsided = store->import_sessions(sessions, {.children = taken});
  ASSERT_FALSE(lopsided);
  EXPECT_EQ(lopsided.error().error.code, Errc::invalid_argument);
  expect_clean(store);
}

TEST(Children, OfOneIdTwiceInAnImportAreReplaced) {
  TestStore store;
  Session session = named("run");
  session.flowsessionid = guid(1);
  const std::vector<Session> sessions{session, session};
  const std::string content = repeated("content ", 400);
  const std::vector<std::vector<Child>> children{{attachment("first", content, guid(11))},
                                                 {attachment("second", content + "!", guid(11))}};
  ASSERT_TRUE(store->import_sessions(sessions, {.on_conflict = OnConflict::replace, .children = children}));
  EXPECT_THAT(names_of(store, guid(1), Collection::fileattachment), ElementsAre("second"));
  EXPECT_EQ(store.entries("blobs"), 1U);
  expect_clean(store);
}

}  // namespace
}  // namespace flowkeep::test

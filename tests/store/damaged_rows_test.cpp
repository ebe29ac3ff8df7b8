#include <gmock/gmock.h>

#include "codec/contents.hpp"
#include "damage.hpp"

namespace flowkeep::test {
namespace {

using testing::HasSubstr;

Session numbered(unsigned number) {
  Session session = named("session " + std::to_string(number));
  session.flowsessionid = guid(number);
  session.createdon = at("2021-01-01") + std::chrono::hours(number);
  session.machineid = Reference(guid(100));
  session.inputs.emplace().content = Content(repeated("content of " + std::to_string(number), 100));
  return session;
}

// Three sessions, the middle one (number 2) at place 1 of table `sessions`.
void fill(const TestStore& store) {
  EXPECT_TRUE(store->import_sessions(std::vector<Session>{numbered(1), numbered(2), numbered(3)}));
}

TEST(DamagedRow, FailsEveryReadOfIt) {
  TestStore store;
  fill(store);
  tamper(store, [](RawStore& raw) { raw.damage(raw.tables().sessions, raw.key_at(raw.tables().sessions, 1)); });
  const Error error = refusal(store->get(guid(2)));
  EXPECT_EQ(error.code, Errc::corrupt);
  EXPECT_THAT(error.message, HasSubstr(guid(2).str()));
  EXPECT_EQ(refusal(store->find(guid(2))).code, Errc::corrupt);
  EXPECT_TRUE(store->get(guid(1)));
  EXPECT_FALSE(value_of(store->check()).clean());
}

TEST(DamagedRow, KillsTheTransactionThatMeetsIt) {
  TestStore store;
  fill(store);
  tamper(store, [](RawStore& raw) { raw.damage(raw.tables().sessions, raw.key_at(raw.tables().sessions, 1)); });
  WriteTransaction transaction = value_of(store->write());
  value_of(transaction.update(guid(1), renamed("before the damage")));
  const Error error = refusal(transaction.update(guid(2), renamed("x")));
  EXPECT_EQ(error.code, Errc::corrupt);
  EXPECT_EQ(refusal(transaction.update(guid(1), renamed("y"))).message, error.message);
  EXPECT_EQ(refusal(transaction.create(named("z"))).message, error.message);
  EXPECT_EQ(refusal(transaction.get(guid(1))).message, error.message);
  EXPECT_EQ(refusal(transaction.commit()).message, error.message);
  const auto imported = transaction.import_sessions(std::vector<Session>{numbered(4)});
  ASSERT_FALSE(imported);
  EXPECT_EQ(imported.error().error.message, error.message);
}

TEST(DamagedRow, LeavesNothingOfTheTransactionThatMeetsIt) {
  TestStore store;
  fill(store);
  tamper(store, [](RawStore& raw) { raw.damage(raw.tables().sessions, raw.key_at(raw.tables().sessions, 1)); });
  {
    WriteTransaction transaction = value_of(store->write());
    value_of(transaction.update(guid(1), renamed("changed")));
    EXPECT_FALSE(transaction.erase(guid(2)));
    EXPECT_FALSE(transaction.commit());
  }
  EXPECT_EQ(value_of(store->get(guid(1))).name, "session 1");
  EXPECT_TRUE(store->update(guid(1), renamed("another transaction goes on")));
}

TEST(DamagedRow, IsNotTakenForAnotherRow) {
  TestStore store;
  fill(store);
  // The bytes of one row under the key of another: each is whole in itself.
  tamper(store, [](RawStore& raw) {
    const storage::Table sessions = raw.tables().sessions;
    std::string other;
    raw.change(sessions, raw.key_at(sessions, 0), [&](std::string& value) { other = value; });
    raw.change(sessions, raw.key_at(sessions, 1), [&](std::string& value) { value = other; });
  });
  EXPECT_EQ(refusal(store->get(guid(2))).code, Errc::corrupt);
}

TEST(MissingRow, IsNotTakenForAbsence) {
  TestStore store;
  fill(store);
  tamper(store, [](RawStore& raw) { raw.remove(raw.tables().sessions, raw.key_at(raw.tables().sessions, 1)); });
  EXPECT_EQ(refusal(store->find(guid(2))).code, Errc::corrupt);
  EXPECT_EQ(refusal(store->erase(guid(2))).code, Errc::corrupt);
  EXPECT_FALSE(value_of(store->check()).clean());
}

TEST(MissingIndexEntry, IsCountedByTheWriteThatWouldRemoveIt) {
  TestStore store;
  fill(store);
  tamper(store,
         [](RawStore& raw) { raw.remove(raw.index(IndexId::machine), raw.key_at(raw.index(IndexId::machine), 0)); });
  EXPECT_EQ(store->stats()->disagreements, 0U);
  value_of(store->erase(guid(1)));
  EXPECT_EQ(store->stats()->disagreements, 1U);
  EXPECT_FALSE(value_of(store->check()).clean());
}

struct BinaryDamage {
  const char* what;
  std::function<void(RawStore&)> work;
};

TEST(DamagedBinary, FailsItsReadersAndIsFound) {
  const std::vector<BinaryDamage> damages{
      {"its row is damaged",
       [](RawStore& raw) { raw.damage(raw.tables().blobs.blobs, raw.key_at(raw.tables().blobs.blobs, 0)); }},
      {"its row is missing",
       [](RawStore& raw) { raw.remove(raw.tables().blobs.blobs, raw.key_at(raw.tables().blobs.blobs, 0)); }},
      {"a piece is damaged",
       [](RawStore& raw) { raw.damage(raw.tables().blobs.chunks, raw.key_at(raw.tables().blobs.chunks, 1)); }},
      {"a piece is missing",
       [](RawStore& raw) { raw.remove(raw.tables().blobs.chunks, raw.key_at(raw.tables().blobs.chunks, 1)); }},
      {"two pieces have changed places",
       [](RawStore& raw) {
         const storage::Table chunks = raw.tables().blobs.chunks;
         std::string first;
         std::string second;
         raw.change(chunks, raw.key_at(chunks, 0), [&](std::string& value) { first = value; });
         raw.change(chunks, raw.key_at(chunks, 1), [&](std::string& value) { second = std::exchange(value, first); });
         raw.change(chunks, raw.key_at(chunks, 0), [&](std::string& value) { value = second; });
       }},
  };
  for (const BinaryDamage& damage : damages) {
    SCOPED_TRACE(damage.what);
    TestStore store;
    Session session;
    std::string bytes;
    for (unsigned i = 0; bytes.size() < 600'000; ++i) bytes += guid(i % 9999).str() + std::to_string(i * i);
    session.inputs.emplace().content = Content(bytes);
    const Guid id = value_of(store->create(session));
    tamper(store, damage.work);
    const Snapshot snapshot = value_of(store->snapshot());
    const SessionView shown = value_of(snapshot.get(id));
    const StoredContent stored = *shown.inputs().stored;  // the record itself is whole
    EXPECT_EQ(refusal(snapshot.read(stored)).code, Errc::corrupt);
    Errc end{};
    auto reader = snapshot.stream(stored);
    if (!reader) end = reader.error().code;
    while (reader && end == Errc{}) {
      const auto piece = reader->next();
      ASSERT_FALSE(piece && piece->empty()) << "the stream ends as if it were whole";
      if (!piece) end = piece.error().code;
    }
    EXPECT_EQ(end, Errc::corrupt);
    EXPECT_FALSE(value_of(store->check()).clean());
  }
}

TEST(DamagedContents, FailTheirReadersAndAreFound) {
  const std::vector<BinaryDamage> damages{
      {"the row is damaged",
       [](RawStore& raw) { raw.damage(raw.tables().contents, raw.key_at(raw.tables().contents, 0)); }},
      {"the row is missing",
       [](RawStore& raw) { raw.remove(raw.tables().contents, raw.key_at(raw.tables().contents, 0)); }},
      {"two rows have changed places",
       [](RawStore& raw) {
         const storage::Table contents = raw.tables().contents;
         std::string first;
         raw.change(contents, raw.key_at(contents, 0), [&](std::string& value) { first = value; });
         raw.change(contents, raw.key_at(contents, 1), [&](std::string& value) { value = first; });
       }},
      {"the row says something else",
       [](RawStore& raw) {
         raw.change(raw.tables().contents, raw.key_at(raw.tables().contents, 0), [](std::string& value) {
           const storage::IntegerKey key(1);
           codec::encode_contents(value, key.bytes(), {"Content of 1", "", ""}, nullptr);
         });
       }},
  };
  for (const BinaryDamage& damage : damages) {
    SCOPED_TRACE(damage.what);
    TestStore store;
    std::vector<Guid> ids;
    for (const char* content : {"content of 1", "content of 2"}) {
      Session session;
      session.inputs.emplace().content = Content(content);
      ids.push_back(value_of(store->create(session)));
    }
    tamper(store, damage.work);
    const Snapshot snapshot = value_of(store->snapshot());
    std::size_t failures = 0;
    for (const Guid& id : ids) {
      const SessionView session = value_of(snapshot.get(id));  // the record itself is whole
      const auto bytes = snapshot.read(session.inputs());
      if (!bytes) {
        EXPECT_EQ(bytes.error().code, Errc::corrupt);
      }
      failures += bytes ? 0 : 1;
    }
    EXPECT_EQ(failures, 1U);
    EXPECT_FALSE(value_of(store->check()).clean());
  }
}

TEST(LeftOverContents, AreFound) {
  TestStore store;
  Session session;
  session.inputs.emplace().content = Content("content");
  value_of(store->create(session));
  tamper(store, [](RawStore& raw) {
    const storage::IntegerKey key(77);
    std::string value;
    codec::encode_contents(value, key.bytes(), {"nobody's", "", ""}, nullptr);
    raw.put(raw.tables().contents, key.bytes(), value);
  });
  EXPECT_FALSE(value_of(store->check()).clean());
}

TEST(DamagedDictionary, FailsWhatIsPackedWithItAndIsFound) {
  const std::vector<BinaryDamage> damages{
      {"it is damaged",
       [](RawStore& raw) { raw.damage(raw.tables().dictionaries, raw.key_at(raw.tables().dictionaries, 0)); }},
      {"it is missing",
       [](RawStore& raw) { raw.remove(raw.tables().dictionaries, raw.key_at(raw.tables().dictionaries, 0)); }},
  };
  for (const BinaryDamage& damage : damages) {
    SCOPED_TRACE(damage.what);
    TestStore store;
    std::vector<Session> sessions(1200);
    for (std::size_t i = 0; i < sessions.size(); ++i) {
      sessions[i].context =
          R"({"hostName":"robot.example.org","attendedMode":"Unattended","run":)" + std::to_string(i) + "}";
    }
    const auto ids = value_of(store->create_multiple(sessions));
    tamper(store, damage.work);
    EXPECT_EQ(refusal(store->get(ids[7])).code, Errc::corrupt);
    EXPECT_FALSE(value_of(store->check()).clean());
  }
}

TEST(DamagedBinary, OfTheSameHashFailsTheWriteThatComparesWithIt) {
  TestStore store;
  Session session;
  session.inputs.emplace().content = Content(std::string(2000, 'c'));
  value_of(store->create(session));
  tamper(store, [](RawStore& raw) { raw.damage(raw.tables().blobs.blobs, raw.key_at(raw.tables().blobs.blobs, 0)); });
  EXPECT_EQ(refusal(store->create(session)).code, Errc::corrupt);
  EXPECT_TRUE(store->create(named("without content")));
}

}  // namespace
}  // namespace flowkeep::test

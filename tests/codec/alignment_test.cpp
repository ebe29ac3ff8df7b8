// FlatBuffers are read where LMDB puts them: at multiples of 8, because keys and values have such lengths.
#include <gtest/gtest.h>

#include <random>

#include "codec/value.hpp"
#include "damage.hpp"

namespace flowkeep::test {
namespace {

TEST(Alignment, OfEveryValueInAStoreIsEight) {
  TestStore store;
  std::mt19937_64 random(7);
  const auto text = [&random](std::size_t most) { return std::string(random() % (most + 1), 'x'); };
  std::vector<Guid> ids;
  for (int batch = 0; batch < 12; ++batch) {
    std::vector<Session> sessions(400);
    for (Session& session : sessions) {
      session.name = text(100);
      if (random() % 2 == 0) session.errormessage = text(random() % 20 == 0 ? 10'000 : 300);
      if (random() % 3 == 0) session.createdon = at("2022-01-01") + std::chrono::minutes(random() % 1000);
      if (random() % 4 == 0) session.machineid = Reference(guid(static_cast<unsigned>(random() % 50)));
      if (random() % 4 == 0) {
        std::string bytes(random() % (random() % 40 == 0 ? 700'000 : 3'000), '\0');
        for (char& byte : bytes) byte = static_cast<char>(random());
        session.inputs.emplace().content = Content(bytes);
      }
      session.flowsessionid = Guid::make();
      ids.push_back(*session.flowsessionid);
    }
    ASSERT_TRUE(store->import_sessions(sessions));
    // Values that shrink and grow and go move their neighbours.
    WriteTransaction transaction = value_of(store->write());
    for (int i = 0; i < 150; ++i) {
      const Guid id = ids[random() % ids.size()];
      if (random() % 3 == 0) {
        if (value_of(transaction.find(id))) value_of(transaction.erase(id));
      } else if (value_of(transaction.find(id))) {
        value_of(transaction.update(id, renamed(text(100))));
      }
    }
    value_of(transaction.commit());
  }
  store.close();
  RawStore raw(store.path());
  const storage::ReadTransaction transaction = raw.read();
  const store::Tables& tables = raw.tables();
  std::uint64_t values = 0;
  for (const storage::Table table :
       {tables.meta, tables.sessions, tables.ids, tables.deletions, tables.blobs.blobs, tables.blobs.chunks}) {
    storage::Cursor cursor = value_of(storage::Cursor::open(transaction, table));
    for (bool found = value_of(cursor.first()); found; found = value_of(cursor.next())) {
      ++values;
      ASSERT_EQ(reinterpret_cast<std::uintptr_t>(cursor.value().data()) % 8, 0U);
      ASSERT_EQ(cursor.value().size() % 8, 0U);
      ASSERT_EQ(cursor.key().size() % 8, 0U);
    }
  }
  EXPECT_GT(values, 8'000U);
}

}  // namespace
}  // namespace flowkeep::test

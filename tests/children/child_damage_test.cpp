#include "children_fixture.hpp"
#include "codec/child_rows.hpp"
#include "codec/value.hpp"
#include "damage.hpp"

namespace flowkeep::test {
namespace {

using codec::SideTable;
using testing::HasSubstr;

class ChildDamage : public testing::Test {
 protected:
  ChildDamage() {
    value_of(store->add_child(session, attachment("a.txt", repeated("content ", 500), guid(1))));
    value_of(store->put_parent({EntityType::flowmachine, guid(5), "Machine"}));
  }
  /// What a check finds after this was done to the tables.
  std::string found(const std::function<void(RawStore&)>& harm) {
    tamper(store, harm);
    std::string text;
    for (const Finding& finding : value_of(store->check()).findings) text += finding.where + ": " + finding.what + "\n";
    return text;
  }
  static std::string value(codec::ValueKind kind, std::string_view key, std::string_view payload) {
    std::string made;
    codec::encode_value(made, kind, 0, key, payload);
    return made;
  }

  TestStore store{};
  const Guid session = value_of(store->create(named("run")));
};

TEST_F(ChildDamage, OfAChildIsFoundAndFailsItsReads) {
  const std::string text = found([](RawStore& raw) {
    const storage::Table table = raw.tables().of(SideTable::children);
    raw.damage(table, raw.key_at(table, 0));
  });
  EXPECT_THAT(text, HasSubstr("table children: "));
  EXPECT_THAT(text, HasSubstr("checksum"));
  EXPECT_THAT(text, HasSubstr("references"));  // the content that it had
  const Snapshot snapshot = value_of(store->snapshot());
  EXPECT_EQ(refusal(snapshot.child(Collection::fileattachment, guid(1))).code, Errc::corrupt);
  EXPECT_EQ(refusal(snapshot.children(session, Collection::fileattachment)).code, Errc::corrupt);
  EXPECT_EQ(refusal(store->erase(session)).code, Errc::corrupt);
}

TEST_F(ChildDamage, AChildWithoutItsPlaceIsFound) {
  const std::string text = found([](RawStore& raw) {
    const storage::Table table = raw.tables().of(SideTable::child_places);
    raw.remove(table, raw.key_at(table, 0));
  });
  EXPECT_THAT(text, HasSubstr("fileattachment " + guid(1).str() + " is not found by its id"));
}

TEST_F(ChildDamage, APlaceWithoutItsChildIsFound) {
  const std::string text = found([](RawStore& raw) {
    const storage::Table table = raw.tables().of(SideTable::children);
    raw.remove(table, raw.key_at(table, 0));
  });
  EXPECT_THAT(text, HasSubstr("leads to no child"));
  EXPECT_THAT(text, HasSubstr("counts 1 references, sessions and their children have 0"));
  EXPECT_EQ(refusal(store->remove_child(Collection::fileattachment, guid(1))).code, Errc::corrupt);
}

TEST_F(ChildDamage, AChildOfNoSessionIsFoundUnlessItMayBe) {
  const Guid gone = guid(99);
  const std::string text = found([&](RawStore& raw) {
    for (const Collection collection : {Collection::syncerror, Collection::asyncoperation}) {
      const Timestamp time = at("2024-01-01");
      const std::string key = codec::child_key(gone, collection, time, guid(2));
      const std::string place = codec::place_key(collection, guid(2));
      raw.put(raw.tables().of(SideTable::children), key,
              value(codec::ValueKind::child, key, codec::encode(Child{}, std::nullopt)));
      raw.put(raw.tables().of(SideTable::child_places), place,
              value(codec::ValueKind::child_place, place, codec::encode(codec::ChildPlaceRow{gone, time})));
    }
  });
  EXPECT_THAT(text, HasSubstr("session " + gone.str() + ", which has the syncerror"));
  EXPECT_THAT(text, testing::Not(HasSubstr("asyncoperation")));
}

TEST_F(ChildDamage, AParentOfNoTableIsFound) {
  const std::string text = found([](RawStore& raw) {
    const std::string key = codec::parent_key(static_cast<EntityType>(77), guid(1));
    raw.put(raw.tables().of(SideTable::parents), key,
            value(codec::ValueKind::parent, key, codec::encode_parent_name("x")));
  });
  EXPECT_THAT(text, HasSubstr("table parents: "));
}

TEST_F(ChildDamage, NoBytesOfARowMakeItsDecoderCrash) {
  Child child = event("name");
  child.extra = {{"a", "1"}, {"b", "[]"}};
  child.event.eventduration = 3;
  const std::string payload = codec::encode(child, StoredContent{1, 2, 3});
  const std::string key = codec::child_key(session, Collection::flowevent, at("2024-01-01"), guid(1));
  ASSERT_TRUE(codec::decode_child(key, payload));
  for (std::size_t place = 0; place < payload.size(); ++place) {
    for (const char flip : {'\x01', '\x80', '\xFF'}) {
      std::string changed = payload;
      changed[place] = static_cast<char>(changed[place] ^ flip);
      static_cast<void>(codec::decode_child(key, changed));
    }
    static_cast<void>(codec::decode_child(key, std::string_view(payload).substr(0, place)));
  }
  EXPECT_FALSE(codec::decode_child(key, ""));
  EXPECT_FALSE(codec::decode_child("short", payload));
}

}  // namespace
}  // namespace flowkeep::test

// Random operations on children, compared with plain maps.
#include <map>
#include <random>

#include "children_fixture.hpp"

namespace flowkeep::test {
namespace {

struct ModelChild {
  Guid session{};
  std::string name{};
  Timestamp createdon{};
  std::optional<std::string> content{};
};

class ChildModel : public testing::Test {
 protected:
  using Key = std::pair<Collection, Guid>;

  Guid pick_session() { return guid(1 + static_cast<unsigned>(random() % 8)); }
  Collection pick_collection() { return collections()[random() % collections().size()].collection; }
  Guid pick_child() { return guid(100 + static_cast<unsigned>(random() % 12)); }

  void add(WriteTransaction& transaction, std::map<Key, ModelChild>& children, const std::map<Guid, bool>& sessions) {
    Child child = of(pick_collection(), pick_child());
    const Guid session = pick_session();
    child.name = "n" + std::to_string(random() % 1000);
    child.createdon = at("2024-01-01") + Ticks(random() % 5);
    ModelChild model{session, *child.name, *child.createdon, std::nullopt};
    if (!info(child.collection).content_name.empty() && random() % 4 != 0) {
      model.content = repeated("c" + std::to_string(random() % 3), random() % 2 == 0 ? 10 : 2000);
      child.file.content = Content(*model.content);
    }
    const Key key(child.collection, *child.id);
    const auto added = transaction.add_child(session, child);
    if (!sessions.contains(session)) {
      EXPECT_EQ(refusal(added).code, Errc::not_found);
    } else if (children.contains(key)) {
      EXPECT_EQ(refusal(added).code, Errc::already_exists);
    } else {
      EXPECT_EQ(value_of(added), *child.id);
      children.emplace(key, model);
    }
  }

  void remove(WriteTransaction& transaction, std::map<Key, ModelChild>& children) {
    const Key key(pick_collection(), pick_child());
    const auto removed = transaction.remove_child(key.first, key.second);
    if (children.erase(key) == 1) {
      value_of(removed);
    } else {
      EXPECT_EQ(refusal(removed).code, Errc::not_found);
    }
  }

  void erase(WriteTransaction& transaction, std::map<Key, ModelChild>& children, std::map<Guid, bool>& sessions) {
    const Guid id = pick_session();
    const auto erased = transaction.erase(id);
    if (sessions.erase(id) == 0) {
      EXPECT_EQ(refusal(erased).code, Errc::not_found);
      return;
    }
    value_of(erased);
    std::erase_if(children, [&](const auto& one) {
      return one.second.session == id && one.first.first != Collection::asyncoperation;
    });
  }

  void replace(WriteTransaction& transaction, std::map<Guid, bool>& sessions) {
    Session session = named("imported");
    session.flowsessionid = pick_session();
    session.createdon = at("2024-01-01") + std::chrono::hours(random() % 10);
    const std::vector<Session> one{session};
    ASSERT_TRUE(transaction.import_sessions(one, {.on_conflict = OnConflict::replace}));
    sessions[*session.flowsessionid] = true;
  }

  void compare() {
    const Snapshot snapshot = value_of(store->snapshot());
    EXPECT_EQ(store.entries("children"), children_.size());
    for (const auto& [key, model] : children_) {
      const auto child = value_of(snapshot.child(key.first, key.second));
      ASSERT_TRUE(child) << info(key.first).name << " " << key.second.str();
      EXPECT_EQ(child->flowsessionid, model.session);
      EXPECT_EQ(child->name, model.name);
      EXPECT_EQ(child->createdon, model.createdon);
      ASSERT_EQ(child->file.stored.has_value(), model.content.has_value());
      if (!model.content) continue;
      EXPECT_EQ(value_of(snapshot.read(*child->file.stored)), *model.content);
    }
    for (unsigned number = 1; number <= 8; ++number) {
      for (const CollectionInfo& collection : collections())
        compare_list(snapshot, guid(number), collection.collection);
    }
  }

  void compare_list(const Snapshot& snapshot, const Guid& session, Collection collection) {
    std::vector<std::pair<Timestamp, Guid>> expected;
    for (const auto& [key, model] : children_) {
      if (key.first == collection && model.session == session) expected.emplace_back(model.createdon, key.second);
    }
    std::sort(expected.begin(), expected.end());  // these ids are in the order of their keys
    for (const Order order : {oldest_first, newest_first}) {
      if (order == newest_first) std::reverse(expected.begin(), expected.end());
      std::vector<std::pair<Timestamp, Guid>> listed;
      std::string token;
      do {
        const ChildPage page = value_of(snapshot.children(session, collection, order, limit(1 + random() % 3), token));
        for (const Child& child : page.children) listed.emplace_back(*child.createdon, *child.id);
        token = page.token;
      } while (!token.empty());
      EXPECT_EQ(listed, expected);
    }
  }

  const unsigned seed = std::random_device{}();
  std::mt19937 random{seed};
  TestStore store{};
  std::map<Key, ModelChild> children_{};
  std::map<Guid, bool> sessions_{};
};

TEST_F(ChildModel, AgreesWithTheStoreAfterEveryCommit) {
  SCOPED_TRACE("seed " + std::to_string(seed));
  for (int round = 0; round < 400 && !HasFailure(); ++round) {
    auto children = children_;
    auto sessions = sessions_;
    {
      WriteTransaction transaction = value_of(store->write());
      for (auto left = 1 + random() % 8; left > 0; --left) {
        switch (random() % 10) {
          case 0:
            erase(transaction, children, sessions);
            break;
          case 1:
          case 2:
            replace(transaction, sessions);
            break;
          case 3:
          case 4:
            remove(transaction, children);
            break;
          default:
            add(transaction, children, sessions);
        }
      }
      if (random() % 8 == 0) continue;  // given up
      value_of(transaction.commit());
    }
    children_ = std::move(children);
    sessions_ = std::move(sessions);
    if (random() % 10 == 0) store.reopen();
    compare();
    expect_clean(store);
  }
}

}  // namespace
}  // namespace flowkeep::test

// Random owners, teams, shares and assigns: whatever a principal sees and may do is compared with the rules, read
// plainly.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "store_fixture.hpp"

namespace flowkeep {
namespace {

using test::TestStore;
using test::value_of;

constexpr std::uint64_t decisions_wanted = 100'000;

struct Row {
  Guid id{};
  Guid owner{};
  StatusCode status{};
  Guid machine{};
  std::int64_t version = 0;
  std::map<Guid, AccessRights> shares{};
};

/// What is in the store, without indexes or tables.
class World {
 public:
  explicit World(unsigned seed, std::vector<IndexId> indexes) : random_(seed), store_(options(std::move(indexes))) {
    for (int i = 0; i < 4; ++i) teams_.push_back(Guid::make());
    for (int i = 0; i < 3; ++i) machines_.push_back(Guid::make());
    for (int i = 0; i < 7; ++i) {
      Principal user{Guid::make(), {}, AccessRights::all()};
      for (const Guid& team : teams_) {
        if (dice(4) == 0) user.teams.push_back(team);
      }
      if (i == 5) user.privileges = AccessRight::read | AccessRight::write;
      if (i == 6) user.privileges = AccessRights::from_bits(AccessRights::all().bits() & ~1U);  // all but to read
      users_.push_back(user);
    }
  }

  void step() {
    const std::uint64_t what = dice(10);
    if (rows_.size() < 10 || (what == 0 && rows_.size() < 60)) return create();
    Row& row = rows_[dice(rows_.size())];
    if (what == 1) return erase(row);
    if (what <= 4) return share(row);
    if (what == 5) return assign(row);
    if (what == 6) return move_in_time(row);
    act(row);
  }

  // All that each principal sees.
  void compare() {
    for (const Principal& user : users_) {
      const Store as_user = value_of(store_->as(user));
      const auto snapshot = value_of(as_user.snapshot());
      std::set<Guid> expected;
      std::map<StatusCode, std::uint64_t> by_status;
      std::map<Guid, std::set<Guid>> by_machine;
      for (const Row& row : rows_) {
        ++decisions_;
        const AccessRights rights = rights_of(user, row);
        const bool visible = rights.has(AccessRight::read);
        EXPECT_EQ(value_of(snapshot.find(row.id)).has_value(), visible);
        if (!visible) continue;
        expected.insert(row.id);
        ++by_status[row.status];
        by_machine[row.machine].insert(row.id);
        EXPECT_EQ(value_of(snapshot.access(row.id)), rights);
      }
      EXPECT_EQ(value_of(snapshot.size()), expected.size());
      for (const OrderBy by : {OrderBy::createdon, OrderBy::versionnumber}) {
        for (const Order order : {newest_first, oldest_first}) {
          Query query;
          query.by = by;
          query.order = order;
          EXPECT_EQ(ids_in_order(snapshot, query), expected);
        }
      }
      for (const auto& [status, count] : by_status) {
        Query query;
        query.statuscodes = {status};
        EXPECT_EQ(value_of(snapshot.count(query)), count);
        EXPECT_EQ(ids_in_order(snapshot, query).size(), count);
      }
      for (const auto& [machine, ids] : by_machine) {
        Query query;
        query.machineid = machine;
        EXPECT_EQ(value_of(snapshot.count(query)), ids.size());
        EXPECT_EQ(ids_in_order(snapshot, query), ids);
      }
      std::set<Guid> summarized;
      for (const auto& summary : snapshot.summaries({})) {
        summarized.insert(value_of(snapshot.get(value_of(summary))).flowsessionid());
      }
      EXPECT_EQ(summarized, expected);
      std::set<Guid> changed;
      for (const auto& change : snapshot.changes()) changed.insert(value_of(change).flowsessionid);
      EXPECT_EQ(changed, expected);
    }
    const CheckReport report = value_of(store_->check());
    EXPECT_EQ(report.findings_total, 0U) << report.findings.front().what;
  }

  [[nodiscard]] std::uint64_t decisions() const { return decisions_; }
  void reopen() { store_.reopen(); }

 private:
  static OpenOptions options(std::vector<IndexId> indexes) {
    OpenOptions options;
    options.indexes = std::move(indexes);
    options.durability = Durability::process_safe;
    return options;
  }
  std::uint64_t dice(std::size_t sides) { return random_() % sides; }
  const Principal& any_user() { return users_[dice(users_.size())]; }
  Reference any_principal() {
    if (dice(3) == 0) return {teams_[dice(teams_.size())], EntityType::team};
    return {any_user().user, EntityType::systemuser};
  }
  AccessRights any_rights() { return AccessRights::from_bits(static_cast<std::uint32_t>(random_())); }

  // The rules.
  static bool is(const Principal& user, const Guid& id) {
    return id == user.user || std::count(user.teams.begin(), user.teams.end(), id) != 0;
  }
  static AccessRights rights_of(const Principal& user, const Row& row) {
    AccessRights rights;
    if (is(user, row.owner)) rights = AccessRights::all();
    for (const auto& [principal, given] : row.shares) {
      if (is(user, principal)) rights = rights | given;
    }
    return rights & user.privileges;
  }

  // In the order asked for, each once.
  std::set<Guid> ids_in_order(const Snapshot& snapshot, const Query& query) {
    std::set<Guid> ids;
    std::optional<std::pair<Timestamp, std::int64_t>> last;
    for (const auto& result : snapshot.select(query)) {
      const SessionView& session = value_of(result);
      EXPECT_TRUE(ids.insert(session.flowsessionid()).second);
      const bool by_version = query.by == OrderBy::versionnumber;
      const std::pair place(by_version ? Timestamp{} : session.createdon(), by_version ? session.versionnumber() : 0);
      EXPECT_TRUE(!last || (query.order == oldest_first ? *last <= place : place <= *last));
      last = place;
    }
    return ids;
  }

  void create() {
    const Reference owner = any_principal();
    Session session;
    session.ownerid = owner;
    session.statuscode = dice(2) == 0 ? StatusCode::running : StatusCode::waiting;
    session.machineid = Reference(machines_[dice(machines_.size())]);
    const Guid id = value_of(store_->create(session));
    rows_.push_back({id, owner.id, *session.statuscode, session.machineid->id, 0, {}});
  }
  void erase(Row& row) {
    const Principal& user = any_user();
    ++decisions_;
    const AccessRights rights = rights_of(user, row);
    const auto done = value_of(store_->as(user)).erase(row.id);
    EXPECT_EQ(done.has_value(), rights.has(AccessRight::read | AccessRight::erase));
    if (!done) return expect_refusal(done.error(), rights);
    row = rows_.back();
    rows_.pop_back();
  }
  void share(Row& row) {
    const Principal& user = any_user();
    const Reference with = any_principal();
    const AccessRights given = any_rights();
    const AccessRights rights = rights_of(user, row);
    const Store as_user = value_of(store_->as(user));
    ++decisions_;
    const std::uint64_t how = dice(3);
    if (how == 0) {
      const auto done = as_user.grant_access(row.id, with, given);
      EXPECT_EQ(done.has_value(), !given.is_empty() && rights.has(given | AccessRight::share | AccessRight::read));
      if (done) row.shares[with.id] = row.shares[with.id] | given;
    } else if (how == 1) {
      const auto done = as_user.modify_access(row.id, with, given);
      EXPECT_EQ(done.has_value(), rights.has(given | AccessRight::share | AccessRight::read));
      if (done) row.shares[with.id] = given;
    } else {
      const auto done = as_user.revoke_access(row.id, with);
      EXPECT_EQ(done.has_value(), rights.has(AccessRight::share | AccessRight::read));
      if (done) row.shares.erase(with.id);
    }
    // The system gives, too, or there would soon be nothing left to see.
    if (dice(2) == 0 && !given.is_empty()) {
      row.shares[with.id] = value_of(store_->grant_access(row.id, with, given));
    }
  }
  void assign(Row& row) {
    const Principal& user = any_user();
    const Reference owner = any_principal();
    const AccessRights rights = rights_of(user, row);
    ++decisions_;
    const auto done = value_of(store_->as(user)).assign(row.id, owner);
    const AccessRights needed = AccessRight::read | AccessRight::write;
    EXPECT_EQ(done.has_value(), rights.has(row.owner == owner.id ? needed : needed | AccessRight::assign));
    if (!done) return expect_refusal(done.error(), rights);
    row.owner = owner.id;
  }
  // By an import, as the system.
  void move_in_time(Row& row) {
    Session session = value_of(store_->get(row.id));
    session.createdon = now() - std::chrono::minutes(dice(100'000));
    EXPECT_TRUE(store_->import_sessions(std::vector<Session>{session}, {.on_conflict = OnConflict::replace}));
  }
  void act(Row& row) {
    const Principal& user = any_user();
    const AccessRights rights = rights_of(user, row);
    ++decisions_;
    const StatusCode next = row.status == StatusCode::running ? StatusCode::waiting : StatusCode::running;
    const auto done = value_of(store_->as(user)).transition(row.id, next);
    EXPECT_EQ(done.has_value(), rights.has(AccessRight::read | AccessRight::write));
    if (!done) return expect_refusal(done.error(), rights);
    row.status = next;
  }
  static void expect_refusal(const Error& error, AccessRights rights) {
    EXPECT_EQ(error.code, rights.has(AccessRight::read) ? Errc::access_denied : Errc::not_found);
  }

  std::mt19937 random_;
  TestStore store_;
  std::vector<Guid> teams_{};
  std::vector<Guid> machines_{};
  std::vector<Principal> users_{};
  std::vector<Row> rows_{};
  std::uint64_t decisions_ = 0;
};

class RandomAccess : public testing::TestWithParam<bool> {};
INSTANTIATE_TEST_SUITE_P(OwnerIndex, RandomAccess, testing::Bool());

TEST_P(RandomAccess, IsAsTheRulesSay) {
  const auto seed = std::random_device{}();
  SCOPED_TRACE(seed);
  World world(seed, GetParam() ? std::vector<IndexId>{IndexId::owner} : std::vector<IndexId>{});
  for (int round = 0; world.decisions() < decisions_wanted / 2; ++round) {
    for (int i = 0; i < 4; ++i) world.step();
    if (round % 50 == 49) world.reopen();
    world.compare();
    ASSERT_FALSE(testing::Test::HasFailure()) << "in round " << round;
  }
}

}  // namespace
}  // namespace flowkeep

// GrantAccess, ModifyAccess, RevokeAccess, and what comes of shares.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "store_fixture.hpp"

namespace flowkeep {
namespace {

using test::refusal;
using test::TestStore;
using test::value_of;

constexpr AccessRights none{};

class Shares : public testing::Test {
 protected:
  std::map<Guid, AccessRights> shares_of(const Guid& id) {
    std::map<Guid, AccessRights> shares;
    for (const SharedPrincipal& share : value_of(value_of(store->snapshot()).shares(id))) {
      shares[share.principal.id] = share.rights;
    }
    return shares;
  }
  void expect_clean() {
    const CheckReport report = value_of(store->check());
    EXPECT_EQ(report.findings_total, 0U) << report.findings.front().where << ": " << report.findings.front().what;
  }
  Guid create() { return value_of(store->create(Session{})); }

  TestStore store{};
  const Guid user = Guid::make();
  const Guid team = Guid::make();
};

TEST_F(Shares, AddUpAndAreReplacedAndTakenBack) {
  const Guid id = create();
  EXPECT_EQ(value_of(store->grant_access(id, user, AccessRight::read)), AccessRight::read);
  EXPECT_EQ(value_of(store->grant_access(id, user, AccessRight::write)), AccessRight::read | AccessRight::write);
  value_of(store->grant_access(id, Reference(team, EntityType::team), AccessRights::all()));
  EXPECT_EQ(shares_of(id), (std::map<Guid, AccessRights>{{user, AccessRight::read | AccessRight::write},
                                                         {team, AccessRights::all()}}));
  EXPECT_TRUE(store->modify_access(id, user, AccessRight::erase));
  EXPECT_EQ(shares_of(id).at(user), AccessRight::erase);
  EXPECT_TRUE(store->modify_access(id, user, none));
  EXPECT_EQ(shares_of(id).count(user), 0U);
  EXPECT_TRUE(store->modify_access(id, user, AccessRight::read));  // makes one
  EXPECT_TRUE(value_of(store->revoke_access(id, user)));
  EXPECT_FALSE(value_of(store->revoke_access(id, user)));
  EXPECT_TRUE(store->modify_access(id, user, none));
  EXPECT_EQ(shares_of(id).size(), 1U);
  expect_clean();
}

TEST_F(Shares, SayWithWhomWhenAndByWhom) {
  const Guid sharer = Guid::make();
  const Guid id = create();
  {
    auto transaction = value_of(store->write({sharer, {}, {}}));
    value_of(transaction.grant_access(id, Reference(team, EntityType::team), AccessRight::read));
    EXPECT_TRUE(transaction.commit());
  }
  value_of(store->grant_access(id, user, AccessRight::read));
  const auto shares = value_of(value_of(store->snapshot()).shares(id));
  ASSERT_EQ(shares.size(), 2U);
  for (const SharedPrincipal& share : shares) {
    const bool is_team = share.principal.id == team;
    EXPECT_EQ(share.principal.type, is_team ? EntityType::team : EntityType::systemuser);
    EXPECT_EQ(share.sharedby.has_value(), is_team);
    EXPECT_LT(now() - share.sharedon, std::chrono::minutes(1));
  }
}

TEST_F(Shares, LeaveTheSessionAsItIs) {
  const Guid id = create();
  const Session before = value_of(store->get(id));
  value_of(store->grant_access(id, user, AccessRight::read));
  const Session after = value_of(store->get(id));
  EXPECT_EQ(after.versionnumber, before.versionnumber);
  EXPECT_EQ(after.modifiedon, before.modifiedon);
  EXPECT_EQ(after.ownerid, before.ownerid);
}

TEST_F(Shares, OfTheOwnerAreNotListed) {
  Session session;
  session.ownerid = Reference(user);
  const Guid id = value_of(store->create(session));
  value_of(store->grant_access(id, user, AccessRight::read));
  EXPECT_TRUE(shares_of(id).empty());
  value_of(store->assign(id, Reference(team, EntityType::team)));
  EXPECT_EQ(shares_of(id).at(user), AccessRight::read);
  EXPECT_EQ(value_of(store->get(id)).owningteam->id, team);
}

TEST_F(Shares, GoWithTheirSession) {
  const Guid id = create();
  value_of(store->grant_access(id, user, AccessRight::read));
  value_of(store->grant_access(id, team, AccessRight::write));
  EXPECT_EQ(store.entries("shares"), 2U);
  EXPECT_EQ(store.entries("shared_with"), 2U);
  EXPECT_TRUE(store->erase(id));
  EXPECT_EQ(store.entries("shares"), 0U);
  EXPECT_EQ(store.entries("shared_with"), 0U);
  expect_clean();
}

TEST_F(Shares, FollowASessionThatMovesInTime) {
  const Guid id = create();
  value_of(store->grant_access(id, user, AccessRight::read));
  Session session = value_of(store->get(id));
  for (const int days : {3, 5}) {
    session.createdon = now() - std::chrono::hours(24 * days);
    EXPECT_TRUE(store->import_sessions(std::vector<Session>{session}, {.on_conflict = OnConflict::replace}));
    EXPECT_EQ(shares_of(id).at(user), AccessRight::read);
    expect_clean();
  }
  // Twice in one batch.
  Session later = session;
  later.createdon = now() - std::chrono::hours(1);
  session.createdon = now() - std::chrono::hours(2);
  EXPECT_TRUE(store->import_sessions(std::vector<Session>{session, later}, {.on_conflict = OnConflict::replace}));
  expect_clean();
  const Store as_user = value_of(store->as({user, {}, AccessRights::all()}));
  EXPECT_TRUE(as_user.get(id));
}

TEST_F(Shares, AreThereAfterTheStoreWasOpenedAgain) {
  const Guid id = create();
  value_of(store->grant_access(id, user, AccessRight::read));
  store.reopen();
  EXPECT_EQ(shares_of(id).at(user), AccessRight::read);
  expect_clean();
}

TEST_F(Shares, AreUndoneWithTheirTransaction) {
  const Guid id = create();
  {
    auto transaction = value_of(store->write());
    value_of(transaction.grant_access(id, user, AccessRight::read));
    EXPECT_EQ(value_of(transaction.grant_access(id, user, AccessRight::write)), AccessRight::read | AccessRight::write);
  }
  EXPECT_TRUE(shares_of(id).empty());
}

TEST_F(Shares, AreRefusedWhereTheyMeanNothing) {
  const Guid id = create();
  EXPECT_EQ(refusal(store->grant_access(Guid::make(), user, AccessRight::read)).dataverse,
            DataverseCode::object_does_not_exist);
  EXPECT_EQ(refusal(store->modify_access(Guid::make(), user, AccessRight::read)).code, Errc::not_found);
  EXPECT_EQ(refusal(store->revoke_access(Guid::make(), user)).code, Errc::not_found);
  EXPECT_EQ(refusal(store->grant_access(id, user, none)).code, Errc::invalid_argument);
  const Error machine = refusal(store->grant_access(id, Reference(user, EntityType::flowmachine), AccessRight::read));
  EXPECT_EQ(machine.code, Errc::invalid_argument);
  EXPECT_THAT(machine.message, testing::HasSubstr("flowmachine"));
  EXPECT_EQ(refusal(value_of(store->snapshot()).shares(Guid::make())).code, Errc::not_found);
  EXPECT_TRUE(shares_of(id).empty());
}

TEST_F(Shares, SayWhatAPrincipalMayDo) {
  const Guid owner = Guid::make();
  Session session;
  session.ownerid = Reference(owner);
  const Guid id = value_of(store->create(session));
  value_of(store->grant_access(id, user, AccessRight::read));
  value_of(store->grant_access(id, team, AccessRight::write | AccessRight::read));
  const auto snapshot = value_of(store->snapshot());
  EXPECT_EQ(value_of(snapshot.access(id, {owner, {}, AccessRights::all()})), AccessRights::all());
  EXPECT_EQ(value_of(snapshot.access(id, {owner, {}, AccessRight::read | AccessRight::erase})),
            AccessRight::read | AccessRight::erase);
  EXPECT_EQ(value_of(snapshot.access(id, {user, {}, AccessRights::all()})), AccessRight::read);
  EXPECT_EQ(value_of(snapshot.access(id, {user, {team}, AccessRights::all()})), AccessRight::read | AccessRight::write);
  EXPECT_EQ(value_of(snapshot.access(id, {Guid::make(), {owner}, AccessRights::all()})), AccessRights::all());
  EXPECT_EQ(value_of(snapshot.access(id, {Guid::make(), {}, AccessRights::all()})), none);
  EXPECT_EQ(value_of(snapshot.access(id)), AccessRights::all());
}

}  // namespace
}  // namespace flowkeep

#include <atomic>
#include <csignal>

#include "children_fixture.hpp"
#include "fixture.hpp"

namespace flowkeep::test {
namespace {

using testing::HasSubstr;

const Guid target = guid(900);

/// Sessions that lead to `target` by this lookup, and one that leads elsewhere.
void fill(const Store& store, Column lookup, unsigned number, EntityType type = EntityType::none) {
  std::vector<Session> sessions;
  for (unsigned i = 0; i <= number; ++i) {
    Session session = named("run");
    session.flowsessionid = guid(i);
    value_of(set_value(session, lookup, Reference(i == number ? guid(901) : target, type)));
    sessions.push_back(session);
  }
  ASSERT_TRUE(store.import_sessions(sessions));
}

std::uint64_t leading(const Store& store, std::string_view partner, const Guid& id = target) {
  const Snapshot snapshot = value_of(store.snapshot());
  return value_of(snapshot.count(query_by_parent(*find_partner(partner), id)));
}

TEST(DeleteParent, AWorkflowTakesItsSessionsAndTheirChildrenWithIt) {
  TestStore store;
  fill(*store, Column::regardingobjectid, 25);
  value_of(store->put_parent({EntityType::workflow, target, "flow"}));
  value_of(store->add_child(guid(3), attachment("a", repeated("x", 3000))));
  value_of(store->add_child(guid(25), event("stays")));
  EXPECT_EQ(value_of(store->delete_parent(EntityType::workflow, target, {.batch = 4})).sessions, 25U);
  EXPECT_EQ(store.entries("sessions"), 1U);
  EXPECT_EQ(store.entries("children"), 1U);
  EXPECT_EQ(store.entries("parents"), 0U);
  const Error error = refusal(store->delete_parent(EntityType::workflow, target));
  EXPECT_EQ(error.code, Errc::not_found);
  EXPECT_EQ(error.dataverse, DataverseCode::object_does_not_exist);
  expect_clean(store);
}

TEST(DeleteParent, OfMachinesAndGroupsTheLookupBecomesNull) {
  for (const auto& [type, column] : {std::pair(EntityType::flowmachine, Column::machineid),
                                     std::pair(EntityType::flowmachinegroup, Column::machinegroupid)}) {
    TestStore store;
    fill(*store, column, 25);
    const Session before = value_of(store->get(guid(1)));
    EXPECT_EQ(value_of(store->delete_parent(type, target, {.batch = 10})).sessions, 25U);
    EXPECT_EQ(store.entries("sessions"), 26U);
    const Session after = value_of(store->get(guid(1)));
    EXPECT_TRUE(std::holds_alternative<std::monostate>(value(after, column)));
    EXPECT_GT(*after.versionnumber, *before.versionnumber);
    EXPECT_TRUE(after.modifiedon);
    const Session other = value_of(store->get(guid(25)));
    EXPECT_FALSE(std::holds_alternative<std::monostate>(value(other, column)));
    expect_clean(store);
  }
}

TEST(DeleteParent, OwnersAreRefusedWhileTheyOwnSessions) {
  const std::tuple<EntityType, Column, std::string_view> owners[] = {
      {EntityType::businessunit, Column::owningbusinessunit, "business_unit_flowsession"},
      {EntityType::systemuser, Column::ownerid, "owner_flowsession"},
      {EntityType::systemuser, Column::owninguser, "user_flowsession"},
      {EntityType::team, Column::ownerid, "owner_flowsession"},
      {EntityType::team, Column::owningteam, "team_flowsession"}};
  for (const auto& [type, column, partner] : owners) {
    TestStore store;
    fill(*store, column, 1, type);
    value_of(store->put_parent({type, target, "owner"}));
    const Error error = refusal(store->delete_parent(type, target));
    EXPECT_EQ(error.code, Errc::in_use) << partner;
    EXPECT_EQ(error.dataverse, DataverseCode::cannot_delete_due_to_association);
    EXPECT_THAT(error.message, HasSubstr(guid(0).str()));
    EXPECT_EQ(leading(*store, partner), 1U);
    EXPECT_EQ(store.entries("parents"), 1U);
    value_of(store->erase(guid(0)));
    EXPECT_EQ(value_of(store->delete_parent(type, target)).sessions, 0U);
    EXPECT_EQ(store.entries("parents"), 0U);
  }
}

TEST(DeleteParent, WhoOnlyCreatedSessionsMayGo) {
  TestStore store;
  fill(*store, Column::createdby, 3);
  value_of(store->put_parent({EntityType::systemuser, target, "creator"}));
  EXPECT_EQ(value_of(store->delete_parent(EntityType::systemuser, target)).sessions, 0U);
  EXPECT_EQ(leading(*store, "lk_flowsession_createdby"), 3U);
}

TEST(DeleteParent, WhatCannotBeMeantIsRefused) {
  TestStore store;
  EXPECT_EQ(refusal(store->delete_parent(EntityType::flowsession, target)).code, Errc::invalid_argument);
  EXPECT_EQ(refusal(store->delete_parent(EntityType::none, target)).code, Errc::invalid_argument);
  EXPECT_EQ(refusal(store->delete_parent(EntityType::workflow, target, {.batch = 0})).code, Errc::invalid_argument);
  EXPECT_EQ(refusal(store->delete_parent(EntityType::workflow, target, {.batch = 100'001})).code,
            Errc::invalid_argument);
  EXPECT_EQ(refusal(store->delete_parent(EntityType::team, target)).code, Errc::not_found);
}

TEST(DeleteParent, StoppedItIsEndedByCallingItAgain) {
  TestStore store;
  fill(*store, Column::regardingobjectid, 25);
  value_of(store->put_parent({EntityType::workflow, target, "flow"}));
  const auto stop = [](std::uint64_t done, std::uint64_t) { return done < 10; };
  const Error error = refusal(store->delete_parent(EntityType::workflow, target, {.batch = 5, .progress = stop}));
  EXPECT_EQ(error.code, Errc::busy);
  EXPECT_EQ(store.entries("sessions"), 16U);
  EXPECT_EQ(store.entries("parents"), 1U);
  EXPECT_EQ(value_of(store->delete_parent(EntityType::workflow, target)).sessions, 15U);
  EXPECT_EQ(store.entries("parents"), 0U);
}

TEST(DeleteParent, KilledAtAnyMomentItIsEndedByCallingItAgain) {
  fault::Watchdog watchdog;
  for (unsigned batches = 1; batches < 6; ++batches) {
    const fault::TemporaryDirectory directory;
    const std::string path = directory.file();
    {
      const Store store = fault::open_store(path);
      fill(store, Column::machineid, 60);
      value_of(store.put_parent({EntityType::flowmachine, target, "machine"}));
    }
    fault::Shared<std::atomic<unsigned>> seen;
    const int ended = fault::in_child([&] {
      const auto store = Store::open(path);
      if (!store) return 1;
      const auto die = [&](std::uint64_t, std::uint64_t) {
        if (++*seen == batches) std::raise(SIGKILL);
        return true;
      };
      return store->delete_parent(EntityType::flowmachine, target, {.batch = 10, .progress = die}) ? 0 : 2;
    });
    EXPECT_EQ(ended, -SIGKILL);
    const Store store = fault::open_store(path);
    EXPECT_EQ(leading(store, "flowmachine_flowsession_MachineId"), 60 - 10 * batches);
    EXPECT_TRUE(value_of(value_of(store.snapshot()).parent(EntityType::flowmachine, target)));
    EXPECT_EQ(value_of(store.delete_parent(EntityType::flowmachine, target)).sessions, 60 - 10 * batches);
    EXPECT_EQ(leading(store, "flowmachine_flowsession_MachineId"), 0U);
    EXPECT_FALSE(value_of(value_of(store.snapshot()).parent(EntityType::flowmachine, target)));
    fault::expect_clean(store);
  }
}

}  // namespace
}  // namespace flowkeep::test

// What stands beside sessions, damaged: a check tells each of it, and what meets it says so.
#include <gmock/gmock.h>

#include "codec/side_rows.hpp"
#include "damage.hpp"
#include "index/index_table.hpp"

namespace flowkeep::test {
namespace {

using codec::SideTable;
using testing::HasSubstr;

const Guid user = guid(77);

class DamagedSideRow : public testing::Test {
 protected:
  DamagedSideRow() {
    Session session = named("a run");
    session.flowsessionid = running;
    session.statuscode = StatusCode::running;
    value_of(store->create(session));
    value_of(store->cancel(running));
    value_of(store->grant_access(running, user, AccessRight::read));
    session.flowsessionid = ended;
    session.statuscode = StatusCode::succeeded;
    session.callbackurl = "https://example.com/";
    value_of(store->create(session));
    EXPECT_TRUE(value_of(store->check()).clean());
  }
  static storage::Table table(RawStore& raw, SideTable which) { return raw.tables().of(which); }
  /// The findings of a check, a line each.
  std::string findings() {
    std::string text;
    for (const Finding& finding : value_of(store->check()).findings) text += finding.where + ": " + finding.what + "\n";
    return text;
  }

  const Guid running = guid(1);
  const Guid ended = guid(2);
  TestStore store{};
};

TEST_F(DamagedSideRow, IsFoundInEveryTable) {
  for (const SideTable which : {SideTable::cancel_requests, SideTable::callbacks, SideTable::callbacks_due,
                                SideTable::shares, SideTable::shared_with}) {
    TestStore damaged;
    Session session = named("a run");
    session.statuscode = StatusCode::running;
    const Guid id = value_of(damaged->create(session));
    value_of(damaged->cancel(id));
    value_of(damaged->grant_access(id, user, AccessRight::read));
    session.statuscode = StatusCode::succeeded;
    session.callbackurl = "https://example.com/";
    value_of(damaged->create(session));
    tamper(damaged, [&](RawStore& raw) { raw.damage(table(raw, which), raw.key_at(table(raw, which), 0)); });
    const CheckReport report = value_of(damaged->check());
    EXPECT_FALSE(report.clean()) << codec::info(which).name;
    // Those that belong together are compared first.
    std::string where;
    for (const Finding& finding : report.findings) where += finding.where + "\n";
    EXPECT_THAT(where, HasSubstr(std::string("table ") + codec::info(which).name + "\n"));
  }
}

TEST_F(DamagedSideRow, StopsWhatMeetsIt) {
  tamper(store, [](RawStore& raw) {
    for (const SideTable which : {SideTable::cancel_requests, SideTable::callbacks, SideTable::shares}) {
      raw.damage(table(raw, which), raw.key_at(table(raw, which), 0));
    }
  });
  EXPECT_EQ(refusal(store->cancel(running)).code, Errc::corrupt);
  EXPECT_EQ(refusal(store->grant_access(running, user, AccessRight::read)).code, Errc::corrupt);
  EXPECT_EQ(refusal(store->claim_callbacks(1, std::chrono::hours(1))).code, Errc::corrupt);
  const Snapshot snapshot = value_of(store->snapshot());
  EXPECT_EQ(refusal(snapshot.cancel_requests()).code, Errc::corrupt);
  EXPECT_EQ(refusal(snapshot.callbacks()).code, Errc::corrupt);
  EXPECT_EQ(refusal(snapshot.shares(running)).code, Errc::corrupt);
  const Store as_user = value_of(store->as({user, {}, AccessRights::all()}));
  EXPECT_EQ(refusal(as_user.get(running)).code, Errc::corrupt);
  // The session itself is whole.
  EXPECT_TRUE(store->get(running));
}

TEST_F(DamagedSideRow, WithoutItsCounterpartIsFound) {
  tamper(store, [](RawStore& raw) {
    for (const SideTable which : {SideTable::callbacks_due, SideTable::shared_with}) {
      raw.remove(table(raw, which), raw.key_at(table(raw, which), 0));
    }
  });
  const std::string found = findings();
  EXPECT_THAT(found, HasSubstr("is waiting, and not among those that are due"));
  EXPECT_THAT(found, HasSubstr("is not found by its principal as it is"));
}

TEST_F(DamagedSideRow, ThatIsLeftOverIsFound) {
  tamper(store, [](RawStore& raw) {
    for (const SideTable which : {SideTable::callbacks, SideTable::shares}) {
      raw.remove(table(raw, which), raw.key_at(table(raw, which), 0));
    }
  });
  const std::string found = findings();
  EXPECT_THAT(found, HasSubstr("leads to no callback that is waiting"));
  EXPECT_THAT(found, HasSubstr("which is not shared with it"));
}

TEST_F(DamagedSideRow, OfASessionThatIsNotThereIsFound) {
  tamper(store, [](RawStore& raw) {
    const auto put = [&](SideTable which, const std::string& key, const std::string& payload) {
      std::string value;
      codec::encode_value(value, codec::info(which).kind, 0, key, payload);
      raw.put(table(raw, which), key, value);
    };
    const std::string nobody = index::guid_key(guid(9));
    put(SideTable::cancel_requests, nobody, codec::encode(codec::CancelRequestRow{at("2022-01-01"), {}}));
    put(SideTable::cancel_requests, index::guid_key(guid(2)),
        codec::encode(codec::CancelRequestRow{at("2022-01-01"), {}}));
    Callback callback;
    callback.flowsessionid = guid(9);
    callback.url = "https://example.com/";
    callback.state = CallbackState::delivered;
    put(SideTable::callbacks, nobody, codec::encode(callback));
    put(SideTable::shares, nobody + index::guid_key(user), codec::encode(codec::ShareRow{1, EntityType::team, {}, {}}));
    put(SideTable::processes, codec::number_key(0), codec::encode(codec::ProcessRow{}));
  });
  const std::string found = findings();
  EXPECT_THAT(found, HasSubstr(guid(9).str() + ", which is to be cancelled, is missing"));
  EXPECT_THAT(found, HasSubstr(guid(2).str() + ", which is to be cancelled, has a terminal status"));
  EXPECT_THAT(found, HasSubstr(guid(9).str() + ", whose callback is over, is missing"));
  EXPECT_THAT(found, HasSubstr(guid(9).str() + ", which is shared, is missing"));
  EXPECT_THAT(found, HasSubstr("a process has the number of none"));
}

}  // namespace
}  // namespace flowkeep::test

#include <gmock/gmock.h>

#include "store_fixture.hpp"

namespace flowkeep::test {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(StoreCreate, RefusesEveryReadOnlyColumn) {
  const TestStore store;
  for (const ColumnInfo& column : columns()) {
    if (column.access != ColumnAccess::read_only) continue;
    Session session;
    set_sample(session, column);
    const Error error = refusal(store->create(session));
    EXPECT_EQ(error.code, Errc::invalid_argument) << column.name;
    EXPECT_THAT(error.message, HasSubstr(std::string(column.name) + ": read-only"));
  }
  EXPECT_EQ(store->stats()->sessions, 0U);
}

TEST(StoreCreate, KeepsEveryColumnItIsGiven) {
  const TestStore store;
  for (const ColumnInfo& column : columns()) {
    if (column.access == ColumnAccess::read_only || column.kind == ColumnKind::binary) continue;
    if (column.column == Column::statecode || column.column == Column::overriddencreatedon) continue;
    Session session;
    set_sample(session, column);
    if (column.column == Column::statuscode) session.statecode = StateCode::inactive;  // 14 Terminated is
    const Guid id = value_of(store->create(session));
    const Session stored = value_of(store->get(id));
    ValueView expected = value(session, column.column);
    if (auto* lookup = std::get_if<Reference>(&expected)) lookup->type = column.target;
    const ValueView kept = value(stored, column.column);
    ASSERT_EQ(kept.index(), expected.index()) << column.name;
    EXPECT_TRUE(std::visit(
        [&](const auto& view) {
          using View = std::decay_t<decltype(view)>;
          if constexpr (std::is_same_v<View, BinaryView>) {
            return false;
          } else {
            return view == std::get<View>(expected);
          }
        },
        kept))
        << column.name;
    value_of(store->erase(id));
  }
}

TEST(StoreCreate, HoldsEveryTextToItsLengthInUtf16Units) {
  const TestStore store;
  for (const ColumnInfo& column : columns()) {
    if (column.kind != ColumnKind::text) continue;
    const std::size_t limit = column.max_utf16_units;
    // U+1F916 takes two units and four bytes, é one and two.
    for (const std::string& longest : {repeated("é", limit), repeated("🤖", limit / 2) + repeated("a", limit % 2)}) {
      Session session;
      value_of(set_value(session, column.column, std::string_view(longest)));
      EXPECT_TRUE(store->create(session)) << column.name;
      const std::string longer = longest + "a";
      value_of(set_value(session, column.column, std::string_view(longer)));
      const Error error = refusal(store->create(session));
      EXPECT_EQ(error.code, Errc::invalid_argument);
      EXPECT_EQ(error.message, std::string(column.name) + ": " + std::to_string(limit + 1) +
                                   " characters (UTF-16 units), at most " + std::to_string(limit) + " are allowed");
    }
  }
}

TEST(StoreCreate, DoesNotQuoteSecrets) {
  const TestStore store;
  for (const Column column : {Column::credentials, Column::callbackurl}) {
    Session session;
    const std::string secret = repeated("hunter2 ", info(column).max_utf16_units / 4);
    value_of(set_value(session, column, std::string_view(secret)));
    EXPECT_THAT(refusal(store->create(session)).message, Not(HasSubstr("hunter2")));
    const std::string broken = "hunter2 \xff";
    value_of(set_value(session, column, std::string_view(broken)));
    EXPECT_THAT(refusal(store->create(session)).message, Not(HasSubstr("hunter2")));
  }
}

TEST(StoreCreate, NamesColumnValueAndLimitOfWhatItRefuses) {
  const TestStore store;
  struct Case {
    Session session;
    std::string_view sentence;
  };
  std::vector<Case> cases(9);
  cases[0].session.machineramusage = -1;
  cases[0].sentence = "machineramusage: -1 is outside 0 to 2147483647";
  cases[1].session.machinepercentcpuusage = 100.5;
  cases[1].sentence = "machinepercentcpuusage: 100.5 is outside 0 to 100";
  cases[2].session.timezoneruleversionnumber = -2;
  cases[2].sentence = "timezoneruleversionnumber: -2 is outside -1 to 2147483647";
  cases[3].session.runmode = static_cast<RunMode>(3);
  cases[3].sentence = "runmode: 3 is not one of 0 Local, 1 Attended, 2 Unattended";
  cases[4].session.machineid = Reference(guid(1), EntityType::workflow);
  cases[4].sentence = "machineid: leads to workflow, only flowmachine is allowed";
  cases[5].session.ownerid = Reference(guid(1), EntityType::businessunit);
  cases[5].sentence = "ownerid: leads to businessunit, only systemuser or team is allowed";
  cases[6].session.startedon = max_timestamp + Ticks(1);
  cases[6].sentence = "startedon: ";
  cases[7].session.name = "\xC3\x28";
  cases[7].sentence = "name: the text is not valid UTF-8";
  cases[8].session.extra["machineid"] = "1";
  cases[8].sentence = "machineid: a column of the entity, not an extra column";
  for (const Case& one : cases) {
    const Error error = refusal(store->create(one.session));
    EXPECT_EQ(error.code, Errc::invalid_argument);
    EXPECT_THAT(error.message, HasSubstr(std::string(one.sentence)));
  }
}

TEST(StoreCreate, AcceptsTheEndsOfEveryRange) {
  const TestStore store;
  for (const ColumnInfo& column : columns()) {
    if (column.access == ColumnAccess::read_only) continue;
    for (const bool upper : {false, true}) {
      Session session;
      if (column.kind == ColumnKind::int32) {
        value_of(set_value(session, column.column, static_cast<std::int32_t>(upper ? column.maximum : column.minimum)));
      } else if (column.kind == ColumnKind::decimal) {
        value_of(set_value(session, column.column, upper ? column.maximum : column.minimum));
      } else if (column.kind == ColumnKind::int64) {
        value_of(set_value(session, column.column, upper ? INT64_MAX : INT64_MIN));
      } else if (column.kind == ColumnKind::timestamp) {
        value_of(set_value(session, column.column, upper ? max_timestamp : min_timestamp));
      } else {
        continue;
      }
      EXPECT_TRUE(store->create(session)) << column.name;
    }
  }
}

TEST(StoreCreate, MakesAnIdOfVersion7WhereNoneIsGiven) {
  const TestStore store;
  const Guid first = value_of(store->create(named("one")));
  const Guid second = value_of(store->create(named("two")));
  EXPECT_EQ(first.bytes[6] >> 4, 7);
  EXPECT_LT(first, second);
}

TEST(StoreCreate, AcceptsEveryGuidAsAnId) {
  const TestStore store;
  Session session;
  session.flowsessionid = Guid{};
  EXPECT_TRUE(store->create(session));
  session.flowsessionid->bytes.fill(0xff);
  EXPECT_TRUE(store->create(session));
  EXPECT_TRUE(value_of(store->find(Guid{})));
}

TEST(StoreCreate, RefusesAnIdThatIsThere) {
  const TestStore store;
  Session session;
  session.flowsessionid = guid(1);
  value_of(store->create(session));
  const Error error = refusal(store->create(session));
  EXPECT_EQ(error.code, Errc::already_exists);
  EXPECT_EQ(error.dataverse, DataverseCode::duplicate_record);
  EXPECT_THAT(error.message, HasSubstr(guid(1).str()));
}

TEST(StoreCreate, FillsInTimesAndCaller) {
  OpenOptions options;
  options.caller = {guid(1), guid(2), guid(3)};
  const TestStore store(options);
  const Timestamp before = now();
  const Session stored = value_of(store->get(value_of(store->create(named("filled")))));
  EXPECT_GE(*stored.createdon, before);
  EXPECT_LE(*stored.createdon, now());
  EXPECT_EQ(stored.modifiedon, stored.createdon);
  EXPECT_EQ(stored.createdby, Reference(guid(1), EntityType::systemuser));
  EXPECT_EQ(stored.modifiedby, stored.createdby);
  EXPECT_EQ(stored.ownerid, stored.createdby);
  EXPECT_EQ(stored.owninguser, stored.createdby);
  EXPECT_FALSE(stored.owningteam);
  EXPECT_EQ(stored.createdonbehalfby, Reference(guid(2), EntityType::systemuser));
  EXPECT_EQ(stored.modifiedonbehalfby, stored.createdonbehalfby);
  EXPECT_EQ(stored.owningbusinessunit, Reference(guid(3), EntityType::businessunit));
  EXPECT_EQ(stored.runsessionmode, RunSessionMode::unapplicable);
  EXPECT_EQ(stored.subcategory, Subcategory::default_category);
  EXPECT_FALSE(stored.runmode);
  EXPECT_FALSE(stored.overriddencreatedon);
}

TEST(StoreCreate, LeavesTheCallersColumnsNullWithoutACaller) {
  const TestStore store;
  const Session stored = value_of(store->get(value_of(store->create(named("nobody's")))));
  for (const auto& reference : {stored.createdby, stored.modifiedby, stored.createdonbehalfby, stored.ownerid,
                                stored.owninguser, stored.owningteam, stored.owningbusinessunit}) {
    EXPECT_FALSE(reference);
  }
}

TEST(StoreCreate, TakesTheCallerOfTheTransaction) {
  OpenOptions options;
  options.caller.user = guid(1);
  const TestStore store(options);
  Caller other;
  other.user = guid(9);
  WriteTransaction transaction = value_of(store->write(other));
  const Guid id = value_of(transaction.create(named("another's")));
  value_of(transaction.commit());
  EXPECT_EQ(value_of(store->get(id)).createdby->id, guid(9));
}

TEST(StoreCreate, KeepsTheKindOfTheOwner) {
  OpenOptions options;
  options.caller.user = guid(1);
  const TestStore store(options);
  Session session;
  session.ownerid = Reference(guid(5), EntityType::team);
  const Session stored = value_of(store->get(value_of(store->create(session))));
  EXPECT_EQ(stored.ownerid, Reference(guid(5), EntityType::team));
  EXPECT_EQ(stored.owningteam, stored.ownerid);
  EXPECT_FALSE(stored.owninguser);
}

TEST(StoreCreate, GivesLookupsTheKindOfTheirColumn) {
  const TestStore store;
  Session session;
  session.machineid = Reference(guid(5));
  session.parentdesktopflowrunid = Reference(guid(6));
  const Session stored = value_of(store->get(value_of(store->create(session))));
  EXPECT_EQ(stored.machineid->type, EntityType::flowmachine);
  EXPECT_EQ(stored.parentdesktopflowrunid->type, EntityType::flowsession);
}

TEST(StoreCreate, MakesOverriddencreatedonTheCreatedonAndKeepsTheRealDay) {
  const TestStore store;
  Session session;
  session.overriddencreatedon = at("2019-03-04T05:06:07.1234567Z");
  const Timestamp before = std::chrono::floor<std::chrono::days>(now());
  const Session stored = value_of(store->get(value_of(store->create(session))));
  EXPECT_EQ(*stored.createdon, at("2019-03-04T05:06:07.1234567Z"));
  EXPECT_GE(*stored.overriddencreatedon, before);
  EXPECT_EQ(*stored.overriddencreatedon, Timestamp(std::chrono::floor<std::chrono::days>(*stored.overriddencreatedon)));
}

TEST(StoreCreate, RoundsPercentagesToTwoDecimals) {
  const TestStore store;
  Session session;
  session.machinepercentcpuusage = 12.345678;
  EXPECT_EQ(value_of(store->get(value_of(store->create(session)))).machinepercentcpuusage, 12.35);
}

TEST(StoreCreate, TellsEmptyAndZeroFromNull) {
  const TestStore store;
  Session session;
  session.name = "";
  session.runduration = 0;
  session.inputs.emplace().content = Content("");
  session.outputs.emplace();
  const Session stored = value_of(store->get(value_of(store->create(session))));
  EXPECT_EQ(stored.name, "");
  EXPECT_EQ(stored.runduration, 0);
  EXPECT_FALSE(stored.context);
  ASSERT_TRUE(stored.inputs && stored.inputs->stored);
  EXPECT_EQ(stored.inputs->stored->size, 0U);
  EXPECT_FALSE(stored.outputs);
}

struct StartCase {
  std::optional<StateCode> state;
  std::optional<StatusCode> status;
  std::optional<StatusCode> result;  // none: refused
};

TEST(StoreCreate, StartsAtAnyLegalPair) {
  const TestStore store;
  std::vector<StartCase> cases{{std::nullopt, std::nullopt, StatusCode::paused},
                               {StateCode::active, std::nullopt, StatusCode::paused},
                               {StateCode::inactive, std::nullopt, std::nullopt}};
  for (std::int32_t code = 0; code < status_count; ++code) {
    const auto status = static_cast<StatusCode>(code);
    const bool inactive = code == 0 || code == 13 || code == 14;
    cases.push_back({std::nullopt, status, inactive ? std::nullopt : std::optional(status)});
    cases.push_back({StateCode::active, status, inactive ? std::nullopt : std::optional(status)});
    cases.push_back({StateCode::inactive, status, inactive ? std::optional(status) : std::nullopt});
  }
  for (const StartCase& one : cases) {
    Session session;
    session.statecode = one.state;
    session.statuscode = one.status;
    const auto made = store->create(session);
    if (one.result) {
      EXPECT_EQ(value_of(store->get(value_of(made))).statuscode, one.result);
    } else {
      const Error error = refusal(made);
      EXPECT_EQ(error.code, Errc::invalid_transition);
      EXPECT_EQ(error.dataverse, DataverseCode::invalid_state_code_status_code);
      EXPECT_THAT(error.message, HasSubstr("statecode"));
    }
  }
}

TEST(StoreCreate, NamesTheStatusesOfInactiveWhereNoneIsGiven) {
  const TestStore store;
  Session session;
  session.statecode = StateCode::inactive;
  const std::string message = refusal(store->create(session)).message;
  EXPECT_THAT(message, HasSubstr("0 NotSpecified, 13 Deleted and 14 Terminated"));
}

TEST(StoreCreate, SetsTheTimesOfTheStatusItStartsWith) {
  const TestStore store;
  for (std::int32_t code = 0; code < status_count; ++code) {
    const auto status = static_cast<StatusCode>(code);
    Session session;
    session.statuscode = status;
    session.statecode = state_of(status);
    const Session stored = value_of(store->get(value_of(store->create(session))));
    EXPECT_EQ(stored.startedon.has_value(), status == StatusCode::running) << code;
    EXPECT_EQ(stored.completedon.has_value(), is_terminal(status)) << code;
    if (stored.completedon) {
      EXPECT_EQ(stored.completedon, stored.createdon);
    }
  }
}

TEST(StoreCreate, KeepsTimesThatAreGiven) {
  const TestStore store;
  Session session;
  session.statuscode = StatusCode::failed;
  session.completedon = at("2020-01-02");
  session.startedon = at("2020-01-03");
  const Session stored = value_of(store->get(value_of(store->create(session))));
  EXPECT_EQ(stored.completedon, at("2020-01-02"));
  EXPECT_EQ(stored.startedon, at("2020-01-03"));
}

}  // namespace
}  // namespace flowkeep::test

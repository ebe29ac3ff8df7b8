#include "codec/record.hpp"

#include <gtest/gtest.h>

#include <random>
#include <type_traits>

#include "entity/members.hpp"
#include "store_fixture.hpp"

namespace flowkeep::codec {
namespace {

using test::guid;

// What a value of each kind may be: the ends of its range, nothing, much.
template <class T>
T any_value(const ColumnInfo& column, std::mt19937_64& random) {
  if constexpr (std::is_same_v<T, Guid>) {
    Guid made;
    for (auto& byte : made.bytes) byte = static_cast<std::uint8_t>(random());
    return made;
  } else if constexpr (std::is_same_v<T, std::string>) {
    const std::string_view texts[] = {"", "a", "東京", "line\nline", "\U0001F916"};
    return random() % 8 == 0 ? std::string(random() % 5000, 'x') : std::string(texts[random() % 5]);
  } else if constexpr (std::is_same_v<T, Reference>) {
    return Reference(any_value<Guid>(column, random), static_cast<EntityType>(1 + random() % 10));
  } else if constexpr (std::is_same_v<T, Timestamp>) {
    return random() % 4 == 0 ? min_timestamp : random() % 4 == 0 ? max_timestamp : Timestamp(Ticks(random() % 1000));
  } else if constexpr (std::is_same_v<T, Binary>) {
    Binary binary;
    if (random() % 2 == 0) binary.name = any_value<std::string>(column, random);
    if (random() % 3 == 0) {
      binary.reference = any_value<Guid>(column, random);
    } else {
      binary.stored = StoredContent{random(), random(), random() % 3};
    }
    return binary;
  } else if constexpr (std::is_enum_v<T>) {
    return static_cast<T>(column.choices[random() % column.choices.size()].value);
  } else if constexpr (std::is_same_v<T, double>) {
    return static_cast<double>(random() % 10'001) / 100;
  } else {
    const T numbers[] = {0, -1, std::numeric_limits<T>::min(), std::numeric_limits<T>::max(), static_cast<T>(random())};
    return numbers[random() % 5];
  }
}

enum class Fill : std::uint8_t { everything, some, nothing };

Session any_session(std::uint64_t seed, Fill fill) {
  std::mt19937_64 random(seed);
  Session session;
  entity::for_each_member([&]<Column column, class T>(std::optional<T> Session::*member) {
    const bool is_needed = column == Column::flowsessionid || column == Column::createdon ||
                           column == Column::versionnumber || column == Column::statecode ||
                           column == Column::statuscode;
    if (!is_needed && (fill == Fill::nothing || (fill == Fill::some && random() % 2 == 0))) return;
    session.*member = any_value<T>(info(column), random);
  });
  if (fill != Fill::nothing) session.extra = {{"fk_a", "{\"x\":1}"}, {"fk_東", "null"}};
  return session;
}

bool equal(const BinaryView& left, const BinaryView& right) {
  return left.name == right.name && left.reference == right.reference && left.stored == right.stored;
}

void expect_equal(const ValueView& left, const ValueView& right, std::string_view column) {
  ASSERT_EQ(left.index(), right.index()) << column;
  const bool same = std::visit(
      [&](const auto& view) {
        using View = std::decay_t<decltype(view)>;
        if constexpr (std::is_same_v<View, BinaryView>) {
          return equal(view, std::get<View>(right));
        } else {
          return view == std::get<View>(right);
        }
      },
      left);
  EXPECT_TRUE(same) << column;
}

SessionView view_of(const std::string& record) {
  return test::value_of(RecordView::verify(record));
}

constexpr Fill fills[] = {Fill::everything, Fill::some, Fill::nothing};

TEST(Record, ShowsEveryColumnByItsNumber) {
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    const Session session = any_session(seed, fills[seed % 3]);
    std::string record;
    record = encode_record(session);
    const SessionView view = view_of(record);
    for (const ColumnInfo& column : columns()) {
      expect_equal(view.value(column.column), value(session, column.column), column.name);
    }
  }
}

TEST(Record, IsCopiedWhole) {
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    const Session session = any_session(seed, fills[seed % 3]);
    std::string record;
    record = encode_record(session);
    const Session copy = view_of(record).copy();
    for (const ColumnInfo& column : columns()) {
      expect_equal(value(copy, column.column), value(session, column.column), column.name);
    }
    EXPECT_EQ(copy.extra, session.extra);
  }
}

void expect_accessors(const SessionView& view, const Session& session) {
  EXPECT_EQ(view.flowsessionid(), session.flowsessionid);
  EXPECT_EQ(view.name(), session.name);
  EXPECT_EQ(view.correlationid(), session.correlationid);
  EXPECT_EQ(view.clienttrackingid(), session.clienttrackingid);
  EXPECT_EQ(view.regardingobjectid(), session.regardingobjectid);
  EXPECT_EQ(view.machineid(), session.machineid);
  EXPECT_EQ(view.machinegroupid(), session.machinegroupid);
  EXPECT_EQ(view.parentdesktopflowrunid(), session.parentdesktopflowrunid);
  EXPECT_EQ(view.statecode(), session.statecode);
  EXPECT_EQ(view.statuscode(), session.statuscode);
  EXPECT_EQ(view.runmode(), session.runmode);
  EXPECT_EQ(view.runsessionmode(), session.runsessionmode);
  EXPECT_EQ(view.subcategory(), session.subcategory);
  EXPECT_EQ(view.triggertype(), session.triggertype);
  EXPECT_EQ(view.createdon(), session.createdon);
  EXPECT_EQ(view.modifiedon(), session.modifiedon);
  EXPECT_EQ(view.startedon(), session.startedon);
  EXPECT_EQ(view.completedon(), session.completedon);
  EXPECT_EQ(view.overriddencreatedon(), session.overriddencreatedon);
  EXPECT_EQ(view.runduration(), session.runduration);
  EXPECT_EQ(view.runexecutionduration(), session.runexecutionduration);
  EXPECT_EQ(view.runwaitduration(), session.runwaitduration);
  EXPECT_EQ(view.errorcode(), session.errorcode);
  EXPECT_EQ(view.errormessage(), session.errormessage);
  EXPECT_EQ(view.errordetails(), session.errordetails);
  EXPECT_EQ(view.errorinnererror(), session.errorinnererror);
  EXPECT_EQ(view.context(), session.context);
  EXPECT_EQ(view.rundetails(), session.rundetails);
  EXPECT_EQ(view.processversion(), session.processversion);
  EXPECT_EQ(view.sessionusername(), session.sessionusername);
  EXPECT_EQ(view.sessionusersid(), session.sessionusersid);
  EXPECT_EQ(view.connectionid(), session.connectionid);
  EXPECT_EQ(view.gateway(), session.gateway);
  EXPECT_EQ(view.callbackurl(), session.callbackurl);
  EXPECT_EQ(view.credentials(), session.credentials);
  EXPECT_EQ(view.parentworkflowid(), session.parentworkflowid);
  EXPECT_EQ(view.parentcloudflowrunsequenceid(), session.parentcloudflowrunsequenceid);
  EXPECT_EQ(view.machinepercentcpuusage(), session.machinepercentcpuusage);
  EXPECT_EQ(view.machinepercentramusage(), session.machinepercentramusage);
  EXPECT_EQ(view.machineramusage(), session.machineramusage);
  EXPECT_EQ(view.computeruseagentid(), session.computeruseagentid);
  EXPECT_EQ(view.flowtestsessionid(), session.flowtestsessionid);
  EXPECT_EQ(view.flowtriggerid(), session.flowtriggerid);
  EXPECT_EQ(view.ownerid(), session.ownerid);
  EXPECT_EQ(view.owninguser(), session.owninguser);
  EXPECT_EQ(view.owningteam(), session.owningteam);
  EXPECT_EQ(view.owningbusinessunit(), session.owningbusinessunit);
  EXPECT_EQ(view.createdby(), session.createdby);
  EXPECT_EQ(view.createdonbehalfby(), session.createdonbehalfby);
  EXPECT_EQ(view.modifiedby(), session.modifiedby);
  EXPECT_EQ(view.modifiedonbehalfby(), session.modifiedonbehalfby);
  EXPECT_EQ(view.importsequencenumber(), session.importsequencenumber);
  EXPECT_EQ(view.timezoneruleversionnumber(), session.timezoneruleversionnumber);
  EXPECT_EQ(view.utcconversiontimezonecode(), session.utcconversiontimezonecode);
  EXPECT_EQ(view.versionnumber(), session.versionnumber);
  const auto expect_binary = [](const BinaryView& shown, const std::optional<Binary>& given) {
    EXPECT_EQ(shown.name, given ? given->name : std::nullopt);
    EXPECT_EQ(shown.reference, given ? given->reference : std::nullopt);
    EXPECT_EQ(shown.stored, given ? given->stored : std::nullopt);
  };
  expect_binary(view.inputs(), session.inputs);
  expect_binary(view.outputs(), session.outputs);
  expect_binary(view.additionalcontext(), session.additionalcontext);
  EXPECT_EQ(view.has_extra(), !session.extra.empty());
  EXPECT_EQ(view.extra().size(), session.extra.size());
}

TEST(Record, ShowsEveryColumnByItsName) {
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    SCOPED_TRACE(seed);
    const Session session = any_session(seed, fills[seed % 3]);
    std::string record;
    record = encode_record(session);
    expect_accessors(view_of(record), session);
  }
}

TEST(Record, LeavesNothingBehindForTheNext) {
  std::string record;
  record = encode_record(any_session(1, Fill::everything));
  const Session bare = any_session(2, Fill::nothing);
  record = encode_record(bare);
  expect_accessors(view_of(record), bare);
}

TEST(Record, RefusesOneWithoutAColumnThatNoneLacks) {
  for (const auto& drop :
       {+[](Session& session) { session.flowsessionid.reset(); }, +[](Session& session) { session.createdon.reset(); },
        +[](Session& session) { session.versionnumber.reset(); }, +[](Session& session) { session.statecode.reset(); },
        +[](Session& session) { session.statuscode.reset(); },
        +[](Session& session) { session.statuscode = static_cast<StatusCode>(status_count); },
        +[](Session& session) { session.statuscode = static_cast<StatusCode>(-1); },
        +[](Session& session) { session.statecode = static_cast<StateCode>(state_count); }}) {
    Session session = any_session(1, Fill::everything);
    drop(session);
    std::string record;
    record = encode_record(session);
    EXPECT_EQ(test::refusal(RecordView::verify(record)).code, Errc::corrupt);
  }
}

// Reads everything of a view, for the sanitizers to watch.
std::size_t read_everything(const SessionView& view) {
  std::size_t sum = 0;
  for (const ColumnInfo& column : columns()) {
    const ValueView shown = view.value(column.column);
    if (const auto* text = std::get_if<std::string_view>(&shown)) sum += std::hash<std::string_view>()(*text);
    sum += shown.index();
  }
  return sum + view.copy().extra.size();
}

// The checksum in front of a record finds any damage; should a damaged record come through, it still has to be safe.
TEST(Record, EndsWithAnAnswerForEveryDamage) {
  std::size_t sum = 0;
  for (std::uint64_t seed = 0; seed < 3000; ++seed) {
    std::mt19937_64 random(seed);
    std::string record;
    record = encode_record(any_session(seed % 20, fills[seed % 3]));
    if (random() % 3 == 0) record.resize(random() % record.size());
    for (std::uint64_t flips = random() % 4; flips > 0 && !record.empty(); --flips) {
      record[random() % record.size()] = static_cast<char>(random());
    }
    const auto view = RecordView::verify(record);
    if (view) {
      sum += read_everything(*view);
    } else {
      EXPECT_EQ(view.error().code, Errc::corrupt);
    }
  }
  EXPECT_GT(sum, 0U);
}

TEST(Record, RefusesEveryTruncation) {
  std::string record;
  record = encode_record(any_session(3, Fill::everything));
  for (std::size_t size = 0; size < 8; ++size) {
    EXPECT_EQ(test::refusal(RecordView::verify(std::string_view(record).substr(0, size))).code, Errc::corrupt);
  }
}

}  // namespace
}  // namespace flowkeep::codec

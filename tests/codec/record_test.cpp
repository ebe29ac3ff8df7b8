#include "codec/record.hpp"

#include <gtest/gtest.h>

#include <random>
#include <thread>
#include <type_traits>

#include "base/guid_key.hpp"
#include "codec/record_head.hpp"
#include "codec/value.hpp"
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

void expect_equal(const flowkeep::ValueView& left, const flowkeep::ValueView& right, std::string_view column) {
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

constexpr std::string_view record_key = "createdon+arrival";
constexpr std::uint64_t arrival = 77;

// Of the columns of such sessions as these tests make.
const base::PackingDictionary& record_dictionary() {
  static const auto made = [] {
    std::string samples;
    std::vector<std::size_t> sizes;
    for (std::uint64_t seed = 0; seed < 300; ++seed) {
      std::string value;
      const std::size_t bytes = encode_record(value, any_session(seed, Fill::some), record_key, {true, nullptr});
      samples += payload_of(value).substr(head_bytes, bytes);
      sizes.push_back(payload_of(value).size() - head_bytes);
    }
    return test::value_of(base::PackingDictionary::make(7, base::Packing::train(samples, sizes, 16384)));
  }();
  return *made;
}

enum class Form : std::uint8_t { flat, packed, packed_with_dictionary };
void PrintTo(Form form, std::ostream* out) {
  *out << (form == Form::flat ? "flat" : form == Form::packed ? "packed" : "packed_with_dictionary");
}

class Record : public testing::TestWithParam<Form> {
 protected:
  /// The value of a session's row.
  [[nodiscard]] std::string encode(const Session& session) const {
    std::string value;
    const bool has_dictionary = GetParam() == Form::packed_with_dictionary;
    static_cast<void>(encode_record(value, session, record_key,
                                    {GetParam() != Form::flat, has_dictionary ? &record_dictionary() : nullptr}));
    return value;
  }
  [[nodiscard]] static Result<SessionView> open(std::string_view value) {
    const std::uint16_t packed_with = RecordView::dictionary_of(value);
    if (packed_with != 0 && packed_with != record_dictionary().id()) return fail(Errc::corrupt, "no such dictionary");
    return RecordView::open(value, packed_with == 0 ? nullptr : &record_dictionary(), arrival);
  }
  [[nodiscard]] static SessionView view_of(std::string_view value) { return test::value_of(open(value)); }
  /// The same value with another payload.
  [[nodiscard]] static std::string with_payload(std::string_view value, std::string_view payload) {
    std::string other(header_bytes, '\0');
    other += payload;
    seal_value(other, peek_kind(value), peek_version(value), record_key);
    return other;
  }
};

INSTANTIATE_TEST_SUITE_P(Of, Record, testing::Values(Form::flat, Form::packed, Form::packed_with_dictionary),
                         testing::PrintToStringParamName());

constexpr Fill fills[] = {Fill::everything, Fill::some, Fill::nothing};

TEST_P(Record, ShowsEveryColumnByItsNumber) {
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    const Session session = any_session(seed, fills[seed % 3]);
    const std::string record = encode(session);
    const SessionView view = view_of(record);
    for (const ColumnInfo& column : columns()) {
      expect_equal(view.value(column.column), value(session, column.column), column.name);
    }
  }
}

TEST_P(Record, IsCopiedWhole) {
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    const Session session = any_session(seed, fills[seed % 3]);
    const std::string record = encode(session);
    const Session copy = test::value_of(view_of(record).copy());
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

TEST_P(Record, ShowsEveryColumnByItsName) {
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    SCOPED_TRACE(seed);
    const Session session = any_session(seed, fills[seed % 3]);
    const std::string record = encode(session);
    expect_accessors(view_of(record), session);
  }
}

TEST_P(Record, LeavesNothingBehindForTheNext) {
  EXPECT_FALSE(encode(any_session(1, Fill::everything)).empty());
  const Session bare = any_session(2, Fill::nothing);
  const std::string record = encode(bare);
  expect_accessors(view_of(record), bare);
}

TEST_P(Record, IsVerifiedWithItsKey) {
  const std::string record = encode(any_session(4, Fill::everything));
  EXPECT_EQ(test::value_of(RecordView::verify(record_key, record)), RecordView::dictionary_of(record));
  EXPECT_EQ(test::refusal(RecordView::verify("another key", record)).code, Errc::corrupt);
}

TEST_P(Record, SharesWhatWasUnpackedAmongCopies) {
  const Session session = any_session(5, Fill::everything);
  const std::string record = encode(session);
  std::optional<SessionView> first = view_of(record);
  const SessionView before = *first;  // unpacks for itself
  const std::string_view name = *first->name();
  SessionView copy = *first;
  SessionView moved = std::move(*first);
  first.reset();
  EXPECT_EQ(copy.name()->data(), name.data());
  copy = moved;
  moved = before;
  EXPECT_EQ(name, *session.name);
  EXPECT_EQ(copy.name()->data(), name.data());
  EXPECT_EQ(moved.name(), session.name);
  SessionView& self = copy;
  copy = self;
  EXPECT_EQ(copy.name(), session.name);
}

TEST_P(Record, IsUnpackedByManyThreadsAtOnce) {
  const Session session = any_session(6, Fill::everything);
  const std::string record = encode(session);
  for (int round = 0; round < 50; ++round) {
    const SessionView view = view_of(record);
    std::vector<std::thread> threads;
    for (int i = 0; i < 3; ++i) threads.emplace_back([&] { EXPECT_EQ(view.context(), session.context); });
    for (std::thread& thread : threads) thread.join();
  }
}

TEST_P(Record, GivesBackCorrelationidsOfEveryShape) {
  for (const char* text : {"", "run-1", "c0ee9698-5ac7-5f78-b464-d9d3a15b9fda", "C0EE9698-5AC7-5F78-B464-D9D3A15B9FDA",
                           "{c0ee9698-5ac7-5f78-b464-d9d3a15b9fda}", "00000000-0000-0000-0000-000000000000"}) {
    Session session = any_session(7, Fill::nothing);
    session.correlationid = text;
    const std::string record = encode(session);
    const SessionView view = view_of(record);
    EXPECT_EQ(view.correlationid(), text);
    const bool is_short = GetParam() != Form::flat && base::canonical_guid(text).has_value();
    EXPECT_EQ(RecordView::correlation_guid(view).has_value(), is_short) << text;
  }
}

TEST_P(Record, RefusesOneWithoutAColumnThatNoneLacks) {
  if (GetParam() != Form::flat) GTEST_SKIP() << "a head has them all";
  for (const auto& drop :
       {+[](Session& session) { session.flowsessionid.reset(); }, +[](Session& session) { session.createdon.reset(); },
        +[](Session& session) { session.versionnumber.reset(); }, +[](Session& session) { session.statecode.reset(); },
        +[](Session& session) { session.statuscode.reset(); }}) {
    Session session = any_session(1, Fill::everything);
    drop(session);
    EXPECT_EQ(test::refusal(open(encode(session))).code, Errc::corrupt);
  }
}

TEST_P(Record, RefusesCodesOutsideTheOptionSets) {
  for (const auto& break_it : {+[](Session& session) { session.statuscode = static_cast<StatusCode>(status_count); },
                               +[](Session& session) { session.statuscode = static_cast<StatusCode>(-1); },
                               +[](Session& session) { session.statecode = static_cast<StateCode>(state_count); }}) {
    Session session = any_session(1, Fill::everything);
    break_it(session);
    EXPECT_EQ(test::refusal(open(encode(session))).code, Errc::corrupt);
  }
}

TEST_P(Record, SaysWhereItsColumnsDoNotUnpack) {
  if (GetParam() == Form::flat) GTEST_SKIP() << "is verified when it is opened";
  const std::string record = encode(any_session(8, Fill::everything));
  std::string payload(payload_of(record));
  for (std::size_t i = head_bytes; i < payload.size(); ++i) payload[i] = static_cast<char>(~payload[i]);
  const std::string damaged = with_payload(record, payload);
  const SessionView view = view_of(damaged);
  EXPECT_EQ(view.flowsessionid(), any_session(8, Fill::everything).flowsessionid);
  EXPECT_EQ(view.name(), std::nullopt);
  EXPECT_EQ(test::refusal(view.unpack()).code, Errc::corrupt);
  EXPECT_EQ(test::refusal(view.copy()).code, Errc::corrupt);
}

// Reads everything of a view, for the sanitizers to watch.
std::size_t read_everything(const SessionView& view) {
  std::size_t sum = 0;
  for (const ColumnInfo& column : columns()) {
    const flowkeep::ValueView shown = view.value(column.column);
    if (const auto* text = std::get_if<std::string_view>(&shown)) sum += std::hash<std::string_view>()(*text);
    sum += shown.index();
  }
  const auto copy = view.copy();
  return copy ? sum + copy->extra.size() : sum;
}

// The checksum in front of a record finds any damage; should a damaged record come through, it still has to be safe.
TEST_P(Record, EndsWithAnAnswerForEveryDamage) {
  std::size_t sum = 0;
  for (std::uint64_t seed = 0; seed < 3000; ++seed) {
    std::mt19937_64 random(seed);
    const std::string record = encode(any_session(seed % 20, fills[seed % 3]));
    std::string payload(payload_of(record));
    if (random() % 3 == 0) payload.resize(random() % payload.size());
    for (std::uint64_t flips = random() % 4; flips > 0 && !payload.empty(); --flips) {
      payload[random() % payload.size()] = static_cast<char>(random());
    }
    const std::string damaged = with_payload(record, payload);
    const auto view = open(damaged);
    if (view) {
      sum += read_everything(*view);
    } else {
      EXPECT_EQ(view.error().code, Errc::corrupt);
    }
  }
  EXPECT_GT(sum, 0U);
}

TEST_P(Record, RefusesEveryTruncationOfItsFront) {
  const std::string record = encode(any_session(3, Fill::everything));
  const std::size_t front = GetParam() == Form::flat ? 8 : head_bytes;
  for (std::size_t size = 0; size < front; ++size) {
    EXPECT_EQ(test::refusal(open(with_payload(record, payload_of(record).substr(0, size)))).code, Errc::corrupt);
  }
}

}  // namespace
}  // namespace flowkeep::codec

// Files that earlier versions of the format wrote: every later version opens them, reads them and goes on with them.
#include <algorithm>
#include <array>
#include <cctype>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <map>
#include <set>
#include <sstream>

#include "fixture.hpp"
#include "golden_dump.hpp"

namespace flowkeep::golden {
namespace {

using fault::expect_clean;
using fault::open_store;

const std::string golden_directory = FLOWKEEP_TEST_GOLDEN_DIR "/";
// All of them hold the same.
const std::string golden_dump = golden_directory + "format-1.jsonl";

struct File {
  const char* name;
  bool is_closed;  // else its last changes are in the journal beside it
  /// Of its format: "format-1" is 1.0.
  [[nodiscard]] int minor() const {
    const std::string_view rest = std::string_view(name).substr(std::string_view("format-1").size());
    return rest.starts_with('.') ? rest[1] - '0' : 0;
  }
};
void PrintTo(const File& file, std::ostream* out) {
  *out << file.name;
}

class Golden : public testing::TestWithParam<File> {
 protected:
  Golden() {
    for (const char* suffix : {"", "-wal"}) {
      const std::string file = golden_directory + GetParam().name + ".flowkeep" + suffix;
      if (std::filesystem::exists(file)) std::filesystem::copy_file(file, path + suffix);
    }
  }
  /// As one who only reads, where that is possible.
  [[nodiscard]] Store open() const {
    return open_store(path, {.mode = GetParam().is_closed ? OpenMode::read_only : OpenMode::existing});
  }

  fault::TemporaryDirectory directory{};
  std::string path = directory.file();
};

constexpr std::array older_files{File{"format-1", true}, File{"format-1.1", true}, File{"format-1.2", true},
                                 File{"format-1.3", true}};
constexpr std::array unclosed_files{File{"format-1.1-unclosed", false}, File{"format-1.2-unclosed", false},
                                    File{"format-1.3-unclosed", false}, File{"format-1.4-unclosed", false}};
constexpr File present_file{"format-1.4", true};

std::string name_of(const testing::TestParamInfo<File>& of) {
  std::string name = of.param.name;
  std::erase_if(name, [](char letter) { return std::isalnum(letter) == 0; });
  return name;
}

INSTANTIATE_TEST_SUITE_P(Older, Golden, testing::ValuesIn(older_files), name_of);
INSTANTIATE_TEST_SUITE_P(Unclosed, Golden, testing::ValuesIn(unclosed_files), name_of);
INSTANTIATE_TEST_SUITE_P(Present, Golden, testing::Values(present_file), name_of);

class OlderGolden : public Golden {};
INSTANTIATE_TEST_SUITE_P(Of, OlderGolden, testing::ValuesIn(older_files), name_of);

std::vector<std::string> lines_of(std::istream&& text) {
  std::vector<std::string> lines;
  for (std::string line; std::getline(text, line);) lines.push_back(line);
  return lines;
}

TEST_P(Golden, IsSmallAndOfTheUsualPageSize) {
  EXPECT_LT(std::filesystem::file_size(path), 200U * 1024);
  EXPECT_EQ(open_store(path).stats()->page_bytes, 4096U);
}

TEST_P(Golden, IsOfFormatOne) {
  EXPECT_EQ(open().stats()->format_version, 1U);
}

TEST_P(Golden, ChecksClean) {
  expect_clean(open());
}

TEST_P(Golden, DumpsAsItDid) {
  const auto expected = lines_of(std::ifstream(golden_dump, std::ios::binary));
  const auto present = lines_of(std::istringstream(dump(open())));
  ASSERT_EQ(present.size(), expected.size());
  for (std::size_t i = 0; i < expected.size(); ++i) ASSERT_EQ(present[i], expected[i]) << "line " << i + 1;
}

TEST_P(Golden, IsNotChangedByReading) {
  const auto bytes_of = [](const std::string& file) {
    std::ifstream in(file, std::ios::binary);
    return std::string(std::istreambuf_iterator<char>(in), {});
  };
  if (!GetParam().is_closed) {
    // Only an open for writing can put it right.
    const auto refused = Store::open(path, {.mode = OpenMode::read_only});
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Errc::needs_recovery);
  } else {
    EXPECT_FALSE(dump(open_store(path)).empty());
  }
  EXPECT_TRUE(bytes_of(path) == bytes_of(golden_directory + GetParam().name + ".flowkeep"));
}

TEST_P(Golden, TellsWhatItsRecoveryReplayed) {
  const auto recovery = open().stats()->recovery;
  if (GetParam().is_closed) {
    EXPECT_FALSE(recovery);
  } else {
    ASSERT_TRUE(recovery);
    EXPECT_EQ(recovery->changes, 1U);
  }
}

TEST_P(Golden, HoldsEveryColumnAndEveryStatus) {
  const Store store = open_store(path);
  const auto snapshot = store.snapshot().value();
  std::set<std::string> never_set;
  for (const ColumnInfo& column : columns()) never_set.emplace(column.name);
  for (const auto& row : snapshot.select({})) {
    for (const ColumnInfo& column : columns()) {
      if (!std::holds_alternative<std::monostate>(row.value().value(column.column)))
        never_set.erase(std::string(column.name));
    }
  }
  EXPECT_EQ(never_set, std::set<std::string>{});
  EXPECT_EQ(snapshot.extra_columns().value(), (std::vector<std::string>{"new_column", "other_column"}));
  const StoreStats stats = store.stats().value();
  for (const std::uint64_t sessions : stats.by_status) EXPECT_GT(sessions, 0U);
  EXPECT_EQ(stats.deletions, 2U);
}

/// The sessions of each value of a column, found by reading every row.
using Groups = std::map<std::string, std::set<Guid>>;
Groups groups(const Snapshot& snapshot, const std::function<std::optional<std::string>(const SessionView&)>& value_of) {
  Groups groups;
  for (const auto& row : snapshot.select({})) {
    if (const auto value = value_of(row.value())) groups[*value].insert(row->flowsessionid());
  }
  return groups;
}

std::set<Guid> selected(const Snapshot& snapshot, const Query& query) {
  std::set<Guid> ids;
  for (const auto& row : snapshot.select(query)) ids.insert(row.value().flowsessionid());
  EXPECT_EQ(snapshot.count(query), ids.size());
  return ids;
}

TEST_P(Golden, IsFoundByLookups) {
  const Store store = open_store(path);
  const auto snapshot = store.snapshot().value();
  using Member = std::optional<Guid> Query::*;
  constexpr std::pair<Column, Member> lookups[] = {{Column::machineid, &Query::machineid},
                                                   {Column::machinegroupid, &Query::machinegroupid},
                                                   {Column::regardingobjectid, &Query::regardingobjectid},
                                                   {Column::ownerid, &Query::ownerid},
                                                   {Column::parentdesktopflowrunid, &Query::parentdesktopflowrunid}};
  for (const auto& [column, member] : lookups) {
    const auto by_value = groups(snapshot, [column = column](const SessionView& row) -> std::optional<std::string> {
      const ValueView value = row.value(column);
      const auto* reference = std::get_if<Reference>(&value);
      return reference == nullptr ? std::nullopt : std::make_optional(reference->id.str());
    });
    EXPECT_GT(by_value.size(), 1U) << name_of(column);
    for (const auto& [value, ids] : by_value) {
      Query query;
      query.*member = *Guid::parse(value);
      EXPECT_EQ(selected(snapshot, query), ids) << name_of(column) << " " << value;
    }
  }
}

TEST_P(Golden, IsFoundByTextsInAnyCase) {
  const Store store = open_store(path);
  const auto snapshot = store.snapshot().value();
  using Member = std::optional<std::string> Query::*;
  constexpr std::pair<Column, Member> texts[] = {{Column::correlationid, &Query::correlationid},
                                                 {Column::clienttrackingid, &Query::clienttrackingid},
                                                 {Column::errorcode, &Query::errorcode}};
  for (const auto& [column, member] : texts) {
    const auto by_value = groups(snapshot, [column = column](const SessionView& row) -> std::optional<std::string> {
      const ValueView value = row.value(column);
      const auto* text = std::get_if<std::string_view>(&value);
      return text == nullptr ? std::nullopt : std::make_optional(std::string(*text));
    });
    EXPECT_GT(by_value.size(), 1U) << name_of(column);
    for (const auto& [value, ids] : by_value) {
      Query query;
      query.*member = value;
      std::string& asked = *(query.*member);
      asked.replace(asked.find("n\u00famero"), 7, "N\u00daMERO");
      EXPECT_EQ(selected(snapshot, query), ids) << name_of(column) << " " << value;
    }
  }
}

TEST_P(Golden, IsFoundByStatusAndByTime) {
  const Store store = open_store(path);
  const auto snapshot = store.snapshot().value();
  for (int code = 0; code < status_count; ++code) {
    const auto status = static_cast<StatusCode>(code);
    const auto expected = groups(snapshot, [&](const SessionView& row) {
      return row.statuscode() == status ? std::make_optional<std::string>("") : std::nullopt;
    });
    Query query;
    query.statuscodes = {status};
    EXPECT_EQ(selected(snapshot, query), expected.at("")) << label(status);
  }
  const auto middle = [&] {
    Query query;
    query.limit = limit(10);
    Timestamp time{};
    for (const auto& row : snapshot.select(query)) time = row.value().createdon();
    return time;
  }();
  const auto later = groups(snapshot, [&](const SessionView& row) {
    return row.createdon() >= middle ? std::make_optional<std::string>("") : std::nullopt;
  });
  Query query;
  query.since = middle;
  EXPECT_EQ(selected(snapshot, query), later.at(""));
}

TEST_P(Golden, KeepsItsModelAndIndexes) {
  const Store store = open_store(path);
  const auto snapshot = store.snapshot().value();
  const StateModel model = snapshot.state_model().value();
  EXPECT_EQ(model.name(), "golden");
  EXPECT_EQ(model.moves().size(), 4U);
  const auto status = snapshot.index_status().value();
  const bool has_summary = GetParam().minor() >= 3;
  for (const IndexInfo& index : indexes()) {
    const bool chosen =
        index.id == IndexId::machinegroup || index.id == IndexId::startedon || index.id == IndexId::owner;
    const bool is_default = index.id == IndexId::summary ? has_summary : index.by_default;
    EXPECT_EQ(status[static_cast<std::size_t>(index.id)],
              is_default || chosen ? IndexStatus::active : IndexStatus::absent)
        << index.name;
  }
}

TEST_P(Golden, GoesOnBeingWritten) {
  const Store store = open_store(path);
  const std::uint64_t before = fault::size_of(store);
  const std::int64_t last = store.stats()->last_version;
  Guid waiting{};
  {
    const auto snapshot = store.snapshot().value();
    for (const auto& row : snapshot.by_statuscode(StatusCode::waiting)) waiting = row.value().flowsessionid();
  }
  EXPECT_GT(store.transition(waiting, StatusCode::running).value(), last);
  EXPECT_EQ(fault::code_of(store.transition(waiting, StatusCode::cancelled)), Errc::invalid_transition);
  SessionUpdate update;
  update.set.outputs = Binary{"new.json", Content("{}"), {}, {}};
  update.clear = {Column::inputs, Column::machineid};
  EXPECT_TRUE(store.update(waiting, update));
  EXPECT_TRUE(store.create(fault::bulky(300'000)));
  EXPECT_TRUE(store.add_index(IndexId::errorcode));
  EXPECT_EQ(store.add_index(IndexId::summary).has_value(), GetParam().minor() < 3);
  expect_clean(store);

  std::vector<Guid> all;
  {
    const auto snapshot = store.snapshot().value();
    for (const auto& row : snapshot.select({})) all.push_back(row.value().flowsessionid());
  }
  EXPECT_EQ(all.size(), before + 1);
  EXPECT_EQ(store.erase_multiple(all).value(), all.size());
  expect_clean(store);
  EXPECT_EQ(fault::size_of(store), 0U);
}

bool has_table(const Store& store, std::string_view name) {
  const StoreStats stats = store.stats().value();
  return std::any_of(stats.tables.begin(), stats.tables.end(),
                     [&](const StoreStats::Table& table) { return table.name == name; });
}

TEST_P(Golden, IsBroughtToThePresentFormatByAWriteOfItsOnlyUser) {
  EXPECT_EQ(has_table(open(), "contents"), GetParam().minor() >= 2);
  EXPECT_EQ(has_table(open(), "ix.summary"), GetParam().minor() >= 3);
  EXPECT_EQ(has_table(open(), "callbacks"), GetParam().minor() >= 4);
  const Session session = packed_row(1);
  {
    const Store store = open_store(path);
    ASSERT_TRUE(store.import_sessions(std::vector<Session>{session}));
    EXPECT_TRUE(has_table(store, "contents"));
    EXPECT_TRUE(has_table(store, "ix.summary"));
    EXPECT_TRUE(has_table(store, "callbacks"));
    EXPECT_EQ(store.get(*session.flowsessionid)->context, session.context);
    expect_clean(store);
  }
  EXPECT_TRUE(has_table(open(), "contents"));
  expect_clean(open());
}

TEST_P(OlderGolden, StaysAsItIsWhileOthersHaveItOpen) {
  fault::Pipe ready;
  fault::Pipe done;
  fault::Child other([&] {
    const Store store = open_store(path, {.mode = OpenMode::read_only});
    ready.write("x");
    static_cast<void>(done.read(1));
    return dump(store).empty() ? 1 : 0;
  });
  ASSERT_EQ(ready.read(1), "x");
  const Session session = packed_row(1);
  {
    const Store store = open_store(path);
    ASSERT_TRUE(store.import_sessions(std::vector<Session>{session}));
    // Twice in one batch, and small contents that come and go.
    ASSERT_TRUE(store.import_sessions(std::vector<Session>{session, session}, {.on_conflict = OnConflict::replace}));
    Session bare = session;
    bare.inputs.reset();
    bare.outputs.reset();
    ASSERT_TRUE(store.import_sessions(std::vector<Session>{session, bare}, {.on_conflict = OnConflict::replace}));
    ASSERT_TRUE(store.import_sessions(std::vector<Session>{bare, session}, {.on_conflict = OnConflict::replace}));
    EXPECT_EQ(has_table(store, "contents"), GetParam().minor() >= 2);
    EXPECT_EQ(has_table(store, "ix.summary"), GetParam().minor() >= 3);
    EXPECT_EQ(fault::code_of(store.add_index(IndexId::summary)),
              GetParam().minor() >= 3 ? Errc::already_exists : Errc::busy);
    // What has no place in it yet is refused; the rest is as ever.
    EXPECT_FALSE(has_table(store, "callbacks"));
    Session running = session;
    running.flowsessionid = Guid::make();
    running.statuscode = StatusCode::running;
    running.startedon = now();
    running.callbackurl = "https://example.com/";
    ASSERT_TRUE(store.import_sessions(std::vector<Session>{running}));
    EXPECT_EQ(fault::code_of(store.set_retention_schedule(RetentionSchedule{{.keep = 1}, std::chrono::hours(1), {}})),
              Errc::busy);
    EXPECT_TRUE(store.transition(*running.flowsessionid, StatusCode::succeeded));
    EXPECT_EQ(fault::code_of(store.trigger_callback(*running.flowsessionid)), Errc::busy);
    ASSERT_TRUE(store.erase(*running.flowsessionid));
    EXPECT_EQ(store.get(*session.flowsessionid)->context, session.context);
    expect_clean(store);
  }
  done.write("x");
  EXPECT_EQ(other.wait(), 0);
}

class GoldenPacked : public testing::TestWithParam<const char*> {};

INSTANTIATE_TEST_SUITE_P(Of, GoldenPacked,
                         testing::Values("format-1.2-packed", "format-1.3-packed", "format-1.4-packed"),
                         [](const auto& of) { return "format1" + std::string(of.param).substr(9, 1); });

TEST_P(GoldenPacked, GivesBackWhatItsDictionariesPacked) {
  const fault::TemporaryDirectory directory;
  const std::string path = directory.file();
  std::filesystem::copy_file(golden_directory + GetParam() + ".flowkeep", path);
  EXPECT_LT(std::filesystem::file_size(path), 300U * 1024);
  Store store = open_store(path);
  const auto expect_rows = [&] {
    const auto snapshot = store.snapshot().value();
    for (int number = 0; number < packed_rows; ++number) {
      const Session expected = packed_row(number);
      const auto session = snapshot.get(*expected.flowsessionid).value();
      EXPECT_EQ(session.name(), expected.name);
      EXPECT_EQ(session.correlationid(), expected.correlationid);
      EXPECT_EQ(session.context(), expected.context);
      EXPECT_EQ(session.statuscode(), expected.statuscode);
      const auto content = [](const std::optional<Binary>& binary) {
        return binary ? binary->content.bytes().value() : std::string();
      };
      EXPECT_EQ(snapshot.read(session.inputs()).value(), content(expected.inputs));
      EXPECT_EQ(snapshot.read(session.outputs()).value(), content(expected.outputs));
      EXPECT_EQ(snapshot.read(session.additionalcontext()).value(), content(expected.additionalcontext));
      EXPECT_EQ(snapshot.count({.correlationid = expected.correlationid}).value(), 1U);
    }
    auto sessions = snapshot.select({});
    auto session = sessions.begin();
    for (const Result<SessionSummary>& summary : snapshot.summaries({})) {
      ASSERT_NE(session, sessions.end());
      EXPECT_EQ(summary->createdon(), (*session)->createdon());
      EXPECT_EQ(summary->statuscode(), (*session)->statuscode());
      EXPECT_EQ(snapshot.get(*summary)->flowsessionid(), (*session)->flowsessionid());
      ++session;
    }
    EXPECT_EQ(session, sessions.end());
  };
  expect_rows();
  const StoreStats stats = store.stats().value();
  for (const StoreStats::Table& table : stats.tables) {
    if (table.name == "dictionaries") {
      EXPECT_EQ(table.entries, 2U);
    }
  }
  expect_clean(store);
  // And goes on with them.
  ASSERT_TRUE(store.import_sessions(std::vector<Session>{packed_row(packed_rows + learnt_rows)}));
  expect_rows();
  expect_clean(store);
}

TEST(GoldenSide, ShowsWhatStandsBesideItsSessions) {
  const fault::TemporaryDirectory directory;
  const std::string path = directory.file();
  std::filesystem::copy_file(golden_directory + "format-1.4-side.flowkeep", path);
  const Store store = open_store(path);
  expect_clean(store);
  {
    const auto snapshot = store.snapshot().value();
    EXPECT_EQ(snapshot.get(side_running).value().statuscode(), StatusCode::running);
    const auto shares = snapshot.shares(side_running).value();
    ASSERT_EQ(shares.size(), 1U);  // the user owns it
    EXPECT_EQ(shares[0].principal, Reference(side_team, EntityType::team));
    EXPECT_EQ(shares[0].rights, AccessRights::all());
    EXPECT_EQ(shares[0].sharedby, side_user);
    for (const CollectionInfo& about : collections()) {
      const ChildPage page = snapshot.children(side_running, about.collection).value();
      ASSERT_EQ(page.children.size(), 1U) << about.name;
      const Child& child = page.children.front();
      EXPECT_EQ(child.id, side_child);
      EXPECT_EQ(child.name, "child");
      EXPECT_EQ(child.extra.at("anything"), "[1,2]");
      EXPECT_EQ(child.file.stored.has_value(), !about.content_name.empty());
      EXPECT_TRUE(!child.file.stored || snapshot.read(*child.file.stored)->size() == 3'000U);
      EXPECT_TRUE(snapshot.child(about.collection, side_child).value());
    }
    EXPECT_EQ(snapshot.parent(EntityType::flowmachine, side_user).value()->name, "RPA-01");
    const auto requests = snapshot.cancel_requests().value();
    ASSERT_EQ(requests.size(), 1U);
    EXPECT_EQ(requests[0].flowsessionid, side_running);
    EXPECT_EQ(requests[0].requestedby, side_user);
    const auto delivered = snapshot.callback(side_delivered).value();
    ASSERT_TRUE(delivered);
    EXPECT_EQ(delivered->state, CallbackState::delivered);
    EXPECT_EQ(delivered->last_status, 204);
    EXPECT_EQ(delivered->last_error, "it went well");
    EXPECT_EQ(delivered->attempts, 1U);
    const auto waiting = snapshot.callbacks(CallbackState::waiting).value();
    ASSERT_EQ(waiting.size(), 1U);
    EXPECT_EQ(waiting[0].flowsessionid, side_waiting_callback);
    EXPECT_EQ(waiting[0].url, side_url);
    EXPECT_EQ(waiting[0].statuscode, StatusCode::failed);
  }
  const auto schedule = store.retention_schedule().value();
  ASSERT_TRUE(schedule);
  EXPECT_EQ(schedule->policy.keep, 1000U);
  // Whoever could read a session is told of its deletion; the token is older than the file.
  const Store as_team = store.as({Guid::make(), {side_team}, AccessRights::all()}).value();
  EXPECT_EQ(as_team.snapshot()->size().value(), 3U);
  // Its agent has ended.
  EXPECT_EQ(store.sweep().value().aborted, 1U);
  EXPECT_EQ(store.get(side_running)->errorcode, agent_process_ended);
  expect_clean(store);
}

}  // namespace
}  // namespace flowkeep::golden

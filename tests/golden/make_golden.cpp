// Makes golden files of the present format: a small store that holds every column, status, kind of binary and kind of
// table row, closed and not closed. Run on demand only, when the format version changes. Their dump is that of the
// first version's file, which is kept as it is.
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "golden_dump.hpp"

namespace flowkeep::golden {
namespace {

constexpr int row_count = 30;

template <class T>
T need(Result<T> result) {
  if (result) return std::move(*result);
  std::fprintf(stderr, "make_golden: %s\n", result.error().message.c_str());
  std::exit(1);
}
void need(Result<void> result) {
  if (result) return;
  std::fprintf(stderr, "make_golden: %s\n", result.error().message.c_str());
  std::exit(1);
}

/// A GUID of one of the forms that come in: time-based with swapped bytes, version 7, random, and nil.
Guid guid(int number, int kind) {
  constexpr const char* forms[] = {"d9687093-d0c0-ec11-983e-0022480b428a", "0188f123-7a00-7000-8000-000000000000",
                                   "3219b349-858c-457f-8825-517ad49b41b4"};
  Guid id = *Guid::parse(forms[kind % 3]);
  id.bytes[3] = static_cast<std::uint8_t>(number);
  id.bytes[15] = static_cast<std::uint8_t>(kind);
  return id;
}

/// Text that no compressor shortens, the same every time.
std::string noise(std::size_t size, std::uint64_t state) {
  std::string bytes(size, '\0');
  for (char& byte : bytes) {
    state = state * 6'364'136'223'846'793'005ULL + 1'442'695'040'888'963'407ULL;
    byte = static_cast<char>(state >> 56);
  }
  return bytes;
}

std::string action_log(int number, std::size_t size) {
  std::string log = R"({"actions":[)";
  for (int i = 0; log.size() < size; ++i) {
    log += R"({"name":"Click link","index":)" + std::to_string(i) + R"(,"status":"Succeeded","run":)" +
           std::to_string(number) + "},";
  }
  log.back() = ']';
  return log + '}';
}

/// A value of a column, made from the row's number; null for what is set elsewhere.
ValueView sample(const ColumnInfo& column, int number, std::string& text) {
  const int place = static_cast<int>(column.column);
  switch (column.kind) {
    case ColumnKind::text:
      text = std::string(column.name) + " n\u00famero " + std::to_string(number % 5) + " \"x\" \u65e5\u672c \U0001F600";
      text.resize(std::min<std::size_t>(text.size(), 90));
      return std::string_view(text);
    case ColumnKind::lookup:
      return Reference(guid(number % 4, place),
                       column.column == Column::ownerid && number % 2 == 1 ? EntityType::team : column.target);
    case ColumnKind::choice:
      return column.choices[static_cast<std::size_t>(number) % column.choices.size()].value;
    case ColumnKind::int32:
      return std::int32_t{number * 100 + place};
    case ColumnKind::int64:
      return std::int64_t{9'007'199'254'740'993} + number;
    case ColumnKind::decimal:
      return number + 0.25;
    case ColumnKind::timestamp:
      return Timestamp(Ticks(15'000'000'000'000'000 + (number / 2) * 36'000'000'000LL + place * 10'000'000LL +
                             (number % 3) * 1'234'567));
    default:
      return {};
  }
}

Binary sample_binary(int number, int which) {
  switch ((number + which) % 7) {
    case 0:
      return {"shared.json", Content(R"({"the same":"in many rows"})"), {}, {}};
    case 1:
      return {"log.json", Content(action_log(number % 2, 4'000)), {}, {}};
    case 2:
      return {"noise.bin", Content(noise(3'000, static_cast<std::uint64_t>(which))), {}, {}};
    case 3:
      return {std::nullopt, {}, guid(number, which), {}};
    case 4:
      return {"a name alone.txt", {}, {}, {}};
    case 5:
      return {"empty.txt", Content(std::string_view()), {}, {}};
    default:
      return {"long.json", Content(action_log(7, 300'000)), {}, {}};
  }
}

/// Rows 0 to 14 have each status in turn; every column is missing in some rows.
Session row(int number) {
  Session session;
  std::string text;
  for (const ColumnInfo& column : columns()) {
    const bool missing = number % 3 != 0 && (number + static_cast<int>(column.column)) % 4 == 0;
    const bool set_below = column.column == Column::flowsessionid || column.column == Column::statecode ||
                           column.column == Column::statuscode || column.column == Column::versionnumber ||
                           column.kind == ColumnKind::binary || column.kind == ColumnKind::binary_name;
    if (missing || set_below) continue;
    need(set_value(session, column.column, sample(column, number, text)));
  }
  session.flowsessionid = guid(number, number);
  session.statuscode = static_cast<StatusCode>(number % status_count);
  session.statecode = state_of(*session.statuscode);
  session.createdon = std::get<Timestamp>(sample(info(Column::createdon), number, text));
  session.inputs = sample_binary(number, 0);
  session.outputs = sample_binary(number, 1);
  session.additionalcontext = sample_binary(number, 2);
  if (number % 6 == 0) session.extra = {{"new_column", "{\"kept\":[1,2.50,null]}"}, {"other_column", "\"text\""}};
  return session;
}

StateModel model() {
  const Move moves[] = {{StatusCode::waiting, StatusCode::running},
                        {StatusCode::running, StatusCode::succeeded},
                        {StatusCode::running, StatusCode::failed},
                        {StatusCode::failed, StatusCode::deleted}};
  return need(StateModel::make("golden", moves));
}

void import_rows(WriteTransaction& transaction) {
  std::vector<Session> sessions;
  // Neither in order of time nor of id.
  for (int i = 0; i < row_count; ++i) sessions.push_back(row(i * 7 % row_count));
  if (!transaction.import_sessions(sessions)) std::exit(1);
}

void change_rows(WriteTransaction& transaction) {
  std::vector<Session> sessions{row(4), row(11)};
  sessions[0].name = "replaced";
  sessions[1].correlationid.reset();
  if (!transaction.import_sessions(sessions, {.on_conflict = OnConflict::replace})) std::exit(1);
  need(transaction.erase(guid(22, 22)));
  need(transaction.erase(guid(29, 29)));
}

Store create(const std::string& file) {
  for (const char* suffix : {"", "-wal", "-shm", "-lock"}) std::filesystem::remove(file + suffix);
  return need(Store::open(file, {.mode = OpenMode::create_new,
                                 .model = model(),
                                 .indexes = {IndexId::machinegroup, IndexId::startedon, IndexId::owner},
                                 .journal_bytes = 64U << 10}));
}

void make_closed(const std::string& file) {
  const Store store = create(file);
  auto transaction = need(store.write());
  import_rows(transaction);
  change_rows(transaction);
  need(transaction.commit());
}

std::string bytes_of(const std::string& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

/// Whether the last changes are in the journal, and not in the tables: another thread puts them there, and may be fast.
bool make_unclosed_once(const std::string& file) {
  const std::string before = file + "-before";
  const pid_t child = ::fork();
  if (child == 0) {
    {
      const Store store = create(file);
      auto transaction = need(store.write());
      import_rows(transaction);
      need(transaction.commit());
    }
    const Store store = need(Store::open(file, {.mode = OpenMode::existing, .journal_bytes = 64U << 10}));
    auto transaction = need(store.write());
    change_rows(transaction);
    std::filesystem::copy_file(file, before, std::filesystem::copy_options::overwrite_existing);
    need(transaction.commit());
    ::_exit(0);
  }
  int status = 0;
  if (child < 0 || ::waitpid(child, &status, 0) != child || status != 0) std::exit(1);
  for (const char* suffix : {"-shm", "-lock"}) std::filesystem::remove(file + suffix);
  const bool is_as_before = bytes_of(file) == bytes_of(before);
  std::filesystem::remove(before);
  return is_as_before;
}

void make_unclosed(const std::string& file) {
  for (int attempts = 1000; attempts > 0; --attempts) {
    if (make_unclosed_once(file)) return;
  }
  std::fprintf(stderr, "make_golden: the tables of %s are always faster\n", file.c_str());
  std::exit(1);
}

/// Its rows are packed with dictionaries, which it takes a thousand rows to learn from; few of those are kept.
void make_packed(const std::string& file) {
  {
    const Store store = create(file);
    std::vector<Session> sessions;
    for (int i = 0; i < learnt_rows; ++i) sessions.push_back(packed_row(i));
    if (!store.import_sessions(sessions)) std::exit(1);
    std::vector<Guid> ids;
    for (int i = packed_rows; i < learnt_rows; ++i) ids.push_back(*sessions[static_cast<std::size_t>(i)].flowsessionid);
    need(store.erase_multiple(ids));
  }
  if (!compact(file)) std::exit(1);
}

/// What stands beside sessions, and who runs one.
void make_side(const std::string& file) {
  for (const char* suffix : {"", "-wal", "-shm", "-lock"}) std::filesystem::remove(file + suffix);
  const Store store = need(Store::open(
      file,
      {.mode = OpenMode::create_new, .role = Role::agent, .caller = {side_user, {}, {}}, .journal_bytes = 64U << 10}));
  for (const Guid& id : {side_running, side_waiting_callback, side_delivered, side_deleted}) {
    Session session;
    session.flowsessionid = id;
    session.name = "beside";
    session.statuscode = StatusCode::waiting;
    session.callbackurl = side_url;
    need(store.create(session));
    need(store.grant_access(id, side_user, AccessRight::read));
    need(store.grant_access(id, Reference(side_team, EntityType::team), AccessRights::all()));
    need(store.transition(id, StatusCode::running));
  }
  for (const CollectionInfo& about : collections()) {
    Child child;
    child.collection = about.collection;
    child.id = side_child;
    child.name = "child";
    child.createdon = Timestamp(Ticks(17'000'000'000'000'000));
    child.extra = {{"anything", "[1,2]"}};
    if (!about.content_name.empty()) child.file.content = Content(noise(3'000, 7));
    need(store.add_child(side_running, child));
  }
  need(store.put_parent({EntityType::flowmachine, side_user, "RPA-01"}));
  need(store.cancel(side_running));
  need(store.transition(side_delivered, StatusCode::succeeded));
  for (const Callback& callback : need(store.claim_callbacks(1, std::chrono::hours(1)))) {
    need(store.note_callback(callback, {CallbackState::delivered, 204, "it went well"}, std::chrono::hours(1)));
  }
  need(store.transition(side_waiting_callback, StatusCode::failed));
  need(store.erase(side_deleted));
  RetentionSchedule schedule;
  schedule.policy.keep = 1000;
  schedule.policy.statuscodes = {StatusCode::failed};
  need(store.set_retention_schedule(schedule));
}

int make(const std::string& directory) {
  const std::string closed = directory + "/format-1.4.flowkeep";
  make_closed(closed);
  make_unclosed(directory + "/format-1.4-unclosed.flowkeep");
  make_packed(directory + "/format-1.4-packed.flowkeep");
  make_side(directory + "/format-1.4-side.flowkeep");
  const std::string present = dump(need(Store::open(closed, {.mode = OpenMode::read_only})));
  if (present == bytes_of(directory + "/format-1.jsonl")) return 0;
  std::fprintf(stderr, "make_golden: %s does not hold what format-1.jsonl says\n", closed.c_str());
  return 1;
}

}  // namespace
}  // namespace flowkeep::golden

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: make_golden DIRECTORY\n");
    return 2;
  }
  return flowkeep::golden::make(argv[1]);
}

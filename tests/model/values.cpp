#include "values.hpp"

#include <algorithm>
#include <array>
#include <unordered_map>

namespace flowkeep::model {
namespace {

std::string repeated(std::string_view text, std::size_t count, std::string_view end = "") {
  std::string out;
  for (std::size_t i = 0; i < count; ++i) out += text;
  return out.append(end);
}

// Spellings of one text, by simple case folding. Lookalikes that do not fold to each other are families apart.
using Family = std::vector<std::string>;

const std::vector<Family>& short_families() {
  static const std::vector<Family> families{
      {"run-1", "RUN-1", "Run-1"},
      {"run-1 "},
      {""},
      {"Ångström", "ångström", "ÅNGSTRÖM", "\u212Bngström"},
      {"straße", "Straße", "STRA\u1E9EE"},
      {"strasse", "STRASSE"},
      {"σίσυφος", "ΣΊΣΥΦΟΣ", "ΣΊΣΥΦΟς"},
      {"kelvin", "KELVIN", "\u212Aelvin"},
      {"задача 7", "ЗАДАЧА 7"},
      {"東京-1"},
      {"istanbul", "ISTANBUL"},
      {"\u0130stanbul"},
      {"\u0131stanbul"},
      {"ⓐⓑ", "ⒶⒷ"},
      {"\U00010428\U00010429", "\U00010400\U00010401"},
      {repeated("🤖", 50)},
      {repeated("東", 99, "é"), repeated("東", 99, "É")},
  };
  return families;
}

// Keys of more than 400 folded bytes are cut and hashed: equal beginnings, and lengths around the cut.
std::vector<Family> families_up_to(std::size_t units) {
  std::vector<Family> families = short_families();
  families.push_back({repeated("é", 250, "x"), repeated("É", 250, "X")});
  families.push_back({repeated("é", 250, "y"), repeated("É", 250, "Y")});
  families.push_back({repeated("é", 200), repeated("É", 200)});
  families.push_back({repeated("é", 200, "a"), repeated("É", 200, "A")});
  families.push_back({repeated("\u212A", 134), repeated("k", 134), repeated("K", 134)});  // folds to fewer bytes
  families.push_back({repeated("\u023A", 140), repeated("\u2C65", 140)});                 // folds to more bytes
  if (units < 1000) return families;
  families.push_back({repeated("e", 999, "1")});
  families.push_back({repeated("e", 999, "2"), repeated("E", 999, "2")});
  families.push_back({repeated("東", 1000)});
  return families;
}

const std::vector<Family>& families_of(Column column) {
  static const std::vector<Family> client = families_up_to(255);
  static const std::vector<Family> error = families_up_to(1000);
  if (column == Column::correlationid) return short_families();
  return column == Column::clienttrackingid ? client : error;
}

const std::unordered_map<std::string_view, std::string_view>& spellings() {
  static const auto table = [] {
    std::unordered_map<std::string_view, std::string_view> first_of;
    for (const Column column : {Column::correlationid, Column::clienttrackingid, Column::errorcode}) {
      for (const Family& family : families_of(column)) {
        for (const std::string& text : family) first_of.emplace(text, family.front());
      }
    }
    return first_of;
  }();
  return table;
}

std::string noise(std::size_t size, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  std::string bytes(size, '\0');
  for (char& byte : bytes) byte = static_cast<char>(random());
  return bytes;
}

// Shared by all seeds: on both sides of every size that content is treated by.
const std::vector<SampleContent>& sample_contents() {
  static const auto samples = [] {
    constexpr std::size_t piece = 256 * 1024;
    const std::string log = repeated(R"({"name":"Launch Excel","status":"Succeeded","index":1},)", 6000);
    std::vector<std::string> texts{"",
                                   "x",
                                   "{\"a\":1}",
                                   log.substr(0, 47),
                                   log.substr(0, 48),
                                   noise(1856, 1),
                                   noise(1857, 2),
                                   log.substr(0, 40'000),
                                   log.substr(0, piece),
                                   noise(piece, 3),
                                   noise(piece + 1, 4),
                                   noise(300'000, 5) + log};
    std::vector<SampleContent> contents;
    for (std::string& text : texts) {
      auto bytes = std::make_shared<const std::string>(std::move(text));
      contents.push_back({Content(*bytes), bytes});
    }
    return contents;
  }();
  return samples;
}

}  // namespace

std::string_view folded(std::string_view text) {
  const auto found = spellings().find(text);
  return found == spellings().end() ? text : found->second;
}

Guid Generator::guid() {
  Guid guid;
  for (std::uint8_t& byte : guid.bytes) byte = static_cast<std::uint8_t>(random_());
  switch (below(4)) {
    case 0:  // version 7
      guid.bytes[0] = 0x01;
      guid.bytes[1] = 0x8f;
      guid.bytes[6] = static_cast<std::uint8_t>(0x70 | (guid.bytes[6] & 0x0f));
      guid.bytes[8] = static_cast<std::uint8_t>(0x80 | (guid.bytes[8] & 0x3f));
      break;
    case 1:  // version 1 with its first groups swapped
      guid.bytes[7] = static_cast<std::uint8_t>(0x10 | (guid.bytes[7] & 0x0f));
      guid.bytes[8] = static_cast<std::uint8_t>(0x80 | (guid.bytes[8] & 0x3f));
      break;
    default:
      break;
  }
  return guid;
}

Guid Generator::target(Column column) {
  Guid guid = *Guid::parse("d9687093-d0c0-ec11-983e-0022480b4200");
  guid.bytes[0] = static_cast<std::uint8_t>(column);
  guid.bytes[15] = static_cast<std::uint8_t>(below(5));
  return guid;
}

std::string_view Generator::spelling(Column column) {
  return any_of(any_of(families_of(column)));
}

Timestamp Generator::time() {
  const Timestamp noon = *parse_timestamp("2022-06-16T12:00:00Z");
  switch (below(8)) {
    case 0:
      return min_timestamp + Ticks(static_cast<std::int64_t>(below(3)));
    case 1:
      return max_timestamp - Ticks(static_cast<std::int64_t>(below(3)));
    case 2:
    case 3:
    case 4:
      return noon + Ticks(static_cast<std::int64_t>(below(4)));
    default:
      return noon + std::chrono::minutes(below(40));
  }
}

std::string Generator::text(std::size_t most_units) {
  static constexpr std::array<std::string_view, 6> letters{"a", "Z", " ", "é", "東", "\n"};
  const std::size_t units = below(std::min<std::size_t>(most_units, one_in(40) ? 12'000 : 40) + 1);
  std::string out;
  const std::string_view filling = any_of(letters);
  for (std::size_t i = 0; i < units; ++i) out += i < 8 ? any_of(letters) : filling;
  return out;
}

void Generator::set(Session& session, const ColumnInfo& column) {
  const auto give = [&](const ValueView& value) { static_cast<void>(set_value(session, column.column, value)); };
  const auto number = [&](double most) { return below(static_cast<std::uint64_t>(std::min(most, 1e9)) + 1); };
  switch (column.kind) {
    case ColumnKind::text:
      if (column.column == Column::correlationid || column.column == Column::clienttrackingid ||
          column.column == Column::errorcode) {
        return give(spelling(column.column));
      }
      return give(std::string_view(text(column.max_utf16_units)));
    case ColumnKind::lookup: {
      const bool to_team = column.column == Column::ownerid && one_in(3);
      return give(Reference(target(column.column), to_team ? EntityType::team : EntityType::none));
    }
    case ColumnKind::choice:
      return give(any_of(column.choices).value);
    case ColumnKind::int32:
      return give(one_in(4) ? static_cast<std::int32_t>(column.minimum)
                            : static_cast<std::int32_t>(number(column.maximum)));
    case ColumnKind::int64:
      return give(static_cast<std::int64_t>(random_()));
    case ColumnKind::decimal:
      return give(static_cast<double>(below(100'001)) / 1000);
    case ColumnKind::timestamp:
      return give(time());
    default:
      return;
  }
}

SampleContent Generator::content() {
  if (!one_in(3)) return sample_contents()[below(one_in(8) ? sample_contents().size() : 7)];
  auto bytes = std::make_shared<const std::string>("{\"run\":" + std::to_string(below(1000)) + "}");
  return {Content(*bytes), bytes};
}

// `stored`: the row that the File column is in, so that its content may be named again.
void Generator::set_binary(Session& session, Contents& contents, std::size_t place, const Row* stored) {
  Binary& binary = (session.*binary_members[place]).emplace();
  contents[place] = nullptr;
  const std::uint64_t form = below(8);
  if (form == 0) {
    binary.reference = target(binary_columns[place]);
  } else if (form == 1 && stored != nullptr) {
    binary.reference.reset();  // nothing at all: the column becomes null
    return;
  } else {
    const SampleContent sample = content();
    binary.content = sample.content;
    contents[place] = sample.bytes;
  }
  if (one_in(2)) binary.name = text(200);
}

void Generator::set_extra(ExtraColumns& extra) {
  for (std::uint64_t count = 1 + below(3); count > 0; --count) {
    extra["fk_column" + std::to_string(below(6))] = one_in(2) ? "\"東 " + std::to_string(below(9)) + "\"" : "[1,null]";
  }
}

void Generator::set_codes(Session& session) {
  session.statecode.reset();
  session.statuscode.reset();
  if (one_in(5)) return;
  if (!one_in(12)) session.statuscode = status();
  if (session.statuscode && !one_in(8)) session.statecode = state_of(*session.statuscode);
  if (one_in(30)) session.statecode = static_cast<StateCode>(below(state_count));
}

void Generator::break_rule(Session& session) {
  switch (below(9)) {
    case 0:
      session.name = repeated("é", 101);
      return;
    case 1:
      session.context = "\xC3(";
      return;
    case 2:
      session.machineramusage = -1;
      return;
    case 3:
      session.runmode = static_cast<RunMode>(3);
      return;
    case 4:
      session.machineid = Reference(target(Column::machineid), EntityType::workflow);
      return;
    case 5:
      session.startedon = max_timestamp + Ticks(1);
      return;
    case 6:
      session.machinepercentcpuusage = 100.01;
      return;
    case 7:
      session.inputs.emplace();
      session.inputs->content = Content("both");
      session.inputs->reference = target(Column::inputs);
      return;
    default:
      session.extra["machineid"] = "1";
      return;
  }
}

Given Generator::session_to_create() {
  Given given;
  for (const ColumnInfo& column : columns()) {
    const bool is_indexed = find_index(column.name) || column.column == Column::machineid ||
                            column.column == Column::correlationid || column.column == Column::regardingobjectid;
    if (column.access == ColumnAccess::read_only || !one_in(is_indexed ? 2 : 6)) continue;
    set(given.session, column);
  }
  if (!one_in(4)) given.session.overriddencreatedon.reset();
  if (!one_in(3)) given.session.completedon.reset();
  for (std::size_t i = 0; i < binary_columns.size(); ++i) {
    if (one_in(4)) set_binary(given.session, given.contents, i, nullptr);
  }
  if (one_in(10)) set_extra(given.session.extra);
  set_codes(given.session);
  if (!one_in(40)) return given;
  given.broken = true;
  if (one_in(4)) {
    given.session.createdon = time();
  } else {
    break_rule(given.session);
  }
  return given;
}

Given Generator::session_to_import() {
  Given given = session_to_create();
  given.session.overriddencreatedon.reset();
  for (const ColumnInfo& column : columns()) {
    if (column.access == ColumnAccess::read_only && one_in(4)) set(given.session, column);
  }
  given.session.createdon.reset();
  if (!one_in(8)) given.session.createdon = time();
  if (one_in(10)) {
    given.session.outputs.emplace().name = text(200);  // a name alone
    given.contents[1] = nullptr;
  }
  if (given.broken) break_rule(given.session);
  return given;
}

GivenUpdate Generator::update(const Row* stored) {
  GivenUpdate given;
  Session& set_columns = given.update.set;
  for (std::uint64_t count = below(5); count > 0; --count) {
    const ColumnInfo& column = any_of(columns());
    if (column.access != ColumnAccess::writable) continue;
    if (one_in(3)) {
      if (column.kind != ColumnKind::choice || one_in(20)) given.update.clear.insert(column.column);
    } else {
      set(set_columns, column);
    }
  }
  for (std::size_t i = 0; i < binary_columns.size(); ++i) {
    if (one_in(6)) set_binary(set_columns, given.contents, i, stored);
  }
  if (one_in(10)) set_extra(set_columns.extra);
  if (one_in(10)) given.update.clear_extra.insert("fk_column" + std::to_string(below(6)));
  if (one_in(3)) {
    set_codes(set_columns);
  } else {
    set_columns.statecode.reset();
    set_columns.statuscode.reset();
  }
  if (one_in(20)) set(set_columns, info(one_in(2) ? Column::regardingobjectid : Column::importsequencenumber));
  if (one_in(20) && stored != nullptr) set_columns.regardingobjectid = stored->session.regardingobjectid;
  if (one_in(40)) given.update.clear.insert(any_of(columns()).column);
  if (one_in(50)) {
    given.broken = true;
    break_rule(set_columns);
  }
  return given;
}

}  // namespace flowkeep::model

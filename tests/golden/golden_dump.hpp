// The dump that stands beside the golden file.
#pragma once

#include <string>
#include <utility>

#include <flowkeep/flowkeep.hpp>
#include <flowkeep/io/json.hpp>

namespace flowkeep::golden {

// Of the file with rows beside sessions.
inline const Guid side_user = *Guid::parse("00000000-0000-4000-8000-0000000000a1");
inline const Guid side_team = *Guid::parse("00000000-0000-4000-8000-0000000000a2");
inline const Guid side_running = *Guid::parse("00000000-0000-4000-8000-000000000001");
inline const Guid side_waiting_callback = *Guid::parse("00000000-0000-4000-8000-000000000002");
inline const Guid side_delivered = *Guid::parse("00000000-0000-4000-8000-000000000003");
inline const Guid side_deleted = *Guid::parse("00000000-0000-4000-8000-000000000004");
inline const Guid side_child = *Guid::parse("00000000-0000-4000-8000-0000000000c1");
inline constexpr const char* side_url = "https://example.com/golden";

/// A line of JSON for one File column: its bytes by their size and hash, which keeps the dump small.
[[nodiscard]] inline std::string dump_binary(const Snapshot& snapshot, const char* column, const BinaryView& binary) {
  if (binary.is_null()) return {};
  std::string line = std::string("{\"column\":\"") + column + '"';
  if (binary.name) line.append(",\"name\":\"").append(*binary.name) += '"';
  if (binary.reference) line.append(",\"reference\":\"").append(binary.reference->str()) += '"';
  if (binary.stored) {
    const Content content(snapshot.read(*binary.stored).value());
    line.append(",\"size\":").append(std::to_string(content.size()));
    line.append(",\"xxh3\":").append(std::to_string(content.hash()));
  }
  return line + "}\n";
}

/// Every session as JSON Lines, oldest first, each followed by its File columns.
[[nodiscard]] inline std::string dump(const Store& store) {
  const auto snapshot = store.snapshot().value();
  auto writer = io::SessionWriter::make({.binaries = io::WriteOptions::Binaries::none}).value();
  std::string out;
  writer.begin(out);
  for (const auto& row : snapshot.select({.order = Order::oldest_first})) {
    if (!writer.write(snapshot, row.value(), out)) return "a row cannot be written";
    out += dump_binary(snapshot, "inputs", row->inputs());
    out += dump_binary(snapshot, "outputs", row->outputs());
    out += dump_binary(snapshot, "additionalcontext", row->additionalcontext());
  }
  writer.end(out);
  return out;
}

inline constexpr int learnt_rows = 1100;
inline constexpr int packed_rows = 60;

/// A row of the store whose rows are packed.
[[nodiscard]] inline Session packed_row(int number) {
  Session session;
  Guid id = *Guid::parse("0188f123-7a00-7000-8000-000000000000");
  id.bytes[14] = static_cast<std::uint8_t>(number >> 8);
  id.bytes[15] = static_cast<std::uint8_t>(number);
  session.flowsessionid = id;
  session.createdon = Timestamp(Ticks(17'000'000'000'000'000 + number * 10'000'000LL));
  session.statecode = StateCode::active;
  session.statuscode = number % 5 == 0 ? StatusCode::failed : StatusCode::succeeded;
  session.name = "Invoice entry " + std::to_string(number);
  id.bytes[0] = 7;
  session.correlationid = id.str();
  session.context = R"({"hostName":"robot-)" + std::to_string(number % 9) +
                    R"(.example.org","attendedMode":"Unattended","agentVersion":"2.45.404.24142"})";
  const auto binary = [number](const char* name, const char* what) {
    return Binary{name,
                  Content(R"({"what":")" + std::string(what) + R"(","number":)" + std::to_string(number * 7919) +
                          R"(,"currency":"EUR"})"),
                  {},
                  {}};
  };
  session.inputs = binary("inputs.json", "invoice");
  if (number % 2 == 0) session.outputs = binary("outputs.json", "booking");
  if (number % 3 == 0) session.additionalcontext = binary("actions.json", "log");
  return session;
}

}  // namespace flowkeep::golden

// The dump that stands beside the golden file.
#pragma once

#include <string>
#include <utility>

#include <flowkeep/flowkeep.hpp>
#include <flowkeep/io/json.hpp>

namespace flowkeep::golden {

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

}  // namespace flowkeep::golden

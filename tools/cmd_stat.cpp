#include <chrono>
#include <memory>
#include <optional>

#include "arguments.hpp"
#include "output.hpp"
#include "text.hpp"

namespace flowkeep::tool {

namespace {

struct StatArguments {
  StoreFile file{};
  bool json = false;
};

bool is_active(const StoreStats& stats, const IndexInfo& index) {
  return stats.indexes[static_cast<std::size_t>(index.id)] == IndexStatus::active;
}

std::string seconds(std::chrono::milliseconds time) {
  return fmt::format("{:.1f} s", std::chrono::duration<double>(time).count());
}

const char* name_of(Durability durability) {
  return durability == Durability::power_safe ? "power-safe" : "process-safe";
}

std::string writer_line(const StoreStats& stats) {
  if (stats.writer_pid == 0) return "nobody just now";
  const bool stopped = stats.writer_state == StoreStats::WriterState::stopped;
  return fmt::format("process {}{}", stats.writer_pid, stopped ? ", which is stopped" : "");
}

std::string journal_line(const JournalStats& journal) {
  std::string text = fmt::format("{} of {} in use, {}", human_bytes(journal.used_bytes),
                                 human_bytes(journal.capacity_bytes), counted(journal.checkpoints, "checkpoint"));
  if (journal.checkpoint_age) text += fmt::format(", the last {} ago", seconds(*journal.checkpoint_age));
  return text;
}

std::string recovery_line(const RecoveryStats& recovery) {
  return fmt::format("{}: {} of {} from the journal, in {} ms", format_timestamp(recovery.finished),
                     counted(recovery.changes, "transaction"), human_bytes(recovery.bytes), recovery.took.count());
}

std::string reader_line(const StoreStats::Reader& reader) {
  std::string text = fmt::format("  process {}: at transaction {}, {} behind", reader.pid, reader.transaction,
                                 counted(reader.lag, "commit"));
  if (reader.age) text += fmt::format(" for {}", seconds(*reader.age));
  if (reader.held_bytes > 0) text += fmt::format(", holds back {}", human_bytes(reader.held_bytes));
  return text + '\n';
}

std::string stat_table(const StoreStats& stats) {
  std::string text;
  const auto line = [&](std::string_view name, const std::string& value) {
    text += fmt::format("{:<16} {}\n", name, value);
  };
  line("file", stats.path);
  line("store", fmt::format("{}, format {}, made {}", stats.store_id.str(), stats.format_version,
                            format_timestamp(stats.created)));
  line("state model", stats.model);
  line("last version", std::to_string(stats.last_version));
  line("deletions kept", std::to_string(stats.deletions));
  line("to be cancelled", std::to_string(stats.cancel_requests));
  line("callbacks due", std::to_string(stats.callbacks_waiting));
  std::string active;
  for (const IndexInfo& index : indexes()) {
    if (is_active(stats, index)) active += (active.empty() ? "" : " ") + std::string(index.name);
  }
  line("indexes", active);

  line("sessions", std::to_string(stats.sessions));
  const auto share = [&](StateCode state, std::uint64_t total) {
    text += fmt::format("  {:<18} {:>12}\n", label(state), total);
    for (const Choice& choice : statuscode_choices()) {
      const auto status = static_cast<StatusCode>(choice.value);
      const std::uint64_t rows = stats.by_status[static_cast<std::size_t>(choice.value)];
      if (state_of(status) == state && rows > 0) text += fmt::format("    {:<16} {:>12}\n", choice.label, rows);
    }
  };
  share(StateCode::active, stats.active);
  share(StateCode::inactive, stats.inactive);

  line("size", fmt::format("{} in the file: {} live, {} free", human_bytes(stats.file_bytes),
                           human_bytes(stats.live_bytes), human_bytes(stats.free_bytes)));
  line("quota",
       fmt::format("{}; a map of {}, pages of {}", stats.quota_bytes == 0 ? "none" : human_bytes(stats.quota_bytes),
                   human_bytes(stats.map_bytes), human_bytes(stats.page_bytes)));
  text += fmt::format("  {:<18} {:>12} {:>12} {:>6}\n", "table", "entries", "size", "depth");
  for (const StoreStats::Table& table : stats.tables) {
    text +=
        fmt::format("  {:<18} {:>12} {:>12} {:>6}\n", table.name, table.entries, human_bytes(table.bytes), table.depth);
  }
  line("transaction", std::to_string(stats.last_transaction));
  line("durability", stats.durability ? name_of(*stats.durability) : "no process has it open for writing");
  line("writer", writer_line(stats));
  line("journal", stats.journal ? journal_line(*stats.journal) : "none: every commit is in the file");
  line("last recovery", stats.recovery ? recovery_line(*stats.recovery) : "none was needed yet");
  if (stats.has_failed) line("failed", "a write or sync; nobody writes until every process has closed the store");
  line("readers", std::to_string(stats.readers.size()));
  for (const StoreStats::Reader& reader : stats.readers) text += reader_line(reader);
  return text;
}

std::string or_null(const std::optional<std::chrono::milliseconds>& time) {
  return time ? std::to_string(time->count()) : "null";
}

std::string stat_json(const StoreStats& stats) {
  std::string text = fmt::format(
      "{{\"path\":{},\"store_id\":\"{}\",\"format_version\":{},\"created\":\"{}\",\"model\":{},\"sessions\":{},"
      "\"active\":{},\"inactive\":{},\"last_version\":{},\"deletions\":{},\"cancel_requests\":{},\"callbacks_waiting\":"
      "{},\"file_bytes\":{},\"live_bytes\":{},"
      "\"free_bytes\":{},\"map_bytes\":{},\"quota_bytes\":{},\"page_bytes\":{},\"last_transaction\":{}",
      json_string(stats.path), stats.store_id.str(), stats.format_version, format_timestamp(stats.created),
      json_string(stats.model), stats.sessions, stats.active, stats.inactive, stats.last_version, stats.deletions,
      stats.cancel_requests, stats.callbacks_waiting, stats.file_bytes, stats.live_bytes, stats.free_bytes,
      stats.map_bytes, stats.quota_bytes, stats.page_bytes, stats.last_transaction);
  const auto list = [&](std::string_view name, char open, char close, const auto& entries, const auto& write) {
    text += fmt::format(",\"{}\":{}", name, open);
    bool first = true;
    for (const auto& entry : entries) {
      if (!first) text += ',';
      first = false;
      text += write(entry);
    }
    text += close;
  };
  list("by_status", '{', '}', statuscode_choices(), [&](const Choice& choice) {
    return fmt::format("\"{}\":{}", choice.label, stats.by_status[static_cast<std::size_t>(choice.value)]);
  });
  list("tables", '[', ']', stats.tables, [](const StoreStats::Table& table) {
    return fmt::format("{{\"name\":{},\"entries\":{},\"bytes\":{},\"depth\":{}}}", json_string(table.name),
                       table.entries, table.bytes, table.depth);
  });
  list("indexes", '{', '}', indexes(),
       [&](const IndexInfo& index) { return fmt::format("\"{}\":{}", index.name, is_active(stats, index)); });
  list("readers", '[', ']', stats.readers, [](const StoreStats::Reader& reader) {
    return fmt::format("{{\"pid\":{},\"transaction\":{},\"lag\":{},\"age_ms\":{},\"held_bytes\":{}}}", reader.pid,
                       reader.transaction, reader.lag, or_null(reader.age), reader.held_bytes);
  });
  text += fmt::format(",\"durability\":{},\"writer_pid\":{},\"writer_stopped\":{},\"failed\":{}",
                      stats.durability ? json_string(name_of(*stats.durability)) : "null", stats.writer_pid,
                      stats.writer_state == StoreStats::WriterState::stopped, stats.has_failed);
  text += ",\"journal\":";
  if (const auto& journal = stats.journal) {
    text += fmt::format("{{\"used_bytes\":{},\"capacity_bytes\":{},\"checkpoints\":{},\"checkpoint_age_ms\":{}}}",
                        journal->used_bytes, journal->capacity_bytes, journal->checkpoints,
                        or_null(journal->checkpoint_age));
  } else {
    text += "null";
  }
  text += ",\"recovery\":";
  if (const auto& recovery = stats.recovery) {
    text +=
        fmt::format("{{\"finished\":\"{}\",\"changes\":{},\"bytes\":{},\"ms\":{}}}",
                    format_timestamp(recovery->finished), recovery->changes, recovery->bytes, recovery->took.count());
  } else {
    text += "null";
  }
  return text + "}\n";
}

Try<Exit> stat(const StatArguments& arguments) {
  const auto store = open_store(arguments.file, OpenMode::read_only);
  if (!store) return failed(store.error());
  const auto stats = store->stats();
  if (!stats) return failed(stats.error(), Doing::opening);
  if (const auto printed = print(arguments.json ? stat_json(*stats) : stat_table(*stats)); !printed) {
    return failed(printed.error());
  }
  return Exit::done;
}

}  // namespace

void add_stat(CLI::App& app, Run& run) {
  const auto arguments = std::make_shared<StatArguments>();
  CLI::App* command = app.add_subcommand("stat", "show counts, sizes, tables, indexes, the journal and readers");
  add_file(*command, arguments->file);
  command->add_flag("--json", arguments->json, "as one JSON object");
  command->footer(
      "A reader that is behind holds back the pages that later commits have freed: they cannot be used again while\n"
      "it lasts, and the file grows instead.\n"
      "\n"
      "Example:\n  flowkeep stat runs.flowkeep");
  command->callback([&run, arguments] { run = [arguments] { return stat(*arguments); }; });
}

}  // namespace flowkeep::tool

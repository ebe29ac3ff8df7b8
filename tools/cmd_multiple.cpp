#include <memory>
#include <span>

#include <flowkeep/io/json.hpp>

#include "arguments.hpp"
#include "output.hpp"
#include "text.hpp"

namespace flowkeep::tool {

namespace {

struct MultipleArguments {
  StoreFile file{};
  std::string input = "-";
};

/// Reads JSON Lines, each by `read(reader, line)`.
template <class Row, class Read>
Try<std::vector<Row>> read_rows(const std::string& input, Read&& read) {
  auto text = read_text_file(input == "-" ? "/dev/stdin" : input);
  if (!text) return failed(text.error());
  io::JsonReader reader;
  std::vector<Row> rows;
  std::string_view rest = *text;
  for (std::uint64_t number = 1; !rest.empty(); ++number) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(rest.size(), line.size() + 1));
    if (line.find_first_not_of(" \t\r") == std::string_view::npos) continue;
    auto row = read(reader, line);
    if (!row) {
      return failed(Exit::bad_input, fmt::format("{} line {}: {}; nothing is stored",
                                                 input == "-" ? "standard input" : input, number, row.error().message));
    }
    rows.push_back(std::move(*row));
  }
  return rows;
}

Try<std::vector<SessionUpdate>> read_updates(const std::string& input) {
  return read_rows<SessionUpdate>(
      input, [](io::JsonReader& reader, std::string_view line) { return reader.read_update(line); });
}

Try<Exit> create_multiple(const MultipleArguments& arguments) {
  const auto sessions = read_rows<Session>(
      arguments.input, [](io::JsonReader& reader, std::string_view line) { return reader.read(line); });
  if (!sessions) return failed(sessions.error());
  const auto store = open_store(arguments.file, OpenMode::existing);
  if (!store) return failed(store.error());
  const auto ids = store->create_multiple(*sessions);
  if (!ids) return failed(ids.error(), Doing::importing);
  std::string text;
  for (const Guid& id : *ids) text += id.str() + '\n';
  if (const auto printed = print(text); !printed) return failed(printed.error());
  return Exit::done;
}

Try<Exit> update_multiple(const MultipleArguments& arguments) {
  const auto updates = read_updates(arguments.input);
  if (!updates) return failed(updates.error());
  const auto store = open_store(arguments.file, OpenMode::existing);
  if (!store) return failed(store.error());
  const auto done = store->update_multiple(*updates);
  if (!done) return failed(done.error(), Doing::importing);
  print_note(counted(*done, "session") + " updated");
  return Exit::done;
}

Try<Exit> upsert_multiple(const MultipleArguments& arguments) {
  const auto updates = read_updates(arguments.input);
  if (!updates) return failed(updates.error());
  const auto store = open_store(arguments.file, OpenMode::existing);
  if (!store) return failed(store.error());
  const auto done = store->upsert_multiple(*updates);
  if (!done) return failed(done.error(), Doing::importing);
  std::string text;
  for (const UpsertResult& one : *done) {
    text += fmt::format("{} {}\n", one.id.str(), one.outcome == Outcome::created ? "created" : "updated");
  }
  if (const auto printed = print(text); !printed) return failed(printed.error());
  return Exit::done;
}

void add(CLI::App& app, Run& run, const char* name, const char* help, const char* footer,
         Try<Exit> (*act)(const MultipleArguments&)) {
  const auto arguments = std::make_shared<MultipleArguments>();
  CLI::App* command = app.add_subcommand(name, help);
  add_file(*command, arguments->file);
  command->add_option("INPUT", arguments->input, "JSON Lines; - (the default) is standard input")->type_name("");
  command->footer(footer);
  command->callback([&run, arguments, act] { run = [arguments, act] { return act(*arguments); }; });
}

}  // namespace

void add_multiple(CLI::App& app, Run& run) {
  add(app, run, "create-multiple", "create sessions, all or none (CreateMultiple); prints their ids, in order",
      "Each line is a session as an agent creates it: read-only columns are refused, the state rules hold. An import\n"
      "records what happened elsewhere instead.\n"
      "\n"
      "Example:\n"
      "  echo '{\"name\":\"Invoice intake\",\"statuscode\":3}' | flowkeep create-multiple runs.flowkeep",
      create_multiple);
  add(app, run, "update-multiple", "change columns of sessions, all or none (UpdateMultiple)",
      "Each line names its session by flowsessionid; null clears a column. Of lines about the same session the first\n"
      "is applied, later ones are passed over.\n"
      "\n"
      "Example:\n"
      "  flowkeep update-multiple runs.flowkeep changes.jsonl",
      update_multiple);
  add(app, run, "upsert-multiple", "update sessions, or create those that are not there, all or none",
      "Each line names its session by flowsessionid; one without is created. The same session twice is refused.\n"
      "\n"
      "Example:\n"
      "  flowkeep upsert-multiple runs.flowkeep changes.jsonl",
      upsert_multiple);
}

}  // namespace flowkeep::tool

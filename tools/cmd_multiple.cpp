#include <memory>

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

/// All rows of an input, each by `next(input)`; `check(row)` says what is wrong with one, or nothing.
template <class Row, class Next, class Check>
Try<std::vector<Row>> read_rows(const std::string& path, Next&& next, Check&& check) {
  const std::string name = path == "-" ? "standard input" : path;
  auto input = io::SessionInput::open(path);
  if (!input) return failed(Exit::bad_input, input.error().message);
  std::vector<Row> rows;
  for (;;) {
    auto row = next(*input);
    if (!row) return failed(Exit::bad_input, fmt::format("{} {}; nothing is stored", name, row.error().message));
    if (!*row) return rows;
    if (const std::string wrong = check(**row); !wrong.empty()) {
      return failed(Exit::bad_input,
                    fmt::format("{} {} {}: {}; nothing is stored", name, input->unit(), (*row)->line, wrong));
    }
    rows.push_back(std::move(**row));
  }
}

/// The Web API refuses what the table does not have; only what happened elsewhere is kept with it.
std::string unknown_column(const std::string& name) {
  return fmt::format("{} is no column of a flow session", in_quotes(name));
}

Try<std::vector<SessionUpdate>> read_updates(const std::string& path) {
  auto rows = read_rows<io::UpdateRow>(
      path, [](io::SessionInput& input) { return input.next_update(); },
      [](const io::UpdateRow& row) {
        if (!row.update.set.extra.empty()) return unknown_column(row.update.set.extra.begin()->first);
        return row.update.clear_extra.empty() ? std::string() : unknown_column(*row.update.clear_extra.begin());
      });
  if (!rows) return failed(rows.error());
  std::vector<SessionUpdate> updates;
  for (io::UpdateRow& row : *rows) updates.push_back(std::move(row.update));
  return updates;
}

Try<Exit> create_multiple(const MultipleArguments& arguments) {
  auto rows = read_rows<io::InputRow>(
      arguments.input, [](io::SessionInput& input) { return input.next(); },
      [](const io::InputRow& row) {
        return row.session.extra.empty() ? std::string() : unknown_column(row.session.extra.begin()->first);
      });
  if (!rows) return failed(rows.error());
  std::vector<Session> sessions;
  for (io::InputRow& row : *rows) sessions.push_back(std::move(row.session));
  const auto store = open_store(arguments.file, OpenMode::existing);
  if (!store) return failed(store.error());
  const auto ids = store->create_multiple(sessions);
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
  command
      ->add_option(
          "INPUT", arguments->input,
          "JSON Lines, or a Web API response {\"value\":[...]}; plain, gzip or zstd; - (the default) is standard input")
      ->type_name("");
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
      "Each line names its session by flowsessionid; one without is created. The same session twice is refused. "
      "Prints\n"
      "each id, and created or updated.\n"
      "\n"
      "Example:\n"
      "  flowkeep upsert-multiple runs.flowkeep changes.jsonl",
      upsert_multiple);
}

}  // namespace flowkeep::tool

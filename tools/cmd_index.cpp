#include <array>
#include <memory>

#include "arguments.hpp"
#include "output.hpp"
#include "progress.hpp"

namespace flowkeep::tool {

namespace {

struct IndexArguments {
  StoreFile file{};
  IndexId index{};
};

constexpr std::array<std::string_view, 3> status_names{"absent", "building", "active"};

Try<Exit> list(const IndexArguments& arguments) {
  const auto store = open_store(arguments.file, OpenMode::read_only);
  if (!store) return failed(store.error());
  const auto snapshot = take_snapshot(*store);
  if (!snapshot) return failed(snapshot.error());
  const auto status = snapshot->index_status();
  if (!status) return failed(status.error(), Doing::opening);
  std::string text;
  for (const IndexInfo& index : indexes()) {
    const auto standing = static_cast<std::size_t>((*status)[static_cast<std::size_t>(index.id)]);
    text += fmt::format("{:<15} {:<9} {:<9} {}\n", index.name, status_names[standing],
                        index.by_default ? "default" : "optional", index.columns);
  }
  if (const auto printed = print(text); !printed) return failed(printed.error());
  return Exit::done;
}

Try<Exit> add(const IndexArguments& arguments) {
  const auto store = open_store(arguments.file, OpenMode::existing);
  if (!store) return failed(store.error());
  ProgressLine progress("sessions indexed");
  const auto added = store->add_index(arguments.index, progress.callback());
  if (!added) return failed(added.error(), Doing::one_row);
  return Exit::done;
}

Try<Exit> drop(const IndexArguments& arguments) {
  const auto store = open_store(arguments.file, OpenMode::existing);
  if (!store) return failed(store.error());
  const auto dropped = store->drop_index(arguments.index);
  if (dropped) return Exit::done;
  const bool refused = dropped.error().code == Errc::invalid_argument;  // a default index
  return failed(refused ? Exit::no : exit_for(dropped.error(), Doing::one_row), dropped.error().message);
}

}  // namespace

void add_index(CLI::App& app, Run& run) {
  const auto arguments = std::make_shared<IndexArguments>();
  CLI::App* command = app.add_subcommand("index", "list, add or drop the indexes of a store");
  add_file(*command, arguments->file);
  command->require_subcommand(1);
  command->footer(
      "Example:\n"
      "  flowkeep index runs.flowkeep add errorcode\n"
      "  flowkeep index runs.flowkeep list");
  CLI::App* list_command = command->add_subcommand("list", "name, status, default or optional, columns");
  list_command->footer("Example:\n  flowkeep index runs.flowkeep list");
  list_command->callback([&run, arguments] { run = [arguments] { return list(*arguments); }; });
  CLI::App* add_command = command->add_subcommand("add", "add an optional index while others read and write");
  add_argument(*add_command, "NAME", arguments->index, index_argument, "the index")->required();
  add_command->footer(
      "Cut short, it starts over when it is called again.\n\nExample:\n  flowkeep index runs.flowkeep add errorcode");
  add_command->callback([&run, arguments] { run = [arguments] { return add(*arguments); }; });
  CLI::App* drop_command = command->add_subcommand("drop", "drop an optional index");
  add_argument(*drop_command, "NAME", arguments->index, index_argument, "the index")->required();
  drop_command->footer("Example:\n  flowkeep index runs.flowkeep drop errorcode");
  drop_command->callback([&run, arguments] { run = [arguments] { return drop(*arguments); }; });
}

}  // namespace flowkeep::tool

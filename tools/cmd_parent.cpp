#include <memory>

#include "arguments.hpp"
#include "odata.hpp"
#include "output.hpp"
#include "progress.hpp"
#include "text.hpp"

namespace flowkeep::tool {

namespace {

struct ParentArguments {
  StoreFile file{};
  std::optional<EntityType> type{};
  Guid id{};
  std::string name{};
  const NavigationInfo* partner = nullptr;
  std::uint64_t limit = Limit{}.rows;
  Order order = newest_first;
  std::vector<std::string> columns{};
  bool labels = false;
};

std::optional<EntityType> parse_type(std::string_view text) noexcept {
  const auto type = find_entity_type(text);
  return type == EntityType::flowsession ? std::nullopt : type;
}

constexpr Argument<EntityType> type_argument{
    parse_type, "TYPE",
    "a table that sessions lead to: systemuser, team, businessunit, workflow, flowmachine, flowmachinegroup, "
    "computeruseagent, flowtestsession or flowtrigger"};

constexpr Argument<const NavigationInfo*> partner_argument{
    [](std::string_view text) -> std::optional<const NavigationInfo*> {
      const NavigationInfo* const found = find_partner(text);
      return found == nullptr ? std::nullopt : std::optional(found);
    },
    "PARTNER",
    "the name of a navigation property that leads to sessions, such as lk_flowsession_createdby (flowkeep parent FILE "
    "sessions --help names all)"};

Try<Exit> list(const ParentArguments& arguments) {
  const auto store = open_store(arguments.file, OpenMode::read_only);
  if (!store) return failed(store.error());
  const auto snapshot = take_snapshot(*store);
  if (!snapshot) return failed(snapshot.error());
  std::optional<Parent> after;
  for (;;) {
    auto parents = snapshot->parents(arguments.type, after);
    if (!parents) return failed(parents.error(), Doing::opening);
    if (parents->empty()) return Exit::done;
    std::string text;
    for (const Parent& parent : *parents) {
      text += fmt::format("{{\"type\":\"{}\",\"id\":\"{}\",\"name\":{}}}\n", name_of(parent.type), parent.id.str(),
                          json_string(parent.name));
    }
    if (const auto printed = print(text); !printed) return failed(printed.error());
    after = std::move(parents->back());
  }
}

Try<Exit> set(const ParentArguments& arguments) {
  const auto store = open_store(arguments.file, OpenMode::existing);
  if (!store) return failed(store.error());
  const auto put = store->put_parent({*arguments.type, arguments.id, arguments.name});
  if (!put) return failed(put.error(), Doing::one_row);
  return Exit::done;
}

Try<Exit> erase(const ParentArguments& arguments) {
  const auto store = open_store(arguments.file, OpenMode::existing);
  if (!store) return failed(store.error());
  ProgressLine progress("sessions changed");
  const auto deleted = store->delete_parent(*arguments.type, arguments.id, {.progress = progress.callback()});
  if (!deleted) return failed(deleted.error(), Doing::one_row);
  const bool cascades = *arguments.type == EntityType::workflow;
  print_note(fmt::format("1 {} deleted, {} {}", name_of(*arguments.type), counted(deleted->sessions, "session"),
                         cascades ? "deleted with it" : "changed"));
  return Exit::done;
}

Try<Exit> list_sessions(const ParentArguments& arguments) {
  const auto store = open_store(arguments.file, OpenMode::read_only);
  if (!store) return failed(store.error());
  const auto snapshot = take_snapshot(*store);
  if (!snapshot) return failed(snapshot.error());
  auto extra = snapshot->extra_columns();
  if (!extra) return failed(extra.error(), Doing::opening);
  io::WriteOptions options;
  options.columns = arguments.columns;
  options.extra_columns = std::move(*extra);
  if (arguments.labels) options.labels = io::WriteOptions::Labels::beside;
  auto writer = io::SessionWriter::make(std::move(options));
  if (!writer) return failed(writer.error(), Doing::selecting);
  Output output = Output::standard();
  std::string text;
  SessionRange range =
      snapshot->sessions_by(arguments.partner->partner_name, arguments.id, arguments.order, limit(arguments.limit));
  for (const Result<SessionView>& row : range) {
    if (!row) return failed(row.error(), Doing::opening);
    if (const auto written = writer->write(*snapshot, *row, text); !written) {
      return failed(written.error(), Doing::opening);
    }
    if (text.size() < (1U << 20)) continue;
    if (const auto written = output.write(text); !written) return failed(written.error());
    text.clear();
  }
  if (const auto written = output.write(text); !written) return failed(written.error());
  if (const auto finished = output.finish(); !finished) return failed(finished.error());
  return Exit::done;
}

void add_sessions(CLI::App& command, const std::shared_ptr<ParentArguments>& arguments, Run& run) {
  CLI::App* sessions = command.add_subcommand("sessions", "the sessions that lead to a row, as JSON Lines");
  add_argument(*sessions, "PARTNER", arguments->partner, partner_argument,
               "the property of the row that leads to its sessions")
      ->required();
  add_argument(*sessions, "ID", arguments->id, guid_argument, "the row")->required();
  add_argument(*sessions, "--limit", arguments->limit, count_argument, "at most so many sessions");
  add_word(*sessions, "--order", arguments->order, {{"newest", newest_first}, {"oldest", oldest_first}},
           "which come first (default: newest)");
  add_columns(*sessions, arguments->columns);
  sessions->add_flag("--labels", arguments->labels, "add the names of choices and of parents that are known");
  std::string partners = "PARTNER is one of";
  for (const NavigationInfo& navigation : navigation_properties()) {
    partners += fmt::format("\n  {:<44} ({})", navigation.partner_name, navigation.lookup_name);
  }
  sessions->footer(partners +
                   "\n\nExample:\n  flowkeep parent runs.flowkeep sessions flowmachine_flowsession_MachineId "
                   "00e8ac2b-2ef8-ee11-9aaa-00224891d65c");
  sessions->callback([&run, arguments] { run = [arguments] { return list_sessions(*arguments); }; });
}

}  // namespace

void add_parent(CLI::App& app, Run& run) {
  const auto arguments = std::make_shared<ParentArguments>();
  CLI::App* command = app.add_subcommand("parent", "what sessions lead to: machines, flows, owners and their names");
  add_file(*command, arguments->file);
  command->require_subcommand(1);
  command->footer("Example:\n  flowkeep parent runs.flowkeep list flowmachine");
  CLI::App* list_command = command->add_subcommand("list", "type, id and name of those that are known, as JSON Lines");
  add_argument(*list_command, "TYPE", arguments->type, type_argument, "of this table alone");
  list_command->footer("Example:\n  flowkeep parent runs.flowkeep list flowmachine");
  list_command->callback([&run, arguments] { run = [arguments] { return list(*arguments); }; });
  CLI::App* set_command = command->add_subcommand("set", "give a row its name");
  add_argument(*set_command, "TYPE", arguments->type, type_argument, "its table")->required();
  add_argument(*set_command, "ID", arguments->id, guid_argument, "the row")->required();
  set_command->add_option("NAME", arguments->name, "its name")->type_name("")->required();
  set_command->footer(
      "Example:\n  flowkeep parent runs.flowkeep set flowmachine 00e8ac2b-2ef8-ee11-9aaa-00224891d65c 'Front desk 2'");
  set_command->callback([&run, arguments] { run = [arguments] { return set(*arguments); }; });
  CLI::App* delete_command = command->add_subcommand(
      "delete", "delete a row: a flow's sessions go with it, machines and groups are cleared from theirs");
  add_argument(*delete_command, "TYPE", arguments->type, type_argument, "its table")->required();
  add_argument(*delete_command, "ID", arguments->id, guid_argument, "the row")->required();
  delete_command->footer(
      "A workflow takes its sessions with it; of a flowmachine or flowmachinegroup the lookup becomes null; a\n"
      "businessunit, team or systemuser is not deleted while it owns sessions (exit status 1). Many short\n"
      "transactions, the row last: cut short, it is ended by running it again.\n"
      "\n"
      "Example:\n"
      "  flowkeep parent runs.flowkeep delete flowmachine 00e8ac2b-2ef8-ee11-9aaa-00224891d65c");
  delete_command->callback([&run, arguments] { run = [arguments] { return erase(*arguments); }; });
  add_sessions(*command, arguments, run);
}

}  // namespace flowkeep::tool

#include <memory>

#include "arguments.hpp"
#include "assignment.hpp"
#include "output.hpp"

namespace flowkeep::tool {

namespace {

struct SetArguments {
  StoreFile file{};
  Guid id{};
  std::vector<std::string> assignments{};
  std::vector<std::string> clear{};
  std::vector<std::string> contents{};
  Precondition precondition{};
};

Try<SessionUpdate> update_of(const SetArguments& arguments) {
  SessionUpdate update;
  for (const std::string& assignment : arguments.assignments) {
    if (const auto added = add_assignment(update, assignment); !added) return failed(added.error());
  }
  for (const std::string& content : arguments.contents) {
    if (const auto added = add_content(update, content); !added) return failed(added.error());
  }
  return update;
}

Try<void> add_clearings(SessionUpdate& update, const SetArguments& arguments, const Store& store) {
  const auto snapshot = take_snapshot(store);
  if (!snapshot) return failed(snapshot.error());
  const auto extra = snapshot->extra_columns();
  if (!extra) return failed(extra.error(), Doing::opening);
  for (const std::string& name : arguments.clear) {
    if (const auto added = add_clearing(update, name, *extra); !added) return added;
  }
  return {};
}

Try<Exit> set(const SetArguments& arguments) {
  if (arguments.assignments.empty() && arguments.contents.empty() && arguments.clear.empty()) {
    return failed(Exit::usage,
                  "nothing to set: give NAME=VALUE, --clear NAME or --column NAME=@PATH; see flowkeep set --help");
  }
  auto update = update_of(arguments);
  if (!update) return failed(update.error());
  const auto store = open_store(arguments.file, OpenMode::existing);
  if (!store) return failed(store.error());
  if (!arguments.clear.empty()) {
    if (const auto added = add_clearings(*update, arguments, *store); !added) return failed(added.error());
  }
  const auto version = store->update(arguments.id, *update, arguments.precondition);
  if (!version) return failed(version.error(), Doing::one_row);
  if (const auto printed = print(fmt::format("W/\"{}\"\n", *version)); !printed) return failed(printed.error());
  return Exit::done;
}

}  // namespace

void add_set(CLI::App& app, Run& run) {
  const auto arguments = std::make_shared<SetArguments>();
  CLI::App* command = app.add_subcommand("set", "change columns of one session; prints its new ETag");
  add_file(*command, arguments->file);
  add_argument(*command, "ID", arguments->id, guid_argument, "the session")->required();
  command->add_option("NAME=VALUE", arguments->assignments, "columns by their logical names")->type_name("");
  command->add_option("--clear", arguments->clear, "a column that becomes null; may be given again")
      ->type_name("NAME")
      ->allow_extra_args(false);
  command
      ->add_option("--column", arguments->contents,
                   "content of a File column, such as inputs=@data.json (@- is standard input); may be given again")
      ->type_name("NAME=@PATH")
      ->allow_extra_args(false);
  add_argument(*command, "--if-match", arguments->precondition, etag_argument, "only where the session has this ETag");
  command->footer(
      "Choices are given by name or number, lookups as a GUID (ownerid also as team:GUID), times as\n"
      "2022-06-16T12:54:40Z. NAME= sets an empty text, --clear NAME null. A File column takes the name of its file.\n"
      "\n"
      "Example:\n"
      "  flowkeep set runs.flowkeep d9687093-d0c0-ec11-983e-0022480b428a errorcode=Timeout --clear errordetails");
  command->callback([&run, arguments] { run = [arguments] { return set(*arguments); }; });
}

}  // namespace flowkeep::tool

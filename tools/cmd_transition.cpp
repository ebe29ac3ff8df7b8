#include <memory>

#include "arguments.hpp"
#include "output.hpp"

namespace flowkeep::tool {

namespace {

struct TransitionArguments {
  StoreFile file{};
  Guid id{};
  StatusCode status{};
  std::optional<StateCode> state{};
  Precondition precondition{};
};

Try<Exit> transition(const TransitionArguments& arguments) {
  const auto store = open_store(arguments.file, OpenMode::existing);
  if (!store) return failed(store.error());
  const auto version = store->transition(arguments.id, arguments.status, arguments.state, arguments.precondition);
  if (!version) return failed(version.error(), Doing::one_row);
  if (const auto printed = print(fmt::format("W/\"{}\"\n", *version)); !printed) return failed(printed.error());
  return Exit::done;
}

}  // namespace

void add_transition(CLI::App& app, Run& run) {
  const auto arguments = std::make_shared<TransitionArguments>();
  CLI::App* command = app.add_subcommand("transition", "move one session to a status; prints its new ETag");
  add_file(*command, arguments->file);
  add_argument(*command, "ID", arguments->id, guid_argument, "the session")->required();
  add_argument(*command, "STATUS", arguments->status, status_argument, "by name or number; it brings its own state")
      ->required();
  add_argument(*command, "--state", arguments->state, state_argument,
               "refuse the move if this is not the status's state");
  add_argument(*command, "--if-match", arguments->precondition, etag_argument, "only where the session has this ETag");
  command->footer("Example:\n  flowkeep transition runs.flowkeep d9687093-d0c0-ec11-983e-0022480b428a Running");
  command->callback([&run, arguments] { run = [arguments] { return transition(*arguments); }; });
}

}  // namespace flowkeep::tool

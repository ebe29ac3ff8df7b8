#include <memory>

#include "arguments.hpp"

namespace flowkeep::tool {

namespace {

struct CallbackArguments {
  StoreFile file{};
  Guid id{};
};

Try<Exit> trigger(const CallbackArguments& arguments) {
  const auto store = open_store(arguments.file, OpenMode::existing);
  if (!store) return failed(store.error());
  const auto done = store->trigger_callback(arguments.id);
  if (!done) {
    const bool refused = done.error().code == Errc::invalid_argument;  // it has no callbackurl
    return refused ? failed(Exit::no, done.error().message) : failed(done.error(), Doing::one_row);
  }
  return Exit::done;
}

}  // namespace

void add_callback(CLI::App& app, Run& run) {
  const auto arguments = std::make_shared<CallbackArguments>();
  CLI::App* command = app.add_subcommand(
      "callback", "enqueue the callback of a session that has ended (TriggerDesktopFlowRunCallback)");
  add_file(*command, arguments->file);
  add_argument(*command, "ID", arguments->id, guid_argument, "the session")->required();
  command->footer(
      "It is delivered by an agent, or by flowkeep callbacks FILE --deliver.\n"
      "\n"
      "Example:\n"
      "  flowkeep callback runs.flowkeep d9687093-d0c0-ec11-983e-0022480b428a");
  command->callback([&run, arguments] { run = [arguments] { return trigger(*arguments); }; });
}

}  // namespace flowkeep::tool

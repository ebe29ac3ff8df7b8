#include <memory>

#include "arguments.hpp"
#include "output.hpp"

namespace flowkeep::tool {

namespace {

struct CancelArguments {
  StoreFile file{};
  std::optional<Guid> id{};
  bool list = false;
};

Try<Exit> list(const CancelArguments& arguments) {
  const auto store = open_store(arguments.file, OpenMode::read_only);
  if (!store) return failed(store.error());
  const auto snapshot = take_snapshot(*store);
  if (!snapshot) return failed(snapshot.error());
  const auto requests = snapshot->cancel_requests();
  if (!requests) return failed(requests.error(), Doing::opening);
  std::string text;
  for (const CancelRequest& request : *requests) {
    text += fmt::format("{} {}", request.flowsessionid.str(), format_timestamp(request.requestedon));
    if (request.requestedby) text += " " + request.requestedby->str();
    text += '\n';
  }
  if (const auto printed = print(text); !printed) return failed(printed.error());
  return Exit::done;
}

Try<Exit> cancel(const CancelArguments& arguments) {
  if (arguments.list == arguments.id.has_value()) {
    return failed(Exit::usage, arguments.list ? "an ID and --list exclude each other"
                                              : "the session is missing: an ID, or --list for all requests");
  }
  if (arguments.list) return list(arguments);
  const auto store = open_store(arguments.file, OpenMode::existing);
  if (!store) return failed(store.error());
  const auto outcome = store->cancel(*arguments.id);
  if (!outcome) return failed(outcome.error(), Doing::one_row);
  switch (*outcome) {
    case CancelOutcome::cancelled:
      print_note("the run had not started: the session is Cancelled");
      break;
    case CancelOutcome::requested:
      print_note("the agent is asked to end the run");
      break;
    case CancelOutcome::already_requested:
      print_note("the agent had been asked to end the run before");
      break;
  }
  return Exit::done;
}

}  // namespace

void add_cancel(CLI::App& app, Run& run) {
  const auto arguments = std::make_shared<CancelArguments>();
  CLI::App* command = app.add_subcommand("cancel", "cancel a run (CancelDesktopFlowRun)");
  add_file(*command, arguments->file);
  add_argument(*command, "ID", arguments->id, guid_argument, "the session");
  command->add_flag("--list", arguments->list, "print the requests that stand: session, time and user, one on a line");
  command->footer(
      "A run that has not started is Cancelled at once. One that has is its agent's to end: the request stands in the\n"
      "store until the session has a terminal status. Where it has one already, the answer is no (1).\n"
      "\n"
      "Example:\n"
      "  flowkeep cancel runs.flowkeep d9687093-d0c0-ec11-983e-0022480b428a");
  command->callback([&run, arguments] { run = [arguments] { return cancel(*arguments); }; });
}

}  // namespace flowkeep::tool

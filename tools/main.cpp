#include <fcntl.h>
#include <unistd.h>
#include <CLI/CLI.hpp>
#include <csignal>

#include "odata.hpp"
#include "output.hpp"
#include "tool.hpp"

namespace flowkeep::tool {

namespace {

constexpr const char* exit_statuses =
    "Exit status:\n"
    "  0  done\n"
    "  1  the answer is no: false, not found, refused by a rule, stale ETag\n"
    "  2  usage; or valid-transition of a missing row or an unknown state name\n"
    "  3  FILE cannot be opened, or is damaged\n"
    "  4  busy or full, try again\n"
    "  5  the input is wrong\n"
    "  6  the output cannot be written\n"
    "\n"
    "Only create and import create FILE. Data goes to stdout, words go to stderr; with --format odata, as\n"
    "{\"error\":{\"code\":...,\"message\":...}}.\n"
    "\n"
    "Example:\n"
    "  flowkeep import runs.flowkeep sessions.jsonl.gz\n"
    "  flowkeep dump runs.flowkeep --status Failed --limit 20";

Try<Exit> print_all(const std::string& text) {
  if (const auto printed = print(text); !printed) return failed(printed.error());
  return Exit::done;
}

/// What is wrong with the command line, and where help is.
std::string complaint(const CLI::App& app, const CLI::ParseError& error) {
  std::string name = "flowkeep";
  const CLI::App* command = &app;
  while (!command->get_subcommands().empty()) {
    command = command->get_subcommands().front();
    name += " " + command->get_name();
  }
  std::string what = error.what();
  const bool wants_command = !command->get_subcommands([](const CLI::App*) { return true; }).empty();
  if (wants_command && dynamic_cast<const CLI::RequiredError*>(&error) != nullptr) {
    const auto words = command->remaining();
    what = words.empty() ? "a command is missing" : "'" + words.front() + "' is not a command";
  }
  return what + "; see " + name + " --help";
}

/// Takes descriptors 0 to 2 where the caller has closed them: a store opened there would be written over.
void take_standard_descriptors() {
  int descriptor = 0;
  while (descriptor >= 0 && descriptor <= 2) descriptor = open("/dev/null", O_RDONLY);
  if (descriptor > 2) close(descriptor);
}

Try<Exit> run(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);
  take_standard_descriptors();
  CLI::App app("Keeps flow sessions in one file.", "flowkeep");
  app.set_version_flag("--version", std::string("flowkeep ") + version());
  app.require_subcommand(1);
  app.footer(exit_statuses);
  Run chosen;
  for (const auto add : {add_create,  add_import,   add_dump,       add_get,
                         add_set,     add_multiple, add_transition, add_valid_transition,
                         add_delete,  add_cancel,   add_callback,   add_callbacks,
                         add_changes, add_children, add_parent,     add_access,
                         add_sweep,   add_prune,    add_retention,  add_index,
                         add_stat,    add_check,    add_states,     add_backup,
                         add_compact}) {
    add(app, chosen);
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    return print_all(app.help());
  } catch (const CLI::CallForVersion&) {
    return print_all(app.version() + "\n");
  } catch (const CLI::ParseError& error) {
    return failed(Exit::usage, complaint(app, error));
  }
  return chosen();
}

}  // namespace

}  // namespace flowkeep::tool

int main(int argc, char** argv) {
  using flowkeep::tool::Telling;
  // The failure may be that the command line cannot be read.
  const bool odata = flowkeep::tool::asks_for_odata({argv, static_cast<std::size_t>(argc)});
  return flowkeep::tool::report(flowkeep::tool::run(argc, argv), odata ? Telling::odata : Telling::sentence);
}

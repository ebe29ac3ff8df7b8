#include <memory>

#include "arguments.hpp"
#include "output.hpp"
#include "progress.hpp"

namespace flowkeep::tool {

namespace {

struct SweepArguments {
  StoreFile file{};
  bool dry_run = false;
};

Try<Exit> sweep(const SweepArguments& arguments) {
  const auto store = open_store(arguments.file, arguments.dry_run ? OpenMode::read_only : OpenMode::existing);
  if (!store) return failed(store.error());
  ProgressLine progress("open sessions looked at");
  SweepOptions options;
  if (arguments.dry_run) options.mode = SweepOptions::Mode::dry_run;
  options.progress = progress.callback();
  const auto swept = store->sweep(options);
  if (!swept) return failed(swept.error(), Doing::opening);
  std::string text = fmt::format("{} {}, of {} open", counted(swept->aborted, "session"),
                                 arguments.dry_run ? "would be aborted" : "aborted", grouped(swept->open));
  if (swept->running > 0) text += fmt::format("; {} run", grouped(swept->running));
  if (swept->refused > 0) text += fmt::format("; the state model keeps {} from it", counted(swept->refused, "session"));
  print_note(text);
  return Exit::done;
}

}  // namespace

void add_sweep(CLI::App& app, Run& run) {
  const auto arguments = std::make_shared<SweepArguments>();
  CLI::App* command = app.add_subcommand("sweep", "abort the sessions that agents left open whose process has ended");
  add_file(*command, arguments->file);
  command->add_flag("--dry-run", arguments->dry_run, "change nothing, say how many it would be");
  command->footer(
      "A session is its agent's that moved it to Running. It becomes Aborted with errorcode AgentProcessEnded where\n"
      "that process is gone, or the system was started anew. Sessions of living agents, and those that no agent ran,\n"
      "stay as they are. An agent that opens a store sweeps it by itself.\n"
      "\n"
      "Example:\n"
      "  flowkeep sweep runs.flowkeep --dry-run");
  command->callback([&run, arguments] { run = [arguments] { return sweep(*arguments); }; });
}

}  // namespace flowkeep::tool

#include <algorithm>
#include <memory>

#include "limits.hpp"
#include "output.hpp"
#include "progress.hpp"

namespace flowkeep::tool {

namespace {

struct PruneArguments {
  StoreFile file{};
  RetentionPolicy policy{};
  PruneOptions options{};
  std::optional<std::uint64_t> seconds{};
  bool dry_run = false;
};

std::string report(const PruneArguments& arguments, const PruneResult& result) {
  const bool is_estimate = arguments.dry_run && arguments.policy.max_bytes;
  std::string text = fmt::format("{}{} {}", is_estimate ? "about " : "", counted(result.deleted, "session"),
                                 arguments.dry_run ? "would be deleted" : "deleted");
  if (result.deleted != 0) {
    text += fmt::format(", completed from {} to {}", format_timestamp(*result.first_completedon),
                        format_timestamp(*result.last_completedon));
  }
  const auto most = arguments.policy.max_bytes;
  if (most && !arguments.dry_run && *result.live_bytes > *most) {
    text += fmt::format("; {} are in use still", counted(*result.live_bytes, "byte"));
  }
  if (!result.is_complete) text += "; the time is up, and there may be more";
  return text;
}

Try<Exit> prune(PruneArguments arguments) {
  if (const auto ok = check_limits(arguments.policy); !ok) return failed(ok.error());
  const auto store = open_store(arguments.file, arguments.dry_run ? OpenMode::read_only : OpenMode::existing);
  if (!store) return failed(store.error());
  if (arguments.dry_run) arguments.options.mode = PruneOptions::Mode::dry_run;
  constexpr std::uint64_t most_seconds = 1'000'000'000;
  if (arguments.seconds) {
    arguments.options.time_budget = std::chrono::seconds(std::min(*arguments.seconds, most_seconds));
  }
  ProgressLine progress("sessions deleted");
  arguments.options.progress = progress.callback();
  const auto pruned = store->prune(arguments.policy, arguments.options);
  if (!pruned) return failed(pruned.error(), Doing::selecting);
  print_note(report(arguments, *pruned));
  return Exit::done;
}

}  // namespace

void add_prune(CLI::App& app, Run& run) {
  const auto arguments = std::make_shared<PruneArguments>();
  CLI::App* command = app.add_subcommand("prune", "delete closed sessions that are old or too many");
  add_file(*command, arguments->file);
  add_limits(*command, arguments->policy);
  command->add_flag("--dry-run", arguments->dry_run, "delete nothing, say how many it would be");
  add_argument(*command, "--time-budget", arguments->seconds, count_argument, "stop after so many seconds");
  command->footer(
      "A session goes as soon as one of the limits wants it to; old and new mean completedon. An open session is\n"
      "never deleted. The work is done in small transactions beside readers and writers; the file does not shrink,\n"
      "new sessions take the place (flowkeep compact FILE makes it small).\n"
      "\n"
      "Example:\n"
      "  flowkeep prune runs.flowkeep --older-than 90d --keep-per-flow 1000 --dry-run");
  command->callback([&run, arguments] { run = [arguments] { return prune(*arguments); }; });
}

}  // namespace flowkeep::tool

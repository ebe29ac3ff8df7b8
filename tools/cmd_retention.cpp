#include <memory>

#include "limits.hpp"
#include "output.hpp"

namespace flowkeep::tool {

namespace {

struct RetentionArguments {
  StoreFile file{};
  RetentionSchedule schedule{};
};

std::string age(std::chrono::milliseconds time) {
  constexpr std::pair<std::int64_t, char> units[] = {
      {7 * 86'400'000LL, 'w'}, {86'400'000, 'd'}, {3'600'000, 'h'}, {60'000, 'm'}, {1000, 's'}};
  for (const auto& [unit, letter] : units) {
    if (time.count() % unit == 0) return fmt::format("{}{}", time.count() / unit, letter);
  }
  return fmt::format("{} ms", time.count());
}

std::string lines(const RetentionSchedule& schedule) {
  std::string text;
  const auto line = [&](std::string_view name, const std::string& value) {
    text += fmt::format("{:<14} {}\n", name, value);
  };
  const RetentionPolicy& policy = schedule.policy;
  if (policy.max_age) line("older-than", age(*policy.max_age));
  if (policy.keep) line("keep", std::to_string(*policy.keep));
  if (policy.keep_per_flow) line("keep-per-flow", std::to_string(*policy.keep_per_flow));
  if (policy.max_bytes) line("max-bytes", std::to_string(*policy.max_bytes));
  for (const StatusCode status : policy.statuscodes) line("status", std::string(label(status)));
  if (policy.regardingobjectid) line("flow", policy.regardingobjectid->str());
  line("every", age(schedule.interval));
  line("last run", schedule.last_run ? format_timestamp(*schedule.last_run) : "never");
  return text;
}

Try<Exit> show(const RetentionArguments& arguments) {
  const auto store = open_store(arguments.file, OpenMode::read_only);
  if (!store) return failed(store.error());
  const auto schedule = store->retention_schedule();
  if (!schedule) return failed(schedule.error(), Doing::opening);
  if (!*schedule) {
    print_note("nothing goes by itself");
    return Exit::done;
  }
  if (const auto printed = print(lines(**schedule)); !printed) return failed(printed.error());
  return Exit::done;
}

Try<Exit> set(const RetentionArguments& arguments) {
  if (const auto ok = check_limits(arguments.schedule.policy); !ok) return failed(ok.error());
  const auto store = open_store(arguments.file, OpenMode::existing);
  if (!store) return failed(store.error());
  const auto done = store->set_retention_schedule(arguments.schedule);
  if (!done) return failed(done.error(), Doing::selecting);
  return Exit::done;
}

Try<Exit> turn_off(const RetentionArguments& arguments) {
  const auto store = open_store(arguments.file, OpenMode::existing);
  if (!store) return failed(store.error());
  const auto done = store->set_retention_schedule(std::nullopt);
  if (!done) return failed(done.error(), Doing::selecting);
  return Exit::done;
}

}  // namespace

void add_retention(CLI::App& app, Run& run) {
  const auto arguments = std::make_shared<RetentionArguments>();
  CLI::App* command =
      app.add_subcommand("retention", "show or set what the agents of a store delete by themselves, and how often");
  add_file(*command, arguments->file);
  command->require_subcommand(1);
  const auto add = [&](const char* name, const char* help, Try<Exit> (*act)(const RetentionArguments&)) {
    CLI::App* action = command->add_subcommand(name, help);
    action->callback([&run, arguments, act] { run = [arguments, act] { return act(*arguments); }; });
    return action;
  };
  add("show", "print it, one limit on a line", show);
  CLI::App* set_action = add("set", "replace it, from the next second on", set);
  add_limits(*set_action, arguments->schedule.policy);
  add_argument(*set_action, "--every", arguments->schedule.interval, age_argument,
               "from one run to the next, 1m to 365d; an hour if nothing is said");
  add("off", "remove it", turn_off);
  command->footer(
      "Agents that have the store open apply it, one at a time; the tool does not. flowkeep prune does the same once.\n"
      "\n"
      "Example:\n"
      "  flowkeep retention runs.flowkeep set --older-than 90d --max-bytes 2G --every 1h");
}

}  // namespace flowkeep::tool

#include <algorithm>
#include <array>
#include <memory>

#include <flowkeep/callbacks/callback_url.hpp>

#include "arguments.hpp"
#include "deliver.hpp"
#include "output.hpp"

namespace flowkeep::tool {

namespace {

struct CallbacksArguments {
  std::optional<CallbackState> state{};
  std::optional<std::uint64_t> limit{};
  std::optional<Guid> after{};
  bool deliver = false;
  bool watch = false;
  DeliverArguments how{};
};

constexpr std::array<std::string_view, callback_state_count> state_names{"waiting", "delivered", "failed", "refused"};

std::string_view name_of(CallbackState state) {
  return state_names[static_cast<std::size_t>(state)];
}

constexpr Argument<CallbackState> callback_state_argument{
    [](std::string_view text) -> std::optional<CallbackState> {
      const auto found = std::find(state_names.begin(), state_names.end(), text);
      if (found == state_names.end()) return std::nullopt;
      return static_cast<CallbackState>(found - state_names.begin());
    },
    "STATE", "a state of callbacks: waiting, delivered, failed or refused"};

std::string json_time(const std::optional<Timestamp>& time) {
  return time ? '"' + format_timestamp(*time) + '"' : "null";
}

std::optional<Timestamp> due_of(const Callback& callback) {
  return callback.state == CallbackState::waiting ? std::optional(callback.dueon) : std::nullopt;
}

std::string json_of(const Callback& callback) {
  return fmt::format(
      "{{\"flowsessionid\":\"{}\",\"state\":\"{}\",\"attempts\":{},\"last_status\":{},\"enqueuedon\":{},\"dueon\":{},"
      "\"last_attempt\":{},\"statuscode\":{},\"receiver\":{},\"last_error\":{}}}\n",
      callback.flowsessionid.str(), name_of(callback.state), callback.attempts,
      callback.last_status == 0 ? "null" : std::to_string(callback.last_status), json_time(callback.enqueuedon),
      json_time(due_of(callback)), json_time(callback.last_attempt), static_cast<std::int32_t>(callback.statuscode),
      json_string(callbacks::redacted(callback.url)),
      callback.last_error.empty() ? "null" : json_string(callback.last_error));
}

std::string line_of(const Callback& callback) {
  const std::string receiver = callbacks::redacted(callback.url);
  const std::string& error = callback.last_error;  // most begin with the receiver
  std::string what = error.starts_with(receiver) ? error : receiver;
  if (!error.empty() && what != error) what += ": " + error;
  const auto time = callback.state == CallbackState::waiting ? callback.dueon : callback.last_attempt;
  return fmt::format("{} {:<9} {:>3} {:>3} {:<28} {}\n", callback.flowsessionid.str(), name_of(callback.state),
                     callback.attempts, callback.last_status == 0 ? "-" : std::to_string(callback.last_status),
                     time ? format_timestamp(*time) : "-", what);
}

Try<Exit> list(const CallbacksArguments& arguments) {
  constexpr std::uint64_t most_at_once = 1000;
  const auto store = open_store(arguments.how.file, OpenMode::read_only);
  if (!store) return failed(store.error());
  const auto snapshot = take_snapshot(*store);
  if (!snapshot) return failed(snapshot.error());
  auto after = arguments.after;
  std::uint64_t left = arguments.limit.value_or(UINT64_MAX);
  while (left > 0) {
    const auto some = snapshot->callbacks(arguments.state, after, std::min(left, most_at_once));
    if (!some) return failed(some.error(), Doing::opening);
    if (some->empty()) break;
    std::string text;
    for (const Callback& callback : *some) text += arguments.how.json ? json_of(callback) : line_of(callback);
    if (const auto printed = print(text); !printed) return failed(printed.error());
    after = some->back().flowsessionid;
    left -= some->size();
  }
  return Exit::done;
}

Try<Exit> callbacks_of(const CallbacksArguments& arguments) {
  const bool delivers = arguments.deliver || arguments.watch;
  const bool lists = arguments.state || arguments.limit || arguments.after;
  const DeliverArguments& how = arguments.how;
  const bool has_policy = !how.allowed_hosts.empty() || !how.ca_file.empty() || how.connect_timeout || how.timeout;
  if (arguments.deliver && arguments.watch) {
    return failed(Exit::usage, "--deliver ends when nothing is due, and --watch does not: ask for one of them");
  }
  if (delivers && lists) {
    return failed(Exit::usage, "--state, --limit and --after are for lists; what is delivered is all that is due");
  }
  if (!delivers && has_policy) {
    return failed(Exit::usage,
                  "--allow-host, --ca-file, --connect-timeout and --timeout are for --deliver and --watch; a list "
                  "sends nothing");
  }
  if (!delivers) return list(arguments);
  return arguments.watch ? deliver_for_ever(how) : deliver_once(how);
}

}  // namespace

void add_callbacks(CLI::App& app, Run& run) {
  const auto arguments = std::make_shared<CallbacksArguments>();
  CLI::App* command =
      app.add_subcommand("callbacks", "list the callbacks of sessions that have ended, or deliver them");
  add_file(*command, arguments->how.file);
  add_argument(*command, "--state", arguments->state, callback_state_argument,
               "only those that are waiting, delivered, failed or refused");
  add_argument(*command, "--limit", arguments->limit, positive_argument, "at most so many (default: all)");
  add_argument(*command, "--after", arguments->after, guid_argument, "go on behind this session");
  command->add_flag("--json", arguments->how.json, "list as JSON Lines; with --deliver and --watch, figures as JSON");
  command->add_flag("--deliver", arguments->deliver, "send what is due, each callback once");
  command->add_flag("--watch", arguments->watch, "send what is due, and go on until SIGINT or SIGTERM");
  command
      ->add_option(
          "--allow-host", arguments->how.allowed_hosts,
          "a receiver of your own: it may have an address that is not public, and any port; may be given again")
      ->type_name("HOST")
      ->allow_extra_args(false);
  command
      ->add_option("--ca-file", arguments->how.ca_file,
                   "trust the authorities of this PEM file, not those of the system")
      ->type_name("FILE");
  add_argument(*command, "--connect-timeout", arguments->how.connect_timeout, positive_argument,
               "seconds for name, connection and TLS of a try (default: 10)");
  add_argument(*command, "--timeout", arguments->how.timeout, positive_argument,
               "seconds for a try in all (default: 30)");
  command->footer(
      "A list has, in the order of ids: session, state, attempts, the last status of HTTP, when it is due (waiting) "
      "or\n"
      "was tried last, and the receiver's host with what was wrong. The rest of a URL is not shown.\n"
      "A callback goes by HTTPS to a public address, or to a host that --allow-host names. What is not answered well\n"
      "is put off, longer each time, and given up after three days; flowkeep callback FILE ID begins anew.\n"
      "Exit status of --deliver: 1 where a callback failed, was refused or put off. Of --watch: 0 after the signal.\n"
      "\n"
      "Example:\n"
      "  flowkeep callbacks runs.flowkeep --state failed\n"
      "  flowkeep callbacks runs.flowkeep --deliver --allow-host flows.contoso.com");
  command->callback([&run, arguments] { run = [arguments] { return callbacks_of(*arguments); }; });
}

}  // namespace flowkeep::tool

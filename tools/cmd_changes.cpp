#include <poll.h>
#include <unistd.h>

#include <chrono>
#include <memory>

#include "odata.hpp"
#include "output.hpp"

namespace flowkeep::tool {

namespace {

struct ChangesArguments {
  StoreFile file{};
  std::optional<std::string> since{};
  bool follow = false;
  bool no_binaries = false;
  bool redact = false;
  io::Format format = io::Format::jsonl;
  ODataArguments odata{};
};

/// Lines that one snapshot is kept for, and their bytes.
constexpr std::uint64_t lines_at_once = 2000;
constexpr std::size_t text_at_once = 1 << 20;
constexpr std::chrono::milliseconds patience{1'000};
/// A quiet store tells its token so often, which else would expire with whoever keeps it.
constexpr std::chrono::hours quiet_time{24};

class Changes {
 public:
  Changes(const Store& store, const ChangesArguments& arguments) : store_(store), arguments_(arguments) {}

  Try<Exit> run(std::string since) {
    token_ = std::move(since);
    for (;;) {
      const auto more = pass();
      if (!more) return failed(more.error());
      if (const auto printed = print(text_); !printed) return failed(printed.error());
      if (!text_.empty()) printed_at_ = Clock::now();
      text_.clear();
      if (*more) continue;
      if (!arguments_.follow || has_lost_its_reader()) return Exit::done;
      const auto waited = store_.await_changes(token_, patience);
      if (!waited) return failed(waited.error(), Doing::selecting);
    }
  }

 private:
  /// Appends the changes of one snapshot to text_; whether there are more of them.
  Try<bool> pass() {
    const auto snapshot = take_snapshot(store_);
    if (!snapshot) return failed(snapshot.error());
    if (const auto made = is_odata() ? open_list() : make_writer(*snapshot); !made) return failed(made.error());
    std::uint64_t lines = 0;
    ChangeRange range = snapshot->changes(token_);
    for (const Result<SessionChange>& change : range) {
      if (!change) return failed(change.error(), Doing::selecting);
      token_ = range.token();
      if (const auto written = append(*snapshot, *change); !written) return failed(written.error());
      if (++lines == lines_at_once || text_.size() >= text_at_once) return true;
    }
    token_ = range.token();
    if (is_odata()) {
      list_->end_delta(text_, token_);
    } else if (!arguments_.follow || Clock::now() - printed_at_ > quiet_time) {
      text_ += fmt::format("{{\"@flowkeep.token\":\"{}\"}}\n", token_);
    }
    return false;
  }

  [[nodiscard]] bool is_odata() const { return arguments_.format == io::Format::odata; }

  [[nodiscard]] io::WriteOptions options() const {
    io::WriteOptions options;
    if (arguments_.no_binaries) options.binaries = io::WriteOptions::Binaries::none;
    if (arguments_.redact) options.redaction = io::WriteOptions::Redaction::secrets;
    set_odata_options(options, arguments_.format, arguments_.odata);
    return options;
  }

  /// The one list of a response, which all passes add to.
  Try<void> open_list() {
    if (list_) return {};
    auto writer = io::ODataWriter::make(options());
    if (!writer) return failed(writer.error(), Doing::selecting);
    list_.emplace(std::move(*writer)).begin_delta(text_);
    return {};
  }

  // Extra columns may have come since.
  Try<void> make_writer(const Snapshot& snapshot) {
    auto extra = snapshot.extra_columns();
    if (!extra) return failed(extra.error(), Doing::opening);
    io::WriteOptions made = options();
    made.extra_columns = std::move(*extra);
    auto writer = io::SessionWriter::make(std::move(made));
    if (!writer) return failed(writer.error(), Doing::selecting);
    writer_.emplace(std::move(*writer));
    return {};
  }

  Try<void> append(const Snapshot& snapshot, const SessionChange& change) {
    if (is_odata()) {
      const auto written = list_->write_change(snapshot, change, text_);
      if (!written) return failed(written.error(), Doing::selecting);
      return {};
    }
    text_ += fmt::format("{{\"@flowkeep.token\":\"{}\",", token_);
    if (!change.session) {
      text_ += fmt::format("\"id\":\"{}\",\"reason\":\"deleted\",\"versionnumber\":{},\"deletedon\":\"{}\"}}\n",
                           change.flowsessionid.str(), change.versionnumber, format_timestamp(*change.deletedon));
      return {};
    }
    line_.clear();
    if (const auto written = writer_->write(snapshot, *change.session, line_); !written) {
      return failed(written.error(), Doing::selecting);
    }
    text_.append(line_, 1);  // behind its brace
    return {};
  }

  // Of a pipe: what nobody would read is not waited for.
  [[nodiscard]] static bool has_lost_its_reader() {
    pollfd output{STDOUT_FILENO, 0, 0};
    return ::poll(&output, 1, 0) > 0 && (output.revents & POLLERR) != 0;
  }

  using Clock = std::chrono::steady_clock;

  const Store& store_;
  const ChangesArguments& arguments_;
  Clock::time_point printed_at_ = Clock::now();
  std::optional<io::SessionWriter> writer_{};
  std::optional<io::ODataWriter> list_{};
  std::string token_{};
  std::string text_{};
  std::string line_{};
};

Try<Exit> changes(const ChangesArguments& arguments) {
  if (arguments.since && arguments.since->empty()) {
    return failed(Exit::usage, "--since: the token is empty; leave --since out to begin with everything");
  }
  if (const auto checked = check_odata_arguments(arguments.format, arguments.odata); !checked) {
    return failed(checked.error());
  }
  if (arguments.follow && arguments.format == io::Format::odata) {
    return failed(Exit::usage, "--follow never ends, and a list of --format odata does: ask for one of them");
  }
  auto since = arguments.since ? token_of("--since", *arguments.since) : std::string();
  if (!since) return failed(since.error());
  const auto store = open_store(arguments.file, OpenMode::read_only);
  if (!store) return failed(store.error());
  return Changes(*store, arguments).run(std::move(*since));
}

}  // namespace

void add_changes(CLI::App& app, Run& run) {
  const auto arguments = std::make_shared<ChangesArguments>();
  CLI::App* command = app.add_subcommand("changes", "write what became of the sessions, as JSON Lines");
  add_file(*command, arguments->file);
  command
      ->add_option("--since", arguments->since,
                   "the token of the last line that was taken in, or the @odata.deltaLink (default: everything)")
      ->type_name("TOKEN");
  command->add_flag("--follow", arguments->follow,
                    "go on: new changes come as they are made, until the end by a signal");
  command->add_flag("--no-binaries", arguments->no_binaries, "leave out inputs, outputs and additionalcontext");
  command->add_flag("--redact", arguments->redact,
                    "leave out credentials, callbackurl and the binary columns (their *_name columns stay)");
  add_json_format(*command, arguments->format);
  add_odata_arguments(*command, arguments->odata);
  command->footer(
      "Sessions come in the order of their versions, as they are now, then deletions as\n"
      "{\"id\":...,\"reason\":\"deleted\"}. Each line has a token, \"@flowkeep.token\"; the last is a token alone\n"
      "(with --follow: one a quiet day). Whoever stores the token together with the row meets each version once.\n"
      "A token is good for 7 days. With --format odata they are one list with the token in its @odata.deltaLink.\n"
      "\n"
      "Example:\n"
      "  flowkeep changes runs.flowkeep --since \"$(cat last-token)\" --no-binaries");
  command->callback([&run, arguments] { run = [arguments] { return changes(*arguments); }; });
}

}  // namespace flowkeep::tool

#include <algorithm>
#include <chrono>
#include <memory>

#include "odata.hpp"
#include "output.hpp"
#include "progress.hpp"

namespace flowkeep::tool {

using std::chrono_literals::operator""ms;

namespace {

using Clock = std::chrono::steady_clock;

/// Which snapshots the rows are read from.
enum class Reading { renewed, one_snapshot };

struct DumpArguments {
  StoreFile file{};
  std::string output{};
  Query query{};
  std::uint64_t limit = Limit{}.rows;
  bool open = false;
  io::Format format = io::Format::jsonl;
  std::vector<std::string> columns{};
  bool labels = false;
  bool no_binaries = false;
  bool redact = false;
  bool one_snapshot = false;
  bool with_children = false;
  std::optional<std::uint64_t> page_size{};
  std::optional<std::string> skiptoken{};
  bool count = false;
  ODataArguments odata{};
};

Try<Query> query_of(const DumpArguments& arguments) {
  Query query = arguments.query;
  query.limit = limit(arguments.limit);
  // One more than a page has tells whether there is a next one.
  if (arguments.page_size) query.limit = limit(std::max(*arguments.page_size, *arguments.page_size + 1));
  if (arguments.skiptoken) {
    auto token = token_of("--skiptoken", *arguments.skiptoken);
    if (!token) return failed(token.error());
    query.after = std::move(*token);
  }
  if (arguments.open) {
    query.statuscodes.insert(query.statuscodes.end(), open_statuses.begin(), open_statuses.end());
    std::sort(query.statuscodes.begin(), query.statuscodes.end());
    query.statuscodes.erase(std::unique(query.statuscodes.begin(), query.statuscodes.end()), query.statuscodes.end());
  }
  return query;
}

Try<ListWriter> make_writer(const DumpArguments& arguments, const Store& store) {
  const auto snapshot = take_snapshot(store);
  if (!snapshot) return failed(snapshot.error());
  auto extra = snapshot->extra_columns();
  if (!extra) return failed(extra.error(), Doing::opening);
  io::WriteOptions options;
  set_odata_options(options, arguments.format, arguments.odata);
  options.columns = arguments.columns;
  options.extra_columns = std::move(*extra);
  if (arguments.no_binaries) options.binaries = io::WriteOptions::Binaries::none;
  if (arguments.redact) options.redaction = io::WriteOptions::Redaction::secrets;
  if (arguments.labels) options.labels = io::WriteOptions::Labels::beside;
  if (arguments.with_children) options.children = io::WriteOptions::Children::all;
  return ListWriter::make(std::move(options));
}

/// How long one read transaction may last. A query that sorts pays for its start again in every slice, so a slice
/// lasts four times as long as its start where that is longer.
class SliceBudget {
 public:
  void first_row() {
    if (started_) return;
    started_ = true;
    allowed_ = std::max<Clock::duration>(shortest, 4 * (Clock::now() - began_));
  }
  [[nodiscard]] bool spent(std::uint64_t rows, std::size_t text_bytes) const {
    if (text_bytes >= most_text) return true;
    const bool long_enough = rows >= most_rows || text_bytes >= enough_text;
    if (rows % 32 != 0 && !long_enough) return false;
    const auto taken = Clock::now() - began_;
    return taken >= allowed_ || (long_enough && allowed_ == shortest);
  }

 private:
  static constexpr Clock::duration shortest = 50ms;
  static constexpr std::uint64_t most_rows = 2000;
  static constexpr std::size_t enough_text = 1 << 20;
  static constexpr std::size_t most_text = 64 << 20;
  bool started_ = false;
  Clock::time_point began_ = Clock::now();
  Clock::duration allowed_ = shortest;
};

/// Rows that one read transaction looks at for the sake of rare ones.
constexpr std::uint64_t most_examined = 20'000;

class Dump {
 public:
  Dump(const Store& store, ListWriter writer, Output& output, Query query, const DumpArguments& arguments)
      : store_(store),
        writer_(std::move(writer)),
        output_(output),
        query_(std::move(query)),
        reading_(arguments.one_snapshot ? Reading::one_snapshot : Reading::renewed),
        page_size_(arguments.page_size),
        counted_(arguments.count) {
    if (reading_ == Reading::renewed) query_.pause_after = most_examined;
  }

  Try<void> run() {
    const auto count = count_of_all();
    if (!count) return failed(count.error());
    writer_.begin(text_, *count);
    for (bool more = true; more;) {
      const auto rest = slice();
      if (!rest && rows_ == 0) return failed(rest.error());  // without a list's opening in front of it
      if (reading_ == Reading::renewed) snapshot_.reset();   // the reader of a pipe may take its time
      if (const auto flushed = flush(); !flushed) return flushed;
      if (!rest) return failed(rest.error());
      more = *rest;
      show_progress();
    }
    writer_.end(text_, next_page_);
    return flush();
  }

 private:
  /// What "@odata.count" says, where it was asked for.
  Try<std::optional<std::uint64_t>> count_of_all() {
    if (!counted_) return std::nullopt;
    auto snapshot = take_snapshot(store_);
    if (!snapshot) return failed(snapshot.error());
    const auto count = snapshot->count(query_);
    if (!count) return failed(count.error(), Doing::selecting);
    if (reading_ == Reading::one_snapshot) snapshot_.emplace(std::move(*snapshot));
    return *count;
  }

  /// Appends the rows of one read transaction to text_; whether there may be more.
  Try<bool> slice() {
    if (!snapshot_) {
      auto taken = take_snapshot(store_);
      if (!taken) return failed(taken.error());
      snapshot_.emplace(std::move(*taken));
    }
    SliceBudget budget;
    std::uint64_t rows = 0;
    SessionRange range = snapshot_->select(query_);
    for (const Result<SessionView>& row : range) {
      if (!row) return failed(row.error(), Doing::selecting);
      if (rows_ == page_size_) {
        next_page_ = page_end_;
        return false;
      }
      budget.first_row();
      if (const auto written = writer_.write(*snapshot_, *row, text_); !written) {
        return failed(written.error(), Doing::selecting);
      }
      ++rows;
      ++rows_;
      if (rows_ == page_size_) page_end_ = range.token();
      if (!budget.spent(rows, text_.size())) continue;
      if (reading_ == Reading::renewed) {
        go_on_behind(range, rows);
        return true;
      }
      if (const auto flushed = flush(); !flushed) return failed(flushed.error());
      show_progress();
      budget = {};
      rows = 0;
    }
    if (!range.is_paused()) return false;
    go_on_behind(range, rows);
    return true;
  }

  void go_on_behind(const SessionRange& range, std::uint64_t rows) {
    query_.after = range.token();
    query_.limit.rows -= rows;
  }

  Try<void> flush() {
    auto written = output_.write(text_);
    text_.clear();
    return written;
  }

  void show_progress() {
    if (!progress_.due()) return;
    if (!total_) {
      total_ = 0;
      if (const auto snapshot = store_.snapshot()) {
        total_ = std::min(snapshot->count(query_).value_or(0), rows_ + query_.limit.rows);
      }
    }
    progress_.show(rows_, rows_, *total_);
  }

  const Store& store_;
  ListWriter writer_;
  Output& output_;
  Query query_;
  Reading reading_;
  std::optional<std::uint64_t> page_size_;
  bool counted_;
  std::string page_end_{};   // the token of a page's last row
  std::string next_page_{};  // the same, once a row was seen behind it
  std::optional<Snapshot> snapshot_{};
  std::string text_{};
  std::uint64_t rows_ = 0;
  std::optional<std::uint64_t> total_{};
  ProgressLine progress_{"sessions dumped"};
};

Try<Exit> dump(const DumpArguments& arguments) {
  const auto checked =
      check_odata_arguments(arguments.format, arguments.odata,
                            {{"--page-size", arguments.page_size.has_value()}, {"--count", arguments.count}});
  if (!checked) return failed(checked.error());
  auto query = query_of(arguments);
  if (!query) return failed(query.error());
  auto store = open_store(arguments.file, OpenMode::read_only);
  if (!store) return failed(store.error());
  auto writer = make_writer(arguments, *store);
  if (!writer) return failed(writer.error());
  auto output = Output::open(arguments.output, arguments.file.path);
  if (!output) return failed(output.error());
  const auto dumped = Dump(*store, std::move(*writer), *output, std::move(*query), arguments).run();
  if (!dumped) return failed(dumped.error());
  if (const auto finished = output->finish(); !finished) return failed(finished.error());
  return Exit::done;
}

void add_filters(CLI::App& command, DumpArguments& arguments) {
  Query& query = arguments.query;
  add_arguments(command, "--status", query.statuscodes, status_argument,
                "sessions of this status, by name or number; may be given again");
  add_argument(command, "--state", query.statecode, state_argument, "sessions of this state");
  command.add_flag("--open", arguments.open, "sessions that are Paused, Running, Waiting or Suspended");
  add_argument(command, "--machine", query.machineid, guid_argument, "sessions of this machine");
  command.add_option("--correlation", query.correlationid, "sessions of this correlationid")->type_name("ID");
  add_argument(command, "--flow", query.regardingobjectid, guid_argument, "sessions of this flow");
  command.add_option("--errorcode", query.errorcode, "sessions with this errorcode")->type_name("TEXT");
  add_argument(command, "--since", query.since, time_argument, "sessions of this time or later");
  add_argument(command, "--until", query.until, time_argument, "sessions before this time");
  add_word(
      command, "--by", query.by,
      {{"createdon", OrderBy::createdon}, {"startedon", OrderBy::startedon}, {"completedon", OrderBy::completedon}},
      "the time that --since, --until and --order are about (default: createdon)");
  add_word(command, "--order", query.order, {{"newest", newest_first}, {"oldest", oldest_first}},
           "which come first (default: newest)");
  CLI::Option* all = add_argument(command, "--limit", arguments.limit, count_argument, "at most so many sessions");
  add_argument(command, "--page-size", arguments.page_size, positive_argument,
               "odata: at most so many sessions, and an @odata.nextLink where there are more")
      ->excludes(all);
  command
      .add_option(
          "--skiptoken", arguments.skiptoken,
          "go on behind a page: its @odata.nextLink, or the $skiptoken in it; all else as it was asked for then")
      ->type_name("TOKEN");
  command.add_flag("--count", arguments.count, "odata: add @odata.count, the number of all such sessions");
}

}  // namespace

void add_dump(CLI::App& app, Run& run) {
  const auto arguments = std::make_shared<DumpArguments>();
  CLI::App* command = app.add_subcommand("dump", "write sessions as JSON Lines, CSV or a Web API list");
  add_file(*command, arguments->file);
  add_word(*command, "--format", arguments->format,
           {{"jsonl", io::Format::jsonl}, {"csv", io::Format::csv}, {"odata", io::Format::odata}},
           "how they are written (default: jsonl)");
  add_filters(*command, *arguments);
  add_columns(*command, arguments->columns);
  command->add_flag("--labels", arguments->labels,
                    "add the names of choices (statuscode and its like), and of parents that are known");
  command->add_flag("--with-children", arguments->with_children,
                    "add each session's children as lists (flowevent_flowsession and its like), and the names of its "
                    "parents; not to CSV");
  command->add_flag("--no-binaries", arguments->no_binaries,
                    "leave out inputs, outputs, additionalcontext and the content of children");
  command->add_flag(
      "--redact", arguments->redact,
      "leave out credentials, callbackurl and the binary columns (their *_name columns stay), and the content of "
      "children");
  command->add_flag("--snapshot", arguments->one_snapshot,
                    "write the store as it was at one moment; the file of a busy store grows meanwhile");
  add_odata_arguments(*command, arguments->odata);
  command->add_option("-o,--output", arguments->output, "write this file (replaced when the dump is whole; mode 0600)")
      ->type_name("OUT");
  command->footer(
      "Sessions satisfy every condition that is given; of --status and --open, one. Without --snapshot a long dump\n"
      "shows a session as it is when its turn comes. For a dump to import again, ask for --order oldest: sessions of\n"
      "one instant then keep their order. A page of --format odata (--page-size) ends with the link that --skiptoken\n"
      "takes.\n"
      "\n"
      "Example:\n"
      "  flowkeep dump runs.flowkeep --format csv --status Failed --since 2026-01-01 --redact -o failed.csv");
  command->callback([&run, arguments] { run = [arguments] { return dump(*arguments); }; });
}

}  // namespace flowkeep::tool

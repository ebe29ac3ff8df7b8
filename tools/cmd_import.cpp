#include <chrono>
#include <cstdlib>
#include <memory>

#include "arguments.hpp"
#include "import_reader.hpp"
#include "output.hpp"
#include "progress.hpp"
#include "text.hpp"

namespace flowkeep::tool {

namespace {

struct ImportArguments {
  StoreFile file{};
  std::string input = "-";
  OnConflict on_conflict = OnConflict::error;
  std::uint64_t batch_rows = 5000;
  bool strict = false;
  bool acknowledge = false;
  bool with_children = false;
};

/// Ends a sentence with what is in the store now and how to go on.
std::string with_progress_made(const std::string& sentence, const ImportResult& done, Exit exit, OnConflict rule) {
  const std::uint64_t passed = done.created + done.replaced + done.skipped;
  if (passed == 0) return sentence + "; nothing is stored";
  return fmt::format("{}; {} of earlier batches {} stored, nothing of this batch; {} and go on with --on-conflict {}",
                     sentence, counted(passed, "row"), passed == 1 ? "is" : "are",
                     exit == Exit::bad_input ? "mend the input" : "put this right",
                     rule == OnConflict::replace ? "replace" : "skip");
}

/// Says which rows are stored and need not be kept elsewhere: an id a line, as dump writes it.
Try<void> acknowledge(const std::vector<Session>& sessions, const ImportResult& done) {
  std::string ids;
  for (const Session& session : sessions) ids += session.flowsessionid->str() + '\n';
  auto written = print(ids);
  if (written) return written;
  const std::string why =
      written.error().exit == Exit::done ? "standard output was closed by its reader" : written.error().message;
  return failed(
      Exit::bad_output,
      fmt::format("{}; {} stored, of which the last {} may not have been acknowledged; go on with "
                  "--on-conflict skip",
                  why, counted(done.created + done.replaced + done.skipped, "row") + " are", sessions.size()));
}

Try<ImportResult> store_batches(const ImportArguments& arguments, BatchReader& reader) {
  OpenOptions how;
  how.mode = OpenMode::open_or_create;
  const auto store = as_user(Store::open(arguments.file.path, std::move(how)), arguments.file);
  if (!store) return failed(store.error());

  const std::string input = arguments.input == "-" ? "standard input" : arguments.input;
  ProgressLine progress("sessions imported");
  ImportResult done;
  const auto show = [&] {
    progress.show(done.created + done.replaced + done.skipped, reader.bytes_read(), reader.bytes_total());
  };
  const auto stopped = [&](Exit exit, const std::string& sentence) {
    return failed(exit, with_progress_made(sentence, done, exit, arguments.on_conflict));
  };
  while (auto batch = reader.next(show)) {
    if (batch->error) return stopped(Exit::bad_input, input + " " + batch->error->message);
    for (Session& session : batch->sessions) {
      if (!session.flowsessionid) session.flowsessionid = Guid::make();  // to be told which it is
    }
    const auto stored = store->import_sessions(
        batch->sessions,
        {.on_conflict = arguments.on_conflict, .parents = batch->parents, .children = batch->children});
    if (!stored) {
      const auto& [error, position] = stored.error();
      const Exit exit = exit_for(error, Doing::importing);
      if (exit != Exit::bad_input) return stopped(exit, error.message);
      return stopped(exit, fmt::format("{} {} {}: {}", input, batch->unit, batch->lines[position], error.message));
    }
    done.created += stored->created;
    done.replaced += stored->replaced;
    done.skipped += stored->skipped;
    if (arguments.acknowledge) {
      if (auto told = acknowledge(batch->sessions, done); !told) return failed(told.error());
    }
    show();
  }
  return done;
}

void print_summary(const ImportResult& done, double seconds) {
  const std::uint64_t rows = done.created + done.replaced + done.skipped;
  std::string line = counted(done.created + done.replaced, "session") + " imported";
  if (rows == 0) {
    line += ": the input holds none";
  } else {
    line +=
        fmt::format(" ({} new, {} replaced, {} skipped) in {:.1f} s, {}/s", done.created, done.replaced, done.skipped,
                    seconds, grouped(static_cast<std::uint64_t>(static_cast<double>(rows) / seconds)));
  }
  print_note(line);
}

Try<Exit> import(const ImportArguments& arguments) {
  const auto began = std::chrono::steady_clock::now();
  auto input = io::SessionInput::open(arguments.input);
  if (!input) return failed(Exit::bad_input, input.error().message);
  BatchReader reader(std::move(*input), arguments.batch_rows,
                     arguments.strict ? Strictness::strict : Strictness::lenient,
                     arguments.acknowledge ? Ending::quiet : Ending::full,
                     arguments.with_children ? ReadChildren::yes : ReadChildren::no);
  const auto done = store_batches(arguments, reader);
  if (!done) {
    if (!reader.stop()) std::_Exit(report(failed(done.error())));
    return failed(done.error());
  }
  print_summary(*done, std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count());
  return Exit::done;
}

}  // namespace

void add_import(CLI::App& app, Run& run) {
  const auto arguments = std::make_shared<ImportArguments>();
  CLI::App* command = app.add_subcommand("import", "add sessions from JSON; makes the store where it is missing");
  add_file(*command, arguments->file);
  command
      ->add_option("INPUT", arguments->input,
                   "JSON Lines, or a Web API response {\"value\":[...]}; plain, gzip or zstd; - (the default) is "
                   "standard input")
      ->type_name("");
  add_word(*command, "--on-conflict", arguments->on_conflict,
           {{"error", OnConflict::error}, {"skip", OnConflict::skip}, {"replace", OnConflict::replace}},
           "what to do with a row whose id is in the store already (default: error)");
  add_argument(*command, "--batch", arguments->batch_rows, positive_argument,
               "rows that are stored together (default: 5000; fewer where they pass 64 MiB)");
  command->add_flag("--strict", arguments->strict, "refuse rows without a name and columns the entity does not have");
  command->add_flag("--ack", arguments->acknowledge,
                    "print each session's id, a line each, once it is on the disk; rows do not wait for a full batch "
                    "when the input has no more for the moment");
  command->add_flag("--with-children", arguments->with_children,
                    "take lists such as flowevent_flowsession as children, not as extra columns");
  command->footer(
      "A batch is stored whole or not at all. A row that is refused, a duplicate too, ends the import with exit\n"
      "status 5: the message names its line and how many rows are stored; with --on-conflict skip the import\n"
      "goes on from there.\n"
      "\n"
      "With --ack, whoever feeds the input may forget a session when its id has come: a power cut does not take it.\n"
      "Rows that --on-conflict skip passes over are stored already, and are printed too. An id is whole when its\n"
      "line has ended. A reader that closes the output ends the import with exit status 6.\n"
      "\n"
      "The names of machines, flows and users that _machineid_value@OData.Community.Display.V1.FormattedValue and its\n"
      "like have are kept as parents. With --with-children the rule of --on-conflict holds for each child, too.\n"
      "\n"
      "Example:\n"
      "  flowkeep import runs.flowkeep sessions.jsonl.gz --on-conflict skip\n"
      "  agent | flowkeep import runs.flowkeep - --batch 100 --ack");
  command->callback([&run, arguments] { run = [arguments] { return import(*arguments); }; });
}

}  // namespace flowkeep::tool

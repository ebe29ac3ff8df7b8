#include <memory>

#include "odata.hpp"
#include "output.hpp"

namespace flowkeep::tool {

namespace {

struct GetArguments {
  StoreFile file{};
  Guid id{};
  std::optional<Column> column{};
  std::string output{};
  io::Format format = io::Format::jsonl;
  std::vector<std::string> columns{};
  bool labels = false;
  ODataArguments odata{};
};

constexpr Argument<Column> column_argument{[](std::string_view text) { return find_column(text); }, "NAME",
                                           "a column of a flow session, such as inputs or errormessage"};

template <class... F>
struct Overloaded : F... {
  using F::operator()...;
};
template <class... F>
Overloaded(F...) -> Overloaded<F...>;

/// The bytes of a value that is not null and not binary.
std::string text_of(const ValueView& value) {
  return std::visit(
      Overloaded{[](std::monostate) { return std::string(); }, [](const Guid& guid) { return guid.str(); },
                 [](std::string_view text) { return std::string(text); },
                 [](const Reference& reference) { return reference.id.str(); },
                 [](std::int32_t number) { return std::to_string(number); },
                 [](std::int64_t number) { return std::to_string(number); },
                 [](double number) { return fmt::format("{}", number); },
                 [](Timestamp time) { return format_timestamp(time); },
                 [](const BinaryView&) { return std::string(); }},
      value);
}

Try<void> write_content(const Snapshot& snapshot, const StoredContent& content, Output& output) {
  auto reader = snapshot.stream(content);
  if (!reader) return failed(reader.error(), Doing::opening);
  for (;;) {
    const auto piece = reader->next();
    if (!piece) return failed(piece.error(), Doing::opening);
    if (piece->empty()) return {};
    if (const auto written = output.write(*piece); !written) return written;
  }
}

Try<void> write_column(const GetArguments& arguments, const Snapshot& snapshot, const SessionView& session,
                       Output& output) {
  const std::string_view name = name_of(*arguments.column);
  if (const auto unpacked = session.unpack(); !unpacked) return failed(unpacked.error(), Doing::opening);
  const ValueView value = session.value(*arguments.column);
  const auto* binary = std::get_if<BinaryView>(&value);
  if (binary != nullptr && binary->stored) return write_content(snapshot, *binary->stored, output);
  if (binary != nullptr && binary->reference) {
    return failed(Exit::no, fmt::format("{} of session {} is a reference to the file {}, whose bytes are not here",
                                        name, arguments.id.str(), binary->reference->str()));
  }
  if (binary != nullptr || std::holds_alternative<std::monostate>(value)) {
    return failed(Exit::no, fmt::format("{} of session {} is null", name, arguments.id.str()));
  }
  return output.write(text_of(value));
}

Try<io::WriteOptions> options_of(const GetArguments& arguments, const Snapshot& snapshot) {
  auto extra = snapshot.extra_columns();
  if (!extra) return failed(extra.error(), Doing::opening);
  io::WriteOptions options;
  options.columns = arguments.columns;
  options.extra_columns = std::move(*extra);
  if (arguments.labels) options.labels = io::WriteOptions::Labels::beside;
  set_odata_options(options, arguments.format, arguments.odata);
  return options;
}

Try<std::string> text_of_session(const Snapshot& snapshot, const SessionView& session, io::WriteOptions options) {
  auto writer = io::SessionWriter::make(std::move(options));
  if (!writer) return failed(writer.error(), Doing::selecting);
  std::string text;
  if (const auto written = writer->write(snapshot, session, text); !written) {
    return failed(written.error(), Doing::opening);
  }
  return text;
}

/// The answer to flowsessions(id), or to flowsessions(id)/column.
Try<std::string> response_of(const GetArguments& arguments, const Snapshot& snapshot, const SessionView& session,
                             io::WriteOptions options) {
  auto writer = io::ODataWriter::make(std::move(options));
  if (!writer) return failed(writer.error(), Doing::selecting);
  std::string text;
  const auto written = arguments.column ? writer->write_value(snapshot, session, *arguments.column, text)
                                        : writer->write_entity(snapshot, session, text);
  if (!written) return failed(written.error(), Doing::one_row);
  return text;
}

Try<Exit> get(const GetArguments& arguments) {
  if (const auto checked = check_odata_arguments(arguments.format, arguments.odata); !checked) {
    return failed(checked.error());
  }
  const auto store = open_store(arguments.file, OpenMode::read_only);
  if (!store) return failed(store.error());
  const auto snapshot = take_snapshot(*store);
  if (!snapshot) return failed(snapshot.error());
  auto options = options_of(arguments, *snapshot);
  if (!options) return failed(options.error());
  const auto session = snapshot->get(arguments.id);
  if (!session) return failed(session.error(), Doing::one_row);
  auto output = Output::open(arguments.output, arguments.file.path);
  if (!output) return failed(output.error());
  if (arguments.column && arguments.format == io::Format::jsonl) {
    if (const auto written = write_column(arguments, *snapshot, *session, *output); !written) {
      return failed(written.error());
    }
  } else {
    const auto text = arguments.format == io::Format::odata
                          ? response_of(arguments, *snapshot, *session, std::move(*options))
                          : text_of_session(*snapshot, *session, std::move(*options));
    if (!text) return failed(text.error());
    if (const auto written = output->write(*text); !written) return failed(written.error());
  }
  if (const auto finished = output->finish(); !finished) return failed(finished.error());
  return Exit::done;
}

}  // namespace

void add_get(CLI::App& app, Run& run) {
  const auto arguments = std::make_shared<GetArguments>();
  CLI::App* command = app.add_subcommand("get", "write one session as JSON, or the bytes of one of its columns");
  add_file(*command, arguments->file);
  add_argument(*command, "ID", arguments->id, guid_argument, "the session")->required();
  CLI::Option* column =
      add_argument(*command, "--column", arguments->column, column_argument,
                   "write the bytes of this column, without a line end (odata: its value); null is exit status 1");
  add_json_format(*command, arguments->format);
  add_columns(*command, arguments->columns)->excludes(column);
  command->add_flag("--labels", arguments->labels,
                    "add the names of choices (statuscode and its like), and of parents that are known");
  add_odata_arguments(*command, arguments->odata);
  command->add_option("-o,--output", arguments->output, "write this file (replaced when it is whole; mode 0600)")
      ->type_name("OUT");
  command->footer(
      "Example:\n"
      "  flowkeep get runs.flowkeep d9687093-d0c0-ec11-983e-0022480b428a --column inputs -o inputs.json");
  command->callback([&run, arguments] { run = [arguments] { return get(*arguments); }; });
}

}  // namespace flowkeep::tool

#include <memory>

#include <flowkeep/io/json.hpp>

#include "arguments.hpp"
#include "output.hpp"

namespace flowkeep::tool {

namespace {

struct GetArguments {
  std::string file{};
  Guid id{};
  std::optional<Column> column{};
  std::string output{};
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

Try<void> write_session(const Snapshot& snapshot, const SessionView& session, Output& output) {
  auto writer = io::SessionWriter::make({});
  if (!writer) return failed(writer.error(), Doing::opening);
  std::string text;
  writer->begin(text);
  if (const auto written = writer->write(snapshot, session, text); !written) {
    return failed(written.error(), Doing::opening);
  }
  writer->end(text);
  return output.write(text);
}

Try<Exit> get(const GetArguments& arguments) {
  const auto store = open_store(arguments.file, OpenMode::read_only);
  if (!store) return failed(store.error());
  const auto snapshot = take_snapshot(*store);
  if (!snapshot) return failed(snapshot.error());
  const auto session = snapshot->get(arguments.id);
  if (!session) return failed(session.error(), Doing::one_row);
  auto output = Output::open(arguments.output, arguments.file);
  if (!output) return failed(output.error());
  const auto written = arguments.column ? write_column(arguments, *snapshot, *session, *output)
                                        : write_session(*snapshot, *session, *output);
  if (!written) return failed(written.error());
  if (const auto finished = output->finish(); !finished) return failed(finished.error());
  return Exit::done;
}

}  // namespace

void add_get(CLI::App& app, Run& run) {
  const auto arguments = std::make_shared<GetArguments>();
  CLI::App* command = app.add_subcommand("get", "write one session as JSON, or the bytes of one of its columns");
  add_file(*command, arguments->file);
  add_argument(*command, "ID", arguments->id, guid_argument, "the session")->required();
  add_argument(*command, "--column", arguments->column, column_argument,
               "write the bytes of this column, without a line end; null is exit status 1");
  command->add_option("-o,--output", arguments->output, "write this file (replaced when it is whole; mode 0600)")
      ->type_name("OUT");
  command->footer(
      "Example:\n"
      "  flowkeep get runs.flowkeep d9687093-d0c0-ec11-983e-0022480b428a --column inputs -o inputs.json");
  command->callback([&run, arguments] { run = [arguments] { return get(*arguments); }; });
}

}  // namespace flowkeep::tool

#include <charconv>
#include <memory>

#include "odata.hpp"
#include "output.hpp"

namespace flowkeep::tool {

namespace {

struct ValidTransitionArguments {
  StoreFile file{};
  Guid id{};
  std::string state{};
  std::int32_t status = 0;
  enum class Format { text, odata } format = Format::text;
  std::string base_url{};
};

/// Any number is a question that has an answer; a word has to be a status.
std::optional<std::int32_t> parse_status_number(std::string_view text) noexcept {
  if (const auto status = parse_statuscode(text)) return static_cast<std::int32_t>(*status);
  std::int32_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

constexpr Argument<std::int32_t> status_number_argument{parse_status_number, "",
                                                        "a number, or the name of a status such as Running"};

Try<Exit> valid_transition(const ValidTransitionArguments& arguments) {
  const bool is_text = arguments.format == ValidTransitionArguments::Format::text;
  if (is_text && !arguments.base_url.empty()) return failed(Exit::usage, "--base-url goes with --format odata alone");
  const auto store = open_store(arguments.file, OpenMode::read_only);
  if (!store) return failed(store.error());
  const auto snapshot = take_snapshot(*store);
  if (!snapshot) return failed(snapshot.error());
  auto writer = io::ODataWriter::make({.base_url = arguments.base_url});
  if (!writer) return failed(writer.error(), Doing::selecting);
  std::string text;
  const auto valid =
      writer->write_is_valid_state_transition(*snapshot, arguments.id, arguments.state, arguments.status, text);
  if (!valid) return failed(valid.error(), Doing::selecting);
  if (is_text) text = *valid ? "true\n" : "false\n";
  if (const auto printed = print(text); !printed) return failed(printed.error());
  return *valid ? Exit::done : Exit::no;
}

}  // namespace

void add_valid_transition(CLI::App& app, Run& run) {
  const auto arguments = std::make_shared<ValidTransitionArguments>();
  CLI::App* command = app.add_subcommand("valid-transition", "ask whether a session may take a state and status");
  add_file(*command, arguments->file);
  add_argument(*command, "ID", arguments->id, guid_argument, "the session")->required();
  command->add_option("NEWSTATE", arguments->state, "Active or Inactive")->type_name("")->required();
  add_argument(*command, "NEWSTATUS", arguments->status, status_number_argument,
               "a number, -1 for the state's default, or a name")
      ->required();
  using Format = ValidTransitionArguments::Format;
  add_word(*command, "--format", arguments->format, {{"text", Format::text}, {"odata", Format::odata}},
           "true or false, or as the Web API answers (default: text)");
  add_base_url(*command, arguments->base_url);
  command->footer(
      "Prints true or false, with exit status 0 or 1; 2 where the session or the state does not exist.\n"
      "\n"
      "Example:\n"
      "  flowkeep valid-transition runs.flowkeep d9687093-d0c0-ec11-983e-0022480b428a Active 4");
  command->callback([&run, arguments] { run = [arguments] { return valid_transition(*arguments); }; });
}

}  // namespace flowkeep::tool

#include "odata.hpp"

namespace flowkeep::tool {

void add_base_url(CLI::App& command, std::string& base_url) {
  command
      .add_option("--base-url", base_url,
                  "odata: what links begin with, such as https://contoso.crm4.dynamics.com/api/data/v9.2 (default: "
                  "nothing; they are relative)")
      ->type_name("URL");
}

void add_odata_arguments(CLI::App& command, ODataArguments& arguments) {
  command.add_flag("--annotations", arguments.annotations,
                   "odata: add the names of choices, and the tables and navigation properties of lookups");
  add_base_url(command, arguments.base_url);
}

void add_json_format(CLI::App& command, io::Format& format) {
  add_word(command, "--format", format, {{"jsonl", io::Format::jsonl}, {"odata", io::Format::odata}},
           "as JSON Lines or as the Web API answers (default: jsonl)");
}

CLI::Option* add_columns(CLI::App& command, std::vector<std::string>& columns) {
  return command.add_option("--columns", columns, "only these columns, in this order, with commas between")
      ->type_name("a,b,...")
      ->delimiter(',')
      ->allow_extra_args(false);
}

Try<void> check_odata_arguments(io::Format format, const ODataArguments& arguments,
                                std::initializer_list<std::pair<const char*, bool>> others) {
  if (format == io::Format::odata) return {};
  const auto refused = [](const char* option) {
    return failed(Exit::usage, fmt::format("{} goes with --format odata alone", option));
  };
  if (arguments.annotations) return refused("--annotations");
  if (!arguments.base_url.empty()) return refused("--base-url");
  for (const auto& [option, is_given] : others) {
    if (is_given) return refused(option);
  }
  return {};
}

void set_odata_options(io::WriteOptions& options, io::Format format, const ODataArguments& arguments) {
  options.format = format;
  options.base_url = arguments.base_url;
  if (arguments.annotations) options.annotations = io::WriteOptions::Annotations::all;
}

Try<std::string> token_of(std::string_view option, std::string_view link) {
  auto token = io::read_link_token(link);
  if (!token) return failed(Exit::usage, fmt::format("{}: {}", option, token.error().message));
  return std::move(*token);
}

bool asks_for_odata(std::span<char* const> arguments) noexcept {
  for (std::size_t at = 0; at < arguments.size(); ++at) {
    const std::string_view argument = arguments[at];
    if (argument == "--") return false;
    if (argument == "--format=odata") return true;
    if (argument == "--format" && at + 1 < arguments.size() && arguments[at + 1] == std::string_view("odata"))
      return true;
  }
  return false;
}

Try<ListWriter> ListWriter::make(io::WriteOptions options) {
  if (options.format == io::Format::odata) {
    auto writer = io::ODataWriter::make(std::move(options));
    if (!writer) return failed(writer.error(), Doing::selecting);
    return ListWriter(std::move(*writer));
  }
  auto writer = io::SessionWriter::make(std::move(options));
  if (!writer) return failed(writer.error(), Doing::selecting);
  return ListWriter(std::move(*writer));
}

void ListWriter::begin(std::string& out, std::optional<std::uint64_t> count) {
  if (auto* const odata = std::get_if<io::ODataWriter>(&writer_)) return odata->begin(out, count);
  std::get<io::SessionWriter>(writer_).begin(out);
}

Result<void> ListWriter::write(const Snapshot& snapshot, const SessionView& session, std::string& out) {
  return std::visit([&](auto& writer) { return writer.write(snapshot, session, out); }, writer_);
}

void ListWriter::end(std::string& out, std::string_view skiptoken) {
  if (auto* const odata = std::get_if<io::ODataWriter>(&writer_)) return odata->end(out, skiptoken);
  std::get<io::SessionWriter>(writer_).end(out);
}

}  // namespace flowkeep::tool

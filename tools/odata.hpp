// --format odata: the options that go with it, and lists of sessions in any format.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <variant>

#include <flowkeep/io/odata.hpp>

#include "arguments.hpp"

namespace flowkeep::tool {

/// What may be asked of the responses of the Web API.
struct ODataArguments {
  std::string base_url{};
  bool annotations = false;
};

/// Adds --base-url; --annotations and --base-url.
void add_base_url(CLI::App& command, std::string& base_url);
void add_odata_arguments(CLI::App& command, ODataArguments& arguments);
/// Adds --format, of jsonl and odata.
void add_json_format(CLI::App& command, io::Format& format);
/// Adds --columns.
CLI::Option* add_columns(CLI::App& command, std::vector<std::string>& columns);
/// Refuses --annotations, --base-url, and those of `others` that are given (true), where the format is another.
[[nodiscard]] Try<void> check_odata_arguments(io::Format format, const ODataArguments& arguments,
                                              std::initializer_list<std::pair<const char*, bool>> others = {});
/// Puts format and arguments into the options of a writer.
void set_odata_options(io::WriteOptions& options, io::Format format, const ODataArguments& arguments);

/// The token of --skiptoken or --since, of which the whole link may be given. Failures: usage.
[[nodiscard]] Try<std::string> token_of(std::string_view option, std::string_view link);

/// Whether the command line asks for --format odata; it may be wrong elsewhere.
[[nodiscard]] bool asks_for_odata(std::span<char* const> arguments) noexcept;

/// A list of sessions in the format of its options; only a response of the Web API has a count and a link.
class ListWriter {
 public:
  [[nodiscard]] static Try<ListWriter> make(io::WriteOptions options);
  void begin(std::string& out, std::optional<std::uint64_t> count);
  [[nodiscard]] Result<void> write(const Snapshot& snapshot, const SessionView& session, std::string& out);
  void end(std::string& out, std::string_view skiptoken);

 private:
  explicit ListWriter(std::variant<io::SessionWriter, io::ODataWriter> writer) noexcept : writer_(std::move(writer)) {}
  std::variant<io::SessionWriter, io::ODataWriter> writer_;
};

}  // namespace flowkeep::tool

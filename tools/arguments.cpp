#include "arguments.hpp"

#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <memory>

#include <flowkeep/io/json.hpp>

namespace flowkeep::tool {

std::optional<std::uint64_t> parse_count(std::string_view text) noexcept {
  std::uint64_t count = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return count;
}

CLI::Option* add_file(CLI::App& command, std::string& file) {
  return command.add_option("FILE", file, "the store")->type_name("")->required();
}

Try<std::string> read_text_file(const std::string& path) {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "rbe"), std::fclose);
  if (!file) return failed(Exit::bad_input, fmt::format("{}: {}", path, std::strerror(errno)));
  std::string text;
  std::string piece(64 * 1024, '\0');
  while (const std::size_t got = std::fread(piece.data(), 1, piece.size(), file.get())) text.append(piece, 0, got);
  if (std::ferror(file.get()) != 0) return failed(Exit::bad_input, fmt::format("{}: {}", path, std::strerror(errno)));
  return text;
}

Try<StateModel> load_state_model(const std::string& text) {
  if (auto model = StateModel::built_in(text)) return std::move(*model);
  if (text.size() < 2 || text.front() != '@') {
    return failed(Exit::usage,
                  fmt::format("{} is not a state model: platform, desktop-flow, or @ and the name of an XML file of "
                              "<allowedtransitions> elements",
                              in_quotes(text)));
  }
  const std::string path = text.substr(1);
  auto xml = read_text_file(path);
  if (!xml) return failed(xml.error());
  auto model = io::read_state_model_xml(std::filesystem::path(path).stem().string(), *xml);
  if (!model) return failed(Exit::bad_input, fmt::format("{}: {}", path, model.error().message));
  return std::move(*model);
}

}  // namespace flowkeep::tool

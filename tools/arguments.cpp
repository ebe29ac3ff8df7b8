#include "arguments.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <memory>
#include <span>

#include <flowkeep/io/json.hpp>

namespace flowkeep::tool {

std::optional<std::uint64_t> parse_count(std::string_view text) noexcept {
  std::uint64_t count = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return count;
}

namespace {

struct Unit {
  char letter;
  std::uint64_t size;
};

// A number that fits into 62 bits, in one of the units; the last one may be left out where it is ' '.
std::optional<std::uint64_t> parse_with_unit(std::string_view text, std::span<const Unit> units) noexcept {
  if (text.empty()) return std::nullopt;
  const bool is_bare = text.back() >= '0' && text.back() <= '9';
  const char letter = is_bare ? ' ' : text.back();
  const auto unit = std::find_if(units.begin(), units.end(), [&](const Unit& one) { return one.letter == letter; });
  if (unit == units.end()) return std::nullopt;
  if (!is_bare) text.remove_suffix(1);
  const auto count = parse_count(text);
  constexpr std::uint64_t most = std::uint64_t{1} << 62;
  if (!count || *count > most / unit->size) return std::nullopt;
  return *count * unit->size;
}

}  // namespace

std::optional<std::chrono::milliseconds> parse_age(std::string_view text) noexcept {
  constexpr std::uint64_t second = 1000;
  constexpr std::array units{Unit{'s', second}, Unit{'m', 60 * second}, Unit{'h', 3600 * second},
                             Unit{'d', 86400 * second}, Unit{'w', 7 * 86400 * second}};
  const auto milliseconds = parse_with_unit(text, units);
  if (!milliseconds) return std::nullopt;
  return std::chrono::milliseconds(static_cast<std::int64_t>(*milliseconds));
}

std::optional<std::uint64_t> parse_bytes(std::string_view text) noexcept {
  constexpr std::array units{Unit{' ', 1}, Unit{'K', 1ULL << 10}, Unit{'M', 1ULL << 20}, Unit{'G', 1ULL << 30},
                             Unit{'T', 1ULL << 40}};
  return parse_with_unit(text, units);
}

std::optional<Reference> parse_principal(std::string_view text) {
  EntityType type = EntityType::systemuser;
  for (const auto& [word, named] : {std::pair<std::string_view, EntityType>{"user:", EntityType::systemuser},
                                    std::pair<std::string_view, EntityType>{"team:", EntityType::team}}) {
    if (!text.starts_with(word)) continue;
    text.remove_prefix(word.size());
    type = named;
    break;
  }
  const auto id = Guid::parse(text);
  if (!id) return std::nullopt;
  return Reference(*id, type);
}

CLI::Option* add_file(CLI::App& command, std::string& file) {
  return command.add_option("FILE", file, "the store")->type_name("")->required();
}

CLI::Option* add_file(CLI::App& command, StoreFile& file) {
  CLI::Option* option = add_file(command, file.path);
  add_user(command, file);
  return option;
}

void add_user(CLI::App& command, StoreFile& file) {
  const auto on = [&file]() -> Principal& {
    if (!file.user) file.user.emplace();
    return *file.user;
  };
  const auto read = [](const auto& argument, const std::string& text, auto use) {
    if (const auto value = argument.parse(text)) use(*value);
  };
  CLI::Option* as = command
                        .add_option_function<std::string>(
                            "--as",
                            [on, read](const std::string& text) {
                              read(guid_argument, text, [&](const Guid& id) { on().user = id; });
                            },
                            "use the store as this user, who sees and does what he may")
                        ->type_name("USER")
                        ->check([](const std::string& text) { return check_argument(guid_argument, text); })
                        ->group("Who uses it");
  command
      .add_option_function<std::vector<std::string>>(
          "--team",
          [on, read](const std::vector<std::string>& texts) {
            for (const std::string& text : texts) {
              read(guid_argument, text, [&](const Guid& id) { on().teams.push_back(id); });
            }
          },
          "a team he is in; may be given again")
      ->type_name("GUID")
      ->allow_extra_args(false)
      ->check([](const std::string& text) { return check_argument(guid_argument, text); })
      ->needs(as)
      ->group("Who uses it");
  command
      .add_option_function<std::string>(
          "--privileges",
          [on, read](const std::string& text) {
            read(rights_argument, text, [&](AccessRights rights) { on().privileges = rights; });
          },
          "what he may do with this table at all (default: All)")
      ->type_name("RIGHTS")
      ->check([](const std::string& text) { return check_argument(rights_argument, text); })
      ->needs(as)
      ->group("Who uses it");
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

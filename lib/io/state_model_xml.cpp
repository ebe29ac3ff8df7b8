#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <flowkeep/io/json.hpp>
#include <pugixml.hpp>

#include "json_syntax.hpp"

namespace flowkeep::io {
namespace {

constexpr std::string_view transitions_namespace = "http://schemas.microsoft.com/crm/2009/WebServices";
constexpr std::string_view list_name = "allowedtransitions";
constexpr std::string_view move_name = "allowedtransition";

/// An XML name in its two parts.
struct QualifiedName {
  std::string_view prefix;
  std::string_view local;
};

QualifiedName split(std::string_view name) noexcept {
  const std::size_t colon = name.find(':');
  if (colon == std::string_view::npos) return {{}, name};
  return {name.substr(0, colon), name.substr(colon + 1)};
}

/// The namespace that holds for a node's name; "" where none is declared.
std::string_view namespace_of(pugi::xml_node node) {
  const std::string_view prefix = split(node.name()).prefix;
  const std::string declaration = prefix.empty() ? "xmlns" : fmt::format("xmlns:{}", prefix);
  for (; node; node = node.parent())
    if (const auto attribute = node.attribute(declaration.c_str())) return attribute.value();
  return {};
}

/// Collects the moves of every <allowedtransitions> it walks over; stops at the first fault.
class MoveReader : public pugi::xml_tree_walker {
 public:
  explicit MoveReader(std::string_view xml) : xml_(xml) {}

  bool for_each(pugi::xml_node& node) override {
    const QualifiedName name = split(node.name());
    if (node.type() != pugi::node_element) return true;
    if (name.local == move_name && split(node.parent().name()).local != list_name)
      return refuse(node, "<allowedtransition> stands outside of <allowedtransitions>");
    if (name.local != list_name) return true;
    ++lists_;
    const std::string_view space = namespace_of(node);
    if (space != transitions_namespace && !(space.empty() && name.prefix.empty()))
      return refuse(node, fmt::format("<{}> is of the namespace {}, none or {} is needed", node.name(), quoted(space),
                                      quoted(transitions_namespace)));
    return std::ranges::all_of(node.children(), [this](pugi::xml_node child) { return read_move(child); });
  }

  [[nodiscard]] Result<std::vector<Move>> take() {
    if (!problem_.empty()) return fail(Errc::invalid_argument, std::move(problem_));
    if (lists_ == 0) return fail(Errc::invalid_argument, "there is no <allowedtransitions> element in the XML");
    return std::move(moves_);
  }

 private:
  bool refuse(pugi::xml_node node, std::string_view what) {
    const std::ptrdiff_t offset = node.offset_debug();
    const auto end = xml_.begin() + std::clamp<std::ptrdiff_t>(offset, 0, static_cast<std::ptrdiff_t>(xml_.size()));
    problem_ = fmt::format("line {}: {}", 1 + std::count(xml_.begin(), end, '\n'), what);
    return false;
  }

  bool read_move(pugi::xml_node node) {
    if (node.type() == pugi::node_pcdata || node.type() == pugi::node_cdata)
      return refuse(node.parent(), "text stands inside <allowedtransitions>, only <allowedtransition> elements may");
    if (node.type() != pugi::node_element) return true;
    const QualifiedName name = split(node.name());
    if (name.local != move_name || name.prefix != split(node.parent().name()).prefix ||
        namespace_of(node) != namespace_of(node.parent()))
      return refuse(node, fmt::format("<{}> stands inside <allowedtransitions>, only <allowedtransition> elements may",
                                      node.name()));
    if (node.first_child()) return refuse(node, "<allowedtransition> has to be empty");
    const auto from = read_status(node, "sourcestatusid");
    const auto to = from ? read_status(node, "tostatusid") : std::nullopt;
    if (!to) return false;
    moves_.push_back({*from, *to});
    return true;
  }

  std::optional<StatusCode> read_status(pugi::xml_node node, const char* name) {
    const auto attribute = node.attribute(name);
    if (!attribute) {
      refuse(node, fmt::format("<allowedtransition> has no {}", name));
      return std::nullopt;
    }
    const std::string_view text = attribute.value();
    std::int32_t number = -1;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{} || end != text.data() + text.size() || number < 0 || number >= status_count) {
      refuse(node, fmt::format("{} is {}, a status code from 0 to {} is needed", name, quoted(text), status_count - 1));
      return std::nullopt;
    }
    return static_cast<StatusCode>(number);
  }

  std::string_view xml_;
  std::string problem_{};
  std::vector<Move> moves_{};
  std::size_t lists_ = 0;
};

struct StringWriter : pugi::xml_writer {
  std::string text{};
  void write(const void* data, std::size_t size) override { text.append(static_cast<const char*>(data), size); }
};

}  // namespace

Result<StateModel> read_state_model_xml(std::string name, std::string_view xml) {
  pugi::xml_document document;
  const auto parsed = document.load_buffer(xml.data(), xml.size(), pugi::parse_default | pugi::parse_fragment);
  if (!parsed) {
    const auto line =
        1 + std::count(xml.begin(),
                       xml.begin() + std::min<std::ptrdiff_t>(parsed.offset, static_cast<std::ptrdiff_t>(xml.size())),
                       '\n');
    return fail(Errc::invalid_argument, fmt::format("line {}: not valid XML: {}", line, parsed.description()));
  }
  MoveReader reader(xml);
  document.traverse(reader);
  auto moves = reader.take();
  if (!moves) return fail(std::move(moves.error()));
  return StateModel::make(std::move(name), *moves);
}

std::string write_state_model_xml(const StateModel& model) {
  pugi::xml_document document;
  auto declaration = document.append_child(pugi::node_declaration);
  declaration.append_attribute("version") = "1.0";
  declaration.append_attribute("encoding") = "utf-8";
  auto root = document.append_child("statemodel");
  root.append_attribute("name") = model.name().c_str();
  auto list = root.append_child(list_name.data());
  list.append_attribute("xmlns") = transitions_namespace.data();
  for (const Move& move : model.moves()) {
    auto element = list.append_child(move_name.data());
    element.append_attribute("sourcestatusid") = static_cast<int>(move.from);
    element.append_attribute("tostatusid") = static_cast<int>(move.to);
  }
  StringWriter writer;
  document.save(writer, "  ", pugi::format_indent, pugi::encoding_utf8);
  return std::move(writer.text);
}

}  // namespace flowkeep::io

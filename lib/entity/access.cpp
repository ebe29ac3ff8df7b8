#include <algorithm>
#include <array>
#include <cctype>

#include <flowkeep/access.hpp>

namespace flowkeep {

namespace {

struct Named {
  AccessRight right;
  std::string_view name;
};

constexpr std::array<Named, 8> names{{{AccessRight::read, "ReadAccess"},
                                      {AccessRight::write, "WriteAccess"},
                                      {AccessRight::append, "AppendAccess"},
                                      {AccessRight::append_to, "AppendToAccess"},
                                      {AccessRight::create, "CreateAccess"},
                                      {AccessRight::erase, "DeleteAccess"},
                                      {AccessRight::share, "ShareAccess"},
                                      {AccessRight::assign, "AssignAccess"}}};

std::string lower_case(std::string_view text) {
  std::string lower;
  for (const char letter : text) {
    if (letter != ' ') lower += static_cast<char>(std::tolower(static_cast<unsigned char>(letter)));
  }
  return lower;
}

std::optional<AccessRights> parse_one(std::string_view word) {
  const std::string lower = lower_case(word);
  if (lower == "all") return AccessRights::all();
  if (lower == "none") return AccessRights();
  for (const Named& named : names) {
    const std::string name = lower_case(named.name);
    if (lower == name || lower + "access" == name) return named.right;
  }
  return std::nullopt;
}

}  // namespace

std::string AccessRights::str() const {
  std::string text;
  for (const Named& named : names) {
    if (has(named.right)) text += (text.empty() ? "" : ", ") + std::string(named.name);
  }
  return text.empty() ? "None" : text;
}

std::optional<AccessRights> AccessRights::parse(std::string_view text) {
  AccessRights rights;
  for (;;) {
    const std::size_t comma = std::min(text.find(','), text.size());
    const auto one = parse_one(text.substr(0, comma));
    if (!one) return std::nullopt;
    rights = rights | *one;
    if (comma == text.size()) return rights;
    text.remove_prefix(comma + 1);
  }
}

}  // namespace flowkeep

#include "dns_name.hpp"

#include <algorithm>
#include <cstddef>

namespace flowkeep::callbacks {
namespace {

constexpr std::string_view letters_and_digits = "abcdefghijklmnopqrstuvwxyz0123456789";
constexpr std::size_t longest_name = 253;
constexpr std::size_t longest_label = 63;
constexpr std::string_view local_name = "localhost";

bool is_name_character(char c) noexcept {
  return c == '-' || c == '_' || letters_and_digits.find(c) != std::string_view::npos;
}

bool is_number(std::string_view label) noexcept {
  if (label.starts_with("0x")) return label.find_first_not_of("0123456789abcdef", 2) == std::string_view::npos;
  return label.find_first_not_of("0123456789") == std::string_view::npos;
}

bool is_label(std::string_view label) noexcept {
  return !label.empty() && label.size() <= longest_label && label.front() != '-' && label.back() != '-' &&
         std::all_of(label.begin(), label.end(), is_name_character);
}

}  // namespace

std::string lower_case(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

tl::expected<std::string, std::string_view> read_host(std::string_view host) {
  std::string name = lower_case(host);
  if (name.ends_with('.')) name.pop_back();
  if (name.empty()) return tl::unexpected<std::string_view>("has no host");
  if (name.size() > longest_name) return tl::unexpected<std::string_view>("has a host of more than 253 characters");
  std::string_view rest = name;
  while (true) {
    const std::size_t dot = rest.find('.');
    const std::string_view label = rest.substr(0, dot);
    if (!is_label(label))
      return tl::unexpected<std::string_view>("has a host that is no DNS name (international ones are written xn--…)");
    if (dot == std::string_view::npos) {
      if (is_number(label)) return tl::unexpected<std::string_view>("leads to an IP address, a DNS name is needed");
      return name;
    }
    rest.remove_prefix(dot + 1);
  }
}

bool is_presentable(std::string_view host) noexcept {
  return !host.empty() && host.size() <= longest_name &&
         std::all_of(host.begin(), host.end(), [](char c) { return c == '.' || is_name_character(c); });
}

bool is_localhost(std::string_view name) noexcept {
  if (!name.ends_with(local_name)) return false;
  name.remove_suffix(local_name.size());
  return name.empty() || name.ends_with('.');
}

}  // namespace flowkeep::callbacks

#include "odata_link.hpp"

#include <array>
#include <charconv>
#include <cstddef>
#include <optional>

#include <fmt/format.h>
#include <flowkeep/io/odata.hpp>

#include "json_syntax.hpp"

namespace flowkeep::io {
namespace {

bool is_unreserved(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view("-._~").find(c) != std::string_view::npos;
}

/// What may stand in a URL in front of its query.
bool is_of_url(char c) noexcept {
  return is_unreserved(c) || std::string_view("%:/[]@!$&'()*+,;=").find(c) != std::string_view::npos;
}

/// Undoes the percent form; std::nullopt where it is broken.
std::optional<std::string> percent_decoded(std::string_view text) {
  std::string plain;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] != '%') {
      plain += text[at];
      continue;
    }
    if (text.size() - at < 3) return std::nullopt;
    unsigned char byte = 0;
    const char* const end = text.data() + at + 3;
    if (std::from_chars(text.data() + at + 1, end, byte, 16).ptr != end) return std::nullopt;
    plain += static_cast<char>(byte);
    at += 2;
  }
  return plain;
}

/// What stands behind `name` and its equals sign among the parameters of a link.
std::optional<std::string_view> parameter(std::string_view link, std::string_view name) {
  std::size_t at = link.find('?');
  while (at != std::string_view::npos) {
    link.remove_prefix(at + 1);
    const std::size_t end = link.find_first_of("&#");
    const std::string_view pair = link.substr(0, end);
    const std::size_t equals = pair.find('=');
    if (equals != std::string_view::npos && percent_decoded(pair.substr(0, equals)) == name)
      return pair.substr(equals + 1);
    at = end != std::string_view::npos && link[end] == '&' ? end : std::string_view::npos;
  }
  return std::nullopt;
}

}  // namespace

Result<std::string> link_base(std::string_view base_url) {
  for (const char c : base_url) {
    if (!is_of_url(c))
      return fail(Errc::invalid_argument, fmt::format("base URL: {} has a character that does not stand in front of a "
                                                      "URL's query; https://contoso.crm4.dynamics.com/api/data/v9.2 "
                                                      "is an example",
                                                      quoted(base_url)));
  }
  std::string base(base_url);
  if (!base.empty() && base.back() != '/') base += '/';
  return base;
}

void append_percent_encoded(std::string& out, std::string_view text) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  for (const char c : text) {
    if (is_unreserved(c)) {
      out += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    out += '%';
    out += digits[byte >> 4U];
    out += digits[byte & 15U];
  }
}

Result<std::string> read_link_token(std::string_view link) {
  const auto refused = [&link](std::string_view why) {
    return fail(Errc::invalid_argument, fmt::format("{} {}", quoted(link), why));
  };
  std::string_view token = link;
  if (link.find_first_of("/?=&") != std::string_view::npos) {
    auto found = parameter(link, "$skiptoken");
    if (!found) found = parameter(link, "$deltatoken");
    if (!found) return refused("is a link without $skiptoken and $deltatoken");
    token = *found;
  }
  auto plain = percent_decoded(token);
  if (!plain) return refused("has a % that no two digits follow");
  if (plain->empty()) return refused("is no token: there is nothing in it");
  return std::move(*plain);
}

}  // namespace flowkeep::io

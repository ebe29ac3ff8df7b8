#include <flowkeep/callbacks/callback_url.hpp>

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <optional>
#include <utility>

#include "dns_name.hpp"

namespace flowkeep::callbacks {
namespace {

constexpr std::string_view separator = "://";
constexpr std::uint16_t https_port = 443;

/// The three parts of "scheme://authority/rest", views of it; the rest has everything from the first of / ? # on.
struct Split {
  std::string_view scheme;
  std::string_view authority;
  std::string_view rest;
};

std::optional<Split> split(std::string_view url) noexcept {
  const std::size_t colon = url.find(separator);
  // Nothing that can be a scheme holds these; the separator may stand in a query, too.
  if (colon == std::string_view::npos || url.find_first_of("/?#@") < colon) return std::nullopt;
  const std::size_t begin = colon + separator.size();
  const std::size_t end = std::min(url.find_first_of("/?#\\", begin), url.size());
  return Split{url.substr(0, colon), url.substr(begin, end - begin), url.substr(end)};
}

/// The number of UTF-16 code units of a text; std::nullopt where it is not valid UTF-8.
std::optional<std::size_t> utf16_units(std::string_view text) noexcept {
  std::size_t units = 0;
  for (std::size_t at = 0; at < text.size();) {
    const auto lead = static_cast<unsigned char>(text[at]);
    const std::size_t length = lead < 0x80   ? 1
                               : lead < 0xC2 ? 0
                               : lead < 0xE0 ? 2
                               : lead < 0xF0 ? 3
                               : lead < 0xF5 ? 4
                                             : 0;
    if (length == 0 || at + length > text.size()) return std::nullopt;
    char32_t code = length == 1 ? lead : lead & (0x7FU >> length);
    for (std::size_t i = 1; i < length; ++i) {
      const auto next = static_cast<unsigned char>(text[at + i]);
      if ((next & 0xC0U) != 0x80) return std::nullopt;
      code = (code << 6) | (next & 0x3FU);
    }
    const bool is_overlong = (length == 3 && code < 0x800) || (length == 4 && code < 0x10000);
    if (is_overlong || (code >= 0xD800 && code < 0xE000) || code > 0x10FFFF) return std::nullopt;
    units += length == 4 ? 2 : 1;
    at += length;
  }
  return units;
}

/// What no URL holds as it is, in whatever part: some readers drop it, others take it for something else.
bool is_forbidden(char c) noexcept {
  const auto byte = static_cast<unsigned char>(c);
  return byte <= ' ' || byte == 0x7F || c == '\\';
}

std::string percent_encoded(std::string_view text) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x80) {
      out += c;
    } else {
      out += {'%', digits[byte >> 4], digits[byte & 0xF]};
    }
  }
  return out;
}

std::optional<std::uint16_t> parse_port(std::string_view text) noexcept {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc{} || end != text.data() + text.size() || port == 0) return std::nullopt;
  return port;
}

/// The path and the query; an empty path is "/".
std::string path_query(std::string_view rest) {
  std::string out = percent_encoded(rest.substr(0, rest.find('#')));
  if (out.empty() || out.front() != '/') out.insert(out.begin(), '/');
  return out;
}

}  // namespace

std::string CallbackUrl::str() const {
  std::string out = "https://" + host;
  if (port != https_port) out += ':' + std::to_string(port);
  return out + path_query;
}

Result<CallbackUrl> check_callback_url(std::string_view url, std::span<const std::string> allowed_hosts) {
  const auto refuse = [&](std::string_view why) {
    return fail(Errc::invalid_argument, "callbackurl " + redacted(url) + ' ' + std::string(why));
  };
  const auto units = utf16_units(url);
  if (!units) return refuse("is not valid UTF-8");
  if (*units > max_callback_url_units)
    return refuse("has " + std::to_string(*units) + " UTF-16 units, up to " + std::to_string(max_callback_url_units) +
                  " are allowed");
  if (std::any_of(url.begin(), url.end(), is_forbidden))
    return refuse("has a space, a control character or a backslash in it");
  const auto parts = split(url);
  if (!parts) return refuse("is no absolute URL, it has to begin with https://");
  if (lower_case(parts->scheme) != "https") return refuse("has another scheme than https");
  if (parts->authority.find('@') != std::string_view::npos)
    return refuse("has a user name or a password in it, a host alone is allowed");
  if (parts->authority.starts_with('[')) return refuse("leads to an IP address, a DNS name is needed");

  const std::size_t colon = parts->authority.find(':');
  CallbackUrl checked;
  if (colon != std::string_view::npos) {
    const auto port = parse_port(parts->authority.substr(colon + 1));
    if (!port) return refuse("has a port that is no number from 1 to 65535");
    checked.port = *port;
  }
  auto host = read_host(parts->authority.substr(0, colon));
  if (!host) return refuse(host.error());
  checked.host = std::move(*host);
  checked.is_allowed_host = std::any_of(allowed_hosts.begin(), allowed_hosts.end(), [&](const std::string& allowed) {
    const auto name = read_host(allowed);
    return name && *name == checked.host;
  });
  if (!checked.is_allowed_host) {
    if (is_localhost(checked.host)) return refuse("leads to this machine, which only an allowed host may");
    if (checked.port != https_port) return refuse("has another port than 443, which only an allowed host may");
  }
  checked.path_query = path_query(parts->rest);
  return checked;
}

std::string redacted(std::string_view url) {
  const auto parts = split(url);
  if (!parts) return "…";
  const std::string scheme = lower_case(parts->scheme);
  if (scheme != "https" && scheme != "http") return "…";
  // What looks like a host and a port may be a user name and a password, cut off at a slash: the port tells.
  const std::size_t colon = parts->authority.find(':');
  const bool has_good_port = colon == std::string_view::npos || parse_port(parts->authority.substr(colon + 1));
  const std::string host = lower_case(parts->authority.substr(0, colon));
  return scheme + "://" + (has_good_port && is_presentable(host) ? host + "/…" : "…");
}

}  // namespace flowkeep::callbacks

// Where a callback may go: the rules for a session's callbackurl, as far as its text alone shows.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include <flowkeep/result.hpp>

namespace flowkeep::callbacks {

/// An https URL in its parts. Its path and query hold what gives access to the receiver: they are not for logs.
struct CallbackUrl {
  std::string host{};            ///< a DNS name in lower case, without a dot at its end
  std::uint16_t port = 443;      ///< 443 unless the URL names another
  std::string path_query{};      ///< from the first '/' on, as given, but bytes beyond ASCII as %XX; no fragment
  bool is_allowed_host = false;  ///< the host is one of `allowed_hosts`

  /// What is called, written anew from the parts: no second reader of URLs can see another host in it.
  [[nodiscard]] FLOWKEEP_API std::string str() const;
};

/// The longest URL, in UTF-16 code units, as column callbackurl has it.
inline constexpr std::size_t max_callback_url_units = 2000;

/// Takes an absolute https URL apart, or says why no callback goes there: another scheme; a user name or password; a
/// host that is no DNS name (an IP address in any form that inet_aton() or a browser would take, also with a dot at its
/// end; other characters than letters, digits, '-', '_' and '.', so international names are to be given as xn--…);
/// "localhost" and names below it, and ports other than 443, unless the host is in `allowed_hosts`; spaces, control
/// characters, backslashes and broken UTF-8; more than max_callback_url_units. A fragment is dropped.
/// `allowed_hosts` are DNS names; case, and a dot at the end, do not matter.
/// Where the name leads is not looked at here: see is_public_address() and Sender.
/// Errors: invalid_argument; the sentence quotes no more of the URL than redacted() does.
[[nodiscard]] FLOWKEEP_API Result<CallbackUrl> check_callback_url(std::string_view url,
                                                                  std::span<const std::string> allowed_hosts = {});

/// What may be shown of a URL: scheme and host ("https://host/…"), without port, user name, path and query; "…" in the
/// place of a host that is not plainly one.
[[nodiscard]] FLOWKEEP_API std::string redacted(std::string_view url);

}  // namespace flowkeep::callbacks

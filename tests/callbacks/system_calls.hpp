// Stands between libcurl and the system: this program's own getaddrinfo(), connect() and send() are what it calls. No
// name is looked up anywhere else, so no test depends on a network or on what a machine calls itself.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace flowkeep::callbacks {

/// The IPv4 addresses that one lookup of a name gives.
using Addresses = std::vector<std::string>;

/// What names lead to while it lives; there is one at a time. Other names are not found.
class Names {
 public:
  Names();
  Names(const Names&) = delete;
  Names& operator=(const Names&) = delete;
  /// Lets lookups that hang go, and waits for them.
  ~Names();

  /// The first lookup of `name` gives the first addresses, and so on; the last are given for good.
  void set(const std::string& name, std::vector<Addresses> lookups);
  /// What connects to port 443, of whatever address, gets to this one of 127.0.0.1: a receiver that stands where those
  /// of the internet stand.
  void stand_for_internet(std::uint16_t port);
  /// Lookups do not come to an end before let_go().
  void hang();
  void let_go();
  /// Returns once a lookup hangs.
  void await_lookup();
};

/// While it lives, send() on a socket meets a connection that has broken: SIGPIPE, and EPIPE.
class BrokenConnections {
 public:
  BrokenConnections() noexcept;
  BrokenConnections(const BrokenConnections&) = delete;
  BrokenConnections& operator=(const BrokenConnections&) = delete;
  ~BrokenConnections();
  [[nodiscard]] static int met() noexcept;
};

}  // namespace flowkeep::callbacks

// Which addresses of the internet a callback may go to.
#pragma once

#include <cstdint>
#include <span>

#include <flowkeep/export.hpp>

namespace flowkeep::callbacks {

/// Whether an address, 4 bytes (IPv4) or 16 (IPv6) in network order, is one of the public internet; other lengths are
/// not. Not public are, by IANA's registries of special-purpose addresses (RFC 6890 and its updates):
/// - IPv4: 0/8, 10/8, 100.64/10 (CGNAT), 127/8, 169.254/16, 172.16/12, 192.0.0/24, 192.0.2/24, 192.88.99/24,
///   192.168/16, 198.18/15 (benchmarks), 198.51.100/24, 203.0.113/24, 224/4 (multicast), 240/4; and 168.63.129.16, by
///   which Azure's machines reach their host (Microsoft's documentation);
/// - IPv6: all but 2000::/3 (so ::, ::1, ::ffff:0:0/96, fc00::/7, fe80::/10, fec0::/10, ff00::/8), and of that
///   2001:2::/48, 2001:10::/28, 2001:db8::/32 and 3fff::/20; where an IPv4 address that is not public is within:
///   2002::/16 (6to4) and 2001::/32 (Teredo, server and client). NAT64's 64:ff9b::/96 is what the IPv4 address within
///   is.
[[nodiscard]] FLOWKEEP_API bool is_public_address(std::span<const std::uint8_t> address) noexcept;

}  // namespace flowkeep::callbacks

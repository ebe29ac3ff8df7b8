// Which addresses are of the public internet.
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <array>
#include <cstdint>
#include <span>
#include <string>

#include <flowkeep/callbacks/address.hpp>

namespace flowkeep::callbacks {
namespace {

bool is_public(const std::string& text) {
  std::array<std::uint8_t, 16> bytes{};
  if (text.find(':') == std::string::npos) {
    EXPECT_EQ(::inet_pton(AF_INET, text.c_str(), bytes.data()), 1) << text;
    return is_public_address(std::span(bytes).first<4>());
  }
  EXPECT_EQ(::inet_pton(AF_INET6, text.c_str(), bytes.data()), 1) << text;
  return is_public_address(bytes);
}

TEST(Address, IsPublic) {
  for (const char* text : {
           // Beside each network that is not: the last before it, the first after it.
           "1.0.0.0", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "126.255.255.255", "128.0.0.0",
           "168.63.129.15", "168.63.129.17", "169.253.255.255", "169.255.0.0", "172.15.255.255", "172.32.0.0",
           "191.255.255.255", "192.0.1.0", "192.0.3.0", "192.88.98.255", "192.88.100.0", "192.167.255.255",
           "192.169.0.0", "198.17.255.255", "198.20.0.0", "198.51.99.255", "198.51.101.0", "203.0.112.255",
           "203.0.114.0", "223.255.255.255", "8.8.8.8",
           // IPv6
           "2000::", "3ffe:ffff::", "3fff:1000::", "2001:1::1", "2001:2:1::", "2001:20::1",
           "2001:db7::", "2001:db9::", "2606:4700::6810:85e5", "2a01:111:f402:f085::",
           // With a public IPv4 address within
           "64:ff9b::8.8.8.8", "2002:808:808::1", "2001:0:808:808:0:0:f7f7:f7f7",  // its client is 8.8.8.8
       }) {
    EXPECT_TRUE(is_public(text)) << text;
  }
}

TEST(Address, IsNotPublic) {
  for (const char* text : {
           "0.0.0.0", "0.255.255.255", "10.0.0.0", "10.255.255.255", "100.64.0.0", "100.127.255.255", "127.0.0.1",
           "127.255.255.255", "168.63.129.16", "169.254.0.0", "169.254.169.254", "169.254.255.255", "172.16.0.0",
           "172.31.255.255", "192.0.0.0", "192.0.0.255", "192.0.2.0", "192.0.2.255", "192.88.99.1", "192.168.0.0",
           "192.168.255.255", "198.18.0.0", "198.19.255.255", "198.51.100.0", "198.51.100.255", "203.0.113.0",
           "203.0.113.255", "224.0.0.0", "239.255.255.255", "240.0.0.0", "255.255.255.255",
           // IPv6
           "::", "::1", "::8.8.8.8", "::ffff:0:0", "::ffff:127.0.0.1", "::ffff:8.8.8.8", "100::1", "1fff:ffff::",
           "2001:2::1", "2001:2:0:ffff::", "2001:10::1", "2001:1f::", "2001:db8::1", "2001:db8:ffff::", "3fff::1",
           "3fff:fff:ffff::", "4000::", "5f00::1", "fc00::", "fd00:ec2::254", "fdff:ffff::", "fe00::1", "fe80::1",
           "febf::1", "fec0::1", "feff::1", "ff00::", "ff02::1", "ffff::", "64:ff9b:1::1", "64:ff9b:0:1::8.8.8.8",
           // With an IPv4 address within that is not public
           "64:ff9b::127.0.0.1", "64:ff9b::10.1.2.3", "64:ff9b::169.254.169.254", "2002:7f00:1::1", "2002:a01:203::",
           "2002:c0a8:101::1", "2001:0:7f00:1:0:0:f7f7:f7f7", "2001:0:808:808:0:0:80ff:fffe",  // 127.0.0.1 its client
           "2001:0:808:808:0:0:f5fe:fdfc",                                                     // 10.1.2.3
       }) {
    EXPECT_FALSE(is_public(text)) << text;
  }
}

TEST(Address, OfAnotherLengthIsNone) {
  const std::array<std::uint8_t, 17> eights{8, 8, 8, 8};
  for (std::size_t length = 0; length <= eights.size(); ++length) {
    if (length == 4 || length == 16) continue;
    EXPECT_FALSE(is_public_address(std::span(eights).first(length))) << length;
  }
}

}  // namespace
}  // namespace flowkeep::callbacks

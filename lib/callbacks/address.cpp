#include <flowkeep/callbacks/address.hpp>

#include <algorithm>
#include <array>
#include <cstddef>

namespace flowkeep::callbacks {
namespace {

using Bytes = std::span<const std::uint8_t>;

/// The addresses whose first `bits` bits are those of `prefix`.
template <std::size_t Size>
struct Network {
  std::array<std::uint8_t, Size> prefix;
  unsigned bits;

  [[nodiscard]] bool contains(Bytes address) const noexcept {
    const std::size_t whole = bits / 8;
    if (!std::equal(prefix.begin(), prefix.begin() + static_cast<std::ptrdiff_t>(whole), address.begin())) return false;
    if (bits % 8 == 0) return true;
    const auto mask = static_cast<std::uint8_t>(0xFF00U >> (bits % 8));
    return (address[whole] & mask) == prefix[whole];
  }
};
using Network4 = Network<4>;
using Network6 = Network<16>;

constexpr std::array not_public_4{
    Network4{{0}, 8},                  // this network
    Network4{{10}, 8},                 // private
    Network4{{100, 64}, 10},           // shared by customers of a provider
    Network4{{127}, 8},                // loopback
    Network4{{168, 63, 129, 16}, 32},  // the host of an Azure machine
    Network4{{169, 254}, 16},          // link-local; the metadata of most clouds
    Network4{{172, 16}, 12},           // private
    Network4{{192, 0, 0}, 24},         // protocol assignments
    Network4{{192, 0, 2}, 24},         // documentation
    Network4{{192, 88, 99}, 24},       // 6to4 relays, withdrawn
    Network4{{192, 168}, 16},          // private
    Network4{{198, 18}, 15},           // benchmarks
    Network4{{198, 51, 100}, 24},      // documentation
    Network4{{203, 0, 113}, 24},       // documentation
    Network4{{224}, 4},                // multicast
    Network4{{240}, 4},                // reserved, broadcast
};

constexpr Network6 global_unicast{{0x20}, 3};
constexpr std::array not_public_6{
    Network6{{0x20, 0x01, 0, 0x02}, 48},     // benchmarks
    Network6{{0x20, 0x01, 0, 0x10}, 28},     // ORCHID, withdrawn
    Network6{{0x20, 0x01, 0x0D, 0xB8}, 32},  // documentation
    Network6{{0x3F, 0xFF}, 20},              // documentation
};
constexpr Network6 nat64{{0, 0x64, 0xFF, 0x9B}, 96};
constexpr Network6 six_to_four{{0x20, 0x02}, 16};
constexpr Network6 teredo{{0x20, 0x01, 0, 0}, 32};

bool is_public_4(Bytes address) noexcept {
  return std::none_of(not_public_4.begin(), not_public_4.end(),
                      [&](const Network4& network) { return network.contains(address); });
}

bool is_public_6(Bytes address) noexcept {
  if (nat64.contains(address)) return is_public_4(address.subspan<12, 4>());
  if (!global_unicast.contains(address)) return false;
  if (six_to_four.contains(address)) return is_public_4(address.subspan<2, 4>());
  if (teredo.contains(address)) {
    std::array<std::uint8_t, 4> client{};  // stands there inverted
    for (std::size_t i = 0; i < client.size(); ++i) client[i] = static_cast<std::uint8_t>(address[12 + i] ^ 0xFF);
    return is_public_4(address.subspan<4, 4>()) && is_public_4(client);
  }
  return std::none_of(not_public_6.begin(), not_public_6.end(),
                      [&](const Network6& network) { return network.contains(address); });
}

}  // namespace

bool is_public_address(Bytes address) noexcept {
  if (address.size() == 4) return is_public_4(address);
  return address.size() == 16 && is_public_6(address);
}

}  // namespace flowkeep::callbacks

// Delivering callbacks; a tool that is built without them refuses to.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "tool.hpp"

namespace flowkeep::tool {

/// Where callbacks may go, and how long that may take.
struct DeliverArguments {
  StoreFile file{};
  std::vector<std::string> allowed_hosts{};
  std::string ca_file{};
  // In seconds.
  std::optional<std::uint64_t> connect_timeout{};
  std::optional<std::uint64_t> timeout{};
  bool json = false;  ///< figures are data
};

/// Delivers what is due. Exit::no where not all of it was delivered.
[[nodiscard]] Try<Exit> deliver_once(const DeliverArguments& arguments);
/// Goes on until SIGINT or SIGTERM.
[[nodiscard]] Try<Exit> deliver_for_ever(const DeliverArguments& arguments);

}  // namespace flowkeep::tool

// The order in which GUIDs are keyed: time first where the GUID carries a time.
#pragma once

#include <array>
#include <cstdint>
#include <flowkeep/guid.hpp>
#include <optional>
#include <string_view>

namespace flowkeep::base {

/// The 16 bytes under which a GUID is kept. With b0..b15 the bytes in the order of the text, π reverses the first
/// eight and keeps the rest. A(G) holds where the top two bits of b8 are 10 (the RFC 4122 variant), b7 >> 4 is 1
/// (version 1, its first three groups byte-swapped, as Dataverse makes them) and b6 >> 4 is not 7 (so not version 7).
/// The key is π(G) where A(G) or A(π(G)), else G.
/// A swapped version 1 thus has its 60-bit time first (from 1925 to 2139: other times may look like version 7), and a
/// version 7 is unchanged (until 2527, when its first digit reaches 1). The condition is the same for G and π(G), so
/// the key of the key is G again: the keys are injective over all 2^128 GUIDs.
[[nodiscard]] std::array<std::uint8_t, 16> guid_key(const Guid& guid) noexcept;

/// The GUID whose text, in lower case and without braces, this is: Guid::str() gives the same text back.
[[nodiscard]] std::optional<Guid> canonical_guid(std::string_view text) noexcept;

/// The GUID whose key stands in the 16 bytes at `key`.
[[nodiscard]] Guid guid_from_key(const std::uint8_t* key) noexcept;

}  // namespace flowkeep::base

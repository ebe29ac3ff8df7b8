// Opaque tokens: how far somebody knows the changes of a store.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <flowkeep/guid.hpp>
#include <flowkeep/result.hpp>
#include <flowkeep/timestamp.hpp>

namespace flowkeep::query {

struct ChangePlace {
  std::int64_t sessions = 0;   ///< versions of sessions up to this one are known
  std::int64_t deletions = 0;  ///< of deletions
  Timestamp time{};            ///< every later deletion is younger
};

/// 82 lower-case hexadecimal digits: version, fingerprint of the store, place, checksum.
[[nodiscard]] std::string encode_change_token(const Guid& store_id, const ChangePlace& place);
/// Errors: invalid_argument (not a token; of another store), expired.
[[nodiscard]] Result<ChangePlace> decode_change_token(const Guid& store_id, std::string_view token, Timestamp present);

}  // namespace flowkeep::query

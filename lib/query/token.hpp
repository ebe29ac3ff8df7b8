// Opaque tokens: where a query stood.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "query/filter.hpp"
#include "query/walk.hpp"

namespace flowkeep::query {

/// What a token belongs to: the store and everything of the query but its limit and its own token. Strings are
/// those of Filter::query(), folded.
[[nodiscard]] std::uint64_t fingerprint(const Guid& store_id, const Query& query);

/// 82 lower-case hexadecimal digits: version, fingerprint, position, checksum.
[[nodiscard]] std::string encode_token(std::uint64_t fingerprint, const Position& position);
/// Errors: invalid_argument (not a token; of another query or store).
[[nodiscard]] Result<Position> decode_token(std::uint64_t fingerprint, std::string_view token);

}  // namespace flowkeep::query

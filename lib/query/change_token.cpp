#include "query/change_token.hpp"

#include <xxhash.h>

#include <utility>

#include <flowkeep/changes.hpp>

#include "base/bytes.hpp"
#include "query/sealed_text.hpp"

namespace flowkeep::query {

namespace {

// A query's token, of the same length, begins with another number.
constexpr char token_version = 'c';
constexpr std::size_t body_bytes = 1 + 4 * 8;

std::uint64_t fingerprint(const Guid& store_id) {
  return XXH3_64bits(store_id.bytes.data(), store_id.bytes.size());
}

}  // namespace

std::string encode_change_token(const Guid& store_id, const ChangePlace& place) {
  std::string body(1, token_version);
  base::append_be64(body, fingerprint(store_id));
  for (const std::int64_t number : {place.sessions, place.deletions, place.time.time_since_epoch().count()}) {
    base::append_be64(body, base::ordered(number));
  }
  return seal(std::move(body));
}

Result<ChangePlace> decode_change_token(const Guid& store_id, std::string_view token, Timestamp present) {
  const auto body = unseal(token, body_bytes);
  if (!body || body->front() != token_version) {
    return fail(Errc::invalid_argument, "the token is not one that changes of a store gave");
  }
  const auto number = [&body](std::size_t place) {
    return base::from_ordered(base::get_be64(body->data() + 1 + 8 * place));
  };
  if (base::get_be64(body->data() + 1) != fingerprint(store_id)) {
    return fail(Errc::invalid_argument, "the token belongs to another store");
  }
  const ChangePlace place{number(1), number(2), Timestamp(Ticks(number(3)))};
  if (present - place.time <= change_token_life) return place;
  return fail(Errc::expired, "the token is of " + format_timestamp(place.time) +
                                 ", and good for 7 days: deletions since then may be forgotten, so begin without one");
}

}  // namespace flowkeep::query

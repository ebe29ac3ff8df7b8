#include "query/token.hpp"

#include <xxhash.h>

#include <algorithm>
#include <utility>

#include "base/bytes.hpp"
#include "query/sealed_text.hpp"

namespace flowkeep::query {

namespace {

constexpr char token_version = 1;
constexpr std::size_t body_bytes = 1 + 8 + 8 + index::RowKey::size;

void append(std::string& out, const std::optional<Guid>& id) {
  out += id ? '1' : '0';
  if (id) out.append(reinterpret_cast<const char*>(id->bytes.data()), id->bytes.size());
}

void append(std::string& out, const std::optional<std::string>& text) {
  out += text ? '1' : '0';
  if (!text) return;
  base::append_be64(out, text->size());
  out += *text;
}

void append(std::string& out, const std::optional<Timestamp>& time) {
  out += time ? '1' : '0';
  if (time) base::append_be64(out, base::ordered(time->time_since_epoch().count()));
}

}  // namespace

std::uint64_t fingerprint(const Guid& store_id, const Query& query) {
  std::string text(reinterpret_cast<const char*>(store_id.bytes.data()), store_id.bytes.size());
  std::vector<StatusCode> statuses = query.statuscodes;
  std::sort(statuses.begin(), statuses.end());
  statuses.erase(std::unique(statuses.begin(), statuses.end()), statuses.end());
  base::append_be64(text, statuses.size());
  for (const StatusCode status : statuses) text += static_cast<char>(status);
  text += query.statecode ? static_cast<char>('0' + static_cast<int>(*query.statecode)) : '-';
  for (const auto* id : {&query.machineid, &query.machinegroupid, &query.regardingobjectid, &query.ownerid,
                         &query.parentdesktopflowrunid}) {
    append(text, *id);
  }
  for (const auto* string : {&query.correlationid, &query.clienttrackingid, &query.errorcode}) append(text, *string);
  text += static_cast<char>('a' + static_cast<int>(query.by));
  append(text, query.since);
  append(text, query.until);
  text += query.changed_since ? '1' : '0';
  if (query.changed_since) base::append_be64(text, base::ordered(*query.changed_since));
  text += static_cast<char>('a' + static_cast<int>(query.order));
  if (query.lookup) {
    text += name_of(query.lookup->column);
    append(text, query.lookup->id);
  }
  return XXH3_64bits(text.data(), text.size());
}

std::string encode_token(std::uint64_t fingerprint, const Position& position) {
  std::string body(1, token_version);
  base::append_be64(body, fingerprint);
  base::append_be64(body, base::ordered(position.first));
  body += position.key.bytes();
  return seal(std::move(body));
}

Result<Position> decode_token(std::uint64_t fingerprint, std::string_view token) {
  const auto refused = [](const char* why) { return fail(Errc::invalid_argument, std::string("the token ") + why); };
  const auto body = unseal(token, body_bytes);
  if (!body || body->front() != token_version) return refused("is not one that a query gave");
  if (base::get_be64(body->data() + 1) != fingerprint) return refused("belongs to another query or another store");
  Position position;
  position.first = base::from_ordered(base::get_be64(body->data() + 9));
  position.key = *index::RowKey::from(std::string_view(*body).substr(17, index::RowKey::size));
  return position;
}

}  // namespace flowkeep::query

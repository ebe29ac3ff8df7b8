#include "store/reading.hpp"

#include "base/guid_key.hpp"
#include "codec/record.hpp"
#include "codec/value.hpp"

namespace flowkeep::store {

namespace {

std::string name_of_row(const index::RowKey& key) {
  return "row " + format_timestamp(key.createdon()) + " #" + std::to_string(key.arrival());
}

}  // namespace

Result<StoredRow> decode_row(std::string_view key, std::string_view value) {
  const auto row_key = index::RowKey::from(key);
  if (!row_key) {
    return fail(Errc::corrupt, "table sessions has a key of " + std::to_string(key.size()) + " bytes, not of 16");
  }
  auto decoded = codec::decode_value(codec::ValueKind::record, key, value);
  if (!decoded) {
    decoded.error().message = name_of_row(*row_key) + ": " + decoded.error().message;
    return fail(std::move(decoded.error()));
  }
  auto session = codec::RecordView::verify(decoded->payload);
  if (!session) {
    session.error().message = name_of_row(*row_key) + ": " + session.error().message;
    return fail(std::move(session.error()));
  }
  if (session->createdon() != row_key->createdon() ||
      session->versionnumber() != static_cast<std::int64_t>(decoded->version)) {
    return fail(Errc::corrupt,
                name_of_row(*row_key) + ": its createdon or versionnumber is not the one it is stored under");
  }
  return StoredRow{*row_key, *session};
}

Result<StoredRow> read_row(const storage::Transaction& transaction, const Tables& tables, std::string_view key) {
  auto value = transaction.get(tables.sessions, key);
  if (!value) return fail(std::move(value.error()));
  if (!*value) {
    const auto row_key = index::RowKey::from(key);
    return fail(Errc::corrupt, (row_key ? name_of_row(*row_key) : "a row") + " is missing from table sessions");
  }
  return decode_row(key, **value);
}

Result<std::optional<index::RowKey>> find_row_key(const storage::Transaction& transaction, const Tables& tables,
                                                  const Guid& id) {
  const auto id_key = base::guid_key(id);
  auto value = transaction.get(tables.ids, {reinterpret_cast<const char*>(id_key.data()), id_key.size()});
  if (!value) return fail(std::move(value.error()));
  if (!*value) return std::nullopt;
  const auto key = index::RowKey::from(**value);
  if (!key) return fail(Errc::corrupt, "session " + id.str() + ": its entry in table ids is damaged");
  return key;
}

Result<std::optional<StoredRow>> find_row(const storage::Transaction& transaction, const Tables& tables,
                                          const Guid& id) {
  auto key = find_row_key(transaction, tables, id);
  if (!key) return fail(std::move(key.error()));
  if (!*key) return std::nullopt;
  auto row = read_row(transaction, tables, (*key)->bytes());
  if (!row) {
    row.error().message = "session " + id.str() + ": " + row.error().message;
    return fail(std::move(row.error()));
  }
  if (row->session.flowsessionid() != id) {
    return fail(Errc::corrupt,
                "session " + id.str() + ": table ids leads to the row of " + row->session.flowsessionid().str());
  }
  return *row;
}

tl::unexpected<Error> no_such_session(const Guid& id) {
  return fail(Errc::not_found, "there is no session " + id.str(), DataverseCode::object_does_not_exist);
}

}  // namespace flowkeep::store

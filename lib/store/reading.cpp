#include "store/reading.hpp"

#include <xxhash.h>

#include "base/guid_key.hpp"
#include "codec/record.hpp"
#include "codec/value.hpp"
#include "storage/cursor.hpp"

namespace flowkeep::store {

namespace {

std::string name_of_row(const index::RowKey& key) {
  return "row " + format_timestamp(key.createdon()) + " #" + std::to_string(key.arrival());
}

}  // namespace

namespace {

Result<SessionView> open_record(const storage::Transaction& transaction, const Tables& tables, std::string_view value,
                                std::uint64_t arrival) {
  auto dictionary = tables.packing->get(transaction, tables.dictionaries, codec::RecordView::dictionary_of(value));
  if (!dictionary) return fail(std::move(dictionary.error()));
  return codec::RecordView::open(value, *dictionary, arrival);
}

Error in_row(const index::RowKey& key, Error error) {
  error.message = name_of_row(key) + ": " + error.message;
  return error;
}

}  // namespace

Result<StoredRow> decode_row(const storage::Transaction& transaction, const Tables& tables, std::string_view key,
                             std::string_view value) {
  const auto row_key = index::RowKey::from(key);
  if (!row_key) {
    return fail(Errc::corrupt, "table sessions has a key of " + std::to_string(key.size()) + " bytes, not of 16");
  }
  if (auto ok = codec::RecordView::verify(key, value); !ok) return fail(in_row(*row_key, std::move(ok.error())));
  auto session = open_record(transaction, tables, value, row_key->arrival());
  if (!session) return fail(in_row(*row_key, std::move(session.error())));
  if (session->createdon() != row_key->createdon()) {
    return fail(Errc::corrupt, name_of_row(*row_key) + ": its createdon is not the one it is stored under");
  }
  return StoredRow{*row_key, std::move(*session)};
}

Result<StoredRow> show_row(const storage::Transaction& transaction, const Tables& tables, const RowChange& row) {
  return show_row(transaction, tables, *row.new_key, row.value);
}

Result<StoredRow> show_row(const storage::Transaction& transaction, const Tables& tables, const index::RowKey& key,
                           std::string_view value) {
  auto session = open_record(transaction, tables, value, key.arrival());
  if (!session) return fail(in_row(key, std::move(session.error())));
  return StoredRow{key, std::move(*session)};
}

Result<StoredRow> read_row(const storage::Transaction& transaction, const Tables& tables, std::string_view key) {
  auto value = transaction.get(tables.sessions, key);
  if (!value) return fail(std::move(value.error()));
  if (!*value) {
    const auto row_key = index::RowKey::from(key);
    return fail(Errc::corrupt, (row_key ? name_of_row(*row_key) : "a row") + " is missing from table sessions");
  }
  return decode_row(transaction, tables, key, **value);
}

Result<codec::Slots> open_contents(const storage::Transaction& transaction, const Tables& tables,
                                   std::string_view value, std::string& buffer) {
  auto dictionary = tables.packing->get(transaction, tables.dictionaries, codec::contents_dictionary_of(value));
  if (!dictionary) return fail(std::move(dictionary.error()));
  return codec::open_contents(value, *dictionary, buffer);
}

Result<codec::Slots> read_contents(const storage::Transaction& transaction, const Tables& tables, std::uint64_t arrival,
                                   std::string& buffer) {
  const storage::IntegerKey key(arrival);
  if (!tables.contents.is_open()) return fail(opened_before_upgrade());
  auto value = transaction.get(tables.contents, key.bytes());
  if (!value) return fail(std::move(value.error()));
  const auto in_row = [arrival](Error error) {
    error.message = "contents of arrival " + std::to_string(arrival) + ": " + error.message;
    return error;
  };
  if (!*value) return fail(in_row(Error{Errc::corrupt, "they are missing from table contents"}));
  if (auto ok = codec::verify_contents(key.bytes(), **value); !ok) return fail(in_row(std::move(ok.error())));
  auto slots = open_contents(transaction, tables, **value, buffer);
  if (!slots) return fail(in_row(std::move(slots.error())));
  return slots;
}

Result<std::string_view> read_small(const storage::Transaction& transaction, const Tables& tables,
                                    const StoredContent& stored, std::string& buffer) {
  auto slots = read_contents(transaction, tables, codec::arrival_of(stored), buffer);
  if (!slots) return fail(std::move(slots.error()));
  const std::uint64_t slot = codec::slot_of(stored);
  const std::string_view bytes = slot < slots->size() ? (*slots)[slot] : std::string_view();
  if (bytes.size() == stored.size && XXH3_64bits(bytes.data(), bytes.size()) == stored.hash) return bytes;
  return fail(Errc::corrupt, "contents of arrival " + std::to_string(codec::arrival_of(stored)) +
                                 ": they are not the ones their session refers to");
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
  return std::move(*row);
}

Result<std::optional<std::string_view>> find_side_row(const storage::Transaction& transaction, const Tables& tables,
                                                      codec::SideTable table, std::string_view key) {
  if (!tables.of(table).is_open()) return std::nullopt;  // of an older format
  auto value = transaction.get(tables.of(table), key);
  if (!value) return fail(std::move(value.error()));
  if (!*value) return std::nullopt;
  auto decoded = codec::decode_value(codec::info(table).kind, key, **value);
  if (!decoded) return fail(std::move(decoded.error()));
  return decoded->payload;
}

Result<void> for_each_side_row_from(const storage::Transaction& transaction, const Tables& tables,
                                    codec::SideTable table, std::string_view begin,
                                    const std::function<Result<bool>(std::string_view, std::string_view)>& use) {
  if (!tables.of(table).is_open()) return {};
  auto cursor = storage::Cursor::open(transaction, tables.of(table));
  if (!cursor) return fail(std::move(cursor.error()));
  auto found = begin.empty() ? cursor->first() : cursor->seek(begin);
  for (; found && *found; found = cursor->next()) {
    auto value = codec::decode_value(codec::info(table).kind, cursor->key(), cursor->value());
    if (!value) return fail(std::move(value.error()));
    auto goes_on = use(cursor->key(), value->payload);
    if (!goes_on) return fail(std::move(goes_on.error()));
    if (!*goes_on) return {};
  }
  if (!found) return fail(std::move(found.error()));
  return {};
}

Result<void> for_each_side_row(const storage::Transaction& transaction, const Tables& tables, codec::SideTable table,
                               std::string_view prefix,
                               const std::function<Result<bool>(std::string_view, std::string_view)>& use) {
  return for_each_side_row_from(transaction, tables, table, prefix,
                                [&](std::string_view key, std::string_view payload) -> Result<bool> {
                                  if (key.substr(0, prefix.size()) != prefix) return false;
                                  return use(key, payload);
                                });
}

tl::unexpected<Error> no_place_yet() {
  return fail(Errc::busy,
              "the file is of a format before 1.4, which has no place for this, and stays so while other "
              "processes have it open: try again when they have closed it");
}

tl::unexpected<Error> no_such_session(const Guid& id) {
  return fail(Errc::not_found, "there is no session " + id.str(), DataverseCode::object_does_not_exist);
}

}  // namespace flowkeep::store

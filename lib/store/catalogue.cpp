#include "store/catalogue.hpp"

#include "codec/value.hpp"

namespace flowkeep::store {

using codec::MetaRow;
using codec::ValueKind;

namespace {

storage::IntegerKey key_of(MetaRow row) noexcept {
  return storage::IntegerKey(static_cast<std::uint64_t>(row));
}

Result<std::string_view> require_meta(const storage::Transaction& transaction, storage::Table meta, MetaRow row,
                                      const char* name) {
  auto payload = read_meta(transaction, meta, row);
  if (!payload) return fail(std::move(payload.error()));
  if (!*payload) return fail(Errc::corrupt, std::string("the store's row \"") + name + "\" is missing");
  return **payload;
}

}  // namespace

Result<std::optional<std::string_view>> read_meta(const storage::Transaction& transaction, storage::Table meta,
                                                  MetaRow row) {
  const auto key = key_of(row);
  auto value = transaction.get(meta, key.bytes());
  if (!value) return fail(std::move(value.error()));
  if (!*value) return std::nullopt;
  auto decoded = codec::decode_value(ValueKind::meta, key.bytes(), **value);
  if (!decoded) return fail(std::move(decoded.error()));
  return decoded->payload;
}

Result<void> write_meta(storage::WriteTransaction& transaction, storage::Table meta, MetaRow row,
                        std::string_view payload) {
  const auto key = key_of(row);
  std::string value;
  codec::encode_value(value, ValueKind::meta, 0, key.bytes(), payload);
  return transaction.put(meta, key.bytes(), value);
}

Result<void> remove_meta(storage::WriteTransaction& transaction, storage::Table meta, MetaRow row) {
  auto removed = transaction.remove(meta, key_of(row).bytes());
  if (!removed) return fail(std::move(removed.error()));
  return {};
}

Result<codec::CountersRow> read_counters(const storage::Transaction& transaction, storage::Table meta) {
  auto payload = require_meta(transaction, meta, MetaRow::counters, "counters");
  if (!payload) return fail(std::move(payload.error()));
  return codec::decode_counters(*payload);
}

Result<Catalogue> read_catalogue(const storage::Transaction& transaction, storage::Table meta, std::uint64_t number) {
  Catalogue catalogue;
  catalogue.number = number;
  auto payload = require_meta(transaction, meta, MetaRow::model, "model");
  if (!payload) return fail(std::move(payload.error()));
  auto model = codec::decode_model(*payload);
  if (!model) return fail(std::move(model.error()));
  catalogue.model = std::move(*model);

  payload = require_meta(transaction, meta, MetaRow::indexes, "indexes");
  if (!payload) return fail(std::move(payload.error()));
  auto indexes = codec::decode_indexes(*payload);
  if (!indexes) return fail(std::move(indexes.error()));
  catalogue.indexes = *indexes;

  auto extras = read_meta(transaction, meta, MetaRow::extras);
  if (!extras) return fail(std::move(extras.error()));
  if (*extras) {
    auto names = codec::decode_extras(**extras);
    if (!names) return fail(std::move(names.error()));
    catalogue.extra_columns = std::move(*names);
  }

  auto packing = read_meta(transaction, meta, MetaRow::packing);
  if (!packing) return fail(std::move(packing.error()));
  if (*packing) {
    auto row = codec::decode_packing(**packing);
    if (!row) return fail(std::move(row.error()));
    catalogue.packing = *row;
  }
  return catalogue;
}

}  // namespace flowkeep::store

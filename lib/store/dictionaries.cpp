#include "store/dictionaries.hpp"

#include "codec/value.hpp"

namespace flowkeep::store {

using codec::ValueKind;
using storage::IntegerKey;

Error opened_before_upgrade() {
  return Error{Errc::newer_format, "another process has brought the store to a newer format: open it again"};
}

Result<const base::PackingDictionary*> Dictionaries::read(const storage::Transaction& transaction, storage::Table table,
                                                          std::uint16_t id) {
  const auto missing = [id] {
    return fail(Errc::corrupt, "packing dictionary " + std::to_string(id) + " is missing from the store");
  };
  if (!table.is_open()) {
    return fail(opened_before_upgrade());
  }
  if (id > most) return missing();
  const IntegerKey key(id);
  auto value = transaction.get(table, key.bytes());
  if (!value) return fail(std::move(value.error()));
  if (!*value) return missing();
  auto decoded = codec::decode_value(ValueKind::dictionary, key.bytes(), **value);
  if (!decoded) return fail(std::move(decoded.error()));
  auto made = base::PackingDictionary::make(id, decoded->payload);
  if (!made) return fail(std::move(made.error()));
  const std::lock_guard lock(mutex_);
  if (!owned_[id]) {
    owned_[id] = std::move(*made);
    known_[id].store(owned_[id].get(), std::memory_order_release);
  }
  return owned_[id].get();
}

Result<void> Dictionaries::put(storage::WriteTransaction& transaction, storage::Table table, std::uint16_t id,
                               std::string_view bytes) {
  const IntegerKey key(id);
  std::string value;
  codec::encode_value(value, ValueKind::dictionary, 0, key.bytes(), bytes);
  return transaction.put(table, key.bytes(), value);
}

}  // namespace flowkeep::store

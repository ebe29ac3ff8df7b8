#include "codec/child_rows.hpp"

#include <limits>
#include <vector>

#include "base/bytes.hpp"
#include "base/guid_key.hpp"
#include "binary_generated.h"
#include "codec/contents.hpp"
#include "codec/flat_rows.hpp"
#include "codec/side_rows.hpp"
#include "codec/value.hpp"
#include "side_generated.h"

namespace flowkeep::codec {

namespace {

using flatbuffers::FlatBufferBuilder;
using TextOffset = flatbuffers::Offset<flatbuffers::String>;

void append(std::string& key, const Guid& id) {
  const auto bytes = base::guid_key(id);
  key.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
}

void append(std::string& key, Timestamp time) {
  base::append_be64(key, base::ordered(time.time_since_epoch().count()));
}

Timestamp time_in_key(std::string_view key, std::size_t at) noexcept {
  return Timestamp(Ticks(base::from_ordered(base::get_be64(key.data() + at))));
}

TextOffset offset_of(FlatBufferBuilder& builder, const std::optional<std::string>& text) {
  if (!text) return {};
  return builder.CreateString(text->data(), text->size());
}

std::optional<std::string> text_at(const flatbuffers::String* stored) {
  if (stored == nullptr) return std::nullopt;
  return stored->str();
}

flatbuffers::Offset<fb::BinaryColumn> offset_of(FlatBufferBuilder& builder, const Binary& file,
                                                const std::optional<StoredContent>& stored) {
  if (!file.name && !file.reference && !stored) return {};
  const TextOffset name = offset_of(builder, file.name);
  const fb::Guid reference = guid_to(file.reference.value_or(Guid()));
  fb::BinaryColumnBuilder column(builder);
  if (file.name) column.add_name(name);
  if (file.reference) column.add_reference(&reference);
  if (stored) {
    column.add_size(stored->size);
    column.add_hash(stored->hash);
    column.add_blob(stored->blob_id);
  }
  return column.Finish();
}

}  // namespace

std::string child_key(const Guid& session, Collection collection, Timestamp createdon, const Guid& id) {
  std::string key = children_prefix(session, collection);
  append(key, createdon);
  append(key, id);
  return key;
}

std::string children_prefix(const Guid& session) {
  std::string key;
  key.reserve(child_key_bytes);
  append(key, session);
  return key;
}

std::string children_prefix(const Guid& session, Collection collection) {
  std::string key = children_prefix(session);
  base::append_be64(key, static_cast<std::uint64_t>(collection));
  return key;
}

std::string place_key(Collection collection, const Guid& id) {
  std::string key = number_key(static_cast<std::uint64_t>(collection));
  append(key, id);
  return key;
}

std::string parent_key(EntityType type, const Guid& id) {
  std::string key = number_key(static_cast<std::uint64_t>(type));
  append(key, id);
  return key;
}

std::uint64_t collection_of_child_key(std::string_view key) noexcept {
  return key.size() < child_key_bytes ? 0 : number_of_key(key.substr(16));
}

std::uint64_t collection_of_place_key(std::string_view key) noexcept {
  return number_of_key(key);
}

Guid guid_in_key(std::string_view key, std::size_t at) noexcept {
  if (key.size() < at + 16) return {};
  return base::guid_from_key(reinterpret_cast<const std::uint8_t*>(key.data()) + at);
}

std::string encode(const Child& child, const std::optional<StoredContent>& stored) {
  auto& builder = fresh_builder();
  std::vector<flatbuffers::Offset<fb::ChildColumn>> columns;
  columns.reserve(child.extra.size());
  for (const auto& [name, json] : child.extra) {
    const TextOffset name_offset = builder.CreateString(name.data(), name.size());
    columns.push_back(fb::CreateChildColumn(builder, name_offset, builder.CreateString(json.data(), json.size())));
  }
  flatbuffers::Offset<flatbuffers::Vector<flatbuffers::Offset<fb::ChildColumn>>> extra;
  if (!columns.empty()) extra = builder.CreateVector(columns);
  const FlowEvent& event = child.event;
  const auto file = offset_of(builder, child.file, stored);
  const TextOffset name = offset_of(builder, child.name);
  const TextOffset type = offset_of(builder, event.eventtype);
  const TextOffset code = offset_of(builder, event.eventcode);
  const TextOffset level = offset_of(builder, event.level);
  const TextOffset content = offset_of(builder, event.eventcontent);
  const TextOffset mimetype = offset_of(builder, child.mimetype);
  flatbuffers::Optional<std::int32_t> duration = flatbuffers::nullopt;
  if (event.eventduration) duration = *event.eventduration;
  return finished(builder,
                  fb::CreateChild(builder, name, type, code, level, content, duration, ticks_of(event.expirydate),
                                  ticks_of(event.completedon), file, mimetype, extra));
}

std::string encode(const ChildPlaceRow& row) {
  auto& builder = fresh_builder();
  const fb::Guid session = guid_to(row.flowsessionid);
  return finished(builder, fb::CreateChildPlace(builder, &session, row.createdon.time_since_epoch().count()));
}

std::string encode_parent_name(std::string_view name) {
  auto& builder = fresh_builder();
  return finished(builder, fb::CreateParent(builder, builder.CreateString(name.data(), name.size())));
}

Result<Child> decode_child(std::string_view key, std::string_view payload) {
  const std::uint64_t collection = collection_of_child_key(key);
  if (collection == 0 || collection > collection_count) return damaged(ValueKind::child, "its collection is none");
  auto row = verified<fb::Child>(payload, "child");
  if (!row) return fail(std::move(row.error()));
  const fb::Child& stored = **row;
  Child child;
  child.flowsessionid = guid_in_key(key, 0);
  child.collection = static_cast<Collection>(collection);
  child.createdon = time_in_key(key, 24);
  child.id = guid_in_key(key, 32);
  child.name = text_at(stored.name());
  child.event.eventtype = text_at(stored.eventtype());
  child.event.eventcode = text_at(stored.eventcode());
  child.event.level = text_at(stored.level());
  child.event.eventcontent = text_at(stored.eventcontent());
  if (stored.eventduration()) child.event.eventduration = *stored.eventduration();
  child.event.expirydate = time_of(stored.expirydate());
  child.event.completedon = time_of(stored.completedon());
  child.mimetype = text_at(stored.mimetype());
  if (stored.file() != nullptr) {
    const BinaryView file = binary_of(*stored.file());
    if (file.name) child.file.name = std::string(*file.name);
    child.file.reference = file.reference;
    child.file.stored = file.stored;
    if (file.stored && is_small(*file.stored)) return damaged(ValueKind::child, "its content has no place");
  }
  if (stored.extra() == nullptr) return child;
  for (const fb::ChildColumn* column : *stored.extra()) {
    child.extra.emplace_hint(child.extra.end(), column->name()->str(), column->value()->str());
  }
  return child;
}

Result<ChildPlaceRow> decode_child_place(std::string_view payload) {
  auto row = verified<fb::ChildPlace>(payload, "place of a child");
  if (!row) return fail(std::move(row.error()));
  return ChildPlaceRow{guid_of(*(*row)->flowsessionid()), Timestamp(Ticks((*row)->createdon()))};
}

Result<Parent> decode_parent(std::string_view key, std::string_view payload) {
  const std::uint64_t number = number_of_key(key);
  const auto type = static_cast<EntityType>(number);
  if (number > std::numeric_limits<std::uint8_t>::max() || name_of(type).empty()) {
    return damaged(ValueKind::parent, "its table is none there is");
  }
  auto row = verified<fb::Parent>(payload, "parent");
  if (!row) return fail(std::move(row.error()));
  return Parent{type, guid_in_key(key, 8), (*row)->name()->str()};
}

}  // namespace flowkeep::codec

// Rows of a session's children and of its parents, as plain values, and their keys.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <flowkeep/child.hpp>
#include <flowkeep/parent.hpp>

namespace flowkeep::codec {

/// The key of a child, in its parts: session in key order, collection, createdon, id in key order.
inline constexpr std::size_t child_key_bytes = 16 + 8 + 8 + 16;
[[nodiscard]] std::string child_key(const Guid& session, Collection collection, Timestamp createdon, const Guid& id);
/// What the keys of a session's children, of all collections or of one, begin with.
[[nodiscard]] std::string children_prefix(const Guid& session);
[[nodiscard]] std::string children_prefix(const Guid& session, Collection collection);
/// The key of the place of a child.
[[nodiscard]] std::string place_key(Collection collection, const Guid& id);
[[nodiscard]] std::string parent_key(EntityType type, const Guid& id);

/// Where a child is.
struct ChildPlaceRow {
  Guid flowsessionid{};
  Timestamp createdon{};
};

/// The collection in a child's key, or in the key of its place; 0 and what is beyond collection_count are damage.
[[nodiscard]] std::uint64_t collection_of_child_key(std::string_view key) noexcept;
[[nodiscard]] std::uint64_t collection_of_place_key(std::string_view key) noexcept;
/// The GUID in key order at a place of a key.
[[nodiscard]] Guid guid_in_key(std::string_view key, std::size_t at) noexcept;

/// What the key says (session, collection, createdon, id) is not repeated. `stored` says where its content is.
[[nodiscard]] std::string encode(const Child& child, const std::optional<StoredContent>& stored);
[[nodiscard]] std::string encode(const ChildPlaceRow& row);
[[nodiscard]] std::string encode_parent_name(std::string_view name);
// Errors: corrupt (the key, too).
[[nodiscard]] Result<Child> decode_child(std::string_view key, std::string_view payload);
[[nodiscard]] Result<ChildPlaceRow> decode_child_place(std::string_view payload);
[[nodiscard]] Result<Parent> decode_parent(std::string_view key, std::string_view payload);

}  // namespace flowkeep::codec

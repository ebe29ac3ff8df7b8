// What hangs on a session: the rows of its eight collection-valued navigation properties.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <flowkeep/binary.hpp>
#include <flowkeep/export.hpp>
#include <flowkeep/guid.hpp>
#include <flowkeep/session.hpp>
#include <flowkeep/timestamp.hpp>

namespace flowkeep {

/// The collections, by the tables that their rows are of. The numbers are stored.
enum class Collection : std::uint8_t {
  flowevent = 1,
  asyncoperation = 2,
  bulkdeletefailure = 3,
  fileattachment = 4,
  mailboxtrackingfolder = 5,
  principalobjectattributeaccess = 6,
  syncerror = 7,
  workflowbinary = 8,
};
inline constexpr int collection_count = 8;

/// What becomes of a session's children when it is deleted.
enum class OnSessionDelete : std::uint8_t {
  cascade,  ///< they go with it
  keep,     ///< they stay, and are found by their own id and by that of the session that is gone
};

/// What is fixed of a collection.
struct CollectionInfo {
  Collection collection;
  std::string_view name;             ///< logical name of the table, e.g. "flowevent"
  std::string_view set_name;         ///< "flowevents"
  std::string_view navigation_name;  ///< of the session's property: "flowevent_flowsession"
  std::string_view partner_name;     ///< of the child's property that leads back: "parentobjectid_flowsession"
  std::string_view lookup_name;      ///< the column behind that, on the wire: "_parentobjectid_value"
  std::string_view id_name;          ///< "floweventid"
  std::string_view name_name;        ///< the column of Child::name: "name", or "filename"
  std::uint32_t max_name_units;      ///< of it, in UTF-16 code units
  /// The columns of Child::file, where the collection has content: of the bytes ("data"), and of Binary::name
  /// ("data_name"; none where Child::name is the file's).
  std::string_view content_name;
  std::string_view content_file_name;
  OnSessionDelete on_delete;
  /// Whether who may read a session by a share may read these children, too.
  bool shares_cascade;
};

/// Every collection, in the order of Collection, which is that of the flowsession reference page.
[[nodiscard]] FLOWKEEP_API std::span<const CollectionInfo> collections() noexcept;
/// Of a Collection that is none there is: that of flowevent.
[[nodiscard]] FLOWKEEP_API const CollectionInfo& info(Collection collection) noexcept;
/// Finds a collection by the name of its table, of its entity set, or of the session's navigation property.
[[nodiscard]] FLOWKEEP_API std::optional<Collection> find_collection(std::string_view name) noexcept;

/// The columns of a flowevent, as Dataverse documents them; what else it has is in Child::extra.
struct FlowEvent {
  std::optional<std::string> eventtype{};       ///< at most 500 UTF-16 units
  std::optional<std::string> eventcode{};       ///< 200
  std::optional<std::string> level{};           ///< 30; a text such as "Warning"
  std::optional<std::string> eventcontent{};    ///< 100 000
  std::optional<std::int32_t> eventduration{};  ///< seconds, from 0
  std::optional<Timestamp> expirydate{};
  std::optional<Timestamp> completedon{};
  friend bool operator==(const FlowEvent&, const FlowEvent&) = default;
};

/// A row of a collection. The session it hangs on is named where it is added.
struct Child {
  std::optional<Guid> id{};  ///< made by the store (UUID version 7) where none is given; unique in its collection
  Collection collection = Collection::flowevent;
  std::optional<std::string> name{};  ///< of a fileattachment, its file's
  /// The order among its siblings, then its id; the present where none is given.
  std::optional<Timestamp> createdon{};
  FlowEvent event{};  ///< of a flowevent alone
  /// Of fileattachment and workflowbinary alone: the content, at most max_binary_bytes, shared with all equal content
  /// of the store; or the GUID that the Web API shows in its place. Reads fill `stored`, as of a session's File
  /// columns.
  Binary file{};
  std::optional<std::string> mimetype{};  ///< goes with it; 256 UTF-16 units, of a workflowbinary 4 000
  /// Other columns, by their names: minified JSON, kept and shown again, never interpreted.
  ExtraColumns extra{};
  Guid flowsessionid{};  ///< filled by reads
};

/// The number of bytes that all columns of a child but its content may have.
inline constexpr std::uint64_t max_child_bytes = 1024ULL * 1024;

/// A part of a collection.
struct ChildPage {
  std::vector<Child> children{};
  std::string token{};  ///< where the next part begins; "": there is none
};

}  // namespace flowkeep

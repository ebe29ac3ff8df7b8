#include "entity/children.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include "base/json_text.hpp"
#include "base/text.hpp"
#include "entity/rules.hpp"

namespace flowkeep {
namespace {

constexpr auto cascade = OnSessionDelete::cascade;

// Names, lengths and what a deletion does are those of Dataverse's public reference of each table; 200 units where a
// table has no such column, and the cascade of fileattachment, are ours.
constexpr std::array<CollectionInfo, collection_count> infos{{
    {Collection::flowevent, "flowevent", "flowevents", "flowevent_flowsession", "parentobjectid_flowsession",
     "_parentobjectid_value", "floweventid", "name", 100, "", "", cascade, true},
    {Collection::asyncoperation, "asyncoperation", "asyncoperations", "flowsession_AsyncOperations",
     "regardingobjectid_flowsession", "_regardingobjectid_value", "asyncoperationid", "name", 256, "", "",
     OnSessionDelete::keep, false},
    {Collection::bulkdeletefailure, "bulkdeletefailure", "bulkdeletefailures", "flowsession_BulkDeleteFailures",
     "regardingobjectid_flowsession", "_regardingobjectid_value", "bulkdeletefailureid", "name", 200, "", "", cascade,
     false},
    {Collection::fileattachment, "fileattachment", "fileattachments", "flowsession_FileAttachments",
     "objectid_flowsession", "_objectid_value", "fileattachmentid", "filename", 255, "body", "", cascade, false},
    {Collection::mailboxtrackingfolder, "mailboxtrackingfolder", "mailboxtrackingfolders",
     "flowsession_MailboxTrackingFolders", "regardingobjectid_flowsession", "_regardingobjectid_value",
     "mailboxtrackingfolderid", "name", 200, "", "", cascade, false},
    {Collection::principalobjectattributeaccess, "principalobjectattributeaccess", "principalobjectattributeaccessset",
     "flowsession_PrincipalObjectAttributeAccesses", "objectid_flowsession", "_objectid_value",
     "principalobjectattributeaccessid", "name", 200, "", "", cascade, false},
    {Collection::syncerror, "syncerror", "syncerrors", "flowsession_SyncErrors", "regardingobjectid_flowsession",
     "_regardingobjectid_value", "syncerrorid", "name", 100, "", "", cascade, false},
    {Collection::workflowbinary, "workflowbinary", "workflowbinaries", "flowsession_workflowbinary_FlowSessionId",
     "FlowSessionId", "_flowsessionid_value", "workflowbinaryid", "name", 100, "data", "data_name", cascade, true},
}};

}  // namespace

std::span<const CollectionInfo> collections() noexcept {
  return infos;
}

const CollectionInfo& info(Collection collection) noexcept {
  const auto number = static_cast<std::size_t>(collection);
  return infos[entity::is_collection(number) ? number - 1 : 0];
}

std::optional<Collection> find_collection(std::string_view name) noexcept {
  const auto found = std::find_if(infos.begin(), infos.end(), [name](const CollectionInfo& one) {
    return one.name == name || one.set_name == name || one.navigation_name == name;
  });
  if (found == infos.end()) return std::nullopt;
  return found->collection;
}

namespace entity {
namespace {

constexpr std::array<std::string_view, 7> event_names{"eventtype",     "eventcode",  "level",      "eventcontent",
                                                      "eventduration", "expirydate", "completedon"};

tl::unexpected<Error> refuse(std::string_view column, std::string_view sentence) {
  std::string message(column);
  message += ": ";
  message += sentence;
  return fail(Errc::invalid_argument, std::move(message));
}

Result<void> check_text(std::string_view column, const std::optional<std::string>& text, std::uint32_t most_units) {
  if (!text) return {};
  const auto units = base::utf16_units(*text);
  if (!units) return refuse(column, "the text is not valid UTF-8");
  if (*units <= most_units) return {};
  return refuse(column, std::to_string(*units) + " characters (UTF-16 units), at most " + std::to_string(most_units) +
                            " are allowed");
}

Result<void> check_time(std::string_view column, const std::optional<Timestamp>& time) {
  if (!time || (*time >= min_timestamp && *time <= max_timestamp)) return {};
  return refuse(column, format_timestamp(*time) + " is outside " + format_timestamp(min_timestamp) + " to " +
                            format_timestamp(max_timestamp));
}

Result<void> check_event(const FlowEvent& event) {
  const std::pair<std::string_view, std::pair<const std::optional<std::string>*, std::uint32_t>> texts[] = {
      {"eventtype", {&event.eventtype, 500}},
      {"eventcode", {&event.eventcode, 200}},
      {"level", {&event.level, 30}},
      {"eventcontent", {&event.eventcontent, 100'000}}};
  for (const auto& [column, rule] : texts) {
    if (auto ok = check_text(column, *rule.first, rule.second); !ok) return ok;
  }
  if (event.eventduration && *event.eventduration < 0) {
    return refuse("eventduration", std::to_string(*event.eventduration) + " is outside 0 to 2147483647");
  }
  if (auto ok = check_time("expirydate", event.expirydate); !ok) return ok;
  return check_time("completedon", event.completedon);
}

Result<void> check_file(const CollectionInfo& about, const Binary& file) {
  if (about.content_name.empty()) {
    if (file.is_null()) return {};
    return refuse("content", "a " + std::string(about.name) + " has none; only fileattachment and workflowbinary have");
  }
  if (file.content.size() > max_binary_bytes) {
    return refuse(about.content_name, std::to_string(file.content.size()) + " bytes, at most " +
                                          std::to_string(max_binary_bytes) + " are allowed");
  }
  if (file.content.has_value() && file.reference) {
    return refuse(about.content_name, "content and a file reference are given, only one of them is allowed");
  }
  if (file.stored) {
    return refuse(about.content_name, "refers to content that another child has stored; give the content itself");
  }
  if (file.name && about.content_file_name.empty()) {
    return refuse(about.name_name, "is the name of the file; its content has no other");
  }
  return check_text(about.content_file_name, file.name, 200);
}

// The names of columns that have a place of their own.
bool is_known(const CollectionInfo& about, std::string_view name) {
  if (name == about.id_name || name == about.name_name || name == about.lookup_name || name == "createdon") return true;
  if (about.collection == Collection::flowevent) {
    return std::find(event_names.begin(), event_names.end(), name) != event_names.end();
  }
  return !about.content_name.empty() &&
         (name == about.content_name || name == about.content_file_name || name == "mimetype");
}

std::size_t bytes_of(const std::optional<std::string>& text) noexcept {
  return text ? text->size() : 0;
}

Result<void> check_extra_column(const CollectionInfo& about, const std::string& name, const std::string& json) {
  if (name.empty() || name.size() > max_extra_name_bytes || !base::utf16_units(name)) {
    return refuse("extra column", "the name is empty, longer than " + std::to_string(max_extra_name_bytes) +
                                      " bytes, or not valid UTF-8");
  }
  if (is_known(about, name)) return refuse(name, "a column of " + std::string(about.name) + ", not an extra column");
  if (name.find('@') != std::string::npos) return refuse(name, "a name with @ is an annotation's, not a column's");
  if (base::utf16_units(json) && base::is_minified_json(json)) return {};
  return refuse(name, "the value is not minified JSON text in UTF-8");
}

}  // namespace

Result<void> check_child(const Child& child) {
  if (!is_collection(static_cast<std::uint64_t>(child.collection))) {
    return refuse("collection", std::to_string(static_cast<int>(child.collection)) + " is none of 1 to 8");
  }
  const CollectionInfo& about = info(child.collection);
  if (auto ok = check_text(about.name_name, child.name, about.max_name_units); !ok) return ok;
  if (auto ok = check_time("createdon", child.createdon); !ok) return ok;
  if (about.collection != Collection::flowevent && child.event != FlowEvent{}) {
    return refuse("event", "a " + std::string(about.name) + " has none; only flowevent has");
  }
  if (auto ok = check_event(child.event); !ok) return ok;
  if (auto ok = check_file(about, child.file); !ok) return ok;
  if (child.mimetype && about.content_name.empty()) {
    return refuse("mimetype", "a " + std::string(about.name) + " has no content that it could be of");
  }
  const std::uint32_t most = about.collection == Collection::workflowbinary ? 4000 : 256;
  if (auto ok = check_text("mimetype", child.mimetype, most); !ok) return ok;
  std::size_t bytes = bytes_of(child.name) + bytes_of(child.mimetype) + bytes_of(child.file.name) +
                      bytes_of(child.event.eventtype) + bytes_of(child.event.eventcode) + bytes_of(child.event.level) +
                      bytes_of(child.event.eventcontent);
  for (const auto& [name, json] : child.extra) {
    if (auto ok = check_extra_column(about, name, json); !ok) return ok;
    bytes += name.size() + json.size();
  }
  if (bytes <= max_child_bytes) return {};
  return refuse(about.name, std::to_string(bytes) + " bytes without its content, at most " +
                                std::to_string(max_child_bytes) + " are allowed");
}

}  // namespace entity
}  // namespace flowkeep

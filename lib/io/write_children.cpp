#include "write_children.hpp"

#include "append.hpp"
#include "json_syntax.hpp"
#include "write_plan.hpp"

namespace flowkeep::io {
namespace {

constexpr std::uint64_t children_at_once = 256;

class ObjectWriter {
 public:
  explicit ObjectWriter(std::string& out) noexcept : out_(out) {}

  void key(std::string_view name) {
    out_ += is_first_ ? '{' : ',';
    is_first_ = false;
    append_json_text(out_, name);
    out_ += ':';
  }
  void text(std::string_view name, const std::optional<std::string>& value) {
    if (!value) return;
    key(name);
    append_json_text(out_, *value);
  }
  void guid(std::string_view name, const Guid& value) {
    key(name);
    out_ += '"';
    append_guid(out_, value);
    out_ += '"';
  }
  void time(std::string_view name, const std::optional<Timestamp>& value) {
    if (!value) return;
    key(name);
    out_ += '"';
    append_timestamp(out_, *value);
    out_ += '"';
  }
  template <class Number>
  void number(std::string_view name, Number value) {
    key(name);
    append_integer(out_, value);
  }
  void json(std::string_view name, std::string_view value) {
    key(name);
    out_ += value;
  }
  void end() { out_ += is_first_ ? "{}" : "}"; }

 private:
  std::string& out_;
  bool is_first_ = true;
};

Result<void> append_file(std::string& out, ObjectWriter& object, const Snapshot& snapshot, const Child& child,
                         const ChildWriteOptions& options) {
  const CollectionInfo& about = info(child.collection);
  object.text("mimetype", child.mimetype);
  if (!about.content_file_name.empty()) object.text(about.content_file_name, child.file.name);
  const auto& stored = child.file.stored;
  if (stored && child.collection == Collection::fileattachment) object.number("filesizeinbytes", stored->size);
  if ((!stored && !child.file.reference) || options.binaries == WriteOptions::Binaries::none) return {};
  object.key(about.content_name);
  out += '"';
  BinaryView file;
  file.reference = child.file.reference;
  file.stored = stored;
  if (auto appended = append_binary(out, snapshot, file, options.base64); !appended) return appended;
  out += '"';
  return {};
}

Result<void> append_members(std::string& out, const Snapshot& snapshot, const Child& child,
                            const ChildWriteOptions& options) {
  const CollectionInfo& about = info(child.collection);
  ObjectWriter object(out);
  if (options.type == ChildWriteOptions::Type::beside) {
    object.text("@odata.type", "#Microsoft.Dynamics.CRM." + std::string(about.name));
  }
  if (child.id) object.guid(about.id_name, *child.id);
  object.text(about.name_name, child.name);
  object.time("createdon", child.createdon);
  object.guid(about.lookup_name, child.flowsessionid);
  if (child.collection == Collection::flowevent) {
    object.text("eventtype", child.event.eventtype);
    object.text("eventcode", child.event.eventcode);
    object.text("level", child.event.level);
    object.text("eventcontent", child.event.eventcontent);
    if (child.event.eventduration) object.number("eventduration", *child.event.eventduration);
    object.time("expirydate", child.event.expirydate);
    object.time("completedon", child.event.completedon);
  }
  if (!about.content_name.empty()) {
    if (auto appended = append_file(out, object, snapshot, child, options); !appended) return appended;
  }
  for (const auto& [name, json] : child.extra) object.json(name, json);
  object.end();
  return {};
}

/// The collection that a session's member of this name is.
std::optional<Collection> collection_of(std::string_view member) noexcept {
  const auto found = find_collection(member);
  if (!found || info(*found).navigation_name != member) return std::nullopt;
  return found;
}

}  // namespace

Result<void> append_child(std::string& out, const Snapshot& snapshot, const Child& child,
                          const ChildWriteOptions& options) {
  const std::size_t mark = out.size();
  auto appended = append_members(out, snapshot, child, options);
  if (!appended) out.resize(mark);
  return appended;
}

Result<void> append_collections(std::string& out, const Snapshot& snapshot, const SessionView& session,
                                const ChildWriteOptions& options, EmptyCollection empty) {
  const Guid id = session.flowsessionid();
  const auto has_any = snapshot.has_children(id);
  if (!has_any) return fail(has_any.error());
  if (!*has_any && empty == EmptyCollection::nothing) return {};
  for (const CollectionInfo& about : collections()) {
    std::string token;
    bool is_begun = false;
    do {
      const auto page = snapshot.children(id, about.collection, oldest_first, limit(children_at_once), token);
      if (!page) return fail(page.error());
      for (const Child& child : page->children) {
        out += is_begun ? std::string(",") : json_key(about.navigation_name) + '[';
        is_begun = true;
        if (auto appended = append_members(out, snapshot, child, options); !appended) return appended;
      }
      token = page->token;
    } while (!token.empty());
    if (is_begun) {
      out += ']';
    } else if (empty == EmptyCollection::empty_list && find_extra(session, about.navigation_name).empty()) {
      out += json_key(about.navigation_name) + "[]";
    }
  }
  return {};
}

Result<void> append_extras_beside(std::string& out, const Snapshot& snapshot, const SessionView& session) {
  if (!session.has_extra()) return {};
  for (const auto& [name, json] : session.extra()) {
    if (const auto collection = collection_of(name)) {
      const auto page = snapshot.children(session.flowsessionid(), *collection, oldest_first, limit(1));
      if (!page) return fail(page.error());
      if (!page->children.empty()) continue;
    }
    out += json_key(name);
    out += json;
  }
  return {};
}

Result<void> append_parent_name(std::string& out, const Snapshot& snapshot, const Reference& reference,
                                std::string_view key) {
  const auto parent = snapshot.parent(reference.type, reference.id);
  if (!parent) return fail(parent.error());
  if (!*parent) return {};
  out += key;
  append_json_text(out, (*parent)->name);
  return {};
}

}  // namespace flowkeep::io

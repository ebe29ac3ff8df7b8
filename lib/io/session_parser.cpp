#include "session_parser.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>

#include <fmt/format.h>

#include "json_syntax.hpp"
#include "navigation.hpp"

namespace flowkeep::io {
namespace {

namespace ondemand = simdjson::ondemand;

constexpr std::string_view owner_annotation = "_ownerid_value@Microsoft.Dynamics.CRM.lookuplogicalname";
constexpr std::string_view token_annotation = "@flowkeep.token";
constexpr std::string_view context_annotation = "@odata.context";
constexpr std::string_view deletion_context = "/$deletedEntity\"";  // a JSON text's end
constexpr std::string_view bind_suffix = "@odata.bind";
constexpr std::string_view name_suffix = "@OData.Community.Display.V1.FormattedValue";

tl::unexpected<Error> refuse(std::string message) {
  return fail(Errc::invalid_argument, std::move(message));
}

tl::unexpected<Error> refuse(simdjson::error_code error, std::size_t bytes) {
  if (error == simdjson::MEMALLOC)
    return fail(Errc::no_memory, fmt::format("no memory for a JSON text of {} bytes", bytes));
  return refuse(sentence_of(error));
}

/// Refuses something in the middle of a document, with its place where simdjson knows it.
tl::unexpected<Error> refuse_at(simdjson::error_code error, ondemand::document& document, std::string_view json) {
  const char* location = nullptr;
  if (document.current_location().get(location) != simdjson::SUCCESS) return refuse(error, json.size());
  const std::ptrdiff_t offset = location - json.data();
  if (offset >= static_cast<std::ptrdiff_t>(json.size()))
    return refuse(simdjson::INCOMPLETE_ARRAY_OR_OBJECT, json.size());
  return refuse(fmt::format("{} (near byte {})", sentence_of(error), offset + 1));
}

std::size_t index_of(Column column) noexcept {
  return static_cast<std::size_t>(column);
}

}  // namespace

Result<void> SessionParser::parse(std::string_view json, Session& session) {
  return parse_object(json, session);
}

Result<void> SessionParser::parse(std::string_view json, Session& session, Beside& beside) {
  beside_ = &beside;
  names_.clear();
  collections_.clear();
  auto parsed = parse_object(json, session);
  if (parsed) parsed = settle_children(session);
  if (parsed) settle_parents(session);
  beside_ = nullptr;
  return parsed;
}

Result<void> SessionParser::parse_update(std::string_view json, SessionUpdate& update) {
  if (auto parsed = parse_object(json, update.set); !parsed) return parsed;
  for (const ColumnInfo& column : columns())
    if (null_[index_of(column.column)]) update.clear.insert(column.column);
  for (const std::string_view name : extra_nulls_) update.clear_extra.emplace(name);
  return {};
}

Result<void> SessionParser::parse_object(std::string_view json, Session& session) {
  seen_.reset();
  null_.reset();
  extra_nulls_.clear();
  owner_type_.reset();
  is_change_ = false;
  if (parser_.capacity() < json.size()) {
    // Twice as much as before, so that rising lengths do not allocate each time.
    if (const auto error = parser_.allocate(std::max(json.size(), 2 * parser_.capacity())))
      return refuse(error, json.size());
  }
  ondemand::document document;
  const simdjson::padded_string_view padded(json.data(), json.size(), json.size() + json_padding);
  if (const auto error = parser_.iterate(padded).get(document)) return refuse(error, json.size());
  if (auto fields = parse_fields(document, json, session); !fields) return fields;
  if (is_change_ && !session.flowsessionid)
    return refuse("a token or a deletion, as flowkeep changes and the Web API write them, is no session");
  if (auto owner = settle_owner(session); !owner) return owner;
  return settle_extra_nulls(session);
}

Result<void> SessionParser::parse_fields(ondemand::document& document, std::string_view json, Session& session) {
  ondemand::object object;
  if (const auto error = document.get_object().get(object)) {
    if (error != simdjson::INCORRECT_TYPE) return refuse(error, json.size());
    return refuse(fmt::format("{} stands here, a JSON object is needed", kind_of_json(json)));
  }
  for (auto next : object) {
    ondemand::field field;
    if (const auto error = std::move(next).get(field)) return refuse_at(error, document, json);
    if (auto set = parse_field(field, session); !set) return set;
  }
  // At the end of the document there is no location any more.
  if (document.current_location().error() == simdjson::SUCCESS)
    return refuse_at(simdjson::TRAILING_CONTENT, document, json);
  return {};
}

Result<void> SessionParser::parse_field(ondemand::field& field, Session& session) {
  std::string_view key;
  if (const auto error = read_json_key(field, key)) return refuse(sentence_of(error));
  if (const auto column = find_column(key)) {
    JsonValue value;
    if (const auto error = read_json_value(field.value(), value))
      return refuse(fmt::format("{}: {}", name_of(*column), sentence_of(error)));
    return set_column(session, *column, value);
  }
  if (key.find('@') != std::string_view::npos) return set_annotation(key, field.value(), session);
  return set_extra(session, key, field.value());
}

/// Takes a column's value through `set_into`, which sets it in the session it is given. A second value is read
/// into a session of its own and has to be the same.
Result<void> SessionParser::take(Session& session, Column column, const auto& set_into) {
  const std::size_t index = index_of(column);
  if (!seen_[index]) [[likely]] {
    seen_.set(index);
    return set_into(session);
  }
  Session second;
  if (auto set = set_into(second); !set) return set;
  if (column == Column::ownerid && session.ownerid && second.ownerid && session.ownerid->id == second.ownerid->id) {
    if (session.ownerid->type == EntityType::none) session.ownerid->type = second.ownerid->type;
    if (second.ownerid->type == EntityType::none) second.ownerid->type = session.ownerid->type;
  }
  if (same_value(session, second, column)) return {};
  return refuse(fmt::format("{} is given twice, with different values", name_of(column)));
}

Result<void> SessionParser::set_column(Session& session, Column column, const JsonValue& value) {
  return take(session, column, [&](Session& into) -> Result<void> {
    if (value.kind != JsonKind::null) return values_.set(into, column, value);
    null_.set(index_of(column));
    return {};
  });
}

Result<void> SessionParser::set_bound(Session& session, Column lookup, const JsonValue& value) {
  if (value.kind == JsonKind::null) return set_column(session, lookup, value);
  return take(session, lookup, [&](Session& into) -> Result<void> {
    if (value.kind != JsonKind::text)
      return refuse(fmt::format("{}: {}{} is {}, a text is needed", name_of(lookup), info(lookup).navigation_name,
                                bind_suffix, name_of(value.kind)));
    const auto reference = parse_bind(lookup, value.text);
    if (!reference) return fail(reference.error());
    return set_value(into, lookup, *reference);
  });
}

Result<void> SessionParser::set_annotation(std::string_view key, ondemand::value& value, Session& session) {
  if (beside_ != nullptr && key.ends_with(name_suffix)) {
    const auto lookup = find_column(key.substr(0, key.size() - name_suffix.size()));
    if (lookup && info(*lookup).kind == ColumnKind::lookup) return take_name(*lookup, value);
  }
  const bool owner = key == owner_annotation;
  if (!owner && !key.ends_with(bind_suffix)) {
    is_change_ = is_change_ || key == token_annotation;
    scratch_.clear();
    if (const auto error = append_minified(value, scratch_))
      return refuse(fmt::format("{}: {}", quoted(key), sentence_of(error)));
    is_change_ = is_change_ || (key == context_annotation && scratch_.ends_with(deletion_context));
    return {};
  }
  JsonValue read;
  if (const auto error = read_json_value(value, read))
    return refuse(fmt::format("{}: {}", quoted(key), sentence_of(error)));
  if (!owner) {
    const auto lookup = find_navigation(key.substr(0, key.size() - bind_suffix.size()));
    if (!lookup) return fail(lookup.error());
    return set_bound(session, *lookup, read);
  }
  if (read.kind == JsonKind::null) return {};
  const auto type = read.kind == JsonKind::text ? find_entity_type(read.text) : std::nullopt;
  if (!type || name_of(*type) != read.text || !may_lead_to(Column::ownerid, *type))
    return refuse(fmt::format("ownerid: {} says {}, \"systemuser\" or \"team\" is possible", owner_annotation,
                              read.kind == JsonKind::text ? quoted(read.text) : std::string(name_of(read.kind))));
  if (owner_type_ && *owner_type_ != *type) return refuse("ownerid: its kind is given twice, with different values");
  owner_type_ = *type;
  return {};
}

Result<void> SessionParser::take_name(Column lookup, ondemand::value& value) {
  JsonValue read;
  if (const auto error = read_json_value(value, read))
    return refuse(fmt::format("{}: {}", name_of(lookup), sentence_of(error)));
  if (read.kind == JsonKind::text) {
    names_.emplace_back(lookup, read.text);
    return {};
  }
  scratch_.clear();
  if (const auto error = append_minified(value, scratch_))
    return refuse(fmt::format("{}: {}", name_of(lookup), sentence_of(error)));
  return {};
}

Result<void> SessionParser::take_children(Collection collection, ondemand::value& value) {
  const std::string_view name = info(collection).navigation_name;
  std::string json;
  if (const auto error = append_minified(value, json)) return refuse(fmt::format("{}: {}", name, sentence_of(error)));
  if (json == "null") return {};
  for (const auto& earlier : collections_)
    if (earlier.first == collection) return refuse(fmt::format("{} is given twice", name));
  collections_.emplace_back(collection, std::move(json));
  return {};
}

Result<void> SessionParser::settle_children(const Session& session) {
  for (const auto& [collection, json] : collections_)
    if (auto parsed = child_parser_.parse_list(collection, json, beside_->children); !parsed) return parsed;
  for (const Child& child : beside_->children) {
    if (child.flowsessionid == Guid() || child.flowsessionid == session.flowsessionid) continue;
    const CollectionInfo& about = info(child.collection);
    return refuse(fmt::format("{}: {} leads to {}, which is not the session that it stands in", about.navigation_name,
                              about.lookup_name, child.flowsessionid.str()));
  }
  return {};
}

/// Names are no more than help for readers: what cannot be one is passed over.
void SessionParser::settle_parents(const Session& session) {
  for (auto& [lookup, name] : names_) {
    const ValueView led = value(session, lookup);
    const auto* const reference = std::get_if<Reference>(&led);
    if (reference == nullptr) continue;
    const EntityType type = reference->type == EntityType::none ? info(lookup).target : reference->type;
    std::size_t units = 0;  // of UTF-16
    for (const char c : name) {
      const auto byte = static_cast<unsigned char>(c);
      units += byte >= 0xF0 ? 2 : (byte & 0xC0) == 0x80 ? 0 : 1;
    }
    if (type == EntityType::flowsession || units == 0 || units > max_parent_name_units) continue;
    beside_->parents.push_back({type, reference->id, std::move(name)});
  }
}

Result<void> SessionParser::set_extra(Session& session, std::string_view key, ondemand::value& value) {
  if (beside_ != nullptr && beside_->children_are == Beside::Children::read) {
    const auto collection = find_collection(key);
    if (collection && info(*collection).navigation_name == key) return take_children(*collection, value);
  }
  scratch_.clear();
  if (const auto error = append_minified(value, scratch_))
    return refuse(fmt::format("{}: {}", quoted(key), sentence_of(error)));
  if (scratch_ == "null") {
    extra_nulls_.push_back(key);
    return {};
  }
  const auto [place, added] = session.extra.try_emplace(std::string(key), scratch_);
  if (!added && place->second != scratch_)
    return refuse(fmt::format("{} is given twice, with different values", quoted(key)));
  return {};
}

Result<void> SessionParser::settle_owner(Session& session) const {
  if (!session.ownerid) return {};
  EntityType& type = session.ownerid->type;
  if (owner_type_ && type != EntityType::none && type != *owner_type_)
    return refuse(fmt::format("ownerid: ownerid@odata.bind leads to {}, but its annotation says \"{}\"",
                              set_name_of(type), name_of(*owner_type_)));
  if (type == EntityType::none) type = owner_type_.value_or(info(Column::ownerid).target);
  return {};
}

Result<void> SessionParser::settle_extra_nulls(const Session& session) {
  if (session.extra.empty()) return {};
  for (const std::string_view name : extra_nulls_)
    if (session.extra.contains(std::string(name)))
      return refuse(fmt::format("{} is given twice, with different values", quoted(name)));
  return {};
}

}  // namespace flowkeep::io

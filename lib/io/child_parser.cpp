#include "child_parser.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

#include <fmt/format.h>
#include <flowkeep/io/children.hpp>

#include "base64.hpp"
#include "json_syntax.hpp"
#include "session_parser.hpp"

namespace flowkeep::io {
namespace {

namespace ondemand = simdjson::ondemand;

constexpr std::string_view type_annotation = "@odata.type";
constexpr std::string_view type_prefix = "#Microsoft.Dynamics.CRM.";
constexpr std::string_view size_name = "filesizeinbytes";

tl::unexpected<Error> refuse(std::string_view key, std::string_view what) {
  return fail(Errc::invalid_argument, fmt::format("{}: {}", key, what));
}

tl::unexpected<Error> refuse(simdjson::error_code error) {
  if (error == simdjson::MEMALLOC) return fail(Errc::no_memory, "no memory for a JSON text");
  return fail(Errc::invalid_argument, sentence_of(error));
}

template <class T>
Result<void> take(std::string_view key, std::optional<T>& into, T value) {
  if (into && *into != value) return refuse(key, "is given twice, with different values");
  into = std::move(value);
  return {};
}

Result<std::string_view> text_of(std::string_view key, const JsonValue& value) {
  if (value.kind == JsonKind::text) return value.text;
  return refuse(key, fmt::format("{} stands there, a text is needed", name_of(value.kind)));
}

Result<void> set_text(std::string_view key, std::optional<std::string>& into, const JsonValue& value) {
  const auto text = text_of(key, value);
  if (!text) return fail(text.error());
  return take(key, into, std::string(*text));
}

Result<void> set_time(std::string_view key, std::optional<Timestamp>& into, const JsonValue& value) {
  const auto text = text_of(key, value);
  if (!text) return fail(text.error());
  const auto time = parse_timestamp(*text);
  if (!time) {
    return refuse(key, fmt::format("{} is no time, one such as \"2022-06-16T12:54:40Z\" is needed", quoted(*text)));
  }
  return take(key, into, *time);
}

Result<Guid> guid_of(std::string_view key, const JsonValue& value) {
  const auto text = text_of(key, value);
  if (!text) return fail(text.error());
  const auto guid = Guid::parse(*text);
  if (!guid) return refuse(key, fmt::format("{} is no GUID", quoted(*text)));
  return *guid;
}

Result<void> set_number(std::string_view key, std::optional<std::int32_t>& into, const JsonValue& value) {
  std::int32_t number = 0;
  const std::string_view token = value.token;
  const bool is_whole = value.kind == JsonKind::number && is_json_integer(token) &&
                        std::from_chars(token.data(), token.data() + token.size(), number).ec == std::errc{};
  if (!is_whole) return refuse(key, fmt::format("{} is no whole number of 32 bits", token.substr(0, 60)));
  return take(key, into, number);
}

/// What a fileattachment says of the size of its content has to be true; without content it is a column like others.
Result<void> settle_size(Child& child) {
  if (child.collection != Collection::fileattachment || !child.file.content.has_value()) return {};
  const auto size = child.extra.find(std::string(size_name));
  if (size == child.extra.end()) return {};
  if (size->second != std::to_string(child.file.content.size())) {
    return refuse(size_name, fmt::format("{} is not the size of its content, {} bytes", size->second.substr(0, 60),
                                         child.file.content.size()));
  }
  child.extra.erase(size);
  return {};
}

}  // namespace

std::string_view ChildParser::pad(std::string_view json) {
  padded_.assign(json);
  padded_.append(json_padding, '\0');
  return std::string_view(padded_).substr(0, json.size());
}

Result<Child> ChildParser::parse(Collection collection, std::string_view json) {
  const std::string_view text = pad(json);
  ondemand::document document;
  const simdjson::padded_string_view padded(text.data(), text.size(), text.size() + json_padding);
  if (const auto error = parser_.iterate(padded).get(document)) return refuse(error);
  ondemand::object object;
  if (const auto error = document.get_object().get(object)) {
    if (error != simdjson::INCORRECT_TYPE) return refuse(error);
    return fail(Errc::invalid_argument, fmt::format("{} stands here, a JSON object is needed", kind_of_json(text)));
  }
  Result<Child> child{};
  child->collection = collection;
  if (auto parsed = parse_object(object, *child); !parsed) return fail(std::move(parsed.error()));
  if (document.current_location().error() == simdjson::SUCCESS) return refuse(simdjson::TRAILING_CONTENT);
  return child;
}

Result<void> ChildParser::parse_list(Collection collection, std::string_view json, std::vector<Child>& children) {
  const std::string_view text = pad(json);
  const std::string_view name = info(collection).navigation_name;
  ondemand::document document;
  const simdjson::padded_string_view padded(text.data(), text.size(), text.size() + json_padding);
  if (const auto error = parser_.iterate(padded).get(document)) return refuse(error);
  ondemand::array list;
  if (const auto error = document.get_array().get(list)) {
    if (error != simdjson::INCORRECT_TYPE) return refuse(error);
    return refuse(name, fmt::format("{} stands there, a list is needed", kind_of_json(text)));
  }
  std::size_t number = 0;
  for (auto next : list) {
    ++number;
    ondemand::object object;
    if (const auto error = next.get_object().get(object)) {
      if (error != simdjson::INCORRECT_TYPE) return refuse(error);
      return refuse(name, fmt::format("child {} is no JSON object", number));
    }
    Child& child = children.emplace_back();
    child.collection = collection;
    if (auto parsed = parse_object(object, child); !parsed) {
      return refuse(name, fmt::format("child {}: {}", number, parsed.error().message));
    }
  }
  return {};
}

Result<void> ChildParser::parse_object(ondemand::object object, Child& child) {
  for (auto next : object) {
    ondemand::field field;
    if (const auto error = std::move(next).get(field)) return refuse(error);
    if (auto set = parse_field(field, child); !set) return set;
  }
  return settle_size(child);
}

Result<void> ChildParser::parse_field(ondemand::field& field, Child& child) {
  const CollectionInfo& about = info(child.collection);
  std::string_view key;
  if (const auto error = read_json_key(field, key)) return refuse(error);
  ondemand::value& raw = field.value();
  if (key.find('@') != std::string_view::npos) return set_annotation(key, raw, child);
  const bool has_content = !about.content_name.empty();
  const bool is_content = has_content && key == about.content_name;
  const bool is_file_name = has_content && key == about.content_file_name && !key.empty();
  const bool is_mimetype = has_content && key == "mimetype";
  const bool is_id = key == about.id_name;
  const bool is_session = key == about.lookup_name;
  const bool is_name = key == about.name_name;
  const bool is_createdon = key == "createdon";
  const bool is_event = about.collection == Collection::flowevent &&
                        (key == "eventtype" || key == "eventcode" || key == "level" || key == "eventcontent" ||
                         key == "eventduration" || key == "expirydate" || key == "completedon");
  if (!is_content && !is_file_name && !is_mimetype && !is_id && !is_session && !is_name && !is_createdon && !is_event) {
    return set_extra(key, raw, child);
  }
  JsonValue value;
  if (const auto error = read_json_value(raw, value)) return refuse(key, sentence_of(error));
  if (value.kind == JsonKind::null) return {};
  if (is_content) return set_content(key, value, child.file);
  if (is_file_name) return set_text(key, child.file.name, value);
  if (is_mimetype) return set_text(key, child.mimetype, value);
  if (is_name) return set_text(key, child.name, value);
  if (is_createdon) return set_time(key, child.createdon, value);
  if (is_event) {
    auto set = set_event(key, value, child.event);
    if (!set) return fail(std::move(set.error()));
    return {};
  }
  auto guid = guid_of(key, value);
  if (!guid) return fail(std::move(guid.error()));
  if (is_id) return take(key, child.id, *guid);
  if (child.flowsessionid != Guid() && child.flowsessionid != *guid) {
    return refuse(key, "is given twice, with different values");
  }
  child.flowsessionid = *guid;
  return {};
}

Result<bool> ChildParser::set_event(std::string_view key, const JsonValue& value, FlowEvent& event) {
  const auto done = [](Result<void> set) -> Result<bool> {
    if (!set) return fail(std::move(set.error()));
    return true;
  };
  if (key == "eventtype") return done(set_text(key, event.eventtype, value));
  if (key == "eventcode") return done(set_text(key, event.eventcode, value));
  if (key == "level") return done(set_text(key, event.level, value));
  if (key == "eventcontent") return done(set_text(key, event.eventcontent, value));
  if (key == "eventduration") return done(set_number(key, event.eventduration, value));
  if (key == "expirydate") return done(set_time(key, event.expirydate, value));
  return done(set_time(key, event.completedon, value));
}

Result<void> ChildParser::set_content(std::string_view key, const JsonValue& value, Binary& file) {
  if (!text_of(key, value)) {
    return refuse(key, fmt::format("{} stands there, a base64 text is needed", name_of(value.kind)));
  }
  if (file.content.has_value() || file.reference) return refuse(key, "is given twice");
  if (const auto reference = Guid::parse(value.text)) {
    file.reference = *reference;
    return {};
  }
  if (const std::uint64_t size = value.text.size() / 4 * 3; size > max_binary_bytes + 3) {
    return refuse(key, fmt::format("about {} bytes are too many, {} is the most", size, max_binary_bytes));
  }
  if (!decode_base64(value.text, bytes_)) {
    return refuse(key, "the text is broken base64 (the file's bytes in base64, or a file reference's GUID, is needed)");
  }
  if (bytes_.size() > max_binary_bytes) {
    return refuse(key, fmt::format("{} bytes are too many, {} is the most", bytes_.size(), max_binary_bytes));
  }
  file.content = Content(bytes_);
  return {};
}

Result<void> ChildParser::set_annotation(std::string_view key, ondemand::value& value, const Child& child) {
  if (key != type_annotation) {
    scratch_.clear();
    if (const auto error = append_minified(value, scratch_)) return refuse(quoted(key), sentence_of(error));
    return {};
  }
  JsonValue read;
  if (const auto error = read_json_value(value, read)) return refuse(quoted(key), sentence_of(error));
  const std::string_view name = info(child.collection).name;
  if (read.kind == JsonKind::text && read.text == std::string(type_prefix) + std::string(name)) return {};
  return refuse(type_annotation, fmt::format("{} is not of {}", quoted(read.text), name));
}

Result<void> ChildParser::set_extra(std::string_view key, ondemand::value& value, Child& child) {
  scratch_.clear();
  if (const auto error = append_minified(value, scratch_)) return refuse(quoted(key), sentence_of(error));
  if (scratch_ == "null") return {};
  const auto [place, added] = child.extra.try_emplace(std::string(key), scratch_);
  if (!added && place->second != scratch_) return refuse(quoted(key), "is given twice, with different values");
  return {};
}

struct ChildReader::Impl {
  ChildParser parser{};
};

ChildReader::ChildReader() : impl_(std::make_unique<Impl>()) {}
ChildReader::ChildReader(ChildReader&&) noexcept = default;
ChildReader& ChildReader::operator=(ChildReader&&) noexcept = default;
ChildReader::~ChildReader() = default;

Result<Child> ChildReader::read(Collection collection, std::string_view json) {
  return impl_->parser.parse(collection, json);
}

}  // namespace flowkeep::io

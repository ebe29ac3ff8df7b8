#include "assignment.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <strings.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <filesystem>
#include "text.hpp"

namespace flowkeep::tool {

namespace {

struct NamedText {
  Column column;
  std::string_view text;
};

Try<NamedText> split(std::string_view assignment) {
  const std::size_t equals = assignment.find('=');
  if (equals == std::string_view::npos) {
    // Not quoted: it may hold what must not be shown.
    return failed(Exit::usage, "an argument is not NAME=VALUE: it has no =");
  }
  const std::string_view name = assignment.substr(0, equals);
  const auto column = find_column(name);
  if (!column) return failed(Exit::usage, fmt::format("{} is not a column of a flow session", in_quotes(name)));
  return NamedText{*column, assignment.substr(equals + 1)};
}

bool is_secret(Column column) noexcept {
  return column == Column::credentials || column == Column::callbackurl;
}

template <class Number>
std::optional<ValueView> parse_number(std::string_view text) noexcept {
  Number number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

std::optional<ValueView> parse_choice(const ColumnInfo& column, std::string_view text) noexcept {
  for (const Choice& choice : column.choices) {
    if (choice.label.size() == text.size() && strncasecmp(choice.label.data(), text.data(), text.size()) == 0) {
      return choice.value;
    }
  }
  return parse_number<std::int32_t>(text);
}

std::optional<ValueView> parse_lookup(std::string_view text) noexcept {
  const std::size_t colon = text.find(':');
  auto type = std::optional(EntityType::none);
  if (colon != std::string_view::npos) {
    type = find_entity_type(text.substr(0, colon));
    text.remove_prefix(colon + 1);
  }
  const auto id = Guid::parse(text);
  if (!type || !id) return std::nullopt;
  return Reference(*id, *type);
}

template <class T>
std::optional<ValueView> as_value(const std::optional<T>& parsed) noexcept {
  if (!parsed) return std::nullopt;
  return ValueView(*parsed);
}

std::optional<ValueView> parse_value(const ColumnInfo& column, std::string_view text) noexcept {
  switch (column.kind) {
    case ColumnKind::guid:
      return as_value(Guid::parse(text));
    case ColumnKind::text:
    case ColumnKind::binary_name:
      return text;
    case ColumnKind::lookup:
      return parse_lookup(text);
    case ColumnKind::choice:
      return parse_choice(column, text);
    case ColumnKind::int32:
      return parse_number<std::int32_t>(text);
    case ColumnKind::int64:
      return parse_number<std::int64_t>(text);
    case ColumnKind::decimal:
      return parse_number<double>(text);
    case ColumnKind::timestamp:
      return as_value(parse_timestamp(text));
    case ColumnKind::binary:
      break;
  }
  return std::nullopt;
}

std::string expected(const ColumnInfo& column) {
  switch (column.kind) {
    case ColumnKind::guid:
      return "a GUID";
    case ColumnKind::lookup:
      return column.column == Column::ownerid ? "a GUID, systemuser:GUID or team:GUID" : "a GUID";
    case ColumnKind::choice: {
      std::string all;
      for (const Choice& choice : column.choices) {
        all += fmt::format("{}{} ({})", all.empty() ? "" : ", ", choice.label, choice.value);
      }
      return "one of " + all;
    }
    case ColumnKind::int32:
    case ColumnKind::int64:
      return "a whole number";
    case ColumnKind::decimal:
      return "a number";
    case ColumnKind::timestamp:
      return "a time such as 2022-06-16T12:54:40Z";
    case ColumnKind::text:
    case ColumnKind::binary_name:
    case ColumnKind::binary:
      break;
  }
  return "text";
}

std::optional<Binary>& binary_of(Session& session, Column column) noexcept {
  return column == Column::inputs    ? session.inputs
         : column == Column::outputs ? session.outputs
                                     : session.additionalcontext;
}

/// A file that is open for reading.
class InputFile {
 public:
  explicit InputFile(const std::string& path)
      : path_(path == "-" ? "standard input" : path),
        descriptor_(path == "-" ? STDIN_FILENO : ::open(path.c_str(), O_RDONLY | O_CLOEXEC)) {}
  InputFile(const InputFile&) = delete;
  InputFile& operator=(const InputFile&) = delete;
  ~InputFile() {
    if (descriptor_ > STDIN_FILENO) close(descriptor_);
  }

  Try<Content> content() const {
    ContentWriter writer;
    std::string piece(256 * 1024, '\0');
    for (;;) {
      const ssize_t got = descriptor_ < 0 ? -1 : ::read(descriptor_, piece.data(), piece.size());
      if (got == 0) return writer.finish();
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) return failed(Exit::bad_input, fmt::format("{} cannot be read: {}", path_, std::strerror(errno)));
      const auto added = writer.append(std::string_view(piece).substr(0, static_cast<std::size_t>(got)));
      if (!added) return failed(Exit::bad_input, fmt::format("{}: {}", path_, added.error().message));
    }
  }

 private:
  std::string path_;
  int descriptor_;
};

}  // namespace

Try<void> add_assignment(SessionUpdate& update, const std::string& text) {
  const auto named = split(text);
  if (!named) return failed(named.error());
  const ColumnInfo& column = info(named->column);
  if (column.kind == ColumnKind::binary) {
    return failed(Exit::usage,
                  fmt::format("{0} is a File column: give its content with --column {0}=@PATH", column.name));
  }
  const auto parsed = parse_value(column, named->text);
  if (!parsed) {
    return failed(Exit::bad_input,
                  fmt::format("{}: {} is not {}", column.name, in_quotes(named->text), expected(column)));
  }
  if (const auto set = set_value(update.set, column.column, *parsed); !set) {
    return failed(Exit::bad_input, is_secret(column.column) ? fmt::format("{}: the value is refused", column.name)
                                                            : set.error().message);
  }
  return {};
}

Try<void> add_content(SessionUpdate& update, const std::string& text) {
  const auto named = split(text);
  if (!named) return failed(named.error());
  const ColumnInfo& column = info(named->column);
  if (column.kind != ColumnKind::binary || named->text.size() < 2 || named->text.front() != '@') {
    return failed(Exit::usage,
                  "--column takes inputs=@PATH, outputs=@PATH or additionalcontext=@PATH; other columns "
                  "are set by NAME=VALUE");
  }
  const std::string path(named->text.substr(1));
  auto content = InputFile(path).content();
  if (!content) return failed(content.error());
  auto& binary = binary_of(update.set, named->column);
  if (!binary) binary.emplace();
  binary->content = std::move(*content);
  if (path != "-" && !binary->name) binary->name = std::filesystem::path(path).filename().string();
  return {};
}

Try<Content> read_content(const std::string& path) {
  return InputFile(path).content();
}

Try<void> add_clearing(SessionUpdate& update, const std::string& name, const std::vector<std::string>& extra_columns) {
  if (const auto column = find_column(name)) {
    if (!std::holds_alternative<std::monostate>(value(update.set, *column))) {
      return failed(Exit::usage, fmt::format("{} cannot be set and cleared at once", name));
    }
    update.clear.insert(*column);
  } else if (std::find(extra_columns.begin(), extra_columns.end(), name) != extra_columns.end()) {
    update.clear_extra.insert(name);
  } else {
    return failed(Exit::usage, fmt::format("{} is not a column of a flow session", in_quotes(name)));
  }
  return {};
}

}  // namespace flowkeep::tool

#include <cstring>
#include <optional>
#include <string>
#include <utility>

#include <fmt/format.h>
#include <flowkeep/io/json.hpp>

#include "response.hpp"
#include "session_parser.hpp"
#include "text_window.hpp"

namespace flowkeep::io {
namespace {

enum class Shape : std::uint8_t { unknown, lines, response };

Error with_place(Error error, std::string_view unit, std::uint64_t number) {
  error.message = fmt::format("{} {}: {}", unit, number, error.message);
  return error;
}

}  // namespace

struct SessionInput::Impl {
  explicit Impl(ByteSource source) : window(std::move(source)), response(window) {}

  TextWindow window;
  ResponseReader response;
  SessionParser parser{};
  Shape shape = Shape::unknown;
  std::uint64_t line = 0;      ///< the last line that was begun
  std::size_t line_bytes = 0;  ///< of the line that was handed out last: still in the window
  bool ended = false;
  Beside beside{};

  [[nodiscard]] std::string_view unit() const noexcept { return shape == Shape::response ? "element" : "line"; }
  [[nodiscard]] std::uint64_t place() const noexcept { return shape == Shape::response ? response.element() : line; }

  /// The next line without its end, as it stands in the window.
  Result<std::optional<std::string_view>> next_line() {
    window.consume(std::exchange(line_bytes, 0));
    ++line;
    std::size_t searched = 0;
    for (;;) {
      const std::string_view text = window.text();
      const void* const found =
          text.size() == searched ? nullptr : std::memchr(text.data() + searched, '\n', text.size() - searched);
      if (found != nullptr) {
        line_bytes = static_cast<std::size_t>(static_cast<const char*>(found) - text.data()) + 1;
        return text.substr(0, line_bytes - 1);
      }
      searched = text.size();
      if (searched > max_piece_bytes) return fail(Errc::invalid_argument, "longer than 256 MiB");
      auto more = window.fill();
      if (!more) return fail(std::move(more.error()));
      if (*more) continue;
      line_bytes = window.text().size();
      if (line_bytes == 0) return std::nullopt;
      return window.text();
    }
  }

  /// The next line that is not blank.
  Result<std::optional<std::string_view>> next_row_line() {
    for (;;) {
      auto text = next_line();
      if (!text || !*text) return text;
      const std::size_t start = (*text)->find_first_not_of(" \t\r");
      if (start == std::string_view::npos) continue;
      if ((*text)->size() > max_piece_bytes) return fail(Errc::invalid_argument, "longer than 256 MiB");
      return text;
    }
  }

  Result<std::optional<std::string_view>> next_text() {
    if (shape == Shape::unknown) {
      auto recognised = response.recognise();
      if (!recognised) {
        line = 1;
        return fail(std::move(recognised.error()));
      }
      shape = *recognised ? Shape::response : Shape::lines;
    }
    return shape == Shape::response ? response.next() : next_row_line();
  }

  /// The next row, made by `parse(text, row)`.
  template <class Row, class Parse>
  Result<std::optional<Row>> next_row(Parse&& parse) {
    Result<std::optional<Row>> row{};
    if (ended) return row;
    auto text = next_text();
    if (!text || !*text) {
      ended = true;
      if (!text) return fail(with_place(std::move(text.error()), unit(), place()));
      return row;
    }
    Row& read = row->emplace();
    read.line = place();
    if (auto parsed = parse(**text, read); !parsed) {
      ended = true;
      return fail(with_place(std::move(parsed.error()), unit(), place()));
    }
    return row;
  }
};

SessionInput::SessionInput(std::unique_ptr<Impl> impl) noexcept : impl_(std::move(impl)) {}
SessionInput::SessionInput(SessionInput&&) noexcept = default;
SessionInput& SessionInput::operator=(SessionInput&&) noexcept = default;
SessionInput::~SessionInput() = default;

Result<SessionInput> SessionInput::open(const std::string& path) {
  auto source = ByteSource::open(path);
  if (!source) return fail(std::move(source.error()));
  return SessionInput(std::make_unique<Impl>(std::move(*source)));
}

Result<std::optional<InputRow>> SessionInput::next() {
  Impl& impl = *impl_;
  auto row = impl.next_row<InputRow>(
      [&](std::string_view text, InputRow& read) { return impl.parser.parse(text, read.session, impl.beside); });
  if (row && *row) {
    (*row)->parents = std::exchange(impl.beside.parents, {});
    (*row)->children = std::exchange(impl.beside.children, {});
  }
  return row;
}

Result<std::optional<UpdateRow>> SessionInput::next_update() {
  return impl_->next_row<UpdateRow>(
      [this](std::string_view text, UpdateRow& read) { return impl_->parser.parse_update(text, read.update); });
}

void SessionInput::read_children() {
  impl_->beside.children_are = Beside::Children::read;
}
void SessionInput::on_wait(std::function<void()> callback) {
  impl_->window.source().on_wait(std::move(callback));
}
std::string_view SessionInput::unit() const noexcept {
  return impl_->unit();
}
std::uint64_t SessionInput::bytes_read() const noexcept {
  return impl_->window.source().bytes_read();
}
std::uint64_t SessionInput::bytes_total() const noexcept {
  return impl_->window.source().bytes_total();
}

}  // namespace flowkeep::io

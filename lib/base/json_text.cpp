#include "base/json_text.hpp"

namespace flowkeep::base {

namespace {

constexpr int deepest = 256;

bool is_digit(char c) noexcept {
  return c >= '0' && c <= '9';
}

bool is_hexadecimal(char c) noexcept {
  return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

// Consumes the text from the left; each member answers whether what it names stood there.
class Scanner {
 public:
  explicit Scanner(std::string_view text) noexcept : rest_(text) {}

  bool at_end() const noexcept { return rest_.empty(); }

  bool value(int depth) noexcept {
    if (rest_.empty() || depth > deepest) return false;
    switch (rest_.front()) {
      case '{':
        return list('}', [&] { return string() && take(':') && value(depth + 1); });
      case '[':
        return list(']', [&] { return value(depth + 1); });
      case '"':
        return string();
      default:
        return word("true") || word("false") || word("null") || number();
    }
  }

 private:
  bool take(char c) noexcept {
    if (rest_.empty() || rest_.front() != c) return false;
    rest_.remove_prefix(1);
    return true;
  }

  bool word(std::string_view expected) noexcept {
    if (rest_.substr(0, expected.size()) != expected) return false;
    rest_.remove_prefix(expected.size());
    return true;
  }

  template <class Element>
  bool list(char closing, Element&& element) noexcept {
    rest_.remove_prefix(1);
    if (take(closing)) return true;
    do {
      if (!element()) return false;
    } while (take(','));
    return take(closing);
  }

  bool string() noexcept {
    if (!take('"')) return false;
    while (!rest_.empty()) {
      const char c = rest_.front();
      rest_.remove_prefix(1);
      if (c == '"') return true;
      if (static_cast<unsigned char>(c) < 0x20 || (c == '\\' && !escape())) return false;
    }
    return false;
  }

  bool escape() noexcept {
    if (rest_.empty()) return false;
    const char c = rest_.front();
    rest_.remove_prefix(1);
    if (c != 'u') return std::string_view("\"\\/bfnrt").find(c) != std::string_view::npos;
    if (rest_.size() < 4) return false;
    for (int i = 0; i < 4; ++i) {
      if (!is_hexadecimal(rest_[static_cast<std::size_t>(i)])) return false;
    }
    rest_.remove_prefix(4);
    return true;
  }

  bool digits() noexcept {
    const std::size_t before = rest_.size();
    while (!rest_.empty() && is_digit(rest_.front())) rest_.remove_prefix(1);
    return rest_.size() != before;
  }

  bool number() noexcept {
    take('-');
    if (!take('0') && !digits()) return false;
    if (take('.') && !digits()) return false;
    if (take('e') || take('E')) {
      if (!take('+')) take('-');
      return digits();
    }
    return true;
  }

  std::string_view rest_;
};

}  // namespace

bool is_minified_json(std::string_view text) noexcept {
  Scanner scanner(text);
  return scanner.value(1) && scanner.at_end();
}

}  // namespace flowkeep::base

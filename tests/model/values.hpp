// The values that the model test writes and asks for: few enough to meet again, odd enough to matter.
#pragma once

#include <cstdint>
#include <flowkeep/store.hpp>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "state.hpp"

namespace flowkeep::model {

/// Content, with its bytes.
struct SampleContent {
  Content content{};
  std::shared_ptr<const std::string> bytes{};
};

/// Makes random values, sessions and updates; the same seed makes the same.
class Generator {
 public:
  explicit Generator(std::uint64_t seed) : random_(seed) {}

  [[nodiscard]] std::uint64_t below(std::uint64_t limit) { return random_() % limit; }
  [[nodiscard]] bool one_in(std::uint64_t count) { return below(count) == 0; }
  template <class Container>
  [[nodiscard]] const auto& any_of(const Container& container) {
    return container[static_cast<std::size_t>(below(container.size()))];
  }

  [[nodiscard]] Guid guid();
  /// One of the few rows that lookups of a column lead to.
  [[nodiscard]] Guid target(Column column);
  /// A text that is met again and again, in this or another case.
  [[nodiscard]] std::string_view spelling(Column column);
  [[nodiscard]] StatusCode status() { return static_cast<StatusCode>(below(status_count)); }
  /// One of the times around which sessions are created: often the same, or 100 ns off.
  [[nodiscard]] Timestamp time();
  [[nodiscard]] Given session_to_create();
  [[nodiscard]] Given session_to_import();
  [[nodiscard]] GivenUpdate update(const Row* stored);

 private:
  [[nodiscard]] std::string text(std::size_t most_units);
  void set(Session& session, const ColumnInfo& column);
  void set_binary(Session& session, Contents& contents, std::size_t place, const Row* stored);
  void set_extra(ExtraColumns& extra);
  void set_codes(Session& session);
  void break_rule(Session& session);
  SampleContent content();

  std::mt19937_64 random_;
};

}  // namespace flowkeep::model

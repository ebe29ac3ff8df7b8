// What stands on the command line, read into values; what cannot be read is a usage error that says what would be.
#pragma once

#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "text.hpp"
#include "tool.hpp"

namespace flowkeep::tool {

/// How one kind of argument is read, and what it is called in the sentence that refuses another.
template <class T>
struct Argument {
  std::optional<T> (*parse)(std::string_view);
  const char* type_name;
  const char* expected;
};

inline constexpr Argument<Guid> guid_argument{[](std::string_view text) { return Guid::parse(text); }, "GUID",
                                              "a GUID such as d9687093-d0c0-ec11-983e-0022480b428a"};
inline constexpr Argument<Timestamp> time_argument{[](std::string_view text) { return parse_timestamp(text); }, "TIME",
                                                   "a time such as 2022-06-16 or 2022-06-16T12:54:40Z"};
inline constexpr Argument<StatusCode> status_argument{[](std::string_view text) { return parse_statuscode(text); },
                                                      "STATUS",
                                                      "a status: 0 to 14, or a name such as Running or TimedOut"};
inline constexpr Argument<StateCode> state_argument{[](std::string_view text) { return parse_statecode(text); },
                                                    "STATE", "a state: Active (0) or Inactive (1)"};
inline constexpr Argument<Precondition> etag_argument{[](std::string_view text) { return parse_etag(text); }, "ETAG",
                                                      "an ETag such as W/\"42\", 42 or *"};
inline constexpr Argument<IndexId> index_argument{[](std::string_view text) { return find_index(text); }, "NAME",
                                                  "the name of an index (flowkeep index FILE list prints them)"};

/// A decimal number without a sign.
[[nodiscard]] std::optional<std::uint64_t> parse_count(std::string_view text) noexcept;
inline constexpr Argument<std::uint64_t> count_argument{parse_count, "N", "a whole number from 0"};
inline constexpr Argument<std::uint64_t> positive_argument{[](std::string_view text) {
                                                             const auto count = parse_count(text);
                                                             return count && *count > 0 ? count : std::nullopt;
                                                           },
                                                           "N", "a whole number from 1"};

/// A whole number and s, m, h, d or w (seconds, minutes, hours, days, weeks).
[[nodiscard]] std::optional<std::chrono::milliseconds> parse_age(std::string_view text) noexcept;
inline constexpr Argument<std::chrono::milliseconds> age_argument{
    parse_age, "AGE", "an age: a whole number and s, m, h, d or w, such as 90d or 12h"};

/// A whole number of bytes, or of K, M, G or T (powers of 1024).
[[nodiscard]] std::optional<std::uint64_t> parse_bytes(std::string_view text) noexcept;
inline constexpr Argument<std::uint64_t> bytes_argument{parse_bytes, "BYTES",
                                                        "a number of bytes such as 500M or 2G (powers of 1024)"};

template <class T>
[[nodiscard]] std::string check_argument(const Argument<T>& argument, const std::string& text) {
  return argument.parse(text) ? std::string{} : fmt::format("{} is not {}", in_quotes(text), argument.expected);
}

/// Adds an option or a positional argument. `into` lives as long as `command`.
template <class T, class Into>
CLI::Option* add_argument(CLI::App& command, const std::string& name, Into& into, const Argument<T>& argument,
                          const std::string& help) {
  return command
      .add_option_function<std::string>(
          name,
          [&into, argument](const std::string& text) {
            if (const auto value = argument.parse(text)) into = *value;
          },
          help)
      ->type_name(name.front() == '-' ? argument.type_name : "")
      ->check([argument](const std::string& text) { return check_argument(argument, text); });
}

/// Adds an option that may be given many times, or a positional argument that takes all that follows.
template <class T>
CLI::Option* add_arguments(CLI::App& command, const std::string& name, std::vector<T>& into,
                           const Argument<T>& argument, const std::string& help) {
  return command
      .add_option_function<std::vector<std::string>>(
          name,
          [&into, argument](const std::vector<std::string>& texts) {
            into.clear();
            for (const std::string& text : texts) {
              if (const auto value = argument.parse(text)) into.push_back(*value);
            }
          },
          help)
      ->type_name(name.front() == '-' ? argument.type_name : "")
      ->allow_extra_args(name.front() != '-')
      ->check([argument](const std::string& text) { return check_argument(argument, text); });
}

/// The values of an option that takes one word of a list.
template <class T>
using Words = std::vector<std::pair<std::string, T>>;

template <class T>
CLI::Option* add_word(CLI::App& command, const std::string& name, T& into, const Words<T>& words,
                      const std::string& help) {
  std::string all;
  for (const auto& [word, value] : words) all += (all.empty() ? "" : "|") + word;
  return command
      .add_option_function<std::string>(
          name,
          [&into, words](const std::string& text) {
            for (const auto& [word, value] : words) {
              if (word == text) into = value;
            }
          },
          help)
      ->type_name(all)
      ->check([words, all](const std::string& text) {
        for (const auto& [word, value] : words) {
          if (word == text) return std::string{};
        }
        return fmt::format("{} is not one of {}", in_quotes(text), all);
      });
}

inline constexpr Argument<AccessRights> rights_argument{[](std::string_view text) { return AccessRights::parse(text); },
                                                        "RIGHTS",
                                                        "rights: Read, Write, Append, AppendTo, Create, Delete, Share, "
                                                        "Assign, with commas between them, or All"};
/// A GUID, a systemuser's; user: or team: before it says which.
[[nodiscard]] std::optional<Reference> parse_principal(std::string_view text);
inline constexpr Argument<Reference> principal_argument{parse_principal, "PRINCIPAL",
                                                        "a principal: the GUID of a user, or team: and that of a team"};

/// Adds the positional argument FILE, and the options that say who uses it. `file` lives as long as `command`.
CLI::Option* add_file(CLI::App& command, StoreFile& file);
/// Adds FILE alone, where the file is used as a whole.
CLI::Option* add_file(CLI::App& command, std::string& file);
/// Adds the options that say who uses `file`.
void add_user(CLI::App& command, StoreFile& file);

/// Reads platform, desktop-flow, or @XML: a file of <allowedtransitions> elements, whose stem names the model.
[[nodiscard]] Try<StateModel> load_state_model(const std::string& text);
inline constexpr const char* state_model_type = "platform|desktop-flow|@XML";

/// The bytes of a small file. Failures: bad_input.
[[nodiscard]] Try<std::string> read_text_file(const std::string& path);

}  // namespace flowkeep::tool

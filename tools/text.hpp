// Numbers, names and JSON strings as the tool prints them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace flowkeep::tool {

/// "42 930": groups of three digits.
[[nodiscard]] std::string grouped(std::uint64_t number);
/// "1 session", "51516 sessions": the plural is the noun and an s.
[[nodiscard]] std::string counted(std::uint64_t number, std::string_view noun);
/// "812 bytes", "4.0 KiB", "33.1 MiB".
[[nodiscard]] std::string human_bytes(std::uint64_t bytes);
/// The text in single quotes, cut where it is long, to be shown in a sentence.
[[nodiscard]] std::string in_quotes(std::string_view text);
/// The text in double quotes, escaped for JSON. Bytes that are not UTF-8 become U+FFFD.
[[nodiscard]] std::string json_string(std::string_view text);

}  // namespace flowkeep::tool

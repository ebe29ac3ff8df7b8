// Values appended to a text, without a temporary for any of them.
#pragma once

#include <charconv>
#include <concepts>
#include <string>

#include <flowkeep/guid.hpp>
#include <flowkeep/timestamp.hpp>

namespace flowkeep::io {

template <std::integral Integer>
void append_integer(std::string& out, Integer value) {
  char digits[24];
  out.append(digits, std::to_chars(digits, digits + sizeof digits, value).ptr);
}

/// The shortest decimal form that reads back as the same number.
void append_double(std::string& out, double value);
void append_guid(std::string& out, const Guid& guid);
/// As format_timestamp() writes it.
void append_timestamp(std::string& out, Timestamp time);

}  // namespace flowkeep::io

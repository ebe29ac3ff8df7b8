#include "base/process.hpp"

#include <array>
#include <charconv>
#include <cstdio>
#include <string>
#include <string_view>

namespace flowkeep::base {

namespace {

// A small file of the system's: its text, "" where it cannot be read.
std::string read_system_file(const std::string& path) {
  std::FILE* file = std::fopen(path.c_str(), "re");
  if (file == nullptr) return {};
  std::array<char, 1024> buffer{};
  const std::size_t size = std::fread(buffer.data(), 1, buffer.size(), file);
  std::fclose(file);
  return std::string(buffer.data(), size);
}

}  // namespace

std::optional<ProcessState> read_process(std::int64_t pid) {
  const std::string text = read_system_file("/proc/" + std::to_string(pid) + "/stat");
  // The name may hold anything, brackets too: the fields begin behind the last one.
  const std::size_t bracket = text.rfind(')');
  if (bracket == std::string::npos || bracket + 2 >= text.size()) return std::nullopt;
  std::string_view rest = std::string_view(text).substr(bracket + 2);
  ProcessState found;
  found.state = rest.front();
  constexpr int fields_before_start = 19;  // of field 22, from field 3 on
  for (int field = 0; field < fields_before_start; ++field) {
    const std::size_t space = rest.find(' ');
    if (space == std::string_view::npos) return std::nullopt;
    rest.remove_prefix(space + 1);
  }
  const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), found.started);
  if (error != std::errc()) return std::nullopt;
  return found;
}

std::optional<Guid> read_boot_id() {
  const std::string text = read_system_file("/proc/sys/kernel/random/boot_id");
  return Guid::parse(std::string_view(text).substr(0, 36));
}

}  // namespace flowkeep::base

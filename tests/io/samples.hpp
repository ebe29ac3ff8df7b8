// What the tests of sessions in and out share: sample sessions, files, packed texts, stores.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include <flowkeep/flowkeep.hpp>
#include <flowkeep/io/json.hpp>

namespace flowkeep::io {

inline constexpr std::string_view machine_text = "c0ee9698-5ac7-5f78-b464-d9d3a15b9fda";
inline constexpr std::string_view other_text = "120bc6a7-a78f-5207-8ae0-5a746a9058fe";
inline constexpr std::string_view session_text = "3219b349-858c-557f-8825-517ad49b41b4";

/// The GUID of a text that is one.
[[nodiscard]] Guid guid(std::string_view text);

/// A JSON object with a value in every column, the lookups by their value names; `number` makes it different from
/// others.
[[nodiscard]] std::string full_row(unsigned number);

/// The session of a JSON text that is good.
[[nodiscard]] Session read_row(std::string_view json);

/// The columns in which two sessions differ, by name; empty where they are equal. Stored and given content are
/// compared by size and hash. versionnumber is left aside.
[[nodiscard]] std::string difference(const Session& a, const Session& b);

[[nodiscard]] std::string gzipped(std::string_view text);
[[nodiscard]] std::string zstandard(std::string_view text);

/// A folder of its own, gone with the test.
class Folder {
 public:
  Folder();
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  ~Folder();
  [[nodiscard]] std::string path(std::string_view name) const { return (folder_ / name).string(); }
  /// Writes a file and returns its path.
  std::string write(std::string_view name, std::string_view bytes) const;

 private:
  std::filesystem::path folder_;
};

/// What an input gave: its rows, and the sentence that ended it ("" where it ended well).
struct InputRead {
  std::vector<InputRow> rows{};
  std::string error{};
  Errc code{};
  std::string unit{};
};
[[nodiscard]] InputRead read_all(const std::string& path);

/// A store that holds sessions read from JSON rows.
class StoredRows : public testing::Test {
 protected:
  void import(const std::vector<std::string>& rows);
  /// Everything a writer with these options writes, oldest session first; begin() and end() included.
  [[nodiscard]] std::string written(const WriteOptions& options);
  Folder folder_{};
  std::optional<Store> store_{};
};

}  // namespace flowkeep::io

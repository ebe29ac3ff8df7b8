// A store of its own for each test, in memory where there is such a place.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <flowkeep/store.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace flowkeep::test {

class TestStore {
 public:
  explicit TestStore(OpenOptions options = {}) : options_(std::move(options)) {
    const bool has_memory = ::access("/dev/shm", W_OK) == 0;
    std::string pattern =
        ((has_memory ? std::filesystem::path("/dev/shm") : std::filesystem::temp_directory_path()) / "flowkeep-XXXXXX")
            .string();
    directory_ = ::mkdtemp(pattern.data());
    options_.map_bytes = 1ULL << 30;
    open();
  }
  TestStore(const TestStore&) = delete;
  TestStore& operator=(const TestStore&) = delete;
  ~TestStore() {
    store_.reset();
    std::filesystem::remove_all(directory_);
  }

  void open() {
    auto opened = Store::open(path(), options_);
    if (!opened) {
      ADD_FAILURE() << opened.error().message;
      std::abort();
    }
    store_.emplace(std::move(*opened));
  }
  void close() { store_.reset(); }
  void reopen() {
    close();
    open();
  }

  const Store* operator->() const { return &*store_; }
  const Store& operator*() const { return *store_; }
  [[nodiscard]] std::string path() const { return directory_ + "/test.flowkeep"; }

  [[nodiscard]] std::uint64_t entries(std::string_view table) const {
    const auto stats = store_->stats();
    EXPECT_TRUE(stats);
    for (const StoreStats::Table& one : stats->tables) {
      if (one.name == table) return one.entries;
    }
    ADD_FAILURE() << "no table " << table;
    return 0;
  }

 private:
  OpenOptions options_;
  std::string directory_{};
  std::optional<Store> store_{};
};

/// The error of a Result that has to have one.
template <class T>
Error refusal(const Result<T>& result) {
  if (!result) return result.error();
  ADD_FAILURE() << "expected was a refusal";
  return {};
}

/// The value of a Result that has to have one.
template <class T>
T value_of(Result<T> result) {
  if (!result) {
    ADD_FAILURE() << result.error().message;
    std::abort();
  }
  if constexpr (!std::is_void_v<T>) return std::move(*result);
}

inline Guid guid(unsigned number) {
  Guid made = *Guid::parse("d9687093-d0c0-ec11-983e-000000000000");
  made.bytes[14] = static_cast<std::uint8_t>(number >> 8);
  made.bytes[15] = static_cast<std::uint8_t>(number);
  return made;
}

inline Timestamp at(std::string_view text) {
  return *parse_timestamp(text);
}

inline std::string repeated(std::string_view text, std::size_t count) {
  std::string out;
  out.reserve(text.size() * count);
  for (std::size_t i = 0; i < count; ++i) out += text;
  return out;
}

/// Some value that the column accepts.
inline void set_sample(Session& session, const ColumnInfo& column) {
  const auto set = [&](const ValueView& value) { value_of(set_value(session, column.column, value)); };
  switch (column.kind) {
    case ColumnKind::guid:
      return set(guid(77));
    case ColumnKind::text:
    case ColumnKind::binary_name:
      return set(std::string_view("sample.txt"));
    case ColumnKind::lookup:
      return set(Reference(guid(88)));
    case ColumnKind::choice:
      return set(column.choices.back().value);
    case ColumnKind::int32:
      return set(std::int32_t{41});
    case ColumnKind::int64:
      return set(std::int64_t{-43});
    case ColumnKind::decimal:
      return set(12.25);
    case ColumnKind::timestamp:
      return set(at("2022-06-16T12:54:40.0000001Z"));
    case ColumnKind::binary:
      break;
  }
  Binary binary;
  binary.name = std::string(column.name) + ".json";
  binary.content = Content("content of " + std::string(column.name));
  if (column.column == Column::inputs) session.inputs = binary;
  if (column.column == Column::outputs) session.outputs = binary;
  if (column.column == Column::additionalcontext) session.additionalcontext = binary;
}

inline Session named(std::string name) {
  Session session;
  session.name = std::move(name);
  return session;
}

inline SessionUpdate renamed(std::string name) {
  SessionUpdate update;
  update.set.name = std::move(name);
  return update;
}

}  // namespace flowkeep::test

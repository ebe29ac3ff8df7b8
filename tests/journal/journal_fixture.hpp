// A journal file in a directory of its own.
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "journal/journal_file.hpp"

namespace flowkeep::journal {

/// What a scan finds.
struct Scanned {
  std::vector<std::string> payloads{};
  std::vector<Position> behind{};
  Position end{};
};

class JournalFixture : public testing::Test {
 protected:
  static constexpr std::uint64_t capacity = 64U << 10;

  JournalFixture() {
    const char* wanted = std::getenv("TMPDIR");
    directory_ = std::string(wanted != nullptr ? wanted : "/tmp") + "/flowkeep-journal-XXXXXX";
    if (::mkdtemp(directory_.data()) == nullptr) std::abort();
    header_.capacity_bytes = capacity;
    header_.epoch.bytes[0] = 1;
    header_.start = {1, records_begin, 4711};
    file_ = JournalFile::create(path(), header_).value();
  }
  ~JournalFixture() override { std::filesystem::remove_all(directory_); }

  [[nodiscard]] std::string path() const { return directory_ + "/s.flowkeep-wal"; }

  [[nodiscard]] Scanned scan(const Position& start, std::uint64_t capacity_bytes = capacity) {
    Scanned scanned;
    const auto visit = [&](const Position&, std::string_view payload, const Position& behind) -> Result<void> {
      scanned.payloads.emplace_back(payload);
      scanned.behind.push_back(behind);
      return {};
    };
    scanned.end = file_.scan(start, capacity_bytes, visit).value();
    return scanned;
  }

  /// Writes a record, as a group of one would be.
  Position append(const Position& at, const std::string& payload) {
    std::string bytes;
    const std::uint64_t chain = append_record(bytes, RecordKind::change, at, payload);
    EXPECT_TRUE(file_.write(at.offset, bytes));
    return {at.lsn + 1, at.offset + bytes.size(), chain};
  }
  Position append_wrap(const Position& at) {
    std::string bytes;
    const std::uint64_t chain = append_record(bytes, RecordKind::wrap, at, {});
    EXPECT_TRUE(file_.write(at.offset, bytes));
    return {at.lsn, records_begin, chain};
  }
  void damage(std::uint64_t offset, const std::string& bytes) { EXPECT_TRUE(file_.write(offset, bytes)); }
  [[nodiscard]] std::string bytes_at(std::uint64_t offset, std::size_t size) const {
    std::string bytes(size, '\0');
    const int descriptor = ::open(path().c_str(), O_RDONLY | O_CLOEXEC);
    EXPECT_EQ(::pread(descriptor, bytes.data(), size, static_cast<off_t>(offset)), static_cast<ssize_t>(size));
    ::close(descriptor);
    return bytes;
  }

  std::string directory_{};
  Header header_{};
  JournalFile file_{};
};

}  // namespace flowkeep::journal

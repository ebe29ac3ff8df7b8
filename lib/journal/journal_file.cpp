#include "journal/journal_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <utility>

#include "journal/sidecars.hpp"

namespace flowkeep::journal {

Result<JournalFile> JournalFile::create(const std::string& path, const Header& header) {
  if (auto ok = storage::remove_file(path); !ok) return fail(std::move(ok.error()));
  auto file = storage::Descriptor::open(path, O_RDWR | O_CREAT | O_EXCL);
  if (!file) return fail(std::move(file.error()));
  JournalFile journal(std::move(*file), path);
  auto made = journal.extend(0, header.capacity_bytes);
  if (made) {
    Header first = header;
    made = journal.write_header(first);
  }
  if (made) made = storage::sync_directory_of(path);
  if (made) return journal;
  // Left half-made it would be in the way of nothing, but take space that may be wanted.
  static_cast<void>(storage::remove_file(path));
  return fail(std::move(made.error()));
}

Result<JournalFile> JournalFile::open(const std::string& path, Access access) {
  auto file = storage::Descriptor::open(path, access == Access::read_only ? O_RDONLY : O_RDWR);
  if (!file) return fail(std::move(file.error()));
  return JournalFile(std::move(*file), path);
}

Result<std::optional<Header>> JournalFile::read_header() {
  std::array<char, records_begin> bytes{};
  auto got = storage::read_all(file_.get(), bytes, 0, path_);
  if (!got) return fail(std::move(got.error()));
  const std::span<const char> both(bytes);
  auto first = decode_header(both.first(slot_bytes));
  auto second = decode_header(both.last(slot_bytes));
  if (!first && !second && (is_newer(both.first(slot_bytes)) || is_newer(both.last(slot_bytes)))) {
    return fail(Errc::newer_format, path_ + " is the journal of a newer Flowkeep: recover the store with that one");
  }
  if (!first) return second;
  if (!second) return first;
  return first->generation < second->generation ? second : first;
}

Result<void> JournalFile::write_header(Header& header) {
  ++header.generation;
  const Slot slot = encode(header);
  const std::uint64_t newest = header.generation % 2 * slot_bytes;
  if (auto ok = storage::write_all(file_.get(), slot, newest, path_); !ok) return ok;
  if (auto ok = sync(); !ok) return ok;
  // What the other slot says is over from now on, and must not be gone back to where this one is damaged later.
  return storage::write_all(file_.get(), slot, slot_bytes - newest, path_);
}

Result<void> JournalFile::write(std::uint64_t offset, std::string_view bytes) {
  return storage::write_all(file_.get(), bytes, offset, path_);
}

Result<void> JournalFile::sync() {
  if (auto ok = storage::sync_data(file_.get(), path_); !ok) return ok;
  return storage::has_name(file_.get()) ? Result<void>() : fail(removed_while_open(path_));
}

Result<void> JournalFile::extend(std::uint64_t from_bytes, std::uint64_t to_bytes) {
  // Written, not only allocated: a sync of records then has no extent to convert.
  const std::string zeros(std::min<std::uint64_t>(to_bytes - from_bytes, 1U << 20), '\0');
  for (std::uint64_t at = from_bytes; at < to_bytes; at += zeros.size()) {
    const std::string_view part(zeros.data(), std::min<std::uint64_t>(zeros.size(), to_bytes - at));
    if (auto ok = write(at, part); !ok) return ok;
  }
  return sync();
}

void JournalFile::shorten(std::uint64_t to_bytes) noexcept {
  static_cast<void>(::ftruncate(file_.get(), static_cast<off_t>(to_bytes)));
}

Result<Position> JournalFile::scan(const Position& start, std::uint64_t capacity_bytes, const Visit& visit) {
  Position at = start;
  std::string payload;
  for (;;) {
    std::array<char, record_header_bytes> bytes{};
    if (at.offset < records_begin || at.offset + record_header_bytes > capacity_bytes) return at;
    auto got = storage::read_all(file_.get(), bytes, at.offset, path_);
    if (!got) return fail(std::move(got.error()));
    const RecordHeader header = decode_record_header(bytes);
    const std::uint64_t end = at.offset + record_bytes(header.payload_bytes);
    if (*got != bytes.size() || header.lsn != at.lsn || end > capacity_bytes) return at;
    payload.resize(header.payload_bytes);
    got = storage::read_all(file_.get(), payload, at.offset + record_header_bytes, path_);
    if (!got) return fail(std::move(got.error()));
    if (*got != payload.size() || !verify(header, at, payload)) return at;
    if (header.kind == RecordKind::wrap) {
      at = {at.lsn, records_begin, header.checksum};
      continue;
    }
    const Position behind{at.lsn + 1, end, header.checksum};
    if (auto ok = visit(at, payload, behind); !ok) return fail(std::move(ok.error()));
    at = behind;
  }
}

bool JournalFile::is_linked() const noexcept {
  struct stat mine {};
  struct stat named {};
  return ::fstat(file_.get(), &mine) == 0 && mine.st_nlink > 0 && ::stat(path_.c_str(), &named) == 0 &&
         mine.st_dev == named.st_dev && mine.st_ino == named.st_ino;
}

}  // namespace flowkeep::journal

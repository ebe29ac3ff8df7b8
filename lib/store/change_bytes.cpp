#include "store/change_bytes.hpp"

#include <cstring>
#include <memory>
#include <type_traits>
#include <utility>

#include "codec/contents.hpp"
#include "codec/record.hpp"
#include "codec/value.hpp"
#include "storage/transaction.hpp"

namespace flowkeep::store {

namespace {

// 1: records are FlatBuffers. 2: they are values as table `sessions` holds them. 3: there are side rows.
constexpr std::uint32_t format_number = 3;
constexpr std::uint32_t format_of_flatbuffers = 1;
constexpr std::uint32_t format_without_side_rows = 2;

enum RowFlag : std::uint8_t {
  has_old_key = 1,
  has_new_key = 2,
  has_deletion = 4,
  has_deletedby = 8,
  has_contents = 16,
  has_owner = 32
};

class Writer {
 public:
  explicit Writer(std::string& out) noexcept : out_(out) {}
  template <class Number>
  void number(Number value) {
    static_assert(std::is_arithmetic_v<Number>);
    char bytes[sizeof value];
    std::memcpy(bytes, &value, sizeof value);
    out_.append(bytes, sizeof value);
  }
  void count(std::size_t value) { number(static_cast<std::uint32_t>(value)); }
  void guid(const Guid& value) { out_.append(reinterpret_cast<const char*>(value.bytes.data()), value.bytes.size()); }
  void key(const index::RowKey& value) { out_.append(value.bytes()); }
  void text(std::string_view value) {
    count(value.size());
    out_.append(value);
  }

 private:
  std::string& out_;
};

// Reads what a Writer wrote; after the first thing that cannot be, everything is zero and good() false.
class Reader {
 public:
  explicit Reader(std::string_view bytes) noexcept : rest_(bytes) {}
  template <class Number>
  Number number() noexcept {
    Number value{};
    const std::string_view bytes = take(sizeof value);
    if (good_) std::memcpy(&value, bytes.data(), sizeof value);
    return value;
  }
  /// A number of things of at least `least` bytes each.
  std::size_t count(std::size_t least) noexcept {
    const auto value = number<std::uint32_t>();
    if (value > rest_.size() / least) good_ = false;
    return good_ ? value : 0;
  }
  Guid guid() noexcept {
    Guid value;
    const std::string_view bytes = take(value.bytes.size());
    if (good_) std::memcpy(value.bytes.data(), bytes.data(), bytes.size());
    return value;
  }
  index::RowKey key() noexcept { return index::RowKey::from(take(index::RowKey::size)).value_or(index::RowKey()); }
  std::string_view bytes() { return take(number<std::uint32_t>()); }
  std::string text() { return std::string(bytes()); }
  /// Of a binary: never empty.
  std::string piece() {
    std::string piece = text();
    if (piece.empty()) good_ = false;
    return piece;
  }
  /// What was read cannot be.
  void spoil() noexcept { good_ = false; }
  [[nodiscard]] bool good() const noexcept { return good_; }
  [[nodiscard]] bool at_end() const noexcept { return good_ && rest_.empty(); }

 private:
  std::string_view take(std::size_t size) noexcept {
    if (size > rest_.size()) good_ = false;
    if (!good_) return {};
    const std::string_view bytes = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return bytes;
  }
  std::string_view rest_;
  bool good_ = true;
};

void write_row(Writer& out, const RowChange& row) {
  std::uint8_t flags = 0;
  if (row.old_key) flags |= has_old_key;
  if (row.new_key) flags |= has_new_key;
  if (row.deletion) flags |= has_deletion;
  if (row.deletion && row.deletion->deletedby) flags |= has_deletedby;
  if (row.contents) flags |= has_contents;
  if (row.deletion && row.deletion->ownerid) flags |= has_owner;
  out.number(flags);
  out.guid(row.id);
  out.number(row.version);
  if (row.old_key) out.key(*row.old_key);
  if (row.new_key) out.key(*row.new_key);
  out.text(row.value);
  if (row.contents) out.text(*row.contents);
  if (row.deletion) {
    out.number(static_cast<std::int64_t>(row.deletion->deletedon.time_since_epoch().count()));
    if (row.deletion->deletedby) out.guid(*row.deletion->deletedby);
    if (row.deletion->ownerid) out.guid(*row.deletion->ownerid);
    out.count(row.deletion->readers.size());
    for (const Guid& reader : row.deletion->readers) out.guid(reader);
  }
}

RowChange read_row_change(Reader& in, std::uint32_t format, base::Arena& memory) {
  RowChange row;
  const auto flags = in.number<std::uint8_t>();
  row.id = in.guid();
  row.version = in.number<std::int64_t>();
  if (flags & has_old_key) row.old_key = in.key();
  if (flags & has_new_key) row.new_key = in.key();
  const std::string_view record = in.bytes();
  if (format != format_of_flatbuffers || !row.new_key) {
    row.value = memory.keep(record);
  } else {
    std::string value;
    codec::encode_value(value, codec::ValueKind::record, static_cast<std::uint64_t>(row.version), row.new_key->bytes(),
                        record);
    row.value = memory.keep(value);
  }
  if (row.new_key && !codec::RecordView::verify(row.new_key->bytes(), row.value)) in.spoil();
  if (flags & has_contents) {
    row.contents = memory.keep(in.bytes());
    const storage::IntegerKey key(row.new_key ? row.new_key->arrival() : 0);
    if (!row.contents->empty() && !codec::verify_contents(key.bytes(), *row.contents)) in.spoil();
  }
  if (flags & has_deletion) {
    codec::DeletionRow deletion{row.id, Timestamp(Ticks(in.number<std::int64_t>())), {}, {}, {}};
    if (flags & has_deletedby) deletion.deletedby = in.guid();
    if (flags & has_owner) deletion.ownerid = in.guid();
    if (format > format_without_side_rows) {
      deletion.readers.resize(in.count(16));
      for (Guid& reader : deletion.readers) reader = in.guid();
    }
    row.deletion = deletion;
  }
  return row;
}

void write_blob(Writer& out, const BlobChange& blob) {
  const blob::PreparedView& content = blob.content;
  out.number(blob.id);
  out.number(blob.references);
  out.number(content.size);
  out.number(content.hash);
  out.count(content.pieces());
  for (std::size_t number = 0; number < content.pieces(); ++number) out.text(content.piece(number));
}

void read_blob(Reader& in, Change& change) {
  const auto id = in.number<std::uint64_t>();
  const auto references = in.number<std::int64_t>();
  auto content = std::make_shared<blob::Prepared>();
  content->size = in.number<std::uint64_t>();
  content->hash = in.number<std::uint64_t>();
  for (std::size_t left = in.count(5); left > 0; --left) content->add(in.piece());
  change.add_blob(id, std::move(content), references);
}

void write_side_row(Writer& out, const SideChange& row) {
  out.number(static_cast<std::uint8_t>(row.table));
  out.number(static_cast<std::uint8_t>(row.value ? 1 : 0));
  out.text(row.key);
  if (row.value) out.text(*row.value);
}

SideChange read_side_row(Reader& in, base::Arena& memory) {
  SideChange row;
  const auto table = in.number<std::uint8_t>();
  const auto has_value = in.number<std::uint8_t>();
  row.key = memory.keep(in.bytes());
  if (has_value != 0) row.value = memory.keep(in.bytes());
  if (table >= codec::side_table_count) {
    in.spoil();
    return row;
  }
  row.table = static_cast<codec::SideTable>(table);
  const codec::SideTableInfo& about = codec::info(row.table);
  if (row.key.size() != about.key_bytes) in.spoil();
  if (row.value && !codec::decode_value(about.kind, row.key, *row.value)) in.spoil();
  return row;
}

void write_change(Writer& out, const Change& change) {
  out.number(change.counters.arrival);
  out.number(change.counters.version);
  out.number(change.counters.blob);
  out.number(change.counters.catalogue);
  out.number(change.counters.forgotten);
  out.count(change.rows.size());
  for (const RowChange& row : change.rows) write_row(out, row);
  out.count(change.blobs.size());
  for (const BlobChange& blob : change.blobs) write_blob(out, blob);
  out.count(change.references.size());
  for (const auto& [id, references] : change.references) {
    out.number(id);
    out.number(references);
  }
  out.count(change.expired_deletions.size());
  for (const std::uint64_t version : change.expired_deletions) out.number(version);
  out.count(change.extra_columns.size());
  for (const std::string& name : change.extra_columns) out.text(name);
  out.count(change.side_rows.size());
  for (const SideChange& row : change.side_rows) write_side_row(out, row);
}

Change read_change(Reader& in, std::uint32_t format) {
  Change change;
  change.counters.arrival = in.number<std::uint64_t>();
  change.counters.version = in.number<std::int64_t>();
  change.counters.blob = in.number<std::uint64_t>();
  change.counters.catalogue = in.number<std::uint64_t>();
  const bool has_side_rows = format > format_without_side_rows;
  if (has_side_rows) change.counters.forgotten = in.number<std::int64_t>();
  change.rows.resize(in.count(29));
  for (RowChange& row : change.rows) row = read_row_change(in, format, change.memory);
  for (std::size_t left = in.count(36); left > 0; --left) read_blob(in, change);
  for (std::size_t left = in.count(16); left > 0; --left) {
    const auto id = in.number<std::uint64_t>();
    change.references[id] = in.number<std::uint64_t>();
  }
  change.expired_deletions.resize(in.count(8));
  for (std::uint64_t& version : change.expired_deletions) version = in.number<std::uint64_t>();
  change.extra_columns.resize(in.count(4));
  for (std::string& name : change.extra_columns) name = in.text();
  if (!has_side_rows) return change;
  change.side_rows.resize(in.count(6));
  for (SideChange& row : change.side_rows) row = read_side_row(in, change.memory);
  return change;
}

}  // namespace

void encode(std::string& out, const Changes& changes) {
  out.clear();
  std::uint64_t bytes = 0;
  for (const Change& change : changes) bytes += change.bytes();
  out.reserve(bytes);
  Writer writer(out);
  writer.number(format_number);
  writer.count(changes.size());
  for (const Change& change : changes) write_change(writer, change);
}

Result<Changes> decode_changes(std::string_view bytes) {
  Reader reader(bytes);
  const auto format = reader.number<std::uint32_t>();
  if (format == 0 || format > format_number) {
    return fail(Errc::newer_format,
                "a journal record is of format " + std::to_string(format) + ", which this Flowkeep does not know");
  }
  Changes changes(reader.count(52));
  for (Change& change : changes) change = read_change(reader, format);
  if (!reader.at_end()) return fail(Errc::corrupt, "a journal record is damaged: its parts do not add up");
  return changes;
}

}  // namespace flowkeep::store

#include "samples.hpp"

#include <fstream>
#include <system_error>
#include <type_traits>
#include <variant>

#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

namespace flowkeep::io {
namespace {

std::string hex_byte(unsigned value) {
  constexpr std::string_view digits = "0123456789abcdef";
  return {digits[value / 16 % 16], digits[value % 16]};
}

std::string guid_text(unsigned number, unsigned column) {
  return "0188f" + std::to_string(100 + number % 900) + "-7a00-7000-8000-0000000000" + hex_byte(column);
}

std::string json_value(const ColumnInfo& column, unsigned number) {
  const auto place = static_cast<unsigned>(column.column);
  switch (column.kind) {
    case ColumnKind::guid:
    case ColumnKind::lookup:
      return '"' + guid_text(number, place) + '"';
    case ColumnKind::text:
    case ColumnKind::binary_name:
      return "\"" + std::string(column.name) + " n\\u00famero " + std::to_string(number) +
             " \\\"x\\\"\\n\\ud83d\\ude00 日本\"";
    case ColumnKind::choice:
      // The pair has to be legal: Active and Failed.
      if (column.column == Column::statecode) return "0";
      if (column.column == Column::statuscode) return "8";
      return std::to_string(column.choices[number % column.choices.size()].value);
    case ColumnKind::int32:
      return std::to_string(number % 1000 + place);
    case ColumnKind::int64:
      return std::to_string(9'007'199'254'740'993LL + number);
    case ColumnKind::decimal:
      return std::to_string(number % 100) + ".25";
    case ColumnKind::timestamp:
      return "\"2022-06-16T12:" + std::to_string(10 + number % 50) + ":40" + (number % 2 == 0 ? "" : ".1230001") +
             "Z\"";
    case ColumnKind::binary: {
      std::string text = "\"";
      append_base64(text, std::string(column.name) + std::to_string(number) + std::string(200, 'x'),
                    Base64::standard_padded);
      return text + '"';
    }
  }
  return "null";
}

const Binary& binary_in(const ValueView& value, Binary& made) {
  if (const auto* view = std::get_if<BinaryView>(&value)) {
    made.reference = view->reference;
    made.stored = view->stored;
  }
  if (made.stored) made.stored->blob_id = 0;
  return made;
}

bool same_value(const ValueView& a, const ValueView& b) {
  if (std::holds_alternative<BinaryView>(a) || std::holds_alternative<BinaryView>(b)) {
    Binary left;
    Binary right;
    return binary_in(a, left).reference == binary_in(b, right).reference && left.stored == right.stored;
  }
  if (a.index() != b.index()) return false;
  return std::visit(
      [&b](const auto& value) {
        using Value = std::remove_cvref_t<decltype(value)>;
        if constexpr (std::is_same_v<Value, BinaryView>) {
          return false;
        } else {
          return value == std::get<Value>(b);
        }
      },
      a);
}

}  // namespace

Guid guid(std::string_view text) {
  return Guid::parse(text).value();
}

std::string full_row(unsigned number) {
  std::string row = "{";
  for (const ColumnInfo& column : columns()) {
    if (row.size() > 1) row += ',';
    row += '"';
    row += column.kind == ColumnKind::lookup ? column.value_name : column.name;
    row += "\":" + json_value(column, number);
  }
  return row + "}";
}

Session read_row(std::string_view json) {
  auto session = JsonReader().read(json);
  EXPECT_TRUE(session.has_value()) << session.error().message;
  return session.value_or(Session{});
}

std::string difference(const Session& a, const Session& b) {
  std::string names;
  for (const ColumnInfo& column : columns())
    if (column.column != Column::versionnumber && !same_value(value(a, column.column), value(b, column.column)))
      names += std::string(column.name) + " ";
  if (a.extra != b.extra) names += "extra ";
  return names;
}

std::string gzipped(std::string_view text) {
  z_stream stream{};
  EXPECT_EQ(::deflateInit2(&stream, 6, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY), Z_OK);
  std::string packed(::deflateBound(&stream, text.size()), '\0');
  std::string copy(text);
  stream.next_in = reinterpret_cast<Bytef*>(copy.data());
  stream.avail_in = static_cast<uInt>(copy.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  EXPECT_EQ(::deflate(&stream, Z_FINISH), Z_STREAM_END);
  packed.resize(stream.total_out);
  ::deflateEnd(&stream);
  return packed;
}

std::string zstandard(std::string_view text) {
  ZSTD_CCtx* const context = ::ZSTD_createCCtx();
  // The zstd tool writes checksums too.
  ::ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1);
  std::string packed(::ZSTD_compressBound(text.size()), '\0');
  const std::size_t size = ::ZSTD_compress2(context, packed.data(), packed.size(), text.data(), text.size());
  EXPECT_FALSE(::ZSTD_isError(size)) << ::ZSTD_getErrorName(size);
  packed.resize(size);
  ::ZSTD_freeCCtx(context);
  return packed;
}

Folder::Folder() {
  std::string name = (std::filesystem::temp_directory_path() / "flowkeep-io-XXXXXX").string();
  EXPECT_NE(::mkdtemp(name.data()), nullptr);
  folder_ = name;
}

Folder::~Folder() {
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

std::string Folder::write(std::string_view name, std::string_view bytes) const {
  std::string file = path(name);
  std::ofstream out(file, std::ios::binary);
  out.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  return file;
}

InputRead read_all(const std::string& path) {
  InputRead read;
  auto input = SessionInput::open(path);
  if (!input) {
    read.error = input.error().message;
    read.code = input.error().code;
    return read;
  }
  for (;;) {
    auto row = input->next();
    if (!row) {
      read.error = row.error().message;
      read.code = row.error().code;
      const auto after = input->next();
      EXPECT_TRUE(after && !*after) << "an input ends with its first error";
      break;
    }
    if (!*row) break;
    read.rows.push_back(std::move(**row));
  }
  read.unit = input->unit();
  return read;
}

void StoredRows::import(const std::vector<std::string>& rows) {
  auto store = Store::open(folder_.path("test.flowkeep"));
  ASSERT_TRUE(store) << store.error().message;
  store_ = std::move(*store);
  std::vector<Session> sessions;
  for (const std::string& row : rows) sessions.push_back(read_row(row));
  const auto imported = store_->import_sessions(sessions);
  ASSERT_TRUE(imported) << imported.error().error.message;
}

std::string StoredRows::written(const WriteOptions& options) {
  auto writer = SessionWriter::make(options);
  EXPECT_TRUE(writer) << writer.error().message;
  auto snapshot = store_->snapshot();
  EXPECT_TRUE(snapshot) << snapshot.error().message;
  if (!writer || !snapshot) return {};
  std::string out;
  writer->begin(out);
  Query query;
  query.order = Order::oldest_first;
  auto range = snapshot->select(query);
  for (const auto& row : range) {
    EXPECT_TRUE(row) << row.error().message;
    if (!row) break;
    const auto done = writer->write(*snapshot, *row, out);
    EXPECT_TRUE(done) << done.error().message;
  }
  writer->end(out);
  return out;
}

}  // namespace flowkeep::io

#include "plain_record.hpp"

#include <xxhash.h>

#include <chrono>
#include <cstring>
#include <type_traits>
#include <variant>

#include "generated_sessions.hpp"

namespace flowkeep::bench {

namespace {

constexpr std::size_t checksum_bytes = 8;
constexpr std::size_t columns_begin = checksum_bytes + sizeof(PlainHeader);

std::int64_t ticks_of(const std::optional<Timestamp>& time) {
  return time ? time->time_since_epoch().count() : PlainHeader::none;
}
std::optional<Timestamp> time_of(std::int64_t ticks) {
  if (ticks == PlainHeader::none) return std::nullopt;
  return Timestamp(Ticks(ticks));
}

std::string_view bytes_of(const Guid& guid) {
  return {reinterpret_cast<const char*>(guid.bytes.data()), guid.bytes.size()};
}

void append_column(std::string& out, Column column, std::string_view bytes) {
  out += static_cast<char>(column);
  const auto size = static_cast<std::uint32_t>(bytes.size());
  out.append(reinterpret_cast<const char*>(&size), sizeof size);
  out += bytes;
}

void append_value(std::string& out, Column column, const ValueView& value) {
  std::visit(
      [&](const auto& shown) {
        using T = std::decay_t<decltype(shown)>;
        if constexpr (std::is_same_v<T, std::string_view>) {
          append_column(out, column, shown);
        } else if constexpr (std::is_same_v<T, Guid>) {
          append_column(out, column, bytes_of(shown));
        } else if constexpr (std::is_same_v<T, Reference>) {
          append_column(out, column, bytes_of(shown.id));
        } else if constexpr (std::is_same_v<T, Timestamp>) {
          const std::int64_t ticks = shown.time_since_epoch().count();
          append_column(out, column, {reinterpret_cast<const char*>(&ticks), sizeof ticks});
        } else if constexpr (std::is_arithmetic_v<T>) {
          append_column(out, column, {reinterpret_cast<const char*>(&shown), sizeof shown});
        }
      },
      value);
}

void seal(std::string& record) {
  const std::uint64_t checksum = XXH3_64bits(record.data() + checksum_bytes, record.size() - checksum_bytes);
  std::memcpy(record.data(), &checksum, sizeof checksum);
}

}  // namespace

Stamp stamp_of(const NewSession& given, std::int64_t version) {
  const Session& session = given.session;
  return {session.flowsessionid ? *session.flowsessionid : Guid::make(), version,
          session.createdon ? *session.createdon : now()};
}

std::optional<PlainRecord> PlainRecord::read(std::string_view bytes) noexcept {
  if (bytes.size() < columns_begin) return std::nullopt;
  std::uint64_t checksum = 0;
  std::memcpy(&checksum, bytes.data(), sizeof checksum);
  if (checksum != XXH3_64bits(bytes.data() + checksum_bytes, bytes.size() - checksum_bytes)) return std::nullopt;
  PlainRecord record;
  std::memcpy(&record.header_, bytes.data() + checksum_bytes, sizeof record.header_);
  record.columns_ = bytes.substr(columns_begin);
  return record;
}

std::uint64_t PlainRecord::poll_sum() const {
  return bench::poll_sum(static_cast<StatusCode>(header_.statuscode), static_cast<StateCode>(header_.statecode),
                         time_of(header_.startedon), time_of(header_.completedon));
}

std::string_view PlainRecord::column(Column wanted) const noexcept {
  std::string_view rest = columns_;
  while (rest.size() > 5) {
    std::uint32_t size = 0;
    std::memcpy(&size, rest.data() + 1, sizeof size);
    if (static_cast<Column>(rest.front()) == wanted) return rest.substr(5, size);
    rest.remove_prefix(5 + std::size_t{size});
  }
  return {};
}

void encode_plain(std::string& out, const NewSession& given, const Stamp& stamp) {
  const Session& session = given.session;
  PlainHeader header{};
  header.version = stamp.version;
  header.createdon = ticks_of(stamp.createdon);
  header.startedon = ticks_of(session.startedon);
  header.completedon = ticks_of(session.completedon);
  header.modifiedon = ticks_of(session.modifiedon ? session.modifiedon : stamp.createdon);
  header.runduration = session.runduration.value_or(PlainHeader::none);
  header.statecode = static_cast<std::int32_t>(*session.statecode);
  header.statuscode = static_cast<std::int32_t>(*session.statuscode);
  out.assign(checksum_bytes, '\0');
  out.append(reinterpret_cast<const char*>(&header), sizeof header);
  append_column(out, Column::flowsessionid, bytes_of(stamp.id));
  for (const ColumnInfo& info : columns()) {
    switch (info.column) {
      case Column::flowsessionid:
      case Column::versionnumber:
      case Column::createdon:
      case Column::startedon:
      case Column::completedon:
      case Column::modifiedon:
      case Column::runduration:
      case Column::statecode:
      case Column::statuscode:
        break;  // above
      default:
        append_value(out, info.column, value(session, info.column));
    }
  }
  seal(out);
}

void move_plain(std::string& record, StatusCode to, std::int64_t version, Timestamp now) {
  PlainHeader header{};
  std::memcpy(&header, record.data() + checksum_bytes, sizeof header);
  header.statuscode = static_cast<std::int32_t>(to);
  header.statecode = static_cast<std::int32_t>(state_of(to));
  header.version = version;
  header.modifiedon = ticks_of(now);
  if (header.startedon == PlainHeader::none) header.startedon = header.modifiedon;
  std::memcpy(record.data() + checksum_bytes, &header, sizeof header);
  seal(record);
}

void encode_binaries(std::string& out, const NewSession& given) {
  out.assign(checksum_bytes, '\0');
  for (const std::string& binary : given.binaries) {
    const auto size = static_cast<std::uint32_t>(binary.size());
    out.append(reinterpret_cast<const char*>(&size), sizeof size);
    out += binary;
  }
  seal(out);
}

std::string_view binary_in(std::string_view bytes, std::size_t number) noexcept {
  std::string_view rest = bytes.substr(checksum_bytes);
  for (;; --number) {
    std::uint32_t size = 0;
    std::memcpy(&size, rest.data(), sizeof size);
    if (number == 0) return rest.substr(4, size);
    rest.remove_prefix(4 + std::size_t{size});
  }
}

}  // namespace flowkeep::bench

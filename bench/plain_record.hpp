// The record that the key-value peers store: all columns, one after the other, under a checksum, with those that the
// workloads read at fixed places. About what a careful user of such a store would write.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "engine.hpp"

namespace flowkeep::bench {

/// What an engine gives a session that is stored.
struct Stamp {
  Guid id{};
  std::int64_t version = 0;
  Timestamp createdon{};
};
/// Of a session that is given: its own id and createdon where it has them, else new ones.
[[nodiscard]] Stamp stamp_of(const NewSession& given, std::int64_t version);

/// What stands at fixed places, behind the checksum.
struct PlainHeader {
  std::int64_t version;
  std::int64_t createdon;
  std::int64_t startedon;    ///< none
  std::int64_t completedon;  ///< none
  std::int64_t modifiedon;
  std::int64_t runduration;
  std::int32_t statecode;
  std::int32_t statuscode;
  static constexpr std::int64_t none = INT64_MIN;
};

/// A record whose checksum was right.
class PlainRecord {
 public:
  /// std::nullopt: it is damaged.
  [[nodiscard]] static std::optional<PlainRecord> read(std::string_view bytes) noexcept;

  [[nodiscard]] const PlainHeader& header() const noexcept { return header_; }
  [[nodiscard]] std::uint64_t poll_sum() const;
  // From the list of the other columns; "" where it is absent. GUIDs as their 16 bytes.
  [[nodiscard]] std::string_view column(Column column) const noexcept;

 private:
  PlainHeader header_{};
  std::string_view columns_{};
};

/// The bytes of a record, in `out`.
void encode_plain(std::string& out, const NewSession& given, const Stamp& stamp);
/// Changes the status of an encoded record, as a transition does.
void move_plain(std::string& record, StatusCode to, std::int64_t version, Timestamp now);

/// The three binaries in one value, and one of them back.
void encode_binaries(std::string& out, const NewSession& given);
[[nodiscard]] std::string_view binary_in(std::string_view bytes, std::size_t number) noexcept;

}  // namespace flowkeep::bench

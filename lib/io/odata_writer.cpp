#include <limits>
#include <utility>

#include <fmt/format.h>
#include <simdjson.h>
#include <flowkeep/io/odata.hpp>

#include "json_syntax.hpp"
#include "write_odata.hpp"

namespace flowkeep::io {
namespace {

constexpr std::uint64_t no_limit = std::numeric_limits<std::uint64_t>::max();

/// Has `append` append to `out`; where it fails, nothing is appended.
template <class T>
Result<T> whole_or_nothing(std::string& out, const auto& append) {
  const std::size_t mark = out.size();
  Result<T> appended = append();
  if (!appended) out.resize(mark);
  return appended;
}

/// The text with U+FFFD in the place of each byte that is not of UTF-8.
std::string as_utf8(std::string_view text) {
  std::string clean;
  while (!text.empty()) {
    std::size_t length = 1;
    while (length <= 4 && length <= text.size() && !simdjson::validate_utf8(text.data(), length)) ++length;
    const bool is_whole = length <= 4 && length <= text.size();
    clean += is_whole ? text.substr(0, length) : "\xEF\xBF\xBD";
    text.remove_prefix(is_whole ? length : 1);
  }
  return clean;
}

}  // namespace

struct ODataWriter::Impl {
  Impl(WritePlan made, const WriteOptions& options) : plan(std::move(made)), writer(plan, options) {}
  WritePlan plan;
  ODataSessionWriter writer;
};

ODataWriter::ODataWriter(std::unique_ptr<Impl> impl) noexcept : impl_(std::move(impl)) {}
ODataWriter::ODataWriter(ODataWriter&&) noexcept = default;
ODataWriter& ODataWriter::operator=(ODataWriter&&) noexcept = default;
ODataWriter::~ODataWriter() = default;

Result<ODataWriter> ODataWriter::make(WriteOptions options) {
  options.format = Format::odata;
  auto plan = WritePlan::make(options);
  if (!plan) return fail(std::move(plan.error()));
  return ODataWriter(std::make_unique<Impl>(std::move(*plan), options));
}

Result<void> ODataWriter::write_entity(const Snapshot& snapshot, const SessionView& session, std::string& out) {
  if (auto unpacked = session.unpack(); !unpacked) return unpacked;
  return whole_or_nothing<void>(out, [&] { return impl_->writer.write_entity(snapshot, session, out); });
}

Result<void> ODataWriter::write_value(const Snapshot& snapshot, const SessionView& session, Column column,
                                      std::string& out) {
  if (auto unpacked = session.unpack(); !unpacked) return unpacked;
  return whole_or_nothing<void>(out, [&] { return impl_->writer.write_value(snapshot, session, column, out); });
}

Result<bool> ODataWriter::write_is_valid_state_transition(const Snapshot& snapshot, const Guid& id,
                                                          std::string_view new_state, std::int32_t new_status,
                                                          std::string& out) {
  auto valid = snapshot.is_valid_state_transition(id, new_state, new_status);
  if (valid) impl_->writer.write_is_valid(out, *valid ? "true" : "false");
  return valid;
}

void ODataWriter::begin(std::string& out, std::optional<std::uint64_t> count) {
  impl_->writer.begin(out, count);
}

Result<void> ODataWriter::write(const Snapshot& snapshot, const SessionView& session, std::string& out) {
  if (auto unpacked = session.unpack(); !unpacked) return unpacked;
  return whole_or_nothing<void>(out, [&] { return impl_->writer.write(snapshot, session, out); });
}

void ODataWriter::end(std::string& out, std::string_view skiptoken) {
  impl_->writer.end(out, "@odata.nextLink", "$skiptoken", skiptoken);
}

Result<std::string> ODataWriter::write_page(const Snapshot& snapshot, const Query& query, std::uint64_t page_size,
                                            Count count, std::string& out) {
  if (page_size == 0) return fail(Errc::invalid_argument, "page size: 0 sessions make no page, 1 is the least");
  std::optional<std::uint64_t> total;
  if (count == Count::all) {
    const auto counted = snapshot.count(query);
    if (!counted) return fail(counted.error());
    total = *counted;
  }
  Query page = query;
  page.pause_after = no_limit;
  page.limit = limit(page_size == no_limit ? page_size : page_size + 1);  // one more tells whether there is a next page
  return whole_or_nothing<std::string>(out, [&]() -> Result<std::string> {
    begin(out, total);
    std::string token;
    std::uint64_t rows = 0;
    SessionRange range = snapshot.select(page);
    for (const Result<SessionView>& row : range) {
      if (!row) return fail(row.error());
      if (rows == page_size) {
        end(out, token);
        return token;
      }
      if (auto written = write(snapshot, *row, out); !written) return fail(written.error());
      if (++rows == page_size) token = range.token();
    }
    end(out);
    return std::string();
  });
}

void ODataWriter::begin_delta(std::string& out) {
  impl_->writer.begin_delta(out);
}

Result<void> ODataWriter::write_change(const Snapshot& snapshot, const SessionChange& change, std::string& out) {
  if (change.session) return write(snapshot, *change.session, out);
  impl_->writer.write_deletion(change.flowsessionid, out);
  return {};
}

void ODataWriter::end_delta(std::string& out, std::string_view deltatoken) {
  impl_->writer.end(out, "@odata.deltaLink", "$deltatoken", deltatoken);
}

std::string odata_error_code(const Error& error) {
  if (error.dataverse == DataverseCode::none) return errc_name(error.code);
  return fmt::format("0x{:08x}", static_cast<std::uint32_t>(error.dataverse));
}

void append_odata_error(std::string& out, const Error& error) {
  out += fmt::format("{{\"error\":{{\"code\":\"{}\",\"message\":", odata_error_code(error));
  append_json_text(out, as_utf8(error.message));
  out += "}}\n";
}

}  // namespace flowkeep::io

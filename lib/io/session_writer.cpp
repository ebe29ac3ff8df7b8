#include <utility>
#include <variant>

#include <flowkeep/io/json.hpp>

#include "write_odata.hpp"

namespace flowkeep::io {

struct SessionWriter::Impl {
  Impl(WritePlan made, const WriteOptions& options)
      : plan(std::move(made)), json(plan), csv(plan), odata(plan, options) {}

  WritePlan plan;
  JsonSessionWriter json;
  CsvSessionWriter csv;
  ODataSessionWriter odata;

  Result<void> write(const Snapshot& snapshot, const SessionView& session, std::string& out) {
    switch (plan.format) {
      case Format::jsonl:
        return json.write(snapshot, session, out);
      case Format::csv:
        return csv.write(snapshot, session, out);
      case Format::odata:
        return odata.write(snapshot, session, out);
    }
    return {};
  }
};

SessionWriter::SessionWriter(std::unique_ptr<Impl> impl) noexcept : impl_(std::move(impl)) {}
SessionWriter::SessionWriter(SessionWriter&&) noexcept = default;
SessionWriter& SessionWriter::operator=(SessionWriter&&) noexcept = default;
SessionWriter::~SessionWriter() = default;

Result<SessionWriter> SessionWriter::make(WriteOptions options) {
  auto plan = WritePlan::make(options);
  if (!plan) return fail(std::move(plan.error()));
  return SessionWriter(std::make_unique<Impl>(std::move(*plan), options));
}

void SessionWriter::begin(std::string& out) {
  if (impl_->plan.format == Format::csv) impl_->csv.begin(out);
  if (impl_->plan.format == Format::odata) impl_->odata.begin(out);
}

void SessionWriter::end(std::string& out) {
  if (impl_->plan.format == Format::odata) impl_->odata.end(out, {}, {}, {});
}

Result<void> SessionWriter::write(const Snapshot& snapshot, const SessionView& session, std::string& out) {
  if (auto unpacked = session.unpack(); !unpacked) return unpacked;
  const std::size_t mark = out.size();
  auto written = impl_->write(snapshot, session, out);
  if (!written) out.resize(mark);
  return written;
}

}  // namespace flowkeep::io

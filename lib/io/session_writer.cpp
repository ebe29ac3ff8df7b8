#include <utility>
#include <variant>

#include <flowkeep/io/json.hpp>

#include "write_plan.hpp"

namespace flowkeep::io {

struct SessionWriter::Impl {
  explicit Impl(WritePlan made) : plan(std::move(made)), json(plan), csv(plan) {}
  [[nodiscard]] bool is_csv() const noexcept { return plan.format == Format::csv; }

  WritePlan plan;
  JsonSessionWriter json;
  CsvSessionWriter csv;
};

SessionWriter::SessionWriter(std::unique_ptr<Impl> impl) noexcept : impl_(std::move(impl)) {}
SessionWriter::SessionWriter(SessionWriter&&) noexcept = default;
SessionWriter& SessionWriter::operator=(SessionWriter&&) noexcept = default;
SessionWriter::~SessionWriter() = default;

Result<SessionWriter> SessionWriter::make(WriteOptions options) {
  auto plan = WritePlan::make(options);
  if (!plan) return fail(std::move(plan.error()));
  return SessionWriter(std::make_unique<Impl>(std::move(*plan)));
}

void SessionWriter::begin(std::string& out) {
  if (impl_->is_csv()) {
    impl_->csv.begin(out);
  } else {
    impl_->json.begin(out);
  }
}

void SessionWriter::end(std::string& out) {
  if (!impl_->is_csv()) impl_->json.end(out);
}

Result<void> SessionWriter::write(const Snapshot& snapshot, const SessionView& session, std::string& out) {
  if (auto unpacked = session.unpack(); !unpacked) return unpacked;
  const std::size_t mark = out.size();
  auto written = impl_->is_csv() ? impl_->csv.write(snapshot, session, out) : impl_->json.write(snapshot, session, out);
  if (!written) out.resize(mark);
  return written;
}

}  // namespace flowkeep::io

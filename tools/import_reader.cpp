#include "import_reader.hpp"

#include <fmt/format.h>
#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <utility>

namespace flowkeep::tool {

using std::chrono_literals::operator""ms;

namespace {

constexpr std::size_t most_waiting = 2;
constexpr std::uint64_t most_bytes = 64ULL << 20;

/// Bytes of what can be long in a session: texts, extra columns and binary content.
std::uint64_t bytes_of(const Session& session) {
  std::uint64_t bytes = 0;
  for (const ColumnInfo& column : columns()) {
    if (column.kind != ColumnKind::text) continue;
    const ValueView text = value(session, column.column);
    if (const auto* view = std::get_if<std::string_view>(&text)) bytes += view->size();
  }
  for (const auto& [name, json] : session.extra) bytes += name.size() + json.size();
  for (const auto* binary : {&session.inputs, &session.outputs, &session.additionalcontext}) {
    if (*binary) bytes += (*binary)->content.size();
  }
  return bytes;
}

/// What --strict finds wrong with a row; "" where nothing is.
std::string strict_complaint(const Session& session) {
  if (!session.name) return "name: missing; --strict asks for one in every row";
  if (!session.extra.empty()) {
    return fmt::format("{}: no such column; --strict takes none but those of the flowsession entity",
                       session.extra.begin()->first);
  }
  return {};
}

}  // namespace

struct BatchReader::Shared {
  std::mutex mutex{};
  std::condition_variable changed{};
  std::deque<Batch> waiting{};
  bool abandoned = false;
  bool ended = false;
  std::atomic<std::uint64_t> bytes_read{0};
  std::atomic<std::uint64_t> bytes_total{0};

  /// Hands a batch over; false: nobody wants it.
  bool push(Batch&& batch) {
    std::unique_lock lock(mutex);
    changed.wait(lock, [this] { return abandoned || waiting.size() < most_waiting; });
    if (abandoned) return false;
    waiting.push_back(std::move(batch));
    changed.notify_all();
    return true;
  }

  bool is_abandoned() {
    const std::lock_guard lock(mutex);
    return abandoned;
  }

  /// Reads one batch; false: it is the last.
  bool fill(Batch& batch, io::SessionInput& input, std::uint64_t rows, Strictness strictness) {
    batch.sessions.reserve(std::min<std::uint64_t>(rows, 5000));
    batch.lines.reserve(batch.sessions.capacity());
    for (std::uint64_t bytes = 0; batch.sessions.size() < rows && bytes < most_bytes;) {
      auto row = input.next();
      bytes_read.store(input.bytes_read(), std::memory_order_relaxed);
      if (!row) {
        batch.error = std::move(row.error());
        return false;
      }
      if (!*row) return false;
      if (strictness == Strictness::strict) {
        if (std::string complaint = strict_complaint((*row)->session); !complaint.empty()) {
          batch.error = Error{Errc::invalid_argument, fmt::format("{} {}: {}", input.unit(), (*row)->line, complaint)};
          return false;
        }
      }
      bytes += bytes_of((*row)->session);
      batch.sessions.push_back(std::move((*row)->session));
      batch.lines.push_back((*row)->line);
    }
    return true;
  }

  void read_all(io::SessionInput& input, std::uint64_t rows, Strictness strictness) {
    for (bool more = true; more && !is_abandoned();) {
      Batch batch;
      more = fill(batch, input, rows, strictness);
      batch.unit = input.unit();  // known once something has been read
      if (!batch.sessions.empty() || batch.error) more = push(std::move(batch)) && more;
    }
    const std::lock_guard lock(mutex);
    ended = true;
    changed.notify_all();
  }
};

BatchReader::BatchReader(io::SessionInput input, std::uint64_t rows, Strictness strictness)
    : shared_(std::make_shared<Shared>()) {
  shared_->bytes_total = input.bytes_total();
  thread_ = std::thread([shared = shared_, input = std::move(input), rows, strictness]() mutable {
    shared->read_all(input, rows, strictness);
  });
}

BatchReader::~BatchReader() {
  if (thread_.joinable() && !stop()) thread_.detach();
}

std::optional<Batch> BatchReader::next(const std::function<void()>& meanwhile) {
  std::unique_lock lock(shared_->mutex);
  const auto ready = [this] { return !shared_->waiting.empty() || shared_->ended; };
  while (!shared_->changed.wait_for(lock, 200ms, ready)) {
    lock.unlock();
    meanwhile();
    lock.lock();
  }
  if (shared_->waiting.empty()) return std::nullopt;
  Batch batch = std::move(shared_->waiting.front());
  shared_->waiting.pop_front();
  shared_->changed.notify_all();
  return batch;
}

bool BatchReader::stop() {
  if (!thread_.joinable()) return true;
  std::unique_lock lock(shared_->mutex);
  shared_->abandoned = true;
  shared_->changed.notify_all();
  if (!shared_->changed.wait_for(lock, 500ms, [this] { return shared_->ended; })) return false;
  lock.unlock();
  thread_.join();
  return true;
}

std::uint64_t BatchReader::bytes_read() const noexcept {
  return shared_->bytes_read.load(std::memory_order_relaxed);
}
std::uint64_t BatchReader::bytes_total() const noexcept {
  return shared_->bytes_total.load(std::memory_order_relaxed);
}

}  // namespace flowkeep::tool

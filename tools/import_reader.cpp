#include "import_reader.hpp"

#include <fmt/format.h>
#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <deque>
#include <iterator>
#include <map>
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

std::uint64_t bytes_of(const Child& child) {
  std::uint64_t bytes = child.file.content.size();
  for (const auto* text : {&child.name, &child.event.eventcontent}) {
    if (*text) bytes += (*text)->size();
  }
  for (const auto& [name, json] : child.extra) bytes += name.size() + json.size();
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
  /// Tells which names are new, so that each goes into the store once.
  class KnownParents {
   public:
    bool add(const Parent& parent) {
      constexpr std::size_t most_known = 100'000;
      if (names_.size() >= most_known) names_.clear();
      const auto [place, is_new] = names_.try_emplace({parent.type, parent.id}, parent.name);
      if (is_new) return true;
      if (place->second == parent.name) return false;
      place->second = parent.name;
      return true;
    }

   private:
    std::map<std::pair<EntityType, Guid>, std::string> names_{};
  };

  std::mutex mutex{};
  std::condition_variable changed{};
  std::deque<Batch> waiting{};
  bool abandoned = false;
  bool ended = false;
  KnownParents parents{};  // the reading thread's
  ReadChildren reads_children = ReadChildren::no;
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

  /// Adds a batch to one that waits already, where both together are no more than one may be.
  bool merge(Batch& batch, std::uint64_t rows) {
    const std::lock_guard lock(mutex);
    if (waiting.empty()) return false;
    Batch& last = waiting.back();
    if (last.sessions.size() + batch.sessions.size() > rows || last.bytes + batch.bytes > most_bytes) return false;
    last.sessions.insert(last.sessions.end(), std::make_move_iterator(batch.sessions.begin()),
                         std::make_move_iterator(batch.sessions.end()));
    last.children.insert(last.children.end(), std::make_move_iterator(batch.children.begin()),
                         std::make_move_iterator(batch.children.end()));
    last.parents.insert(last.parents.end(), batch.parents.begin(), batch.parents.end());
    last.lines.insert(last.lines.end(), batch.lines.begin(), batch.lines.end());
    last.bytes += batch.bytes;
    return true;
  }

  bool is_abandoned() {
    const std::lock_guard lock(mutex);
    return abandoned;
  }

  /// Hands over what has been read, and begins a batch anew; false: nobody wants it.
  bool hand_over(Batch& batch, const io::SessionInput& input, std::uint64_t rows, Ending ending) {
    if (batch.sessions.empty() && !batch.error) return true;
    batch.unit = input.unit();  // known once something has been read
    const bool merged = ending == Ending::quiet && !batch.error && merge(batch, rows);
    const bool wanted = merged || push(std::move(batch));
    batch = Batch();
    return wanted;
  }

  /// Reads on until the batch is full; false: it is the last.
  bool fill(Batch& batch, io::SessionInput& input, std::uint64_t rows, Strictness strictness) {
    while (batch.sessions.size() < rows && batch.bytes < most_bytes) {
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
      batch.bytes += bytes_of((*row)->session);
      for (const Parent& parent : (*row)->parents) {
        if (parents.add(parent)) batch.parents.push_back(parent);
      }
      if (reads_children == ReadChildren::yes) {
        for (const Child& child : (*row)->children) batch.bytes += bytes_of(child);
        batch.children.push_back(std::move((*row)->children));
      }
      batch.sessions.push_back(std::move((*row)->session));
      batch.lines.push_back((*row)->line);
    }
    return true;
  }

  void read_all(io::SessionInput& input, std::uint64_t rows, Strictness strictness, Ending ending) {
    Batch batch;
    if (ending == Ending::quiet) {
      // Whether anybody wants it shows when the next batch is full.
      input.on_wait([&] { static_cast<void>(hand_over(batch, input, rows, ending)); });
    }
    for (bool more = true; more && !is_abandoned();) {
      more = fill(batch, input, rows, strictness);
      more = hand_over(batch, input, rows, Ending::full) && more;
    }
    const std::lock_guard lock(mutex);
    ended = true;
    changed.notify_all();
  }
};

BatchReader::BatchReader(io::SessionInput input, std::uint64_t rows, Strictness strictness, Ending ending,
                         ReadChildren children)
    : shared_(std::make_shared<Shared>()) {
  shared_->reads_children = children;
  if (children == ReadChildren::yes) input.read_children();
  shared_->bytes_total = input.bytes_total();
  thread_ = std::thread([shared = shared_, input = std::move(input), rows, strictness, ending]() mutable {
    shared->read_all(input, rows, strictness, ending);
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

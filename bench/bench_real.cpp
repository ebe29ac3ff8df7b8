#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <mutex>
#include <thread>

#include <flowkeep/io/json.hpp>

#include "workspace.hpp"

namespace flowkeep::bench {

namespace {

using benchmark::State;
using Clock = std::chrono::steady_clock;

constexpr std::size_t batch_rows = 5000;
constexpr std::size_t most_waiting = 2;
constexpr std::size_t sample_step = 500;
constexpr std::size_t text_bytes = 1 << 20;
constexpr const char* imported_file = "imported.flowkeep";
constexpr const char* dumped_file = "dumped.jsonl";

struct RealFile {
  std::string path{};
  std::uint64_t rows = 0;
  std::vector<Session> sample{};  ///< every 500th row
};

/// Another thread reads and parses while this one stores, as the tool does it.
class Pipeline {
 public:
  explicit Pipeline(io::SessionInput input)
      : thread_([this, input = std::move(input)]() mutable { read_all(input); }) {}
  Pipeline(const Pipeline&) = delete;
  Pipeline& operator=(const Pipeline&) = delete;
  ~Pipeline() {
    {
      const std::lock_guard lock(mutex_);
      abandoned_ = true;
    }
    changed_.notify_all();
    thread_.join();
  }

  /// The next batch; empty at the end.
  Result<std::vector<Session>> next() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return !waiting_.empty(); });
    auto batch = std::move(waiting_.front());
    waiting_.pop_front();
    changed_.notify_all();
    return batch;
  }

 private:
  void read_all(io::SessionInput& input) {
    for (bool more = true; more;) {
      Result<std::vector<Session>> batch;
      batch->reserve(batch_rows);
      while (batch->size() < batch_rows) {
        auto row = input.next();
        if (!row) {
          batch = fail(row.error());
          break;
        }
        if (!*row) break;
        batch->push_back(std::move((*row)->session));
      }
      more = batch && !batch->empty();
      more = push(std::move(batch)) && more;
    }
  }

  bool push(Result<std::vector<Session>> batch) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return abandoned_ || waiting_.size() < most_waiting; });
    if (abandoned_) return false;
    waiting_.push_back(std::move(batch));
    changed_.notify_all();
    return true;
  }

  std::mutex mutex_{};
  std::condition_variable changed_{};
  std::deque<Result<std::vector<Session>>> waiting_{};
  bool abandoned_ = false;
  std::thread thread_;  // last: it uses the others
};

/// Stores the whole file in a new store; the number of rows.
Result<std::uint64_t> import_file(const std::string& from, const std::string& to) {
  auto input = io::SessionInput::open(from);
  if (!input) return fail(input.error());
  OpenOptions options;
  options.mode = OpenMode::create_new;
  auto store = Store::open(to, std::move(options));
  if (!store) return fail(store.error());
  Pipeline pipeline(std::move(*input));
  std::uint64_t rows = 0;
  for (;;) {
    auto batch = pipeline.next();
    if (!batch) return fail(batch.error());
    if (batch->empty()) return rows;
    auto stored = store->import_sessions(*batch);
    if (!stored) return fail(stored.error().error);
    rows += stored->created;
  }
}

Result<std::uint64_t> dump_file(const Store& store, const std::string& to) {
  auto writer = io::SessionWriter::make({});
  if (!writer) return fail(writer.error());
  auto snapshot = store.snapshot();
  if (!snapshot) return fail(snapshot.error());
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> output(std::fopen(to.c_str(), "wb"), std::fclose);
  if (!output) return fail(Errc::io, "cannot write " + to);
  std::string text;
  const auto flush = [&] {
    const bool written = std::fwrite(text.data(), 1, text.size(), output.get()) == text.size();
    text.clear();
    return written;
  };
  std::uint64_t rows = 0;
  writer->begin(text);
  auto range = snapshot->select({});
  for (const Result<SessionView>& session : range) {
    if (!session) return fail(session.error());
    if (auto written = writer->write(*snapshot, *session, text); !written) return fail(written.error());
    ++rows;
    if (text.size() >= text_bytes && !flush()) return fail(Errc::io, "cannot write " + to);
  }
  writer->end(text);
  if (!flush() || std::fflush(output.get()) != 0) return fail(Errc::io, "cannot write " + to);
  return rows;
}

/// Counts the rows of a JSON file and keeps some of them.
Result<RealFile> read_file(const std::string& path) {
  auto input = io::SessionInput::open(path);
  if (!input) return fail(input.error());
  RealFile file{path};
  for (;; ++file.rows) {
    auto row = input->next();
    if (!row) return fail(row.error());
    if (!*row) return file;
    if (file.rows % sample_step == 0) file.sample.push_back(std::move((*row)->session));
  }
}

/// Whether two values of a column say the same. The kind of a lookup's target may be left open in one and filled in
/// the other; File columns are compared elsewhere.
bool same(const ValueView& left, const ValueView& right) {
  return std::visit(
      [](const auto& a, const auto& b) {
        if constexpr (!std::is_same_v<decltype(a), decltype(b)>) {
          return false;
        } else if constexpr (std::is_same_v<decltype(a), const Reference&>) {
          return a.id == b.id;
        } else if constexpr (std::is_same_v<decltype(a), const BinaryView&>) {
          return a.name == b.name && a.reference == b.reference;
        } else {
          return a == b;
        }
      },
      left, right);
}

/// What a store holds of a File column, or what a session that was read from JSON brings of it.
Result<std::string> bytes_of(const Snapshot& snapshot, const std::optional<Binary>& binary) {
  if (!binary) return std::string();
  return binary->stored ? snapshot.read(*binary->stored) : binary->content.bytes();
}

/// Whether the store holds exactly these sessions, versionnumber aside; "" or what is wrong.
std::string complaint(const Snapshot& snapshot, const std::vector<Session>& sessions) {
  for (const Session& session : sessions) {
    const auto view = snapshot.get(*session.flowsessionid);
    if (!view) return view.error().message;
    const auto stored_or = view->copy();
    if (!stored_or) return stored_or.error().message;
    const Session& stored = *stored_or;
    bool equal = session.extra == stored.extra;
    for (const ColumnInfo& info : columns()) {
      if (info.column == Column::versionnumber) continue;
      equal = equal && same(value(session, info.column), value(stored, info.column));
    }
    for (const auto member : {&Session::inputs, &Session::outputs, &Session::additionalcontext}) {
      const auto outside = bytes_of(snapshot, session.*member);
      const auto inside = bytes_of(snapshot, stored.*member);
      equal = equal && outside && inside && *outside == *inside;
    }
    if (!equal) return "session " + session.flowsessionid->str() + " in the store and in JSON differ";
  }
  return "";
}

std::string complaint(const Store& store, const RealFile& json, std::uint64_t rows) {
  const auto snapshot = store.snapshot();
  if (!snapshot) return snapshot.error().message;
  const auto size = snapshot->size();
  if (!size) return size.error().message;
  if (*size != rows || json.rows != rows) return "rows are missing";
  return complaint(*snapshot, json.sample);
}

void remove_store(const std::string& path) {
  std::remove(path.c_str());
  std::remove((path + "-lock").c_str());
}

void import_real(State& state, Workspace& workspace, const std::string& source) {
  const auto file = read_file(source);
  if (!file) return wrong(state, file.error().message);
  const std::string path = workspace.path(imported_file);
  for (auto _ : state) {
    remove_store(path);
    const auto began = Clock::now();
    const auto rows = import_file(source, path);
    if (!rows) return wrong(state, rows.error().message);
    state.SetIterationTime(std::chrono::duration<double>(Clock::now() - began).count());
    if (*rows != file->rows) return wrong(state, "rows of the file are missing");
  }
  const auto store = Store::open(path);
  if (!store) return wrong(state, store.error().message);
  if (const std::string found = complaint(*store, *file, file->rows); !found.empty()) return wrong(state, found);
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(file->rows));
}

void dump_real(State& state, Workspace& workspace, const std::string& source) {
  const auto file = read_file(source);
  if (!file) return wrong(state, file.error().message);
  const std::string path = workspace.path(imported_file);
  const std::string dump = workspace.path(dumped_file);
  if (!std::filesystem::exists(path)) {
    if (const auto rows = import_file(source, path); !rows) return wrong(state, rows.error().message);
  }
  const auto store = Store::open(path);
  if (!store) return wrong(state, store.error().message);
  for (auto _ : state) {
    const auto rows = dump_file(*store, dump);
    if (!rows) return wrong(state, rows.error().message);
    if (*rows != file->rows) return wrong(state, "rows of the file are missing");
  }
  const auto dumped = read_file(dump);
  if (!dumped) return wrong(state, dumped.error().message);
  if (const std::string found = complaint(*store, *dumped, file->rows); !found.empty()) return wrong(state, found);
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(file->rows));
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(std::filesystem::file_size(dump)));
}

/// The real sessions in an engine's store.
Result<std::uint64_t> fill(Writer& writer, const std::string& source) {
  auto input = io::SessionInput::open(source);
  if (!input) return fail(input.error());
  std::uint64_t rows = 0;
  for (;;) {
    std::vector<NewSession> batch;
    while (batch.size() < batch_rows) {
      auto row = input->next();
      if (!row) return fail(row.error());
      if (!*row) break;
      NewSession& given = batch.emplace_back();
      given.session = std::move((*row)->session);
      std::size_t number = 0;
      for (const auto member : {&Session::inputs, &Session::outputs, &Session::additionalcontext}) {
        auto& binary = given.session.*member;
        if (binary) {
          auto bytes = binary->content.bytes();
          if (!bytes) return fail(bytes.error());
          given.binaries[number] = std::move(*bytes);
          binary.reset();
        }
        ++number;
      }
    }
    if (batch.empty()) return rows;
    rows += batch.size();
    if (auto stored = writer.create_batch(batch); !stored) return fail(stored.error());
  }
}

void measure_real_size(State& state, Workspace& workspace, const EngineInfo& info, const std::string& source) {
  const auto directory = workspace.empty_directory("real");
  if (!directory) return wrong(state, directory.error().message);
  std::uint64_t rows = 0;
  for (auto _ : state) {
    const auto began = Clock::now();
    const auto engine = info.open(*directory);
    if (!engine) return wrong(state, engine.error().message);
    {
      const auto writer = (*engine)->writer();
      if (!writer) return wrong(state, writer.error().message);
      const auto filled = fill(**writer, source);
      if (!filled) return wrong(state, filled.error().message);
      rows = *filled;
    }
    const auto count = (*engine)->count();
    if (!count || *count != rows) return wrong(state, "rows of the file are missing");
    if (auto ok = (*engine)->tidy(); !ok) return wrong(state, ok.error().message);
    state.SetIterationTime(std::chrono::duration<double>(Clock::now() - began).count());
  }
  state.counters[value_counter] = static_cast<double>(bytes_in(*directory)) / static_cast<double>(rows);
}

std::string real_path() {
  const char* shared = std::getenv("FLOWKEEP_SHARED");
  return std::string(shared != nullptr ? shared : FLOWKEEP_BENCH_SHARED) + "/data/workflow-sessions.jsonl.gz";
}

}  // namespace

// Rates are of wall time: two threads work, and the disk.
void add_real_benchmarks(Workspace& workspace, Names& names) {
  const auto add = [&](const std::string& name, auto body) {
    names.push_back(name);
    return benchmark::RegisterBenchmark(name.c_str(), [body, &workspace](State& state) {
      const std::string path = real_path();
      std::error_code code;
      if (std::filesystem::exists(path, code)) return body(state, workspace, path);
      state.SkipWithError(
          "skipped: data/workflow-sessions.jsonl.gz is not there; FLOWKEEP_SHARED names its folder's parent");
    });
  };
  for (const EngineInfo& info : engines()) {
    add(std::string("disk-bytes-real/") + info.name,
        [info](State& state, Workspace& space, const std::string& path) {
          measure_real_size(state, space, info, path);
        })
        ->UseManualTime()
        ->Iterations(1)
        ->Unit(benchmark::kMillisecond);
  }
  add("real/import", import_real)->UseManualTime()->Unit(benchmark::kMillisecond);
  add("real/dump_jsonl", dump_real)->UseRealTime()->Unit(benchmark::kMillisecond);
}

}  // namespace flowkeep::bench

#include "disk.hpp"
#include "generated_sessions.hpp"
#include "workspace.hpp"

namespace flowkeep::bench {

namespace {

using benchmark::State;

constexpr std::uint64_t batch_rows = 1000;
constexpr int batches = 30;

/// Sessions to be stored, made before the clock runs: that is not the engine's work.
class Supply {
 public:
  Supply(Workspace& workspace, std::uint64_t count) : first_(workspace.take_numbers(count)) {
    rows_.reserve(count);
    for (std::uint64_t i = 0; i < count; ++i) rows_.push_back(make_new(first_ + i));
  }
  [[nodiscard]] NewSession& next() { return rows_[at_++]; }
  [[nodiscard]] std::span<NewSession> next(std::uint64_t count) {
    at_ += count;
    return std::span(rows_).subspan(at_ - count, count);
  }
  /// The number of the one that next() gave last.
  [[nodiscard]] std::uint64_t last() const noexcept { return first_ + at_ - 1; }

 private:
  std::uint64_t first_;
  std::vector<NewSession> rows_{};
  std::size_t at_ = 0;
};

/// What is wrong with a session that was stored; "" where nothing is.
std::string complaint(Engine& engine, const Guid& id, std::uint64_t number) {
  const auto seen = engine.read_back(id);
  if (!seen) return seen.error().message;
  const NewSession expected = make_new(number);
  if (seen->name != expected.session.name || seen->status != expected.session.statuscode) {
    return "session " + id.str() + " reads wrong";
  }
  return seen->outputs == expected.binaries[1] ? "" : "session " + id.str() + " has lost its outputs";
}

std::string complaint(Engine& engine, std::uint64_t expected) {
  const auto count = engine.count();
  if (!count) return count.error().message;
  if (*count == expected) return "";
  return "there are " + std::to_string(*count) + " sessions, not " + std::to_string(expected);
}

/// Creates `rows` sessions with each call of `create`, which answers the id of the last of them.
template <class Create>
void create_rows(State& state, Workspace& workspace, EngineKind kind, std::uint64_t rows, Create create) {
  const auto target = workspace.write_target(kind);
  if (!target) return wrong(state, target.error().message);
  Engine& engine = *(*target)->engine;
  const auto writer = engine.writer();
  if (!writer) return wrong(state, writer.error().message);
  const std::uint64_t created = rows * static_cast<std::uint64_t>(state.max_iterations);
  Supply supply(workspace, created);
  const auto before = engine.count();
  if (!before) return wrong(state, before.error().message);
  Guid last_id;
  for (auto _ : state) {
    const auto id = create(**writer, supply);
    if (!id) return wrong(state, id.error().message);
    last_id = *id;
  }
  if (const std::string found = complaint(engine, last_id, supply.last()); !found.empty()) return wrong(state, found);
  if (state.thread_index() == 0) {
    const std::uint64_t all = *before + created * static_cast<std::uint64_t>(state.threads());
    if (const std::string found = complaint(engine, all); !found.empty()) return wrong(state, found);
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(rows));
}

void create_durably(State& state, Workspace& workspace, EngineKind kind) {
  create_rows(state, workspace, kind, 1, [](Writer& writer, Supply& supply) { return writer.create(supply.next()); });
}

void create_in_batches(State& state, Workspace& workspace, EngineKind kind) {
  create_rows(state, workspace, kind, batch_rows,
              [](Writer& writer, Supply& supply) { return writer.create_batch(supply.next(batch_rows)); });
}

void transition_durably(State& state, Workspace& workspace, EngineKind kind) {
  const auto target = workspace.write_target(kind);
  if (!target) return wrong(state, target.error().message);
  auto& [engine, movers] = **target;
  if (movers.empty()) return wrong(state, "there is no open session to move");
  const auto writer = engine->writer();
  if (!writer) return wrong(state, writer.error().message);
  std::size_t at = 0;
  for (auto _ : state) {
    WriteTarget::Mover& mover = movers[at];
    at = at + 1 == movers.size() ? 0 : at + 1;
    const StatusCode to = mover.status == StatusCode::running ? StatusCode::waiting : StatusCode::running;
    if (const auto moved = (*writer)->transition(mover.id, to); !moved) return wrong(state, moved.error().message);
    mover.status = to;
  }
  for (const auto& [id, status] : movers) {
    const auto seen = engine->read_back(id);
    if (!seen || seen->status != status) return wrong(state, "session " + id.str() + " has lost its move");
  }
  state.SetItemsProcessed(state.iterations());
}

void append_to_disk(State& state, Workspace& workspace, DiskFile::Kind kind) {
  auto file = DiskFile::make(workspace.path("disk"), kind);
  if (!file) return wrong(state, file.error().message);
  for (auto _ : state) {
    if (const auto done = file->append(); !done) return wrong(state, done.error().message);
  }
  if (!file->verify()) return wrong(state, "the disk reads wrong");
  state.SetItemsProcessed(state.iterations());
}

benchmark::internal::Benchmark* add(Names& names, const std::string& name, std::function<void(State&)> body) {
  names.push_back(name);
  return benchmark::RegisterBenchmark(name.c_str(), std::move(body))->UseRealTime();
}

}  // namespace

// Named WORKLOAD/ENGINE; the engines of a workload follow each other, so that rounds over all take them in turn.
void add_write_benchmarks(Workspace& workspace, Names& names) {
  struct Peer {
    const char* name;
    EngineKind kind;
  };
  std::vector<Peer> engines{{"flowkeep", EngineKind::flowkeep}};
  std::vector<Peer> with_sharing = engines;
#ifdef FLOWKEEP_BENCH_SQLITE
  engines.push_back({"sqlite", EngineKind::sqlite});
  with_sharing = engines;
  with_sharing.push_back({"sqlite-shared", EngineKind::sqlite_shared});
#endif
  using Body = void (*)(State&, Workspace&, EngineKind);
  const auto add_for = [&workspace, &names](const std::string& workload, const Peer& peer, Body body) {
    return add(names, workload + "/" + peer.name,
               [body, &workspace, kind = peer.kind](State& state) { body(state, workspace, kind); });
  };
  const auto add_disk = [&workspace, &names](const std::string& workload) {
    for (const auto& [name, kind] :
         {std::pair("/disk", DiskFile::Kind::preallocated), std::pair("/disk-growing", DiskFile::Kind::growing)}) {
      add(names, workload + name, [&workspace, kind = kind](State& state) {
        append_to_disk(state, workspace, kind);
      })->Unit(benchmark::kMicrosecond);
    }
  };
  for (const Peer& peer : engines) {
    add_for("durable-create-1", peer, create_durably)->Unit(benchmark::kMicrosecond);
  }
  add_disk("durable-create-1");
  for (const Peer& peer : engines) {
    add_for("durable-transition", peer, transition_durably)->Unit(benchmark::kMicrosecond);
  }
  add_disk("durable-transition");
  for (const Peer& peer : with_sharing) {
    add_for("durable-create-16", peer, create_durably)->Threads(16)->Unit(benchmark::kMicrosecond);
  }
  for (const Peer& peer : engines) {
    add_for("batch-create-sequential", peer, create_in_batches)->Iterations(batches)->Unit(benchmark::kMillisecond);
  }
}

}  // namespace flowkeep::bench

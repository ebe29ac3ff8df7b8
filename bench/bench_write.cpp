#include <algorithm>

#include "disk.hpp"
#include "generated_sessions.hpp"
#include "workspace.hpp"

namespace flowkeep::bench {

namespace {

using benchmark::State;

constexpr std::uint64_t batch_rows = 1000;
constexpr int batches = 30;
constexpr std::uint64_t agent_threads = 8;

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

Guid random_id() {
  Guid id = Guid::make();
  std::reverse(id.bytes.begin(), id.bytes.end());  // what is random of it comes first
  return id;
}

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
void create_rows(State& state, Workspace& workspace, const EngineInfo& info, std::uint64_t rows, Create create) {
  const auto target = workspace.target(info);
  if (!target) return wrong(state, target.error().message);
  (*target)->is_as_loaded = false;
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

void create_durably(State& state, Workspace& workspace, const EngineInfo& info) {
  create_rows(state, workspace, info, 1, [](Writer& writer, Supply& supply) { return writer.create(supply.next()); });
}

void create_in_batches(State& state, Workspace& workspace, const EngineInfo& info) {
  create_rows(state, workspace, info, batch_rows,
              [](Writer& writer, Supply& supply) { return writer.create_batch(supply.next(batch_rows)); });
}

// As an importer of many machines' sessions has them: random ids, given by whoever made them.
void create_in_random_batches(State& state, Workspace& workspace, const EngineInfo& info) {
  create_rows(state, workspace, info, batch_rows, [](Writer& writer, Supply& supply) {
    const auto rows = supply.next(batch_rows);
    for (NewSession& row : rows) row.session.flowsessionid = random_id();
    return writer.create_batch(rows);
  });
}

/// Moves sessions of a part of the movers to and fro.
class Movers {
 public:
  Movers(Target& target, std::uint64_t part, std::uint64_t parts)
      : first_(target.movers.size() * part / parts),
        last_(target.movers.size() * (part + 1) / parts),
        at_(first_),
        movers_(target.movers) {}
  [[nodiscard]] bool empty() const noexcept { return first_ == last_; }
  Result<void> move(Writer& writer) {
    Target::Mover& mover = movers_[at_];
    at_ = at_ + 1 == last_ ? first_ : at_ + 1;
    const StatusCode to = mover.status == StatusCode::running ? StatusCode::waiting : StatusCode::running;
    auto moved = writer.transition(mover.id, to);
    if (moved) mover.status = to;
    return moved;
  }
  /// What is wrong with them; "" where nothing is.
  [[nodiscard]] std::string complaint(Engine& engine) const {
    for (std::size_t i = first_; i < last_; ++i) {
      const auto seen = engine.read_back(movers_[i].id);
      if (!seen || seen->status != movers_[i].status) return "session " + movers_[i].id.str() + " has lost its move";
    }
    return "";
  }

 private:
  std::size_t first_;
  std::size_t last_;
  std::size_t at_;
  std::vector<Target::Mover>& movers_;
};

void transition_durably(State& state, Workspace& workspace, const EngineInfo& info) {
  const auto target = workspace.target(info);
  if (!target) return wrong(state, target.error().message);
  (*target)->is_as_loaded = false;
  Movers movers(**target, 0, 1);
  if (movers.empty()) return wrong(state, "there is no open session to move");
  const auto writer = (*target)->engine->writer();
  if (!writer) return wrong(state, writer.error().message);
  for (auto _ : state) {
    if (const auto moved = movers.move(**writer); !moved) return wrong(state, moved.error().message);
  }
  if (const std::string found = movers.complaint(*(*target)->engine); !found.empty()) return wrong(state, found);
  state.SetItemsProcessed(state.iterations());
}

/// What an agent does: of 20 calls 18 poll a session, one creates one, one changes a status; each durable and visible.
void work_as_agent(State& state, Workspace& workspace, const EngineInfo& info) {
  const auto target = workspace.target(info);
  if (!target) return wrong(state, target.error().message);
  (*target)->is_as_loaded = false;
  Engine& engine = *(*target)->engine;
  Movers movers(**target, static_cast<std::uint64_t>(state.thread_index()), agent_threads);
  if (movers.empty()) return wrong(state, "there is no open session to move");
  const auto writer = engine.writer();
  if (!writer) return wrong(state, writer.error().message);
  const auto reader = engine.reader();
  if (!reader) return wrong(state, reader.error().message);
  Supply supply(workspace, static_cast<std::uint64_t>(state.max_iterations) / 20 + 1);
  Guid last_id;
  std::uint64_t turn = 0;
  for (auto _ : state) {
    const std::uint64_t number =
        workspace.sessions() / 2 +
        mixed(turn, lookup_salt + 3 + static_cast<std::uint64_t>(state.thread_index())) % (workspace.sessions() / 2);
    if (turn % 20 == 0) {
      const auto id = (*writer)->create(supply.next());
      if (!id) return wrong(state, id.error().message);
      last_id = *id;
    } else if (turn % 20 == 10) {
      if (const auto moved = movers.move(**writer); !moved) return wrong(state, moved.error().message);
    } else {
      const auto seen = (*reader)->poll_now(session_id(number));
      if (!seen) return wrong(state, seen.error().message);
      // An open session may have been moved meanwhile.
      if (is_terminal(statuscode_of(number)) && *seen != poll_sum(number)) return wrong(state, "a session reads wrong");
    }
    ++turn;
  }
  if (const std::string found = complaint(engine, last_id, supply.last()); !found.empty()) return wrong(state, found);
  if (const std::string found = movers.complaint(engine); !found.empty()) return wrong(state, found);
  state.SetItemsProcessed(state.iterations());
}

/// A fiftieth of the sessions a round: a tenth in five.
void delete_oldest(State& state, Workspace& workspace, const EngineInfo& info) {
  const auto found = workspace.target(info);
  if (!found) return wrong(state, found.error().message);
  Target& target = **found;
  target.is_as_loaded = false;
  const std::uint64_t rows = std::max<std::uint64_t>(workspace.sessions() / 50, 1);
  if (target.deleted + rows > workspace.sessions() / 2) return wrong(state, "there are too few sessions to delete");
  const auto writer = target.engine->writer();
  if (!writer) return wrong(state, writer.error().message);
  const auto before = target.engine->count();
  if (!before) return wrong(state, before.error().message);
  for (auto _ : state) {
    for (std::uint64_t left = rows; left > 0;) {
      const std::uint64_t batch = std::min(left, batch_rows);
      if (const auto done = (*writer)->delete_oldest(batch); !done) return wrong(state, done.error().message);
      left -= batch;
    }
  }
  if (const std::string bad = complaint(*target.engine, *before - rows); !bad.empty()) return wrong(state, bad);
  const bool first_gone = !target.engine->read_back(session_id(target.deleted));
  const bool last_gone = !target.engine->read_back(session_id(target.deleted + rows - 1));
  const bool next_there = target.engine->read_back(session_id(target.deleted + rows)).has_value();
  target.deleted += rows;
  if (!first_gone || !last_gone || !next_there) return wrong(state, "others than the oldest were deleted");
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(rows));
}

void append_to_disk(State& state, Workspace& workspace) {
  auto file = DiskFile::make(workspace.path("disk"));
  if (!file) return wrong(state, file.error().message);
  for (auto _ : state) {
    if (const auto done = file->append(); !done) return wrong(state, done.error().message);
  }
  if (!file->verify()) return wrong(state, "the disk reads wrong");
  state.SetItemsProcessed(state.iterations());
}

}  // namespace

void add_write_benchmarks(Workspace& workspace, Names& names) {
  struct Workload {
    const char* name;
    void (*body)(State&, Workspace&, const EngineInfo&);
    int threads = 1;
    std::int64_t iterations = 0;  // 0: as long as it takes to measure
    bool beside_disk = false;
    benchmark::TimeUnit unit = benchmark::kMicrosecond;
  };
  for (const Workload& workload :
       {Workload{"durable-create-1", create_durably, 1, 0, true}, Workload{"durable-create-4", create_durably, 4},
        Workload{"durable-create-16", create_durably, 16}, Workload{"durable-create-64", create_durably, 64},
        Workload{"durable-transition", transition_durably, 1, 0, true},
        Workload{"batch-create-sequential", create_in_batches, 1, batches, false, benchmark::kMillisecond},
        Workload{"batch-create-random", create_in_random_batches, 1, batches, false, benchmark::kMillisecond},
        Workload{"mixed-agent", work_as_agent, agent_threads},
        Workload{"delete-oldest", delete_oldest, 1, 1, false, benchmark::kMillisecond}}) {
    for (const EngineInfo& info : engines()) {
      names.push_back(std::string(workload.name) + "/" + info.name);
      auto* made = benchmark::RegisterBenchmark(
          names.back().c_str(),
          [&workspace, info, body = workload.body](State& state) { body(state, workspace, info); });
      made->UseRealTime()->Unit(workload.unit);
      if (workload.threads > 1) made->Threads(workload.threads);
      if (workload.iterations > 0) made->Iterations(workload.iterations);
    }
    if (!workload.beside_disk) continue;
    names.push_back(std::string(workload.name) + "/disk");
    benchmark::RegisterBenchmark(names.back().c_str(), [&workspace](State& state) { append_to_disk(state, workspace); })
        ->UseRealTime()
        ->Unit(benchmark::kMicrosecond);
  }
}

}  // namespace flowkeep::bench

#include <time.h>

#include <chrono>

#include "generated_sessions.hpp"
#include "workspace.hpp"

namespace flowkeep::bench {

namespace {

using benchmark::State;

constexpr std::uint64_t newest_rows = 50;
constexpr std::uint64_t slice = 1000;

/// Time that this thread has had of a processor: other work on the machine does not count.
std::chrono::nanoseconds thread_time() {
  timespec time{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return std::chrono::seconds{time.tv_sec} + std::chrono::nanoseconds{time.tv_nsec};
}

/// Walks a vector round and round.
template <class T>
class Rounds {
 public:
  explicit Rounds(const std::vector<T>& items) : items_(items) {}
  const T& next() {
    const T& item = items_[at_];
    at_ = at_ + 1 == items_.size() ? 0 : at_ + 1;
    return item;
  }

 private:
  const std::vector<T>& items_;
  std::size_t at_ = 0;
};

/// Polls so many sessions by id; whether every answer was right.
bool poll_store(const Snapshot& snapshot, Rounds<ReadStore::Lookup>& lookups, std::uint64_t rows) {
  for (std::uint64_t i = 0; i < rows; ++i) {
    const auto& [id, sum] = lookups.next();
    const auto session = snapshot.get(id);
    if (!session || poll_sum(*session) != sum) return false;
  }
  return true;
}

bool poll_bare(const BareLmdb& bare, Rounds<BareLmdb::Lookup>& lookups, std::uint64_t rows) {
  for (std::uint64_t i = 0; i < rows; ++i) {
    const auto& [key, sum] = lookups.next();
    if (bare.poll(key) != sum) return false;
  }
  return true;
}

void get_by_id(State& state, Workspace& workspace) {
  const auto store = workspace.read_store();
  if (!store) return wrong(state, store.error().message);
  Rounds lookups((*store)->lookups);
  if (!poll_store((*store)->snapshot, lookups, (*store)->lookups.size())) return wrong(state, "a session reads wrong");
  for (auto _ : state) {
    if (!poll_store((*store)->snapshot, lookups, 1)) return wrong(state, "a session reads wrong");
  }
  state.SetItemsProcessed(state.iterations());
}

void get_on_bare_lmdb(State& state, Workspace& workspace) {
  const auto bare = workspace.bare();
  if (!bare) return wrong(state, bare.error().message);
  Rounds lookups((*bare)->lookups());
  if (!poll_bare(**bare, lookups, (*bare)->lookups().size())) return wrong(state, "bare LMDB reads wrong");
  for (auto _ : state) {
    if (!poll_bare(**bare, lookups, 1)) return wrong(state, "bare LMDB reads wrong");
  }
  state.SetItemsProcessed(state.iterations());
  state.counters["record_bytes"] = (*bare)->record_bytes();
}

// The two in turns, a thousand look-ups each, so that what else the machine does falls on both.
void get_against_bare_lmdb(State& state, Workspace& workspace) {
  const auto store = workspace.read_store();
  if (!store) return wrong(state, store.error().message);
  const auto bare = workspace.bare();
  if (!bare) return wrong(state, bare.error().message);
  Rounds store_lookups((*store)->lookups);
  Rounds bare_lookups((*bare)->lookups());
  bool right = poll_store((*store)->snapshot, store_lookups, (*store)->lookups.size()) &&
               poll_bare(**bare, bare_lookups, (*bare)->lookups().size());
  std::chrono::nanoseconds in_store{};
  std::chrono::nanoseconds in_bare{};
  for (auto _ : state) {
    const auto began = thread_time();
    right = right && poll_store((*store)->snapshot, store_lookups, slice);
    const auto between = thread_time();
    right = right && poll_bare(**bare, bare_lookups, slice);
    in_store += between - began;
    in_bare += thread_time() - between;
    if (!right) return wrong(state, "a session reads wrong");
  }
  const double rows = static_cast<double>(state.iterations()) * static_cast<double>(slice);
  const auto seconds = [](std::chrono::nanoseconds time) { return std::chrono::duration<double>(time).count(); };
  state.counters["flowkeep_per_second"] = rows / seconds(in_store);
  state.counters["bare_per_second"] = rows / seconds(in_bare);
  state.counters["ratio"] = seconds(in_bare) / seconds(in_store);
}

struct CorrelationLookup {
  std::string correlationid;
  std::uint64_t sum;
};

void by_correlationid(State& state, Workspace& workspace) {
  const auto store = workspace.read_store();
  if (!store) return wrong(state, store.error().message);
  std::vector<CorrelationLookup> asked;
  for (std::uint64_t i = 0; i < 20'000; ++i) {
    const std::uint64_t number = mixed(i, lookup_salt + 1) % workspace.sessions();
    asked.push_back({correlationid_of(number), poll_sum(number) + poll_sum(partner_of(number))});
  }
  Rounds lookups(asked);
  for (auto _ : state) {
    const auto& [correlationid, expected] = lookups.next();
    std::uint64_t rows = 0;
    std::uint64_t sum = 0;
    auto range = (*store)->snapshot.by_correlationid(correlationid);
    for (const Result<SessionView>& session : range) {
      if (!session) return wrong(state, session.error().message);
      sum += poll_sum(*session);
      ++rows;
    }
    if (rows != 2 || sum != expected) return wrong(state, "correlation id " + correlationid + " answers wrong");
  }
  state.SetItemsProcessed(state.iterations());
}

struct MachineLookup {
  Guid machine{};
  std::vector<std::uint64_t> newest{};  // numbers, newest first
  std::uint64_t sum = 0;
};

std::vector<MachineLookup> newest_of_machines(std::uint64_t sessions) {
  std::vector<MachineLookup> machines(machine_count);
  for (std::uint64_t machine = 0; machine < machine_count; ++machine) machines[machine].machine = machine_id(machine);
  for (std::uint64_t number = sessions; number-- > 0;) {
    MachineLookup& machine = machines[machine_of(number)];
    if (machine.newest.size() == newest_rows) continue;
    machine.newest.push_back(number);
    machine.sum += machine.newest.size() * poll_sum(number);
  }
  return machines;
}

void newest_of_machine(State& state, Workspace& workspace) {
  const auto store = workspace.read_store();
  if (!store) return wrong(state, store.error().message);
  const auto machines = newest_of_machines(workspace.sessions());
  Rounds lookups(machines);
  std::int64_t rows_read = 0;
  for (auto _ : state) {
    const auto& [id, newest, expected] = lookups.next();
    std::uint64_t rows = 0;
    std::uint64_t sum = 0;  // weighted by place, so that the order counts
    auto range = (*store)->snapshot.by_machine(id, newest_first, limit(newest_rows));
    for (const Result<SessionView>& session : range) {
      if (!session) return wrong(state, session.error().message);
      sum += ++rows * poll_sum(*session);
    }
    rows_read += static_cast<std::int64_t>(rows);
    if (rows != newest.size() || sum != expected) return wrong(state, "machine " + id.str() + " answers wrong");
  }
  state.SetItemsProcessed(state.iterations());
  state.counters["rows_per_second"] = benchmark::Counter(static_cast<double>(rows_read), benchmark::Counter::kIsRate);
}

void count_by_statecode(State& state, Workspace& workspace) {
  const auto store = workspace.read_store();
  if (!store) return wrong(state, store.error().message);
  std::uint64_t active = 0;
  for (std::uint64_t number = 0; number < workspace.sessions(); ++number) {
    active += state_of(statuscode_of(number)) == StateCode::active ? 1 : 0;
  }
  Query query;
  query.statecode = StateCode::active;
  for (auto _ : state) {
    const auto counted = (*store)->snapshot.count(query);
    if (!counted) return wrong(state, counted.error().message);
    if (*counted != active)
      return wrong(state, "the active sessions are " + std::to_string(active) + ", not " + std::to_string(*counted));
  }
  state.SetItemsProcessed(state.iterations());
}

void scan_two_fields(State& state, Workspace& workspace) {
  const auto store = workspace.read_store();
  if (!store) return wrong(state, store.error().message);
  std::uint64_t expected = 0;
  for (std::uint64_t number = 0; number < workspace.sessions(); ++number) {
    expected += static_cast<std::uint64_t>(statuscode_of(number)) + static_cast<std::uint64_t>(runduration_of(number));
  }
  Query query;
  query.order = oldest_first;
  for (auto _ : state) {
    std::uint64_t rows = 0;
    std::uint64_t sum = 0;
    auto range = (*store)->snapshot.select(query);
    for (const Result<SessionView>& session : range) {
      if (!session) return wrong(state, session.error().message);
      sum += static_cast<std::uint64_t>(session->statuscode()) +
             static_cast<std::uint64_t>(session->runduration().value_or(0));
      ++rows;
    }
    if (rows != workspace.sessions() || sum != expected) return wrong(state, "the scan adds up wrong");
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(workspace.sessions()));
}

}  // namespace

void add_read_benchmarks(Workspace& workspace, Names& names) {
  const auto add = [&](const char* name, void (*body)(State&, Workspace&)) {
    names.push_back(name);
    return benchmark::RegisterBenchmark(name, [body, &workspace](State& state) { body(state, workspace); });
  };
  add("read/get_by_id", get_by_id);
  add("read/get_by_id_on_bare_lmdb", get_on_bare_lmdb);
  add("read/get_by_id_against_bare_lmdb", get_against_bare_lmdb);
  add("read/by_correlationid", by_correlationid);
  add("read/newest_50_of_machine", newest_of_machine)->Unit(benchmark::kMicrosecond);
  add("read/count_by_statecode", count_by_statecode);
  add("read/scan_two_fields", scan_two_fields)->Unit(benchmark::kMillisecond);
}

}  // namespace flowkeep::bench

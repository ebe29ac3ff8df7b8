// What is read, of a store as it was loaded.
#include <algorithm>

#include "generated_sessions.hpp"
#include "workspace.hpp"

namespace flowkeep::bench {

namespace {

using benchmark::State;

constexpr std::uint64_t newest_rows = 50;
constexpr std::uint64_t correlation_lookups = 20'000;
constexpr std::uint64_t most_ids = 1'000'000;

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

struct IdLookup {
  Guid id;
  std::uint64_t sum;
};
std::vector<IdLookup> random_ids(std::uint64_t sessions) {
  const std::uint64_t count = std::min(sessions, most_ids);
  std::vector<IdLookup> asked;
  asked.reserve(count);
  for (std::uint64_t i = 0; i < count; ++i) {
    const std::uint64_t number = mixed(i, lookup_salt) % sessions;
    asked.push_back({session_id(number), poll_sum(number)});
  }
  return asked;
}

void get_by_id(State& state, Reader& reader, std::uint64_t sessions) {
  const auto asked = random_ids(sessions);
  Rounds lookups(asked);
  for (auto _ : state) {
    const auto& [id, sum] = lookups.next();
    const auto seen = reader.poll(id);
    if (!seen) return wrong(state, seen.error().message);
    if (*seen != sum) return wrong(state, "session " + id.str() + " reads wrong");
  }
  state.SetItemsProcessed(state.iterations());
}

struct CorrelationLookup {
  std::string correlationid;
  std::uint64_t sum;
};

void by_correlation(State& state, Reader& reader, std::uint64_t sessions) {
  std::vector<CorrelationLookup> asked;
  for (std::uint64_t i = 0; i < correlation_lookups; ++i) {
    const std::uint64_t number = mixed(i, lookup_salt + 1) % sessions;
    asked.push_back({correlationid_of(number), poll_sum(number) + poll_sum(partner_of(number))});
  }
  Rounds lookups(asked);
  for (auto _ : state) {
    const auto& [correlationid, sum] = lookups.next();
    const auto answer = reader.by_correlationid(correlationid);
    if (!answer) return wrong(state, answer.error().message);
    if (*answer != Answer{2, sum}) return wrong(state, "correlation id " + correlationid + " answers wrong");
  }
  state.SetItemsProcessed(state.iterations());
}

struct MachineLookup {
  Guid machine{};
  Answer expected{};
};

std::vector<MachineLookup> newest_of_machines(std::uint64_t sessions) {
  std::vector<MachineLookup> machines(machine_count);
  for (std::uint64_t machine = 0; machine < machine_count; ++machine) machines[machine].machine = machine_id(machine);
  for (std::uint64_t number = sessions; number-- > 0;) {
    Answer& expected = machines[machine_of(number)].expected;
    if (expected.rows < newest_rows) expected.sum += ++expected.rows * poll_sum(number);
  }
  return machines;
}

void newest_of_machine(State& state, Reader& reader, std::uint64_t sessions) {
  const auto machines = newest_of_machines(sessions);
  Rounds lookups(machines);
  for (auto _ : state) {
    const auto& [machine, expected] = lookups.next();
    const auto answer = reader.newest_of_machine(machine, newest_rows);
    if (!answer) return wrong(state, answer.error().message);
    if (*answer != expected) return wrong(state, "machine " + machine.str() + " answers wrong");
  }
  state.SetItemsProcessed(state.iterations());
}

void count_by_statecode(State& state, Reader& reader, std::uint64_t sessions) {
  std::uint64_t active = 0;
  for (std::uint64_t number = 0; number < sessions; ++number) {
    active += state_of(statuscode_of(number)) == StateCode::active ? 1 : 0;
  }
  for (auto _ : state) {
    const auto counted = reader.count_active();
    if (!counted) return wrong(state, counted.error().message);
    if (*counted != active) {
      return wrong(state, "the active sessions are " + std::to_string(active) + ", not " + std::to_string(*counted));
    }
  }
  state.SetItemsProcessed(state.iterations());
}

void scan_two_fields(State& state, Reader& reader, std::uint64_t sessions) {
  Answer expected{sessions, 0};
  for (std::uint64_t number = 0; number < sessions; ++number) {
    expected.sum +=
        static_cast<std::uint64_t>(statuscode_of(number)) + static_cast<std::uint64_t>(runduration_of(number));
  }
  for (auto _ : state) {
    const auto answer = reader.scan_two_fields();
    if (!answer) return wrong(state, answer.error().message);
    if (*answer != expected) return wrong(state, "the scan adds up wrong");
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(sessions));
}

using Body = void (*)(State&, Reader&, std::uint64_t sessions);

void read(State& state, Workspace& workspace, const EngineInfo& info, Body body) {
  const auto target = workspace.target(info);
  if (!target) return wrong(state, target.error().message);
  if (!(*target)->is_as_loaded)
    return wrong(state, "the store has been written to: its answers are not known any more");
  const auto reader = (*target)->engine->reader();
  if (!reader) return wrong(state, reader.error().message);
  body(state, **reader, workspace.sessions());
}

}  // namespace

void add_read_benchmarks(Workspace& workspace, Names& names) {
  struct Workload {
    const char* name;
    Body body;
    benchmark::TimeUnit unit;
  };
  for (const Workload& workload : {Workload{"get-by-id", get_by_id, benchmark::kNanosecond},
                                   Workload{"by-correlation", by_correlation, benchmark::kNanosecond},
                                   Workload{"newest-50-machine", newest_of_machine, benchmark::kMicrosecond},
                                   Workload{"count-statecode", count_by_statecode, benchmark::kMicrosecond},
                                   Workload{"scan-two-fields", scan_two_fields, benchmark::kMillisecond}}) {
    for (const EngineInfo& info : engines()) {
      names.push_back(std::string(workload.name) + "/" + info.name);
      benchmark::RegisterBenchmark(names.back().c_str(), [&workspace, info, body = workload.body](
                                                             State& state) { read(state, workspace, info, body); })
          ->UseRealTime()
          ->Unit(workload.unit);
    }
  }
}

}  // namespace flowkeep::bench

#include "kill_writer.hpp"

#include <algorithm>
#include <deque>
#include <optional>
#include <random>
#include <thread>
#include <utility>

#include "kill_verify.hpp"

namespace flowkeep::torture {

namespace {

using Random = std::mt19937_64;
constexpr std::size_t most_pending = 6;

enum class Verb : std::uint8_t { create, update, transition, erase };

struct Step {
  unsigned slot = 0;
  Verb verb{};
  SlotState after{};
};

/// Works on one lane with a store of its process.
class LaneWriter {
 public:
  LaneWriter(Oracle& oracle, const Store& store, unsigned lane, std::uint64_t seed)
      : oracle_(oracle), store_(store), lane_(oracle.lanes[lane]), number_(lane), random_(seed) {
    states_ = lane_.state_after(0);
  }

  /// Makes some changes, all of them acknowledged when it returns. False: it has complained.
  bool run(unsigned changes) {
    for (unsigned i = 0; i < changes && oracle_.stop == 0; ++i) {
      if (!change()) return false;
    }
    return await_all();
  }

 private:
  unsigned upto(unsigned bound) { return static_cast<unsigned>(random_() % bound); }

  bool change() {
    const std::vector<Step> steps = plan();
    std::vector<RowAfter> rows;
    for (const Step& step : steps) rows.push_back({step.slot, step.after});
    lane_.intend(rows);
    for (const Step& step : steps) states_[step.slot] = step.after;
    const auto done = submit(steps);
    if (!done) return complain(done.error());
    if (*done) {
      pending_.push_back({std::move(**done), rows.size()});
      return pending_.size() < most_pending || await_oldest();
    }
    if (!await_all()) return false;
    acknowledge(rows.size());
    return upto(8) != 0 || read_own(rows.front());
  }

  // What to do next: something that the state model allows, in slots that differ.
  std::vector<Step> plan() {
    const unsigned first = upto(slots_per_lane);
    switch (upto(8)) {
      case 0:
      case 1:
        return plan_of(first, 2 + upto(most_rows - 2), [this](unsigned slot) { return create(slot); });
      case 2:
        return plan_of(first, 2 + upto(most_rows - 2), [this](unsigned slot) { return erase(slot); });
      case 3:
        return plan_of(first, 2 + upto(5), [this](unsigned slot) { return any(slot); });
      default:
        return {any(first)};
    }
  }

  template <class Make>
  std::vector<Step> plan_of(unsigned first, unsigned rows, Make&& make) {
    std::vector<Step> steps;
    for (unsigned i = 0; i < slots_per_lane && steps.size() < rows; ++i) {
      if (auto step = std::optional<Step>(make((first + i) % slots_per_lane))) steps.push_back(*step);
    }
    if (steps.empty()) steps.push_back(any(first));
    return steps;
  }

  std::optional<Step> create(unsigned slot) {
    if (states_[slot].exists()) return std::nullopt;
    return Step{slot, Verb::create, {lane_.next_value(), upto(2) == 0 ? StatusCode::waiting : StatusCode::running}};
  }
  std::optional<Step> erase(unsigned slot) const {
    if (!states_[slot].exists()) return std::nullopt;
    return Step{slot, Verb::erase, {}};
  }
  Step any(unsigned slot) {
    if (!states_[slot].exists()) return *create(slot);
    const SlotState before = states_[slot];
    const unsigned dice = upto(10);
    const auto next = next_status(before.status);
    if (dice < 5 && next) return {slot, Verb::transition, {before.value, *next}};
    if (dice < 8) return {slot, Verb::update, {lane_.next_value(), before.status}};
    return {slot, Verb::erase, {}};
  }
  std::optional<StatusCode> next_status(StatusCode status) {
    const bool ends = upto(2) == 0;
    switch (status) {
      case StatusCode::waiting:
        return StatusCode::running;
      case StatusCode::running:
        return ends ? StatusCode::succeeded : StatusCode::paused;
      case StatusCode::paused:
        return ends ? StatusCode::failed : StatusCode::running;
      default:
        return std::nullopt;
    }
  }

  [[nodiscard]] Session session_of(const Step& step) const {
    Session session;
    session.name = name_of(number_, step.slot, step.after.value);
    session.errorcode = "code " + std::to_string(step.after.value % 7);
    session.context = context_of(step.after.value, number_);
    const std::string content = content_of(step.after.value, number_);
    session.inputs = Binary{std::nullopt, Content(content), {}, {}};
    if (step.verb == Verb::create) {
      session.flowsessionid = id_of(number_, step.slot);
      session.correlationid = correlation_of(number_);
      session.statuscode = step.after.status;
    }
    return session;
  }

  // Hands a change over; a Pending where it has to be waited for, none where it is acknowledged.
  Result<std::optional<Pending>> submit(const std::vector<Step>& steps) {
    const bool alone = steps.size() == 1;
    if (alone && upto(2) == 0) return as_store_call(steps.front());
    const auto all = [&](Verb verb) {
      return std::all_of(steps.begin(), steps.end(), [verb](const Step& step) { return step.verb == verb; });
    };
    if (!alone && upto(2) == 0 && (all(Verb::create) || all(Verb::erase))) return as_multiple(steps);
    auto transaction = store_.write();
    if (!transaction) return fail(std::move(transaction.error()));
    for (const Step& step : steps) {
      if (auto ok = run_step(*transaction, step); !ok) return fail(std::move(ok.error()));
    }
    const Durability durability = upto(3) == 0 ? Durability::process_safe : Durability::power_safe;
    if (upto(2) == 0)
      return transaction->submit(durability).map([](Pending pending) { return std::optional(pending); });
    if (auto ok = transaction->commit(durability); !ok) return fail(std::move(ok.error()));
    return std::nullopt;
  }

  template <class Target>
  Result<void> run_step(Target& target, const Step& step) {
    const Guid id = id_of(number_, step.slot);
    const auto nothing = [](const auto&) {};
    switch (step.verb) {
      case Verb::create:
        return target.create(session_of(step)).map(nothing);
      case Verb::update:
        return target.update(id, SessionUpdate{session_of(step), {}, {}}).map(nothing);
      case Verb::transition:
        return target.transition(id, step.after.status).map(nothing);
      default:
        return target.erase(id);
    }
  }

  Result<std::optional<Pending>> as_store_call(const Step& step) {
    if (auto ok = run_step(store_, step); !ok) return fail(std::move(ok.error()));
    return std::nullopt;
  }

  Result<std::optional<Pending>> as_multiple(const std::vector<Step>& steps) {
    Result<void> done;
    if (steps.front().verb == Verb::create) {
      std::vector<Session> sessions;
      for (const Step& step : steps) sessions.push_back(session_of(step));
      done = store_.create_multiple(sessions).map([](const auto&) {});
    } else {
      std::vector<Guid> ids;
      for (const Step& step : steps) ids.push_back(id_of(number_, step.slot));
      done = store_.erase_multiple(ids).map([](const auto&) {});
    }
    if (!done) return fail(std::move(done.error()));
    return std::nullopt;
  }

  void acknowledge(std::size_t rows) {
    oracle_.rows_acknowledged += rows;
    lane_.acknowledge();
  }

  bool await_oldest() {
    const auto [pending, rows] = std::move(pending_.front());
    pending_.pop_front();
    if (const auto done = pending.wait(); !done) return complain(done.error());
    acknowledge(rows);
    return true;
  }
  bool await_all() {
    while (!pending_.empty()) {
      if (!await_oldest()) return false;
    }
    return true;
  }

  bool read_own(const RowAfter& row) {
    const auto found = store_.find(id_of(number_, row.slot));
    if (!found) return complain(found.error());
    SlotState seen;
    if (*found) seen = {value_of((*found)->name.value_or(""), number_, row.slot), *(*found)->statuscode};
    if (seen == row.after) return true;
    oracle_.complain("lane " + std::to_string(number_) + " does not read its own acknowledged change of slot " +
                     std::to_string(row.slot));
    return false;
  }

  bool complain(const Error& error) {
    oracle_.complain("a write of lane " + std::to_string(number_) + " failed: " + errc_name(error.code) + ": " +
                     error.message);
    return false;
  }

  Oracle& oracle_;
  const Store& store_;
  Lane& lane_;
  unsigned number_;
  Random random_;
  LaneState states_{};  // with what is under way
  std::deque<std::pair<Pending, std::size_t>> pending_{};
};

OpenOptions random_options(Random& random) {
  OpenOptions options;
  // A small journal is often full: checkpoints, wraps, and changes too large for it.
  constexpr std::uint64_t sizes[] = {64U << 10, 64U << 10, 256U << 10, 16U << 20};
  options.journal_bytes = sizes[random() % std::size(sizes)];
  options.indexes = {IndexId::errorcode, IndexId::startedon};
  options.busy_timeout = std::chrono::seconds(60);
  options.sync_interval = std::chrono::milliseconds(random() % 2 == 0 ? 5 : 100);
  if (random() % 4 == 0) options.durability = Durability::process_safe;
  return options;
}

// What the last writer of this process's lanes left under way has happened, up to some change of it, or not.
bool settle_lanes(Oracle& oracle, const Store& store, unsigned process) {
  const auto snapshot = store.snapshot();
  if (!snapshot) {
    oracle.complain("no snapshot: " + snapshot.error().message);
    return false;
  }
  for (unsigned thread = 0; thread < lanes_per_process; ++thread) {
    const unsigned number = process * lanes_per_process + thread;
    std::string why;
    const auto happened = changes_that_happened(oracle.lanes[number], number, *snapshot, why);
    if (!happened) {
      oracle.complain("at the start of a writer: " + why);
      return false;
    }
    oracle.lanes[number].settle(*happened);
  }
  return true;
}

}  // namespace

int write_until_killed(Oracle& oracle, const std::string& path, unsigned process, std::uint64_t seed) {
  Random random(seed);
  do {
    const auto store = Store::open(path, random_options(random));
    if (!store) {
      oracle.complain(std::string("an open failed: ") + errc_name(store.error().code) + ": " + store.error().message);
      return 1;
    }
    oracle.is_made = 1;
    ++oracle.opens[process];
    if (!settle_lanes(oracle, *store, process)) return 1;
    const unsigned changes = 1U << random() % 12;
    const unsigned threads = 1 + static_cast<unsigned>(random() % lanes_per_process);
    std::atomic<bool> good{true};
    std::vector<std::thread> group;
    for (unsigned thread = 0; thread < threads; ++thread) {
      group.emplace_back([&, thread, lane_seed = random()] {
        LaneWriter writer(oracle, *store, process * lanes_per_process + thread, lane_seed);
        if (!writer.run(changes)) good = false;
      });
    }
    for (std::thread& thread : group) thread.join();
    if (!good) return 1;
  } while (oracle.stop == 0);  // what a killed one left, somebody has to open
  return 0;
}

}  // namespace flowkeep::torture

#include "kill_verify.hpp"

#include <random>
#include <set>
#include <thread>

namespace flowkeep::torture {

namespace {

using Clock = std::chrono::steady_clock;
constexpr std::chrono::seconds patience{60};

std::string text_of(const SlotState& state) {
  if (!state.exists()) return "no session";
  return "value " + std::to_string(state.value) + " " + std::string(label(state.status));
}

std::string lane_text(unsigned number) {
  return "lane " + std::to_string(number) + ": ";
}

// A row as the slot it is; an error of ours where it is none, or its columns do not agree.
Result<std::pair<unsigned, SlotState>> read_row(const SessionView& row, unsigned number, const Snapshot& snapshot) {
  const unsigned slot = row.flowsessionid().bytes[15];
  const std::string name(row.name().value_or(""));
  if (slot >= slots_per_lane || row.flowsessionid() != id_of(number, slot)) {
    return fail(Errc::internal, "a session that nobody made: " + name);
  }
  const std::uint64_t value = value_of(name, number, slot);
  if (value == 0) return fail(Errc::internal, "slot " + std::to_string(slot) + " has the name " + name);
  auto content = snapshot.read(row.inputs());
  if (!content) return fail(std::move(content.error()));
  if (*content != content_of(value, number)) return fail(Errc::internal, name + " has another value's content");
  if (row.context() != context_of(value, number)) return fail(Errc::internal, name + " has another value's context");
  return std::pair(slot, SlotState{value, row.statuscode()});
}

Result<LaneState> read_lane(unsigned number, const Snapshot& snapshot) {
  LaneState state{};
  std::uint64_t rows = 0;
  for (const auto& row : snapshot.by_correlationid(correlation_of(number))) {
    if (!row) return fail(row.error());
    auto read = read_row(*row, number, snapshot);
    if (!read) return fail(std::move(read.error()));
    state[read->first] = read->second;
    ++rows;
  }
  // The index and the table of ids agree.
  for (unsigned slot = 0; slot < slots_per_lane; ++slot) {
    const auto found = snapshot.find(id_of(number, slot));
    if (!found) return fail(found.error());
    if (found->has_value() != state[slot].exists()) {
      return fail(Errc::internal, "slot " + std::to_string(slot) + " is found by " +
                                      (found->has_value() ? "id only" : "correlationid only"));
    }
  }
  Query query;
  query.correlationid = correlation_of(number);
  const auto count = snapshot.count(query);
  if (!count) return fail(count.error());
  if (*count != rows) {
    return fail(Errc::internal, "count() says " + std::to_string(*count) + ", the index shows " + std::to_string(rows));
  }
  return state;
}

// Counts and version numbers over the whole store.
std::string what_totals_say(const Snapshot& snapshot, const StoreStats& stats, std::uint64_t expected) {
  std::uint64_t rows = 0;
  std::set<std::int64_t> versions;
  for (const auto& row : snapshot.select({})) {
    if (!row) return row.error().message;
    ++rows;
    versions.insert(row->versionnumber());
  }
  std::uint64_t by_status = 0;
  for (const std::uint64_t count : stats.by_status) by_status += count;
  if (rows != expected || snapshot.size() != expected || stats.sessions != expected || by_status != expected) {
    return std::to_string(expected) + " sessions should be there; a walk finds " + std::to_string(rows) + ", stat " +
           std::to_string(stats.sessions) + ", the index of statuses " + std::to_string(by_status);
  }
  if (versions.size() != rows) return "two sessions have one versionnumber";
  if (!versions.empty() && stats.last_version < *versions.rbegin()) return "a versionnumber was given that comes again";
  return {};
}

}  // namespace

std::optional<std::uint64_t> changes_that_happened(const Lane& lane, unsigned number, const Snapshot& snapshot,
                                                   std::string& why) {
  const auto found = read_lane(number, snapshot);
  if (!found) {
    why = lane_text(number) + found.error().message;
    return std::nullopt;
  }
  for (std::uint64_t happened = 0; happened <= lane.under_way(); ++happened) {
    if (lane.state_after(happened) == *found) return happened;
  }
  const LaneState acknowledged = lane.state_after(0);
  why = lane_text(number) + std::to_string(lane.acknowledged()) + " changes acknowledged, " +
        std::to_string(lane.under_way()) + " under way; nothing of the kind is in the store:";
  for (unsigned slot = 0; slot < slots_per_lane; ++slot) {
    if (acknowledged[slot] == (*found)[slot]) continue;
    why += " slot " + std::to_string(slot) + " acknowledged " + text_of(acknowledged[slot]) + ", found " +
           text_of((*found)[slot]) + ";";
  }
  return std::nullopt;
}

std::string what_is_wrong(const Oracle& oracle, const std::string& path) {
  const auto store = Store::open(path, {.busy_timeout = patience});
  if (!store) return std::string("open: ") + errc_name(store.error().code) + ": " + store.error().message;
  const auto snapshot = store->snapshot();
  if (!snapshot) return snapshot.error().message;
  std::uint64_t sessions = 0;
  std::string why;
  for (unsigned number = 0; number < oracle.lanes.size(); ++number) {
    const Lane& lane = oracle.lanes[number];
    const auto happened = changes_that_happened(lane, number, *snapshot, why);
    if (!happened) return why;
    for (const SlotState& slot : lane.state_after(*happened)) sessions += slot.exists() ? 1 : 0;
  }
  const auto stats = store->stats();
  if (!stats) return stats.error().message;
  if (why = what_totals_say(*snapshot, *stats, sessions); !why.empty()) return why;
  const auto report = store->check();
  if (!report) return "check: " + report.error().message;
  if (!report->clean()) return "check: " + report->findings.front().where + ": " + report->findings.front().what;
  return {};
}

namespace {

// What an opening for reading may answer while writers die and are born.
bool may_come_right(Errc code) {
  return code == Errc::needs_recovery || code == Errc::busy || code == Errc::not_found;
}

Result<Store> open_to_read(const std::string& path, Clock::time_point deadline) {
  for (;;) {
    auto store = Store::open(path, {.mode = OpenMode::read_only, .busy_timeout = patience});
    if (store || !may_come_right(store.error().code) || Clock::now() > deadline) return store;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
}

// An acknowledgement that is older when it is met has perhaps been visible for long.
constexpr std::int64_t fresh_ns = 2'000'000;

// How long until a snapshot shows an acknowledged change, in microseconds; std::nullopt: not to be known, because it
// was visible when it was met late, was followed by others, or its writer died.
Result<std::optional<std::uint64_t>> measure(const Oracle& oracle, const Store& store, unsigned number) {
  const unsigned process = number / lanes_per_process;
  const Lane& lane = oracle.lanes[number];
  const std::uint32_t life = oracle.lives[process];
  Lane::Acknowledgement last;
  if (life % 2 == 0 || !lane.last_acknowledged(last)) return std::nullopt;
  const auto deadline = Clock::now() + patience;
  const bool is_fresh = monotonic_ns() - last.at_ns < fresh_ns;
  for (bool is_first = true;; is_first = false) {
    const auto snapshot = store.snapshot();
    if (!snapshot) return fail(snapshot.error());
    const std::int64_t seen_at = monotonic_ns();
    const auto row = snapshot->find(id_of(number, last.slot));
    if (!row) return fail(row.error());
    const std::uint64_t value = *row ? value_of((*row)->name().value_or(""), number, last.slot) : 0;
    if (value > last.state.value || (value == last.state.value && (*row)->statuscode() == last.state.status)) {
      if (is_first && !is_fresh) return std::nullopt;
      return static_cast<std::uint64_t>(seen_at - last.at_ns) / 1000;
    }
    if (lane.acknowledged() != last.number || oracle.lives[process] != life || oracle.stop != 0) return std::nullopt;
    if (Clock::now() > deadline) {
      return fail(Errc::internal, lane_text(number) + "an acknowledged change is not seen by others after a minute");
    }
  }
}

}  // namespace

std::string what_others_miss(const Oracle& oracle, const std::string& path, unsigned process) {
  const auto deadline = Clock::now() + patience;
  const auto store = open_to_read(path, deadline);
  if (!store) return "open for reading: " + store.error().message;
  std::string why;
  for (unsigned thread = 0; thread < lanes_per_process;) {
    const unsigned number = process * lanes_per_process + thread;
    const auto snapshot = store->snapshot();
    if (!snapshot) return snapshot.error().message;
    if (changes_that_happened(oracle.lanes[number], number, *snapshot, why)) {
      ++thread;
    } else if (Clock::now() > deadline) {
      return why + " (seen by a reader a minute after the death of the writer, while others write)";
    }
  }
  return {};
}

int watch_until_killed(Oracle& oracle, const std::string& path, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  while (oracle.is_made == 0) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  for (;;) {
    const auto store = open_to_read(path, Clock::now() + patience);
    if (!store) {
      oracle.complain("an open for reading failed: " + store.error().message);
      return 1;
    }
    for (std::uint64_t reads = 16ULL << random() % 8; reads > 0; --reads) {
      const auto delay = measure(oracle, *store, static_cast<unsigned>(random() % oracle.lanes.size()));
      if (!delay) {
        oracle.complain("a reader: " + delay.error().message);
        return 1;
      }
      if (*delay) oracle.delays.note(**delay);
    }
  }
}

}  // namespace flowkeep::torture

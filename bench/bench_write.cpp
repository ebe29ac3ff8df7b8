#include <algorithm>
#include <chrono>

#include "generated_sessions.hpp"
#include "workspace.hpp"

namespace flowkeep::bench {

namespace {

using benchmark::State;
using Clock = std::chrono::steady_clock;

constexpr std::uint64_t batch_rows = 1000;
constexpr std::uint64_t moved_sessions = 500;

/// What is wrong with the store after new sessions came to it; "" where nothing is.
std::string complaint(const WriteStore& target, const Guid& last_id) {
  const auto snapshot = target.store.snapshot();
  if (!snapshot) return snapshot.error().message;
  const auto size = snapshot->size();
  if (!size) return size.error().message;
  if (*size != target.sessions) {
    return "there are " + std::to_string(*size) + " sessions, not " + std::to_string(target.sessions);
  }
  const auto last = snapshot->get(last_id);
  if (!last) return last.error().message;
  const Session expected = new_session(target.next - 1);
  if (last->name() != expected.name || last->statuscode() != expected.statuscode) return "the last session reads wrong";
  const auto bytes = snapshot->read(last->outputs());
  return bytes && !bytes->empty() ? "" : "the last session has lost its outputs";
}

void create_durably(State& state, Workspace& workspace) {
  const auto target = workspace.write_store();
  if (!target) return wrong(state, target.error().message);
  Guid last_id;
  for (auto _ : state) {
    Session session = new_session((*target)->next++);
    const auto began = Clock::now();
    add_binaries(session, (*target)->next - 1);
    const auto id = (*target)->store.create(session);
    if (!id) return wrong(state, id.error().message);
    state.SetIterationTime(std::chrono::duration<double>(Clock::now() - began).count());
    last_id = *id;
    ++(*target)->sessions;
  }
  if (const std::string found = complaint(**target, last_id); !found.empty()) return wrong(state, found);
  state.SetItemsProcessed(state.iterations());
}

void create_in_batches(State& state, Workspace& workspace) {
  const auto target = workspace.write_store();
  if (!target) return wrong(state, target.error().message);
  Guid last_id;
  std::vector<Session> batch;
  for (auto _ : state) {
    batch.clear();
    const std::uint64_t first = (*target)->next;
    for (std::uint64_t i = 0; i < batch_rows; ++i) batch.push_back(new_session(first + i));
    const auto began = Clock::now();
    for (std::uint64_t i = 0; i < batch_rows; ++i) add_binaries(batch[i], first + i);
    const auto ids = (*target)->store.create_multiple(batch);
    if (!ids) return wrong(state, ids.error().message);
    state.SetIterationTime(std::chrono::duration<double>(Clock::now() - began).count());
    if (ids->size() != batch_rows) return wrong(state, "a batch has lost sessions");
    last_id = ids->back();
    (*target)->next += batch_rows;
    (*target)->sessions += batch_rows;
  }
  if (const std::string found = complaint(**target, last_id); !found.empty()) return wrong(state, found);
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(batch_rows));
}

struct Mover {
  Guid id;
  StatusCode status;
};

/// Open sessions here and there in the store, as they are now.
Result<std::vector<Mover>> find_movers(const WriteStore& target, std::uint64_t sessions) {
  auto snapshot = target.store.snapshot();
  if (!snapshot) return fail(snapshot.error());
  std::vector<Mover> movers;
  for (std::uint64_t i = 0; movers.size() < moved_sessions && i < 100 * moved_sessions; ++i) {
    const std::uint64_t number = mixed(i, lookup_salt + 2) % sessions;
    if (is_terminal(statuscode_of(number))) continue;
    auto session = snapshot->get(session_id(number));
    if (!session) return fail(session.error());
    const auto same = [&](const Mover& mover) { return mover.id == session->flowsessionid(); };
    if (std::any_of(movers.begin(), movers.end(), same)) continue;
    movers.push_back({session->flowsessionid(), session->statuscode()});
  }
  if (movers.empty()) return fail(Errc::internal, "there is no open session to move");
  return movers;
}

void transition_durably(State& state, Workspace& workspace) {
  const auto target = workspace.write_store();
  if (!target) return wrong(state, target.error().message);
  auto movers = find_movers(**target, workspace.sessions());
  if (!movers) return wrong(state, movers.error().message);
  std::size_t at = 0;
  std::int64_t version = 0;
  for (auto _ : state) {
    Mover& mover = (*movers)[at];
    at = at + 1 == movers->size() ? 0 : at + 1;
    const StatusCode to = mover.status == StatusCode::running ? StatusCode::waiting : StatusCode::running;
    const auto moved = (*target)->store.transition(mover.id, to);
    if (!moved) return wrong(state, moved.error().message);
    if (*moved <= version) return wrong(state, "versionnumber does not rise");
    version = *moved;
    mover.status = to;
  }
  const auto snapshot = (*target)->store.snapshot();
  if (!snapshot) return wrong(state, snapshot.error().message);
  for (const auto& [id, status] : *movers) {
    const auto session = snapshot->get(id);
    if (!session || session->statuscode() != status) return wrong(state, "session " + id.str() + " has lost its move");
  }
  state.SetItemsProcessed(state.iterations());
}

}  // namespace

// The making of the sessions is not the store's work and stays outside the time; that of their File columns is.
void add_write_benchmarks(Workspace& workspace) {
  const auto add = [&](const char* name, void (*body)(State&, Workspace&)) {
    return benchmark::RegisterBenchmark(name, [body, &workspace](State& state) { body(state, workspace); });
  };
  add("write/create_durable", create_durably)->UseManualTime()->Unit(benchmark::kMicrosecond);
  add("write/create_batch_1000", create_in_batches)->UseManualTime()->Unit(benchmark::kMillisecond);
  add("write/transition_durable", transition_durably)->UseRealTime()->Unit(benchmark::kMicrosecond);
}

}  // namespace flowkeep::bench

// What it costs that a principal looks: the newest sessions that he may read, one in a hundred, against the newest of
// all.
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include <flowkeep/store.hpp>

#include "generated_sessions.hpp"
#include "workspace.hpp"

namespace flowkeep::bench {

namespace {

using benchmark::State;

constexpr std::uint64_t newest_rows = 50;
constexpr std::uint64_t visible_in = 100;
constexpr std::uint64_t batch = 1000;

Guid principal_id(std::uint8_t number) {
  Guid id;
  id.bytes.fill(0xA0);
  id.bytes[15] = number;
  return id;
}

const Guid user = principal_id(1);
const Guid team = principal_id(2);
const Guid somebody = principal_id(3);

// Of the sessions that he sees, a half is his, a quarter his team's, a quarter is shared with him.
enum class Sight { own, of_team, shared, hidden };
Sight sight_of(std::uint64_t number) {
  if (number % visible_in != 0) return Sight::hidden;
  const std::uint64_t which = number / visible_in % 4;
  return which < 2 ? Sight::own : which == 2 ? Sight::of_team : Sight::shared;
}

/// A store of sessions that have owners, some of them shared; made for the first benchmark that needs it.
class SharedStore {
 public:
  [[nodiscard]] Result<const Store*> get(Workspace& workspace) {
    if (store_) return &*store_;
    const auto directory = workspace.empty_directory("access");
    if (!directory) return fail(directory.error());
    OpenOptions options;
    options.indexes = {IndexId::owner};
    auto opened = Store::open(*directory + "/access.flowkeep", std::move(options));
    if (!opened) return fail(std::move(opened.error()));
    for (std::uint64_t first = 0; first < workspace.sessions(); first += batch) {
      if (auto ok = fill(*opened, first, std::min(first + batch, workspace.sessions())); !ok) {
        return fail(std::move(ok.error()));
      }
    }
    store_.emplace(std::move(*opened));
    return &*store_;
  }

 private:
  static Result<void> fill(const Store& store, std::uint64_t first, std::uint64_t end) {
    std::vector<Session> sessions;
    std::vector<Guid> shared;
    for (std::uint64_t number = first; number < end; ++number) {
      Session session = past_session(number);
      const Sight sight = sight_of(number);
      session.ownerid = sight == Sight::own       ? Reference(user)
                        : sight == Sight::of_team ? Reference(team, EntityType::team)
                                                  : Reference(somebody);
      if (sight == Sight::shared) shared.push_back(*session.flowsessionid);
      sessions.push_back(std::move(session));
    }
    auto transaction = store.write();
    if (!transaction) return fail(std::move(transaction.error()));
    if (auto imported = transaction->import_sessions(sessions); !imported) return fail(imported.error().error);
    for (const Guid& id : shared) {
      if (auto done = transaction->grant_access(id, user, AccessRight::read); !done) return fail(done.error());
    }
    return transaction->commit(Durability::process_safe);
  }

  std::optional<Store> store_{};
};

void newest(State& state, Workspace& workspace, SharedStore& shared, bool with_rules) {
  const auto store = shared.get(workspace);
  if (!store) return wrong(state, store.error().message);
  const auto principal = (*store)->as({user, {team}, AccessRights::all()});
  if (!principal) return wrong(state, principal.error().message);
  const auto snapshot = (with_rules ? *principal : **store).snapshot();
  if (!snapshot) return wrong(state, snapshot.error().message);
  std::uint64_t expected = 0;
  std::uint64_t left = newest_rows;
  for (std::uint64_t number = workspace.sessions(); number-- > 0 && left > 0;) {
    if (with_rules && sight_of(number) == Sight::hidden) continue;
    expected += poll_sum(number);
    --left;
  }
  Query query;
  query.limit = limit(newest_rows);
  for (auto _ : state) {
    std::uint64_t sum = 0;
    for (const auto& row : snapshot->select(query)) {
      if (!row) return wrong(state, row.error().message);
      sum += poll_sum(*row);
    }
    if (sum != expected) return wrong(state, "other sessions than the newest that are visible");
  }
  state.SetItemsProcessed(state.iterations());
}

}  // namespace

void add_access_benchmarks(Workspace& workspace, Names& names) {
  const auto shared = std::make_shared<SharedStore>();
  for (const bool with_rules : {false, true}) {
    names.push_back(with_rules ? "access-newest-50-visible/flowkeep" : "access-newest-50/flowkeep");
    benchmark::RegisterBenchmark(names.back().c_str(), [&workspace, shared, with_rules](State& state) {
      newest(state, workspace, *shared, with_rules);
    })->Unit(benchmark::kMicrosecond);
  }
}

}  // namespace flowkeep::bench

#include "run.hpp"

#include <algorithm>
#include <utility>

namespace flowkeep::model {
namespace {

constexpr std::uint64_t operations_between_comparisons = 250;
constexpr std::size_t most_bookmarks = 6;
constexpr std::size_t most_handed_over = 12;

}  // namespace

Run::Run(std::string path, std::uint64_t seed, Freeze freeze)
    : path_(std::move(path)), freeze_(std::move(freeze)), random_(seed) {
  options_.map_bytes = 1ULL << 30;
  options_.journal_bytes = 1ULL << (16 + random_.below(8));
  if (random_.one_in(2)) options_.sync_interval = std::chrono::milliseconds(random_.below(20));
  if (random_.one_in(2)) options_.caller = {random_.guid(), random_.guid(), random_.guid()};
  if (random_.one_in(3)) options_.model = StateModel::platform();
  for (const IndexInfo& index : indexes()) {
    if (!index.by_default && random_.one_in(2)) options_.indexes.push_back(index.id);
  }
  most_rows_ = 20 + random_.below(8) * random_.below(60);
  state_.caller = options_.caller;
  state_.moves = options_.model == StateModel::platform() ? Moves::platform : Moves::desktop_flow;
  for (const IndexInfo& index : indexes()) {
    const auto& chosen = options_.indexes;
    const bool kept = index.by_default || std::find(chosen.begin(), chosen.end(), index.id) != chosen.end();
    indexes_[static_cast<std::size_t>(index.id)] = kept ? IndexStatus::active : IndexStatus::absent;
  }
  acknowledged_ = state_;
  store_.emplace(take(Store::open(path_, options_), "open"));
}

void Run::operate(std::uint64_t operations) {
  std::uint64_t next_comparison = operations_between_comparisons;
  while (operation_ < operations) {
    if (freeze_ && random_.one_in(8)) crash();
    switch (random_.below(200)) {
      case 0:
        reopen();
        break;
      case 1:
        change_index();
        break;
      case 2:
        change_model();
        break;
      default:
        transaction();
        break;
    }
    if (handed_over_.size() < most_handed_over && !handed_over_.empty() && !random_.one_in(3)) continue;
    wait();
    compare();
    if (operation_ < next_comparison) continue;
    compare_all(*store_, state_, random_);
    next_comparison = operation_ + operations_between_comparisons;
  }
  reopen();
  compare_all(*store_, state_, random_);
  const CheckReport report = take(store_->check(), "check");
  require(report.clean(),
          "check: " + (report.findings.empty() ? std::string("findings")
                                               : report.findings[0].where + ": " + report.findings[0].what));
  require(report.sessions == state_.rows.size(), "check: sessions");
}

void Run::wait() {
  while (!handed_over_.empty()) {
    take(handed_over_.front().pending.wait(), "wait");
    require(handed_over_.front().pending.is_done(), "is_done after wait");
    handed_over_.pop_front();
  }
  acknowledged_ = state_;
}

// The copy holds all that was acknowledged, and of what was handed over the first few; half of the time it is what goes
// on.
void Run::crash() {
  ++operation_;
  const std::string copy = freeze_(path_);
  OpenOptions options;
  options.mode = OpenMode::existing;
  options.map_bytes = options_.map_bytes;
  options.journal_bytes = options_.journal_bytes;
  options.caller = options_.caller;
  std::optional<Store> recovered(take(Store::open(copy, options), "open after a crash"));
  const std::int64_t version = take(recovered->stats(), "stats").last_version;
  const State* found = version == acknowledged_.version ? &acknowledged_ : nullptr;
  for (const HandedOver& each : handed_over_) {
    if (found == nullptr && each.state.version == version) found = &each.state;
  }
  require(found != nullptr, "after a crash: version " + std::to_string(version) + "; " +
                                std::to_string(acknowledged_.version) + " was acknowledged, " +
                                std::to_string(state_.version) + " handed over");
  compare_all(*recovered, *found, random_);
  const CheckReport report = take(recovered->check(), "check");
  require(report.clean(), "check after a crash: " + (report.findings.empty() ? "" : report.findings[0].what));
  if (random_.one_in(2)) return;
  const State after = *found;
  wait();
  memory_.reset();
  store_ = std::move(recovered);
  path_ = copy;
  state_ = acknowledged_ = after;
}

void Run::commit(WriteTransaction& writer) {
  switch (random_.below(5)) {
    case 0:
      take(writer.commit(), "commit");
      return wait();
    case 1:
      take(writer.commit(Durability::process_safe), "commit");
      return wait();
    default: {
      const auto durability = random_.one_in(2) ? Durability::power_safe : Durability::process_safe;
      handed_over_.push_back({take(writer.submit(durability), "submit"), state_});
    }
  }
}

void Run::reopen() {
  ++operation_;
  wait();
  memory_.reset();
  store_.reset();
  OpenOptions options;
  options.mode = OpenMode::existing;
  options.map_bytes = options_.map_bytes;
  options.journal_bytes = options_.journal_bytes;
  options.caller = options_.caller;
  store_.emplace(take(Store::open(path_, options), "reopen"));
}

void Run::change_index() {
  ++operation_;
  wait();
  const IndexInfo& index = random_.any_of(indexes());
  IndexStatus& status = indexes_[static_cast<std::size_t>(index.id)];
  const std::string what = "index " + std::string(index.name);
  const bool is_kept = index.by_default && index.id != IndexId::summary;
  if (status == IndexStatus::active && (is_kept || random_.one_in(2))) {
    const auto dropped = store_->drop_index(index.id);
    require(dropped.has_value() != is_kept, what + ": drop");
    if (dropped) status = IndexStatus::absent;
  } else {
    const auto added = store_->add_index(index.id);
    require(added.has_value() == (status == IndexStatus::absent), what + ": add");
    status = IndexStatus::active;
  }
  const Snapshot snapshot = take(store_->snapshot(), "snapshot");
  require(take(snapshot.index_status(), "index status") == indexes_, what + ": its status");
}

void Run::change_model() {
  ++operation_;
  wait();
  state_.moves = random_.one_in(3) ? Moves::platform : Moves::desktop_flow;
  const auto& model = state_.moves == Moves::platform ? StateModel::platform() : StateModel::desktop_flow();
  take(store_->set_state_model(model), "set_state_model");
  acknowledged_ = state_;
}

void Run::transaction() {
  touched_.clear();
  erased_.clear();
  if (random_.one_in(3)) {
    wait();  // it reads from snapshots, which show what was waited for
    write(*store_);
    return wait();
  }
  const State before = state_;
  WriteTransaction writer = take(store_->write(), "write");
  for (std::uint64_t count = 1 + random_.below(6); count > 0; --count) write(writer);
  if (random_.one_in(8)) {
    state_ = before;  // dropped without a commit
    return;
  }
  commit(writer);
}

void Run::compare() {
  const Snapshot snapshot = take(store_->snapshot(), "snapshot");
  require(take(snapshot.size(), "size") == state_.rows.size(), "size");
  for (const Guid& id : touched_) {
    if (const Row* row = state_.find(id)) compare_row(snapshot, *row, Bytes::content);
  }
  for (const Guid& id : erased_) {
    const bool present = take(snapshot.find(id), "find").has_value();
    require(present == (state_.find(id) != nullptr), "session " + id.str() + ": deleted or not");
  }
  compare_query(snapshot, state_, any_query(state_, random_), random_);
  const auto back = static_cast<std::int64_t>(random_.below(8));
  compare_changes(snapshot, state_, state_.version - back);
  if (random_.one_in(2)) use_bookmarks(snapshot);

  if (memory_ && random_.one_in(4)) {
    compare_query(memory_->snapshot, memory_->state, any_query(memory_->state, random_), random_);
    if (random_.one_in(4)) memory_.reset();
  } else if (!memory_ && random_.one_in(20)) {
    memory_.emplace(Memory{take(store_->snapshot(), "snapshot"), state_});
  }
}

void Run::use_bookmarks(const Snapshot& snapshot) {
  if (!bookmarks_.empty()) {
    const Bookmark& mark = random_.any_of(bookmarks_);
    const std::vector<Place> expected = select(state_, mark.query, mark.place);
    std::size_t rows = 0;
    SessionRange range = snapshot.select(mark.query);
    for (const Result<SessionView>& row : range) {
      require(row.has_value(), "an old token: " + (row ? "" : row.error().message));
      require(rows < expected.size() && row->flowsessionid() == expected[rows].id, "an old token: its next rows");
      ++rows;
    }
    require(rows == expected.size(), "an old token: the number of its rows");
  }
  Query query = any_query(state_, random_);
  query.limit = {};
  const std::vector<Place> places = select(state_, query, std::nullopt);
  if (places.empty()) return;
  const Place& place = random_.any_of(places);
  SessionRange range = snapshot.select(query);
  for (const Result<SessionView>& row : range) {
    if (row && row->flowsessionid() == place.id) break;
  }
  query.after = range.token();
  require(!query.after.empty(), "a token is empty");
  bookmarks_.push_back({query, place});
  if (bookmarks_.size() > most_bookmarks) bookmarks_.pop_front();
}

}  // namespace flowkeep::model

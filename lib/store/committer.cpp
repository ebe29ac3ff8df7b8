#include "store/committer.hpp"

#include <algorithm>
#include <cerrno>
#include <new>
#include <utility>

#include "store/apply.hpp"
#include "store/change_bytes.hpp"

namespace flowkeep::store {

namespace {

// The memory that what is accepted but unapplied may take, before writers have to wait. Other processes are to see it
// soon; where there are none, it may be as much as memory is spent on for a burst.
constexpr std::uint64_t most_ahead_bytes = 5U << 20;
constexpr std::uint64_t most_ahead_alone_bytes = 16U << 20;
// What makes a checkpoint due: journal to replay, growth of the file, pages that could be used again but for the last
// checkpoint, time.
constexpr std::uint64_t journal_due_bytes = 16U << 20;
constexpr std::uint64_t growth_due_bytes = 2U << 20;
constexpr std::uint64_t retained_due_bytes = 1U << 20;
// Where other processes write too, each keeps pages back from all of them.
constexpr std::chrono::nanoseconds time_due = std::chrono::seconds(2);
constexpr std::size_t spare_payload_bytes = 256U << 10;

bool adds_rows(const Changes& changes) {
  return std::any_of(changes.begin(), changes.end(), [](const Change& change) { return change.adds_rows(); });
}

std::uint64_t count_rows(const Changes& changes) {
  std::uint64_t rows = 0;
  for (const Change& change : changes) rows += change.rows.size() + change.side_rows.size();
  return rows;
}

}  // namespace

Result<std::unique_ptr<Committer>> Committer::make(storage::Environment& environment, const Tables& tables,
                                                   storage::FileLock& lock, journal::SharedPage& page,
                                                   CommitterOptions options) {
  auto checkpointer = journal::Checkpointer::make(environment);
  if (!checkpointer) return fail(std::move(checkpointer.error()));
  auto base = environment.begin_read();
  if (!base) return fail(std::move(base.error()));
  base->release();
  auto sidecars = journal::Sidecars::note(environment.path());
  if (!sidecars) return fail(std::move(sidecars.error()));
  return std::unique_ptr<Committer>(new Committer(environment, tables, lock, page, std::move(*sidecars),
                                                  std::move(*checkpointer), std::move(*base), std::move(options)));
}

Committer::Committer(storage::Environment& environment, const Tables& tables, storage::FileLock& lock,
                     journal::SharedPage& page, journal::Sidecars sidecars, journal::Checkpointer checkpointer,
                     storage::ReadTransaction base, CommitterOptions options)
    : environment_(environment),
      tables_(tables),
      lock_(lock),
      page_(page),
      options_(std::move(options)),
      health_(options_.path, page),
      turn_(options_.path, lock, page),
      space_(environment),
      base_(std::move(base)),
      sidecars_(std::move(sidecars)),
      checkpoints_(std::move(checkpointer), journal_, group_, commits_, health_, page_, sidecars_),
      applier_(environment, tables, group_, commits_, health_, *this) {}

Committer::~Committer() {
  applier_.stop();
  checkpoints_.stop();
}

Result<void> Committer::begin() {
  if (auto ok = health_.check(); !ok) return ok;
  if (auto ok = writers_.take(options_.busy_timeout); !ok) return ok;
  struct Ending {  // whatever happens, exceptions included
    Committer& committer;
    bool is_due = true;
    ~Ending() {
      if (is_due) committer.end();
    }
  } ending{*this};
  Result<void> ready;
  if (turn_.is_held() && turn_.is_to_pass_on()) ready = give_way();
  if (ready && !turn_.is_held()) ready = take_turn(options_.busy_timeout);
  if (ready && applier_.unapplied_memory() > most_ahead_bytes) {
    const bool may_burst = burst_loans_ == 0 && is_alone();
    ready = applier_.wait_below(may_burst ? most_ahead_alone_bytes : most_ahead_bytes, patience());
  }
  if (ready) {
    overlay_.prune(applier_.applied());
    ready = base_.renew();
  }
  if (ready) look_at_free_list();
  ending.is_due = !ready;
  return ready;
}

void Committer::end() noexcept {
  // With nothing to apply, the applier has to be told to give the turn back.
  base_.release();
  const bool is_left = turn_.is_held() && applier_.is_idle();
  writers_.give();
  if (is_left) applier_.wake();
}

Result<Committer::Ticket> Committer::submit(std::shared_ptr<const Changes> changes, Durability durability) {
  base_.release();  // the map may have to grow
  encode(payload_, *changes);
  const auto purpose = adds_rows(*changes) ? SpaceAhead::Purpose::adding : SpaceAhead::Purpose::removing;
  const std::uint64_t rows = count_rows(*changes);
  if (auto ok = reserve_space({payload_.size(), rows}, purpose); !ok) return fail(std::move(ok.error()));
  auto has_room = make_room(payload_.size());
  if (!has_room) return fail(std::move(has_room.error()));
  if (!*has_room) return submit_directly(*changes);

  const auto level =
      durability == Durability::power_safe ? journal::GroupCommit::Level::synced : journal::GroupCommit::Level::written;
  try {
    const Ticket ticket = group_.enqueue(payload_, level);
    page_.state().accepted = ticket.lsn;
    overlay_.add(changes, ticket.lsn);
    accept(*changes);
    applier_.push({ticket.lsn, ticket.behind, std::move(changes), catalogue_, payload_.size(), rows},
                  group_.capacity_bytes() / 4);
    if (payload_.capacity() > spare_payload_bytes) payload_ = std::string();
    return ticket;
  } catch (const std::bad_alloc&) {
    // The record may be on its way to the disk, but nobody will apply it: only a recovery can.
    const Error error{Errc::io, options_.path + " is out of memory between its journal and its tables", {}, ENOMEM};
    health_.note(error);
    return fail(error);
  }
}

Result<void> Committer::reserve_space(SpaceAhead::Need need, SpaceAhead::Purpose purpose) {
  const SpaceAhead::Need all{need.bytes + applier_.unapplied_bytes(), need.rows + applier_.unapplied_rows()};
  auto reserved = space_.reserve(all, purpose, options_.busy_timeout);
  if (reserved || reserved.error().code != Errc::full) return reserved;
  // What is applied has its room, and needs less than was thought.
  if (auto ok = catch_up(); !ok) return ok;
  return space_.reserve(need, purpose, options_.busy_timeout);
}

void Committer::accept(const Changes& changes) {
  counters_ = changes.back().counters;
  for (auto change = changes.rbegin(); change != changes.rend(); ++change) {
    if (change->extra_columns.empty()) continue;
    auto catalogue = std::make_shared<Catalogue>(*catalogue_);
    catalogue->number = counters_.catalogue;
    catalogue->extra_columns = change->extra_columns;
    catalogue_ = std::move(catalogue);
    return;
  }
}

std::uint64_t Committer::next_capacity() const {
  const std::uint64_t capacity = group_.capacity_bytes();
  if (group_.used_bytes() < capacity / 4) return capacity;
  return std::max(capacity, std::min(2 * capacity, options_.journal_bytes));
}

Result<bool> Committer::make_room(std::uint64_t payload_bytes) {
  if (payload_bytes > options_.journal_bytes / 3) return false;
  if (group_.fits(payload_bytes)) return true;
  // What is gained soonest: the room that a checkpoint on its way gives, a longer journal, a checkpoint of all there
  // is.
  checkpoints_.wait_idle();
  if (group_.fits(payload_bytes)) return true;
  const std::uint64_t wanted = std::max(2 * group_.capacity_bytes(), 8 * journal::record_bytes(payload_bytes));
  auto grown = checkpoints_.grow(std::min(wanted, options_.journal_bytes));
  if (!grown && grown.error().code != Errc::full) return fail(std::move(grown.error()));
  if (group_.fits(payload_bytes)) return true;
  if (auto ok = catch_up(); !ok) return fail(std::move(ok.error()));
  if (auto ok = checkpoints_.make(); !ok) return fail(std::move(ok.error()));
  return group_.fits(payload_bytes);
}

Result<Committer::Ticket> Committer::submit_directly(const Changes& changes) {
  payload_ = std::string();
  auto direct = begin_direct();
  if (!direct) return fail(std::move(direct.error()));
  {
    Application application(direct->transaction(), tables_, *catalogue_);
    if (auto ok = application.add(changes); !ok) return fail(std::move(ok.error()));
    if (auto applied = application.finish(); !applied) return fail(std::move(applied.error()));
  }
  if (auto ok = direct->commit(changes.back().counters, nullptr); !ok) return fail(std::move(ok.error()));
  accept(changes);
  return Ticket{};
}

Result<Committer::Direct> Committer::begin_direct() {
  if (auto ok = catch_up(); !ok) return fail(std::move(ok.error()));
  overlay_.prune(applier_.applied());  // all of it: what it says of a session is taken for the last word
  Direct direct(*this);
  auto transaction = environment_.begin_write();
  if (!transaction) return fail(std::move(transaction.error()));
  direct.transaction_.emplace(std::move(*transaction));
  return direct;
}

Result<void> Committer::Direct::commit(const codec::CountersRow& counters, std::shared_ptr<const Catalogue> catalogue) {
  Committer& committer = *committer_;
  CommitState& commits = committer.commits_;
  auto done = write_applied(*transaction_, committer.tables_.meta, commits.epoch, commits.applied);
  if (done) done = transaction_->commit();
  transaction_.reset();
  lock_.unlock();
  if (!done) {
    // LMDB may have got as far as its meta page; what is merely full has not.
    if (done.error().code == Errc::io) committer.health_.note(done.error());
    return done;
  }
  if (done = committer.checkpoints_.make(); !done) {
    done.error().code = Errc::io;  // it is committed, but not known to be durable
    committer.health_.note(done.error());
    return done;
  }
  committer.page_.note_commit(committer.environment_.info().last_transaction);
  committer.counters_ = counters;
  if (catalogue) committer.catalogue_ = std::move(catalogue);
  return {};
}

Result<void> Committer::refresh() {
  if (auto ok = catch_up(); !ok) return ok;
  return base_.renew();
}

Result<void> Committer::settle_down() {
  if (auto ok = catch_up(); !ok) return ok;
  return checkpoints_.make();
}

Result<void> Committer::catch_up() {
  if (auto ok = group_.flush(); !ok) {
    health_.note(ok.error());
    return ok;
  }
  return applier_.wait(group_.tail().lsn - 1, patience());
}

Result<void> Committer::wait(const Ticket& ticket) {
  if (auto ok = group_.wait(ticket); !ok) {
    health_.note(ok.error());
    return ok;
  }
  std::uint64_t known = acknowledged_.load();
  while (known < ticket.lsn && !acknowledged_.compare_exchange_weak(known, ticket.lsn)) {
  }
  return {};
}

Result<void> Committer::make_visible() {
  return applier_.wait(acknowledged_.load(), patience());
}

Result<std::optional<PendingRow>> Committer::pending_row(const Guid& id) {
  if (!pending_ids_.may_hold(id)) return std::nullopt;
  auto row = overlay_.copy_row(id);
  if (!row || row->lsn <= acknowledged_.load()) return row;
  if (auto ok = make_visible(); !ok) return fail(std::move(ok.error()));
  return std::nullopt;
}

// By the writer, whose transaction is open anyway: one more of the applier's would be taken for a snapshot.
void Committer::look_at_free_list() {
  if (base_.id() == looked_at_) return;
  looked_at_ = base_.id();
  const std::int64_t since = checkpoints_.pinned_at();
  const auto freed = storage::Environment::free_list(base_, checkpoints_.header().image.newest().txnid);
  if (!freed) return;
  std::uint64_t pages = 0;
  for (const storage::FreedPages& by : *freed) pages += by.pages;
  retained_since_ = since;
  retained_bytes_ = pages * environment_.info().page_bytes;
}

void Committer::committed(std::uint64_t lsn) {
  page_.state().applied = lsn;
  page_.note_commit(environment_.info().last_transaction);
  page_.state().journal_used = group_.used_bytes();
  is_dirty_ = true;
  static_cast<void>(sync_when_due());
  const storage::EnvironmentInfo info = environment_.info();
  const std::uint64_t before = checkpoints_.pinned_last_page();
  const std::uint64_t grown = (info.last_page - std::min(info.last_page, before)) * info.page_bytes;
  const std::uint64_t retained = retained_since_ == checkpoints_.pinned_at() ? retained_bytes_.load() : 0;
  const std::uint64_t retained_due = std::max(retained_due_bytes, info.last_page * info.page_bytes / 16);
  const bool is_due = group_.used_bytes() >= std::min(journal_due_bytes, group_.capacity_bytes() / 2) ||
                      grown >= std::max(growth_due_bytes, info.last_page * info.page_bytes / 16) ||
                      retained >= retained_due ||
                      std::chrono::nanoseconds(journal::monotonic_ns() - checkpoints_.pinned_at()) >= time_due;
  if (is_due) checkpoints_.request(next_capacity());
  // A checkpoint that takes long is not to cost more and more pages. It needs nothing of this thread.
  if (retained >= 2 * retained_due) checkpoints_.wait_idle();
}

}  // namespace flowkeep::store

// The turn of this process: what it begins with, and when it ends.
#include <sys/stat.h>

#include <algorithm>
#include <utility>

#include "base/error.hpp"
#include "journal/recovery.hpp"
#include "journal/stamp.hpp"
#include "store/apply.hpp"
#include "store/change_bytes.hpp"
#include "store/committer.hpp"

namespace flowkeep::store {

using codec::MetaRow;
using journal::Position;
using Since = journal::Turn::Since;

namespace {

constexpr std::uint64_t first_capacity_bytes = 256U << 10;
constexpr std::uint64_t replay_batch_bytes = 4U << 20;
// How long after its last commit an idle writer makes a checkpoint, and lets others use the pages it pinned.
constexpr std::chrono::seconds idle_time{1};
constexpr std::chrono::milliseconds soon{3};
constexpr std::chrono::hours late{1};

}  // namespace

Result<void> Committer::recover() {
  if (auto ok = writers_.take(options_.busy_timeout); !ok) return ok;
  auto done = take_turn(options_.busy_timeout, Begin::after_crash);
  if (done) give_turn();
  writers_.give();
  return done;
}

Result<void> Committer::recover_others() {
  if (page_.state().in_turn == 0) return {};
  if (auto ok = writers_.take(options_.busy_timeout); !ok) return ok;
  Result<void> done;
  const auto taken = turn_.take(std::chrono::milliseconds(0));
  if (taken) done = begin_turn(*taken);
  if (taken && done) give_turn();
  writers_.give();
  if (!taken && taken.error().code != Errc::busy) return fail(taken.error());
  return done;  // whose turn it is, lives
}

std::chrono::milliseconds Committer::patience() const noexcept {
  constexpr std::chrono::milliseconds least{10'000};
  return std::max(least, options_.busy_timeout);
}

Result<void> Committer::take_turn(std::chrono::milliseconds timeout, Begin how) {
  auto since = turn_.take(timeout);
  if (!since) return fail(std::move(since.error()));
  return begin_turn(how == Begin::after_crash ? Since::died : *since);
}

Result<void> Committer::begin_turn(Since since) {
  if (since == Since::nothing && !is_settled_) since = Since::others;
  is_settled_ = false;
  checkpoints_.begin_turn();
  auto settled = health_.check();
  if (settled) {
    settled = sidecars_.check();
    if (!settled) health_.note(settled.error());
  }
  if (settled) settled = settle(since);
  if (settled) settled = checkpoints_.start();
  if (settled) settled = applier_.start();
  if (!settled) {
    checkpoints_.end_turn();
    // What a dead process left is still to be applied, and after a failed write nothing is known.
    const Errc code = settled.error().code;
    const bool is_fit_for_others = is_passing(code) || code == Errc::full || code == Errc::newer_format;
    if (since == Since::died || !is_fit_for_others) {
      turn_.abandon();
    } else {
      turn_.give();
    }
    return settled;
  }
  is_settled_ = true;
  return {};
}

Result<void> Committer::give_way() {
  if (auto ok = catch_up(); !ok) return ok;
  checkpoints_.wait_idle();
  if (auto ok = health_.check(); !ok) return ok;
  give_turn();
  turn_.let_others_in();
  return {};
}

void Committer::give_turn() noexcept {
  overlay_.prune(applier_.applied());
  turn_ended_at_ = Applier::Clock::now();
  checkpoints_.end_turn();
  turn_.give();
}

// A sync that failed once is not believed when it succeeds the next time.
Result<void> Committer::noted(Result<void> done) {
  if (!done) health_.note(done.error());
  return done;
}

Result<void> Committer::settle(Since since) {
  if (since != Since::nothing) {
    auto stamp = journal::read_stamp(environment_.descriptor(), options_.path);
    if (!stamp) return fail(std::move(stamp.error()));
    auto opened = *stamp ? open_journal(**stamp) : create_journal();
    // The dead one may have written a header that is not on the disk yet.
    if (opened && since == Since::died) opened = noted(journal_.sync());
    if (opened) opened = mend_writer_mutex();
    if (opened) opened = check_format();
    if (!opened) return opened;
    auto applied = find_applied();
    if (!applied) return fail(std::move(applied.error()));
    const journal::Header header = checkpoints_.header();
    commits_.applied = *applied;
    group_.reset(*applied, header.start, header.capacity_bytes);
  }
  auto guarded = checkpoints_.guard();
  if (!guarded) return fail(std::move(guarded.error()));
  if (!*guarded) {
    if (auto ok = checkpoints_.make(); !ok) return ok;
  }
  if (since == Since::nothing) return {};
  if (since == Since::died) {
    if (auto ok = replay(commits_.applied); !ok) return ok;
  }
  applier_.reset(commits_.applied.lsn - 1);
  page_.state().accepted = commits_.applied.lsn - 1;
  page_.state().applied = commits_.applied.lsn - 1;
  return read_rows();
}

Result<void> Committer::open_journal(const Guid& epoch) {
  const std::string name = journal::journal_path(environment_.path());
  auto journal = journal::JournalFile::open(name);
  if (!journal && journal.error().code == Errc::not_found) {
    const Error removed = journal::removed_while_open(name);
    health_.note(removed);
    return fail(removed);
  }
  if (!journal) return fail(std::move(journal.error()));
  auto header = journal->read_header();
  if (!header) return fail(std::move(header.error()));
  if (!*header || (*header)->epoch != epoch || (*header)->store_id != options_.format.store_id) {
    return fail(Errc::corrupt, name + " is not the journal that " + options_.path + " was written with");
  }
  journal_ = std::move(*journal);
  commits_.epoch = epoch;
  checkpoints_.use(**header);
  return {};
}

// The journal is durable before the stamp is, and the stamp before a commit that needs the journal.
Result<void> Committer::create_journal() {
  if (auto ok = noted(upgrade_format()); !ok) return ok;
  // A file that was just copied is not on the disk yet.
  if (auto ok = noted(environment_.sync()); !ok) return ok;
  struct stat facts {};
  if (::fstat(environment_.descriptor(), &facts) != 0) {
    return fail(base::errno_error(Errc::io, "cannot examine " + options_.path, errno));
  }
  journal::Header header;
  header.epoch = Guid::make();
  header.store_id = options_.format.store_id;
  header.file_inode = facts.st_ino;
  header.capacity_bytes = std::min(first_capacity_bytes, options_.journal_bytes);
  header.start = {applier_.applied() + 1, journal::records_begin, journal::make_salt()};
  auto image = storage::read_meta_image(environment_.descriptor(), options_.path);
  if (!image) return fail(std::move(image.error()));
  header.image = *image;
  auto journal = journal::JournalFile::create(journal::journal_path(environment_.path()), header);
  if (!journal) return fail(std::move(journal.error()));
  if (auto ok = noted(journal::write_stamp(environment_.descriptor(), options_.path, header.epoch)); !ok) return ok;
  return open_journal(header.epoch);
}

// Whoever has it open cannot follow to a format with more tables. But files of format 1.0 know no stamp: whoever reads
// no further has to refuse them before there is one.
Result<void> Committer::upgrade_format() {
  if (options_.format.minor >= codec::format_minor) return {};
  auto upgraded = options_.upgrade();
  if (!upgraded) return fail(std::move(upgraded.error()));
  if (*upgraded) {
    options_.format.minor = codec::format_minor;
    return {};
  }
  if (options_.format.minor >= codec::stamped_since_minor) return {};
  options_.format.minor = codec::stamped_since_minor;
  environment_.set_commits(storage::EnvironmentOptions::Commits::synced);
  const auto upgrade = [this]() -> Result<void> {
    auto transaction = environment_.begin_write();
    if (!transaction) return fail(std::move(transaction.error()));
    if (auto ok = write_meta(*transaction, tables_.meta, MetaRow::format, codec::encode(options_.format)); !ok)
      return ok;
    return transaction->commit();
  };
  auto done = upgrade();
  environment_.set_commits(storage::EnvironmentOptions::Commits::unsynced);
  return done;
}

// LMDB repairs what a dead writer left when its mutex is taken next; pins taken before that may be swept away.
Result<void> Committer::mend_writer_mutex() {
  auto transaction = environment_.begin_write();
  if (!transaction) return fail(std::move(transaction.error()));
  return {};
}

Result<Position> Committer::find_applied() {
  if (auto ok = base_.renew(); !ok) return fail(std::move(ok.error()));
  auto applied = read_applied(base_, tables_.meta, commits_.epoch);
  base_.release();
  if (!applied) return fail(std::move(applied.error()));
  return applied->value_or(checkpoints_.header().start);
}

Result<void> Committer::replay_batch(const std::vector<Changes>& batch, const Position& behind,
                                     const codec::RecoveryRow* recovery) {
  auto transaction = environment_.begin_write();
  if (!transaction) return fail(std::move(transaction.error()));
  auto catalogue = read_catalogue(*transaction, tables_.meta, 0);
  if (!catalogue) return fail(std::move(catalogue.error()));
  {
    Application application(*transaction, tables_, *catalogue);
    for (const Changes& changes : batch) {
      if (auto ok = application.add(changes); !ok) return ok;
    }
    if (auto applied = application.finish(); !applied) return fail(std::move(applied.error()));
  }
  if (recovery != nullptr) {
    auto ok = write_meta(*transaction, tables_.meta, MetaRow::recovery, codec::encode(*recovery));
    if (!ok) return ok;
  }
  if (auto ok = write_applied(*transaction, tables_.meta, commits_.epoch, behind); !ok) return ok;
  return transaction->commit();
}

Result<void> Committer::replay(const Position& from) {
  const std::int64_t began = journal::monotonic_ns();
  const std::uint64_t capacity = checkpoints_.header().capacity_bytes;
  const storage::EnvironmentInfo info = environment_.info();
  const std::uint64_t wanted = (info.last_page + 1) * info.page_bytes + 4 * capacity;
  if (wanted > info.map_bytes) {
    if (auto ok = environment_.grow_map(wanted, patience()); !ok) return ok;
  }

  codec::RecoveryRow recovery;
  std::vector<Changes> batch;
  std::uint64_t batch_bytes = 0;
  const auto visit = [&](const Position& at, std::string_view payload, const Position& behind) -> Result<void> {
    auto changes = decode_changes(payload);
    if (!changes) {
      changes.error().message = journal_.path() + ", record " + std::to_string(at.lsn) + ": " + changes.error().message;
      return fail(std::move(changes.error()));
    }
    batch.push_back(std::move(*changes));
    ++recovery.changes;
    recovery.bytes += payload.size();
    batch_bytes += payload.size();
    if (batch_bytes < replay_batch_bytes) return {};
    auto done = replay_batch(batch, behind, nullptr);
    batch.clear();
    batch_bytes = 0;
    return done;
  };
  auto end = journal_.scan(from, capacity, visit);
  if (!end) return fail(std::move(end.error()));

  // What lies behind the end, torn or never acknowledged, belongs to no chain that begins with a new salt.
  const Position fresh{end->lsn, journal::records_begin, journal::make_salt()};
  recovery.finished = now();
  recovery.milliseconds = static_cast<std::uint64_t>((journal::monotonic_ns() - began) / 1'000'000);
  if (auto ok = replay_batch(batch, fresh, &recovery); !ok) return ok;
  commits_.applied = fresh;
  if (auto ok = checkpoints_.make(); !ok) return ok;
  group_.reset(fresh, fresh, capacity);
  return {};
}

Result<void> Committer::read_rows() {
  if (auto ok = base_.renew(); !ok) return ok;
  auto counters = read_counters(base_, tables_.meta);
  if (!counters) return fail(std::move(counters.error()));
  counters_ = *counters;
  auto catalogue = read_catalogue(base_, tables_.meta, counters->catalogue);
  base_.release();
  if (!catalogue) return fail(std::move(catalogue.error()));
  catalogue_ = std::make_shared<const Catalogue>(std::move(*catalogue));
  return {};
}

// It has no handles for tables that came after it opened the file.
Result<void> Committer::check_format() {
  if (auto ok = base_.renew(); !ok) return ok;
  auto payload = read_meta(base_, tables_.meta, MetaRow::format);
  if (!payload) return fail(std::move(payload.error()));
  if (!*payload) return fail(Errc::corrupt, "the store's row \"format\" is missing");
  auto format = codec::decode_format(**payload);
  base_.release();
  if (!format) return fail(std::move(format.error()));
  if (format->minor <= options_.format.minor) return {};
  return fail(Errc::newer_format, options_.path + " was brought to format " + std::to_string(format->major) + "." +
                                      std::to_string(format->minor) +
                                      " by another process since it was opened here: open it again");
}

Applier::Clock::duration Committer::rest() {
  if (!health_.is_good()) return late;
  // Also while somebody has a transaction open for long.
  const auto sync_due = sync_when_due();
  if (!writers_.try_take()) return std::min<Applier::Clock::duration>(soon, sync_due);
  const auto next = turn_.is_held() ? end_turn() : rest_long();
  writers_.give();
  return next;
}

bool Committer::is_alone() const noexcept {
  return !lock_.held_by_others(storage::FileLock::Byte::open).value_or(true);
}

Applier::Clock::duration Committer::linger() {
  return is_alone() ? sync_when_due() : Applier::Clock::duration::zero();
}

Applier::Clock::duration Committer::end_turn() {
  if (!applier_.is_idle()) return Applier::Clock::duration::zero();
  if (auto ok = group_.flush(); !ok) {
    health_.note(ok.error());
    return late;
  }
  if (!checkpoints_.is_idle()) return soon;
  give_turn();
  return idle_time;
}

Applier::Clock::duration Committer::sync_when_due() {
  if (group_.durable() >= group_.appliable()) return late;
  const auto present = Applier::Clock::now();
  const auto left = synced_at_ + options_.sync_interval - present;
  if (left > Applier::Clock::duration::zero()) return left;
  synced_at_ = present;
  if (auto ok = group_.flush(); !ok) health_.note(ok.error());
  return late;
}

Applier::Clock::duration Committer::rest_long() {
  if (!checkpoints_.holds_pins()) return late;
  const auto left = turn_ended_at_.load() + idle_time - Applier::Clock::now();
  if (left > Applier::Clock::duration::zero()) return left;
  make_last_checkpoint();
  // Others that write hold pins of their own: ours would only keep them from using pages again.
  checkpoints_.release();
  return late;
}

// Where others have written since, it is theirs to make.
void Committer::make_last_checkpoint() {
  if (!is_dirty_.exchange(false) || turn_.others_wrote()) return;
  const auto since = turn_.take(std::chrono::milliseconds(0));
  if (!since) return;
  is_settled_ = *since == Since::nothing;
  if (is_settled_) {
    checkpoints_.begin_turn();
    static_cast<void>(checkpoints_.make());  // a failure is noted there
    checkpoints_.end_turn();
  }
  if (*since == Since::died) {
    turn_.abandon();
  } else {
    turn_.give();
  }
}

Result<void> Committer::close(Others others) {
  if (auto ok = writers_.take(patience()); !ok) return ok;
  auto done = health_.check();
  if (done && turn_.is_held()) done = catch_up();
  // The threads end before the turn does.
  applier_.stop();
  checkpoints_.stop();
  if (done) done = health_.check();
  if (turn_.is_held()) {
    if (done) {
      give_turn();
    } else {
      checkpoints_.end_turn();
      turn_.abandon();
    }
  }
  if (done && others == Others::some) make_last_checkpoint();
  checkpoints_.release();
  writers_.give();
  return done;
}

}  // namespace flowkeep::store

#include "store/engine.hpp"

#include <unistd.h>

#include <array>
#include <utility>

#include "codec/record.hpp"
#include "journal/recovery.hpp"
#include "journal/stamp.hpp"
#include "store/session_read.hpp"

namespace flowkeep::store {

using codec::MetaRow;
using storage::TableKind;

namespace {

constexpr std::chrono::seconds tend_interval{30};
constexpr std::uint64_t smallest_map = 1ULL << 20;
constexpr std::uint64_t smallest_journal = 64ULL << 10;
constexpr std::uint64_t largest_journal = 1ULL << 30;

Result<void> check_options(const OpenOptions& options) {
  if (options.map_bytes < smallest_map) {
    return fail(Errc::invalid_argument, "map_bytes: " + std::to_string(options.map_bytes) +
                                            " is too small, at least 1048576 (1 MiB) are needed");
  }
  if (options.max_readers == 0 || options.max_readers > 100'000) {
    return fail(Errc::invalid_argument,
                "max_readers: " + std::to_string(options.max_readers) + " is not between 1 and 100000");
  }
  if (options.journal_bytes < smallest_journal || options.journal_bytes > largest_journal) {
    return fail(Errc::invalid_argument, "journal_bytes: " + std::to_string(options.journal_bytes) +
                                            " is not between 65536 (64 KiB) and 1073741824 (1 GiB)");
  }
  if (options.role == Role::agent && options.mode == OpenMode::read_only) {
    return fail(Errc::invalid_argument, "role: an agent writes, and the store is to be opened for reading only");
  }
  if (options.role != Role::agent && options.on_cancel) {
    return fail(Errc::invalid_argument, "on_cancel: is for agents, who run sessions, and role says visitor");
  }
  if (options.slow_reader_age < std::chrono::milliseconds(0)) {
    return fail(Errc::invalid_argument,
                "slow_reader_age: " + std::to_string(options.slow_reader_age.count()) + " ms is less than nothing");
  }
  return {};
}

}  // namespace

Result<std::shared_ptr<Engine>> Engine::open(const std::string& path, OpenOptions options) {
  if (auto ok = check_options(options); !ok) return fail(std::move(ok.error()));
  OpenOptions again = options;
  auto engine = open_once(path, std::move(options));
  // A store of an older format is brought to the present one where no journal stands behind it: so it is closed once
  // more after a recovery.
  if (!engine || !(*engine)->was_recovered_ || (*engine)->format_.minor == codec::format_minor) return engine;
  engine->reset();
  again.mode = OpenMode::existing;
  return open_once(path, std::move(again));
}

Result<std::shared_ptr<Engine>> Engine::open_once(const std::string& path, OpenOptions options) {
  auto opened = open_files(path, options);
  if (!opened) return fail(std::move(opened.error()));
  std::shared_ptr<Engine> engine(new Engine(std::move(opened->files), std::move(options)));
  auto ready = engine->start(opened->is_alone, opened->checkpoint.has_value() || opened->is_left_by_dead);
  if (ready) ready = show_presence(engine->files_);
  if (!ready) {
    engine->dictionary_maker_.reset();
    engine->committer_.reset();
    give_up_opening(engine->files_, opened->is_alone);
    return fail(std::move(ready.error()));
  }
  if (engine->options_.on_slow_reader) {
    engine->slow_readers_ = std::make_unique<SlowReaders>(*engine);
    if (auto ok = engine->slow_readers_->start(); !ok) return fail(std::move(ok.error()));
  }
  if (engine->options_.on_cancel) {
    if (auto ok = engine->cancel_watch_->start(); !ok) return fail(std::move(ok.error()));
  }
  return engine;
}

Engine::~Engine() {
  if (!files_.environment) return;
  if (!files_.environment->check_process()) {
    // Threads, locks and LMDB's state are the parent's.
    static_cast<void>(slow_readers_.release());
    static_cast<void>(cancel_watch_.release());
    static_cast<void>(dictionary_maker_.release());
    static_cast<void>(committer_.release());
    static_cast<void>(files_.environment.release());
    return;
  }
  slow_readers_.reset();
  cancel_watch_.reset();
  dictionary_maker_.reset();
  bool is_settled = true;
  if (committer_) {
    const bool others = files_.lock.held_by_others(storage::FileLock::Byte::open).value_or(true);
    is_settled = committer_->close(others ? Committer::Others::some : Committer::Others::none).has_value();
  }
  committer_.reset();
  // A failure leaves the journal, which the next open recovers from.
  static_cast<void>(close_files(files_, options_, is_settled));
}

void Engine::stop_watching() noexcept {
  if (slow_readers_) slow_readers_->stop();
  cancel_watch_->stop();
}

Result<void> Engine::start(bool is_alone, bool recover) {
  const bool reads_only = options_.mode == OpenMode::read_only;
  const bool may_create = options_.mode == OpenMode::open_or_create || options_.mode == OpenMode::create_new;
  tables_.packing = &dictionaries_;
  if (auto ok = open_tables(may_create && is_alone && !recover); !ok) return ok;
  if (auto ok = read_format(); !ok) return ok;
  if (reads_only) return {};
  // Where others have it open, the journal is theirs.
  if (is_alone && !recover) {
    if (auto ok = refuse_later_journal(); !ok) return ok;
  }
  auto made = Committer::make(*files_.environment, tables_, files_.lock, *files_.page,
                              {files_.path, options_.busy_timeout, options_.journal_bytes, options_.sync_interval,
                               format_, [this] { return upgrade_format(); }});
  if (!made) return fail(std::move(made.error()));
  committer_ = std::move(*made);
  dictionary_maker_ = std::make_unique<DictionaryMaker>(*this);
  files_.page->state().durability = static_cast<std::uint32_t>(options_.durability) + 1;
  was_recovered_ = recover;
  if (recover) return committer_->recover();
  // One that dies meanwhile may be followed by another one before this process can: that one's recovery is waited for.
  do {
    if (auto ok = committer_->recover_others(); !ok) return ok;
  } while (!is_alone && has_dead_writer(files_));
  return {};
}

Result<void> Engine::open_tables(bool may_create) {
  const auto infos = table_infos(tables_);
  auto meta = files_.environment->open_table("meta", TableKind::integer);
  if (!meta && meta.error().code == Errc::not_found && may_create && files_.environment->is_fresh()) {
    return create_tables();
  }
  for (const TableInfo& info : infos) {
    auto table = files_.environment->open_table(info.name, info.kind);
    if (!table) {
      const Errc code = table.error().code;
      if (code == Errc::not_found && info.since_minor != 0) continue;  // read_format() looks whether it may be missing
      if (code != Errc::not_found && code != Errc::corrupt) return fail(std::move(table.error()));
      return fail(Errc::not_a_store, files_.path + " is an LMDB file, but not a Flowkeep store: it has no table \"" +
                                         std::string(info.name) + "\" of the right kind");
    }
    *info.table = *table;
  }
  return {};
}

Result<void> Engine::create_tables() {
  using Commits = storage::EnvironmentOptions::Commits;
  files_.environment->set_commits(Commits::synced);  // there is no journal yet
  auto done = write_tables();
  files_.environment->set_commits(Commits::unsynced);
  return done;
}

Result<void> Engine::write_tables() {
  auto transaction = files_.environment->begin_write();
  if (!transaction) return fail(std::move(transaction.error()));
  for (const TableInfo& info : table_infos(tables_)) {
    auto table = transaction->open_table(info.name, info.kind);
    if (!table) return fail(std::move(table.error()));
    *info.table = *table;
  }
  codec::IndexStates indexes{};
  for (const IndexInfo& index : flowkeep::indexes()) {
    if (index.by_default)
      indexes[static_cast<std::size_t>(index.id)] = {IndexStatus::active, 0, codec::newest_key_form};
  }
  for (const IndexId index : options_.indexes) {
    indexes[static_cast<std::size_t>(index)] = {IndexStatus::active, 0, codec::newest_key_form};
  }
  const codec::FormatRow format{codec::format_major, codec::format_minor, Guid::make(), now()};
  const codec::CountersRow counters{0, 0, 0, 1};
  const std::array<std::pair<MetaRow, std::string>, 4> rows{{{MetaRow::format, codec::encode(format)},
                                                             {MetaRow::model, codec::encode(options_.model)},
                                                             {MetaRow::indexes, codec::encode(indexes)},
                                                             {MetaRow::counters, codec::encode(counters)}}};
  for (const auto& [row, payload] : rows) {
    if (auto ok = write_meta(*transaction, tables_.meta, row, payload); !ok) return ok;
  }
  return transaction->commit();
}

Result<void> Engine::read_format() {
  auto transaction = files_.environment->begin_read();
  if (!transaction) return fail(std::move(transaction.error()));
  auto payload = read_meta(*transaction, tables_.meta, MetaRow::format);
  if (!payload) return fail(std::move(payload.error()));
  if (!*payload)
    return fail(Errc::not_a_store, files_.path + " is an LMDB file, but not a Flowkeep store: it has no format row");
  auto format = codec::decode_format(**payload);
  if (!format) return fail(std::move(format.error()));
  using codec::format_major;
  using codec::format_minor;
  if (format->major > format_major || (format->major == format_major && format->minor > format_minor)) {
    return fail(Errc::newer_format, files_.path + " has format " + std::to_string(format->major) + "." +
                                        std::to_string(format->minor) + "; this Flowkeep reads up to " +
                                        std::to_string(format_major) + "." + std::to_string(format_minor));
  }
  format_ = *format;
  minor_.store(format_.minor, std::memory_order_relaxed);
  for (const TableInfo& info : table_infos(tables_)) {
    if (info.table->is_open() || info.since_minor > format_.minor) continue;
    // Another process may just have brought the store to its format.
    if (auto table = files_.environment->open_table(info.name, info.kind)) {
      *info.table = *table;
      continue;
    }
    return fail(Errc::not_a_store, files_.path + " is an LMDB file, but not a Flowkeep store: it has no table \"" +
                                       std::string(info.name) + "\"");
  }
  return {};
}

// A file without a stamp is whole by itself, and the journal beside it is in the way: mostly left over, but where
// somebody has put a backup into the place of a store that crashed, it holds what only that store can take up.
Result<void> Engine::refuse_later_journal() {
  auto stamp = journal::read_stamp(files_.environment->descriptor(), files_.real_path);
  if (!stamp) return fail(std::move(stamp.error()));
  if (*stamp) return {};
  auto transaction = files_.environment->begin_read();
  if (!transaction) return fail(std::move(transaction.error()));
  auto payload = read_meta(*transaction, tables_.meta, MetaRow::applied);
  if (!payload) return fail(std::move(payload.error()));
  std::optional<journal::Applied> applied;
  if (*payload) {
    auto row = codec::decode_applied(**payload);
    if (!row) return fail(std::move(row.error()));
    applied = journal::Applied{row->epoch, {row->lsn, row->offset, row->chain}};
  }
  auto later = journal::holds_later_changes(files_.real_path, format_.store_id, applied);
  if (!later) return fail(std::move(later.error()));
  if (!*later) return {};
  return fail(Errc::corrupt, journal::journal_path(files_.path) + " holds changes of a later time of " + files_.path +
                                 ", which is a backup or an earlier copy: put the file back that the journal belongs " +
                                 "to, or, to give those changes up, move the journal away");
}

Result<bool> Engine::upgrade_format() {
  using Commits = storage::EnvironmentOptions::Commits;
  // Nobody comes in while this is held; who holds it may be waiting for the turn, which is this process's.
  const auto opening = storage::OpeningLock::take(files_.real_path, std::chrono::milliseconds(0));
  if (!opening) {
    if (opening.error().code == Errc::busy) return false;
    return fail(opening.error());
  }
  auto others = files_.lock.held_by_others(storage::FileLock::Byte::open);
  if (!others) return fail(std::move(others.error()));
  if (*others) return false;
  codec::FormatRow format = format_;
  format.minor = codec::format_minor;
  // No journal stands behind it yet.
  files_.environment->set_commits(Commits::synced);
  const auto upgrade = [&]() -> Result<void> {
    auto transaction = files_.environment->begin_write();
    if (!transaction) return fail(std::move(transaction.error()));
    for (const TableInfo& info : table_infos(tables_)) {
      if (info.table->is_open()) continue;
      auto table = transaction->open_table(info.name, info.kind);
      if (!table) return fail(std::move(table.error()));
      *info.table = *table;
    }
    if (auto ok = write_meta(*transaction, tables_.meta, MetaRow::format, codec::encode(format)); !ok) return ok;
    return transaction->commit();
  };
  auto done = upgrade();
  files_.environment->set_commits(Commits::unsynced);
  if (!done) return fail(std::move(done.error()));
  minor_.store(format.minor, std::memory_order_release);
  return true;
}

Result<Committer*> Engine::committer() {
  if (auto ok = files_.environment->check_process(); !ok) return fail(std::move(ok.error()));
  if (committer_) return committer_.get();
  return fail(Errc::access_denied, files_.path + " was opened for reading only");
}

Result<storage::ReadTransaction> Engine::begin_read() {
  tend_readers();
  if (committer_) {
    if (auto ok = files_.environment->check_process(); !ok) return fail(std::move(ok.error()));
    if (auto ok = committer_->make_visible(); !ok) return fail(std::move(ok.error()));
  }
  return files_.environment->begin_read();
}

Result<Engine::SessionRead> Engine::begin_read(const Guid& id) {
  tend_readers();
  if (auto ok = files_.environment->check_process(); !ok) return fail(std::move(ok.error()));
  // First what is pending: what the tables show later is no older.
  Result<std::optional<PendingRow>> pending(std::nullopt);
  if (committer_) pending = committer_->pending_row(id);
  if (!pending) return fail(std::move(pending.error()));
  auto transaction = files_.environment->begin_read();
  if (!transaction) return fail(std::move(transaction.error()));
  return SessionRead{std::move(*pending), std::move(*transaction)};
}

Result<bool> Engine::is_run_here(const Guid& id) {
  const std::uint32_t number = process_number_;
  if (number == 0) return false;
  return read_session(*this, id, [&](const SessionView& session, const auto&) -> Result<bool> {
    return codec::RecordView::process_of(session) == number;
  });
}

Result<void> Engine::wait_for_writers() {
  if (committer_) {
    if (auto ok = committer_->health().check(); !ok) return ok;
    // Its own applier has to be told that somebody waits.
    if (auto ok = committer_->make_visible(); !ok) return ok;
    if (files_.page->state().in_turn == ::getpid()) return {};
  }
  auto dead = wait_for_writer(files_, options_.busy_timeout);
  if (!dead) return fail(std::move(dead.error()));
  if (!*dead) return {};
  if (!committer_) return fail(needs_recovery(files_.path));
  // A turn begins with what a dead one left.
  if (auto ok = committer_->begin(); !ok) return ok;
  committer_->end();
  return committer_->make_visible();
}

Result<std::shared_ptr<const Catalogue>> Engine::catalogue(const storage::Transaction& transaction) {
  auto counters = read_counters(transaction, tables_.meta);
  if (!counters) return fail(std::move(counters.error()));
  {
    const std::lock_guard lock(catalogue_mutex_);
    if (catalogue_ && catalogue_->number == counters->catalogue) return catalogue_;
  }
  auto read = read_catalogue(transaction, tables_.meta, counters->catalogue);
  if (!read) return fail(std::move(read.error()));
  auto fresh = std::make_shared<const Catalogue>(std::move(*read));
  const std::lock_guard lock(catalogue_mutex_);
  if (!catalogue_ || catalogue_->number < fresh->number) catalogue_ = fresh;
  return fresh;
}

Result<Forms> Engine::forms(const storage::Transaction& transaction, const Catalogue& catalogue) {
  if (!has_packing()) return Forms{codec::RecordForm{false, nullptr}, nullptr};
  auto records = dictionaries_.get(transaction, tables_.dictionaries, catalogue.packing.records);
  if (!records) return fail(std::move(records.error()));
  auto contents = dictionaries_.get(transaction, tables_.dictionaries, catalogue.packing.contents);
  if (!contents) return fail(std::move(contents.error()));
  return Forms{codec::RecordForm{true, *records}, *contents, process_number_};
}

void Engine::tend_readers() {
  const auto present = std::chrono::steady_clock::now().time_since_epoch();
  auto last = tended_.load(std::memory_order_relaxed);
  if (present - last < tend_interval || !files_.environment->check_process()) return;
  if (tended_.compare_exchange_strong(last, present)) files_.environment->clear_stale_readers();
}

}  // namespace flowkeep::store

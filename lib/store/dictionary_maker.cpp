#include "store/dictionary_maker.hpp"

#include <algorithm>
#include <array>
#include <memory>
#include <string>
#include <vector>

#include "base/thread.hpp"
#include "codec/contents.hpp"
#include "codec/record.hpp"
#include "codec/value.hpp"
#include "entity/members.hpp"
#include "storage/cursor.hpp"
#include "store/catalogue_edit.hpp"
#include "store/reading.hpp"

namespace flowkeep::store {

namespace {

// What sessions say changes most in the beginning of a store.
constexpr std::uint64_t settled_arrivals = 1U << 16;
std::uint64_t next_due(std::uint64_t arrivals) noexcept {
  return arrivals < settled_arrivals ? 2 * arrivals : 4 * arrivals;
}

constexpr std::size_t dictionary_bytes = 32U << 10;
constexpr std::size_t fewest_samples = 200;
// More hardly make a better one (docs/DESIGN.md), and take their time.
constexpr std::size_t most_samples = 320;
constexpr std::size_t most_sample_bytes = 1U << 20;
constexpr std::size_t most_bytes_of_one = 8U << 10;
constexpr std::size_t most_pattern_bytes = 128U << 10;
constexpr std::size_t test_share = 5;
constexpr std::size_t probe_samples = 48;
// Of the dictionaries that are there, so many are tried before another one is made.
constexpr int most_tried = 16;
// And no more than this before a batch that waits for it: few stores see so many kinds of sessions.
constexpr std::uint16_t most_at_once = 128;

std::string joined(const codec::Slots& slots) {
  std::string bytes;
  for (const std::string_view slot : slots) bytes += slot;
  return bytes;
}

/// Pieces of one kind: most to learn from, some to test with.
class Samples {
 public:
  /// Of the samples one in `share` is kept apart, to see what a dictionary does for rows it was not made from.
  explicit Samples(std::size_t share) noexcept : test_share_(share) {}
  [[nodiscard]] bool is_full() const noexcept { return seen_ >= most_samples || bytes_.size() >= most_sample_bytes; }
  [[nodiscard]] std::size_t size() const noexcept { return seen_; }
  void add(std::string_view piece) {
    if (piece.empty() || piece.size() > most_bytes_of_one) return;
    if (++seen_ % test_share_ == 0) {
      tests_.emplace_back(piece);
    } else {
      bytes_ += piece;
      sizes_.push_back(piece.size());
    }
  }
  /// What rows of one kind are to be packed with.
  struct Choice {
    std::string bytes{};       ///< a new dictionary; "": none
    std::uint16_t number = 0;  ///< without one: that of a dictionary which is there
    std::uint16_t permille = 1000;
  };
  /// A dictionary that makes the tests smaller by a tenth than `present` does, or that one.
  /// `best`: what another one that is there leaves of the tests.
  [[nodiscard]] Choice train(const base::PackingDictionary* present, std::uint16_t permille_of_present,
                             std::uint16_t best = 1000) const {
    Choice as_before{{}, present == nullptr ? std::uint16_t{0} : present->id(), permille_of_present};
    const auto before = permille(present);
    if (!before) return as_before;
    as_before.permille =
        std::max(as_before.permille, *before);  // that is how it is now: not to be tried at every batch
    if (!has_pattern()) return as_before;
    std::string bytes = base::Packing::train(bytes_, sizes_, dictionary_bytes);
    if (bytes.empty()) return as_before;
    const auto made = base::PackingDictionary::make(1, bytes);
    if (!made) return as_before;
    const std::uint16_t after = permille(made->get()).value_or(1000);
    const std::uint16_t to_beat = std::min(best, *before);
    if (after + to_beat / 10 > to_beat) return as_before;
    return {std::move(bytes), 0, after};
  }
  /// Whether there is anything to learn: in what was compressed or encrypted already there is not.
  [[nodiscard]] bool has_pattern() const {
    std::string packed;
    const std::string_view all = std::string_view(bytes_).substr(0, most_pattern_bytes);
    return base::Packing::pack(packed, all, all.size() - all.size() / 16, nullptr);
  }
  /// Of a thousand bytes, what a dictionary leaves of the tests; std::nullopt: there are none.
  [[nodiscard]] std::optional<std::uint16_t> permille(const base::PackingDictionary* dictionary) const {
    std::uint64_t total = 0;
    std::uint64_t left = 0;
    std::string packed;
    for (const std::string& piece : tests_) {
      packed.clear();
      const bool is_packed = dictionary != nullptr && base::Packing::pack(packed, piece, piece.size(), dictionary);
      total += piece.size();
      left += is_packed ? packed.size() : piece.size();
    }
    if (total == 0) return std::nullopt;
    return static_cast<std::uint16_t>(1000 * left / total);
  }
  /// Whether rows have become so different from those that a dictionary was made for that they shrink much less.
  [[nodiscard]] bool outgrow(const base::PackingDictionary* dictionary, std::uint16_t permille_then) const {
    if (dictionary == nullptr) return false;
    const auto now = permille(dictionary);
    return now && *now > permille_then + permille_then / 4 + 20;
  }

 private:
  std::size_t test_share_;
  std::string bytes_{};
  std::vector<std::size_t> sizes_{};
  std::vector<std::string> tests_{};
  std::size_t seen_ = 0;
};

/// Of both kinds of rows.
struct Lesson {
  explicit Lesson(std::size_t share) noexcept : records(share), contents(share) {}
  Samples records;
  Samples contents;

  [[nodiscard]] bool is_full() const noexcept { return records.is_full(); }
};

// The rows that were written last, of many every sixteenth: the next will be like these.
Result<Lesson> learn_from_tables(Engine& engine, const std::atomic<bool>& stopping) {
  auto transaction = engine.begin_read();  // what was written before this was asked for is in the tables then
  if (!transaction) return fail(std::move(transaction.error()));
  const Tables& tables = engine.tables();
  auto stat = transaction->stat(tables.sessions);
  if (!stat) return fail(std::move(stat.error()));
  const std::uint64_t stride = std::clamp<std::uint64_t>(stat->entries / most_samples, 1, 16);
  auto cursor = storage::Cursor::open(*transaction, tables.indexes[static_cast<std::size_t>(IndexId::versionnumber)]);
  if (!cursor) return fail(std::move(cursor.error()));
  Lesson lesson(test_share);
  std::string buffer;
  std::uint64_t seen = 0;
  auto found = cursor->last();
  for (; found && *found && !lesson.is_full() && !stopping.load(); found = cursor->previous()) {
    if (seen++ % stride != 0) continue;
    auto row = read_row(*transaction, tables, cursor->value());
    if (!row) return fail(std::move(row.error()));
    if (auto ok = row->session.unpack(); !ok) return fail(std::move(ok.error()));
    lesson.records.add(codec::RecordView::columns_of(row->session));
    const bool has_small =
        std::any_of(entity::binary_columns.begin(), entity::binary_columns.end(), [&](Column column) {
          const ValueView shown = row->session.value(column);
          const auto* binary = std::get_if<BinaryView>(&shown);
          return binary != nullptr && binary->stored && codec::is_small(*binary->stored);
        });
    if (!has_small) continue;
    auto slots = read_contents(*transaction, tables, row->key.arrival(), buffer);
    if (!slots) return fail(std::move(slots.error()));
    lesson.contents.add(joined(*slots));
  }
  if (!found) return fail(std::move(found.error()));
  if (lesson.records.size() < fewest_samples) return fail(Errc::busy, "too few sessions are in the tables yet");
  return lesson;
}

// Of many evenly spread ones.
Lesson learn_from_sessions(std::span<const Session> sessions, std::size_t samples, std::size_t share) {
  Lesson lesson(share);
  const std::size_t stride = std::max<std::size_t>(1, sessions.size() / samples);
  std::string value;
  std::array<std::string, codec::slot_count> buffers;
  for (std::size_t i = 0; i < sessions.size() && !lesson.is_full(); i += stride) {
    Session session = sessions[i];
    session.versionnumber = 0;
    if (!session.flowsessionid) session.flowsessionid.emplace();
    if (!session.createdon) session.createdon = now();
    if (!session.statecode) session.statecode = StateCode::active;
    if (!session.statuscode) session.statuscode = StatusCode::running;
    codec::Slots slots{};
    for (const Column column : entity::binary_columns) {
      auto& binary = session.*entity::binary_member(column);
      if (!binary || !binary->content.has_value() || blob::is_shared(binary->content.size())) continue;
      const std::uint64_t slot = codec::slot_of(column);
      binary->stored = StoredContent{binary->content.size(), binary->content.hash(), codec::small_id(0, slot)};
      const auto bytes = binary->content.bytes();
      if (!bytes) continue;
      buffers[slot] = *bytes;
      slots[slot] = buffers[slot];
    }
    const std::size_t bytes = codec::encode_record(value, session, "", codec::RecordForm{true, nullptr});
    const std::string_view payload = codec::payload_of(value);
    // Large ones are packed as they are.
    if (payload.size() == codec::head_bytes + bytes) lesson.records.add(payload.substr(codec::head_bytes));
    lesson.contents.add(joined(slots));
  }
  return lesson;
}

std::uint64_t due_after(const codec::PackingRow& packing, std::uint64_t first) noexcept {
  return packing.arrival == 0 ? first : next_due(packing.arrival);
}

}  // namespace

void DictionaryMaker::stop() noexcept {
  stopping_.store(true);
  std::thread thread;
  {
    const std::lock_guard lock(mutex_);
    thread = std::move(thread_);
  }
  if (thread.joinable()) thread.join();
}

void DictionaryMaker::start(std::uint64_t arrivals, const Catalogue& catalogue) {
  const std::lock_guard lock(mutex_);
  if (is_running_ || stopping_.load()) return;
  const std::uint64_t due =
      catalogue.packing.next > Dictionaries::most ? ~std::uint64_t{0} : due_after(catalogue.packing, first_due);
  due_.store(due, std::memory_order_relaxed);
  if (arrivals < due || !engine_.has_packing()) return;
  if (thread_.joinable()) thread_.join();
  auto started = base::start_thread("flowkeep-learn", [this, arrivals] {
    // Whatever the reason (no memory, no slot for a reader, a writer who takes his time): it can be done later.
    const bool is_made = make(arrivals).has_value();
    const std::lock_guard done(mutex_);
    due_.store(is_made ? next_due(arrivals) : arrivals + first_due, std::memory_order_relaxed);
    is_running_ = false;
  });
  if (!started) return;
  thread_ = std::move(*started);
  is_running_ = true;
}

namespace {

struct Found {
  Samples::Choice choice{};
  bool is_better = false;  ///< noticeably, than the present one
};

// Of the dictionaries that were made last, the one that packs the tests best: kinds of sessions may take
// turns.
Result<std::optional<Found>> find_fitting(Engine& engine, const Samples& tests, const codec::PackingRow& packing,
                                          std::uint16_t present) {
  auto transaction = engine.environment().begin_read();
  if (!transaction) return fail(std::move(transaction.error()));
  const auto before = tests.permille(nullptr);
  if (!before) return std::nullopt;
  const Tables& tables = engine.tables();
  Samples::Choice best{{}, 0, *before};
  std::uint16_t permille_of_present = *before;
  const int last = packing.next - 1;
  for (int at = last; at > std::max(0, last - most_tried); --at) {
    const auto number = static_cast<std::uint16_t>(at);
    auto dictionary = tables.packing->get(*transaction, tables.dictionaries, number);
    if (!dictionary) return fail(std::move(dictionary.error()));
    const std::uint16_t permille = tests.permille(*dictionary).value_or(*before);
    if (number == present) permille_of_present = permille;
    if (permille < best.permille) best = {{}, number, permille};
  }
  return Found{best, best.permille + permille_of_present / 8 <= permille_of_present};
}

}  // namespace

Result<void> DictionaryMaker::make(std::uint64_t arrivals) {
  // Learning takes 12 MB for a moment.
  const Committer::BurstLoan memory(*engine_.find_committer());
  auto lesson = learn_from_tables(engine_, stopping_);
  if (!lesson) return fail(std::move(lesson.error()));
  if (stopping_.load()) return {};
  auto present = present_state();
  if (!present) return fail(std::move(present.error()));
  const auto choose = [&](const Samples& samples, const base::PackingDictionary* dictionary, std::uint16_t permille) {
    if (dictionary == nullptr || samples.outgrow(dictionary, permille)) return samples.train(dictionary, permille);
    return Samples::Choice{{}, dictionary->id(), permille};
  };
  const codec::PackingRow& packing = present->packing;
  const auto records = choose(lesson->records, present->forms.record.dictionary, packing.records_permille);
  if (stopping_.load()) return {};
  const auto contents = choose(lesson->contents, present->forms.contents, packing.contents_permille);
  if (stopping_.load()) return {};
  return store(*present,
               {records.bytes, contents.bytes, records.number, contents.number, records.permille, contents.permille},
               arrivals);
}

Result<void> DictionaryMaker::learn(std::span<const Session> sessions) {
  if (sessions.size() < first_due || !engine_.has_packing()) return {};
  const Committer::BurstLoan memory(*engine_.find_committer());
  auto present = present_state();
  if (!present) return fail(std::move(present.error()));
  const codec::PackingRow& packing = present->packing;
  const base::PackingDictionary* const for_records = present->forms.record.dictionary;
  const base::PackingDictionary* const for_contents = present->forms.contents;
  const bool is_first = packing.arrival == 0;
  bool is_due_for_records = is_first;
  bool is_due_for_contents = is_first;
  std::optional<Samples::Choice> records;
  std::optional<Samples::Choice> contents;
  std::uint16_t best_for_records = 1000;
  std::uint16_t best_for_contents = 1000;
  if (!is_first) {
    const Lesson probe = learn_from_sessions(sessions, probe_samples, 1);
    is_due_for_records = probe.records.outgrow(for_records, packing.records_permille);
    is_due_for_contents = probe.contents.outgrow(for_contents, packing.contents_permille);
    if (!is_due_for_records && !is_due_for_contents) return {};
    const auto find = [&](bool is_due, const Samples& tests, std::uint16_t present_number, std::uint16_t& best) {
      if (!is_due) return std::optional<Samples::Choice>();
      const auto found = find_fitting(engine_, tests, packing, present_number);
      if (!found || !*found) return std::optional<Samples::Choice>();
      best = (*found)->choice.permille;
      return (*found)->is_better ? std::optional((*found)->choice) : std::nullopt;
    };
    records = find(is_due_for_records, probe.records, packing.records, best_for_records);
    contents = find(is_due_for_contents, probe.contents, packing.contents, best_for_contents);
    const bool is_all_found = (!is_due_for_records || records) && (!is_due_for_contents || contents);
    if (!is_all_found && packing.next > most_at_once) return {};  // the rest are for the thread
  }
  const auto number_of = [](const base::PackingDictionary* dictionary) {
    return dictionary == nullptr ? std::uint16_t{0} : dictionary->id();
  };
  if (!is_due_for_records) records = Samples::Choice{{}, number_of(for_records), packing.records_permille};
  if (!is_due_for_contents) contents = Samples::Choice{{}, number_of(for_contents), packing.contents_permille};
  if (!records || !contents) {
    const Lesson lesson = learn_from_sessions(sessions, most_samples, test_share);
    if (!records) records = lesson.records.train(for_records, packing.records_permille, best_for_records);
    if (!contents) contents = lesson.contents.train(for_contents, packing.contents_permille, best_for_contents);
  }
  return store(
      *present,
      {records->bytes, contents->bytes, records->number, contents->number, records->permille, contents->permille},
      std::max<std::uint64_t>(packing.arrival, sessions.size()));
}

Result<DictionaryMaker::Present> DictionaryMaker::present_state() {
  auto transaction = engine_.environment().begin_read();
  if (!transaction) return fail(std::move(transaction.error()));
  auto catalogue = engine_.catalogue(*transaction);
  if (!catalogue) return fail(std::move(catalogue.error()));
  auto forms = engine_.forms(*transaction, **catalogue);
  if (!forms) return fail(std::move(forms.error()));
  return Present{(*catalogue)->packing, *forms};
}

Result<void> DictionaryMaker::store(const Present& present, const Learned& learned, std::uint64_t arrivals) {
  auto edit = CatalogueEdit::begin(engine_);
  if (!edit) return fail(std::move(edit.error()));
  codec::PackingRow& packing = edit->catalogue.packing;
  // Another process may have been faster.
  if (packing.next != present.packing.next || packing.arrival != present.packing.arrival) return {};
  packing.arrival = arrivals;
  packing.records_permille = learned.records_permille;
  packing.contents_permille = learned.contents_permille;
  packing.records = learned.records_number;
  packing.contents = learned.contents_number;
  const auto add = [&](std::string_view bytes, std::uint16_t& number) -> Result<void> {
    if (bytes.empty() || packing.next > Dictionaries::most) return {};
    number = packing.next++;
    return Dictionaries::put(edit->transaction(), engine_.tables().dictionaries, number, bytes);
  };
  if (auto ok = add(learned.records, packing.records); !ok) return ok;
  if (auto ok = add(learned.contents, packing.contents); !ok) return ok;
  return edit->commit_catalogue();
}

void learn_before(Engine& engine, std::span<const Session> sessions) {
  if (engine.find_committer() != nullptr) static_cast<void>(engine.dictionary_maker().learn(sessions));
}

}  // namespace flowkeep::store

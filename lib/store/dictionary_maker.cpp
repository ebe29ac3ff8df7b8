#include "store/dictionary_maker.hpp"

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "base/thread.hpp"
#include "codec/record.hpp"
#include "storage/cursor.hpp"
#include "store/catalogue_edit.hpp"
#include "store/reading.hpp"

namespace flowkeep::store {

namespace {

constexpr std::uint64_t growth_until_next = 16;
constexpr std::size_t dictionary_bytes = 32U << 10;
constexpr std::size_t fewest_samples = 512;
constexpr std::size_t most_samples = 2048;
constexpr std::size_t most_sample_bytes = 2U << 20;
constexpr std::size_t most_bytes_of_one = 8U << 10;
// Of the samples one in so many is kept apart, to see what the dictionary does for rows it was not made from.
constexpr std::size_t test_share = 5;

/// Pieces of one kind: most to learn from, some to test with.
class Samples {
 public:
  [[nodiscard]] bool is_full() const noexcept {
    return sizes_.size() >= most_samples || bytes_.size() >= most_sample_bytes;
  }
  [[nodiscard]] std::size_t size() const noexcept { return seen_; }
  void add(std::string_view piece) {
    if (piece.empty() || piece.size() > most_bytes_of_one) return;
    if (++seen_ % test_share == 0) {
      tests_.emplace_back(piece);
    } else {
      bytes_ += piece;
      sizes_.push_back(piece.size());
    }
  }
  /// A dictionary that makes the tests smaller by a tenth than `present` does; "": there is none.
  [[nodiscard]] std::string train(const base::PackingDictionary* present) const {
    std::string bytes = base::Packing::train(bytes_, sizes_, dictionary_bytes);
    if (bytes.empty()) return {};
    const auto made = base::PackingDictionary::make(1, bytes);
    if (!made) return {};
    const std::uint64_t before = packed_bytes(present);
    const std::uint64_t after = packed_bytes(made->get());
    return after + before / 10 <= before ? bytes : std::string();
  }

 private:
  [[nodiscard]] std::uint64_t packed_bytes(const base::PackingDictionary* dictionary) const {
    std::uint64_t total = 0;
    std::string packed;
    for (const std::string& piece : tests_) {
      packed.clear();
      const bool is_packed = dictionary != nullptr && base::Packing::pack(packed, piece, piece.size(), dictionary);
      total += is_packed ? packed.size() : piece.size();
    }
    return total;
  }

  std::string bytes_{};
  std::vector<std::size_t> sizes_{};
  std::vector<std::string> tests_{};
  std::size_t seen_ = 0;
};

// The newest rows, of many every eighth.
Result<Samples> gather(Engine& engine, const std::atomic<bool>& stopping) {
  auto transaction = engine.begin_read();  // what was written before this was asked for is in the tables then
  if (!transaction) return fail(std::move(transaction.error()));
  const Tables& tables = engine.tables();
  auto stat = transaction->stat(tables.sessions);
  if (!stat) return fail(std::move(stat.error()));
  const std::uint64_t stride = std::clamp<std::uint64_t>(stat->entries / most_samples, 1, 8);
  auto cursor = storage::Cursor::open(*transaction, tables.sessions);
  if (!cursor) return fail(std::move(cursor.error()));
  Samples samples;
  std::uint64_t seen = 0;
  auto found = cursor->last();
  for (; found && *found && !samples.is_full() && !stopping.load(); found = cursor->previous()) {
    if (seen++ % stride != 0) continue;
    auto row = decode_row(*transaction, tables, cursor->key(), cursor->value());
    if (!row) return fail(std::move(row.error()));
    if (auto ok = row->session.unpack(); !ok) return fail(std::move(ok.error()));
    samples.add(codec::RecordView::columns_of(row->session));
  }
  if (!found) return fail(std::move(found.error()));
  if (samples.size() < fewest_samples) return fail(Errc::busy, "too few sessions are in the tables yet");
  return samples;
}

std::uint64_t due_after(const codec::PackingRow& packing, std::uint64_t first) noexcept {
  return packing.arrival == 0 ? first : packing.arrival * growth_until_next;
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
    due_.store(is_made ? arrivals * growth_until_next : arrivals + first_due, std::memory_order_relaxed);
    is_running_ = false;
  });
  if (!started) return;
  thread_ = std::move(*started);
  is_running_ = true;
}

Result<void> DictionaryMaker::make(std::uint64_t arrivals) {
  auto samples = gather(engine_, stopping_);
  if (!samples) return fail(std::move(samples.error()));
  if (stopping_.load()) return {};
  const base::PackingDictionary* present = nullptr;
  codec::PackingRow seen;
  {
    auto transaction = engine_.environment().begin_read();
    if (!transaction) return fail(std::move(transaction.error()));
    auto catalogue = engine_.catalogue(*transaction);
    if (!catalogue) return fail(std::move(catalogue.error()));
    seen = (*catalogue)->packing;
    auto form = engine_.record_form(*transaction, **catalogue);
    if (!form) return fail(std::move(form.error()));
    present = form->dictionary;
  }
  const std::string records = samples->train(present);
  if (stopping_.load()) return {};

  auto edit = CatalogueEdit::begin(engine_);
  if (!edit) return fail(std::move(edit.error()));
  codec::PackingRow& packing = edit->catalogue.packing;
  if (packing.next != seen.next || packing.arrival != seen.arrival) return {};  // another process was faster
  packing.arrival = arrivals;
  if (!records.empty()) {
    packing.records = packing.next++;
    auto ok = Dictionaries::put(edit->transaction(), engine_.tables().dictionaries, packing.records, records);
    if (!ok) return ok;
  }
  return edit->commit_catalogue();
}

}  // namespace flowkeep::store

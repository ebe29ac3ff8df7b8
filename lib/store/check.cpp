#include <memory>
#include <unordered_map>

#include <xxhash.h>

#include "codec/record.hpp"
#include "codec/summary.hpp"
#include "codec/value.hpp"
#include "storage/cursor.hpp"
#include "storage/page_walk.hpp"
#include "store/check_side_rows.hpp"
#include "store/maintenance.hpp"
#include "store/reading.hpp"
#include "store/summary_table.hpp"

namespace flowkeep::store {

using codec::ValueKind;
using storage::Cursor;
using storage::IntegerKey;

namespace {

constexpr std::size_t most_findings = 100;
constexpr std::uint64_t rows_between_progress = 1024;

// What sessions and their children say of a blob.
struct BlobUse {
  std::uint64_t references = 0;
  StoredContent stored{};
};

class Checker {
 public:
  Checker(Engine& engine, storage::ReadTransaction& transaction, const Progress& progress)
      : engine_(engine), transaction_(transaction), tables_(engine.tables()), progress_(progress) {}

  Result<CheckReport> run() {
    if (auto ok = check_pages(); !ok) return fail(std::move(ok.error()));
    if (!pages_readable_) {
      find("rows", "were not read: LMDB cannot walk a file with such pages safely");
      return std::move(report_);
    }
    if (auto ok = check_store_rows(); !ok) return fail(std::move(ok.error()));
    if (auto ok = count_work(); !ok) return fail(std::move(ok.error()));
    if (auto ok = check_sessions(); !ok) return fail(std::move(ok.error()));
    if (auto ok = check_ids(); !ok) return fail(std::move(ok.error()));
    for (const index::Definition& definition : index::definitions()) {
      if (auto ok = check_index(definition); !ok) return fail(std::move(ok.error()));
    }
    if (auto ok = check_summary(); !ok) return fail(std::move(ok.error()));
    const Findings findings{
        [this](std::string where, std::string what) { find(std::move(where), std::move(what)); },
        [this] { return step(); },
        [this](const std::string& where, const StoredContent& stored) { check_use(where, "content", stored); }};
    if (auto ok = check_side_rows(transaction_, tables_, findings); !ok) return fail(std::move(ok.error()));
    if (auto ok = check_blobs(); !ok) return fail(std::move(ok.error()));
    if (auto ok = check_chunks(); !ok) return fail(std::move(ok.error()));
    if (auto ok = check_contents(); !ok) return fail(std::move(ok.error()));
    if (auto ok = check_dictionaries(); !ok) return fail(std::move(ok.error()));
    if (auto ok = check_deletions(); !ok) return fail(std::move(ok.error()));
    return std::move(report_);
  }

 private:
  void find(std::string where, std::string what) {
    ++report_.findings_total;
    if (report_.findings.size() < most_findings) report_.findings.push_back({std::move(where), std::move(what)});
  }

  // What is damaged becomes a finding; what stops the check itself stays an error.
  Result<void> found_or_failed(std::string where, Error error) {
    if (error.code != Errc::corrupt && error.code != Errc::newer_format && error.code != Errc::internal) {
      return fail(std::move(error));
    }
    find(std::move(where), std::move(error.message));
    return {};
  }

  Result<void> step() {
    if (++done_ % rows_between_progress != 0 || !progress_ || progress_(done_, std::max(done_, total_))) return {};
    return fail(Errc::busy, "the check was stopped");
  }

  // Calls visit(cursor) on every entry. A damaged tree becomes a finding and ends the walk.
  template <class Visit>
  Result<void> walk(storage::Table table, const char* name, Visit&& visit) {
    auto cursor = Cursor::open(transaction_, table);
    if (!cursor) return found_or_failed(std::string("table ") + name, std::move(cursor.error()));
    auto found = cursor->first();
    for (; found && *found; found = cursor->next()) {
      if (auto ok = visit(*cursor); !ok) return ok;
      if (auto ok = step(); !ok) return ok;
    }
    if (!found) return found_or_failed(std::string("table ") + name, std::move(found.error()));
    return {};
  }

  Result<std::uint64_t> entries(storage::Table table) {
    auto stat = transaction_.stat(table);
    if (!stat) return fail(std::move(stat.error()));
    return stat->entries;
  }

  Result<void> check_pages() {
    for (int attempt = 0;; ++attempt) {
      auto pages = storage::walk_pages(
          engine_.environment().descriptor(), engine_.path(), transaction_.id(),
          [this](const storage::PageFinding& finding) {
            if (finding.kind != storage::PageFinding::Kind::inconsistent) pages_readable_ = false;
            find(finding.where, finding.what);
          },
          progress_);
      if (pages) {
        report_.pages = pages->pages;
        return {};
      }
      // Two commits came between the begin of the transaction and the walk: begin again.
      const bool again = pages.error().code == Errc::busy && attempt < 100 && report_.findings_total == 0;
      if (!again) return found_or_failed("pages", std::move(pages.error()));
      if (progress_ && !progress_(0, 0)) return fail(Errc::busy, "the check was stopped");
      if (auto ok = transaction_.renew(); !ok) return ok;
    }
  }

  Result<void> check_store_rows() {
    auto counters = read_counters(transaction_, tables_.meta);
    if (!counters) return found_or_failed("table meta", std::move(counters.error()));
    counters_ = *counters;
    auto catalogue = read_catalogue(transaction_, tables_.meta, counters_.catalogue);
    if (!catalogue) return found_or_failed("table meta", std::move(catalogue.error()));
    catalogue_ = std::move(*catalogue);
    return {};
  }

  Result<void> count_work() {
    for (const auto& table :
         {tables_.sessions, tables_.ids, tables_.blobs.blobs, tables_.blobs.chunks, tables_.deletions}) {
      auto count = entries(table);
      if (!count) return fail(std::move(count.error()));
      total_ += *count;
    }
    return {};
  }

  Result<void> check_sessions() {
    return walk(tables_.sessions, "sessions", [this](const Cursor& cursor) -> Result<void> {
      ++report_.sessions;
      auto row = decode_row(transaction_, tables_, cursor.key(), cursor.value());
      if (!row) return found_or_failed("sessions", std::move(row.error()));
      return check_session(*row);
    });
  }

  Result<void> check_session(const StoredRow& row) {
    const Guid id = row.session.flowsessionid();
    const std::string where = "sessions " + id.str();
    auto key = find_row_key(transaction_, tables_, id);
    if (!key) {
      if (auto ok = found_or_failed(where, std::move(key.error())); !ok) return ok;
    } else if (!*key || **key != row.key) {
      find(where, "table ids does not lead to it");
    }
    if (row.key.arrival() > counters_.arrival || row.session.versionnumber() > counters_.version) {
      find(where, "its arrival or versionnumber is beyond the store's counters");
    }
    if (!is_legal_pair(row.session.statecode(), row.session.statuscode())) {
      find(where, "its statuscode does not belong to its statecode");
    }
    if (auto ok = check_process(where, row.session); !ok) return ok;
    for (const index::Definition& definition : index::definitions()) {
      if (!catalogue_.is_maintained(definition.info.id)) continue;
      const auto key_or = index::key_of(definition, row.session, catalogue_.key_form(definition.info.id));
      if (!key_or) return found_or_failed(where, key_or.error());
      const auto& index_key = *key_or;
      if (!index_key) continue;
      ++expected_[static_cast<std::size_t>(definition.info.id)];
      if (!catalogue_.is_active(definition.info.id)) continue;
      auto present = has_entry(definition, *index_key, row.key);
      if (!present) return found_or_failed(where, std::move(present.error()));
      if (!*present) find(where, "index " + std::string(definition.info.name) + " has no entry for it");
    }
    if (auto ok = row.session.unpack(); !ok) return found_or_failed(where, std::move(ok.error()));
    bool has_small = false;
    for (const Column column : {Column::inputs, Column::outputs, Column::additionalcontext}) {
      const ValueView value = row.session.value(column);
      const auto* binary = std::get_if<BinaryView>(&value);
      if (binary == nullptr || !binary->stored) continue;
      if (!codec::is_small(*binary->stored)) {
        check_use(where, name_of(column), *binary->stored);
        continue;
      }
      has_small = true;
      if (auto ok = check_small(where, column, *binary->stored); !ok) return ok;
    }
    expected_contents_ += has_small ? 1 : 0;
    return {};
  }

  // What stands beside the record.
  Result<void> check_process(const std::string& where, const SessionView& session) {
    const std::uint32_t process = codec::RecordView::process_of(session);
    if (process == 0) return {};
    if (is_terminal(session.statuscode())) find(where, "it has a terminal status, and a process that runs it");
    auto known = find_side_row(transaction_, tables_, codec::SideTable::processes, codec::number_key(process));
    if (!known) return found_or_failed(where, std::move(known.error()));
    if (!*known) find(where, "process " + std::to_string(process) + ", which runs it, is not known");
    return {};
  }

  Result<void> check_small(const std::string& where, Column column, const StoredContent& stored) {
    ++report_.binaries;
    report_.binary_bytes += stored.size;
    auto bytes = read_small(transaction_, tables_, stored, buffer_);
    if (bytes) return {};
    return found_or_failed(where + ", " + std::string(name_of(column)), std::move(bytes.error()));
  }

  void check_use(const std::string& where, std::string_view column, const StoredContent& stored) {
    BlobUse& use = uses_[stored.blob_id];
    if (++use.references == 1) {
      use.stored = stored;
    } else if (use.stored != stored) {
      find(where, std::string(column) + ": its size or hash is not what other rows say of the same content");
    }
  }

  Result<bool> has_entry(const index::Definition& definition, std::string_view key, const index::RowKey& row) {
    auto& cursor = cursors_[static_cast<std::size_t>(definition.info.id)];
    if (!cursor) {
      auto opened = Cursor::open(transaction_, tables_.indexes[static_cast<std::size_t>(definition.info.id)]);
      if (!opened) return fail(std::move(opened.error()));
      cursor.emplace(std::move(*opened));
    }
    return cursor->find_member(key, row.bytes());
  }

  Result<void> check_ids() {
    return walk(tables_.ids, "ids", [this](const Cursor& cursor) -> Result<void> {
      const auto key = index::RowKey::from(cursor.value());
      auto value = transaction_.get(tables_.sessions, cursor.value());
      if (!value) return fail(std::move(value.error()));
      if (!key || !*value) {
        find("table ids", "an entry leads to no session");
        return {};
      }
      auto row = decode_row(transaction_, tables_, cursor.value(), **value);
      // A record that is damaged has been reported with the sessions.
      if (row && index::guid_key(row->session.flowsessionid()) != cursor.key()) {
        find("table ids", "an entry leads to another session, " + row->session.flowsessionid().str());
      }
      return {};
    });
  }

  Result<void> check_index(const index::Definition& definition) {
    const auto position = static_cast<std::size_t>(definition.info.id);
    const std::string name = "index " + std::string(definition.info.name);
    auto count = entries(tables_.indexes[position]);
    if (!count) return found_or_failed(name, std::move(count.error()));
    report_.index_entries += *count;
    if (!catalogue_.is_maintained(definition.info.id)) {
      if (*count != 0) find(name, std::to_string(*count) + " entries, though the store does not keep it");
      return {};
    }
    if (catalogue_.is_active(definition.info.id) && *count != expected_[position]) {
      find(name, std::to_string(*count) + " entries, the sessions ask for " + std::to_string(expected_[position]));
    }
    index::Key last_key;
    return walk(tables_.indexes[position], definition.table, [&](const Cursor& cursor) -> Result<void> {
      if (definition.info.unique && cursor.key() == last_key) find(name, "one key leads to two sessions");
      last_key = cursor.key();
      auto value = transaction_.get(tables_.sessions, cursor.value());
      if (!value) return fail(std::move(value.error()));
      if (!*value) {
        find(name, "an entry leads to no session");
        return {};
      }
      auto row = decode_row(transaction_, tables_, cursor.value(), **value);
      if (!row) return {};
      const auto key = index::key_of(definition, row->session, catalogue_.key_form(definition.info.id));
      if (key && *key != std::optional<index::Key>(cursor.key())) {
        find(name, "an entry leads to session " + row->session.flowsessionid().str() + ", which has another key");
      }
      return {};
    });
  }

  // Every row of every block is compared with its session; the numbers tell whether a session has none.
  Result<void> check_summary() {
    const storage::Table table = tables_.summary();
    if (!table.is_open()) return {};
    const std::string name = "index summary";
    std::optional<index::RowKey> last;
    std::uint64_t rows = 0;
    auto ok = walk(table, "ix.summary", [&](const Cursor& cursor) -> Result<void> {
      ++report_.index_entries;
      const auto begin = index::RowKey::from(cursor.key());
      codec::SummaryBlock block;
      if (auto opened = block.open(cursor.key(), cursor.value()); !opened) {
        return found_or_failed(name, std::move(opened.error()));
      }
      if (!begin || (last && !(*last < *begin))) find(name, "a block is not in order");
      rows += block.size();
      for (std::size_t row = 0; row < block.size(); ++row) {
        const codec::SummaryRow summary = codec::summary_of(block[row]);
        const index::RowKey key = row_key_of(summary);
        if ((begin && key < *begin) || (last && !(*last < key))) find(name, "a row is not in order");
        last = key;
        if (auto compared = compare_summary(name, key, summary); !compared) return compared;
      }
      return {};
    });
    if (!ok) return ok;
    if (!catalogue_.is_maintained(IndexId::summary)) {
      if (rows != 0) find(name, std::to_string(rows) + " rows, though the store does not keep it");
    } else if (catalogue_.is_active(IndexId::summary) && rows != report_.sessions) {
      find(name, std::to_string(rows) + " rows, the sessions are " + std::to_string(report_.sessions));
    }
    return {};
  }

  Result<void> compare_summary(const std::string& name, const index::RowKey& key, const codec::SummaryRow& summary) {
    auto value = transaction_.get(tables_.sessions, key.bytes());
    if (!value) return fail(std::move(value.error()));
    if (!*value) {
      find(name, "a row leads to no session");
      return {};
    }
    auto row = decode_row(transaction_, tables_, key.bytes(), **value);
    // A record that is damaged has been reported with the sessions.
    if (row && codec::summary_of(row->session) != summary) {
      find(name, "says of session " + row->session.flowsessionid().str() + " what its record does not");
    }
    return {};
  }

  Result<void> check_blobs() {
    auto ok = walk(tables_.blobs.blobs, "blobs", [this](const Cursor& cursor) -> Result<void> {
      ++report_.binaries;
      const std::uint64_t id = IntegerKey::value_of(cursor.key());
      const std::string where = "binary " + std::to_string(id);
      auto row = blob::get_row(transaction_, tables_.blobs, id);
      if (!row) return found_or_failed(where, std::move(row.error()));
      report_.binary_bytes += row->size;
      expected_chunks_ += row->content ? 0 : row->chunk_count;
      const auto use = uses_.find(id);
      const std::uint64_t references = use == uses_.end() ? 0 : use->second.references;
      if (row->references != references) {
        find(where, "counts " + std::to_string(row->references) + " references, sessions and their children have " +
                        std::to_string(references));
      }
      if (use != uses_.end() && (use->second.stored.size != row->size || use->second.stored.hash != row->hash)) {
        find(where, "its size or hash is not what the rows that refer to it say");
      }
      if (use != uses_.end()) uses_.erase(use);
      return check_content(where, id, *row);
    });
    if (!ok) return ok;
    for (const auto& [id, use] : uses_) {
      find("binary " + std::to_string(id), "is missing; " + std::to_string(use.references) + " columns refer to it");
    }
    auto hashes = entries(tables_.blobs.blob_hashes);
    if (!hashes) return fail(std::move(hashes.error()));
    if (*hashes != hashed_) {
      find("table blob_hashes",
           std::to_string(*hashes) + " entries, of which " + std::to_string(hashed_) + " lead to a binary");
    }
    return {};
  }

  Result<void> check_content(const std::string& where, std::uint64_t id, const codec::BlobRow& row) {
    XXH3_64bits_reset(hash_.get());
    const std::uint64_t pieces = row.content ? 1 : row.chunk_count;
    for (std::uint64_t number = 0; number < pieces; ++number) {
      auto piece = blob::read_piece(transaction_, tables_.blobs, id, row, number, buffer_);
      if (!piece) return found_or_failed(where, std::move(piece.error()));
      XXH3_64bits_update(hash_.get(), piece->data(), piece->size());
    }
    if (XXH3_64bits_digest(hash_.get()) != row.hash) find(where, "its content does not have its hash");
    auto cursor = Cursor::open(transaction_, tables_.blobs.blob_hashes);
    if (!cursor) return fail(std::move(cursor.error()));
    auto found = cursor->find_member(IntegerKey(row.hash).bytes(), IntegerKey(id).bytes());
    if (!found) return found_or_failed(where, std::move(found.error()));
    hashed_ += *found ? 1 : 0;
    if (!*found && blob::is_shared(row.size)) find(where, "table blob_hashes does not lead to it");
    return {};
  }

  // Every chunk that a blob has was read; what is left to find are chunks that nobody has.
  Result<void> check_chunks() {
    auto count = entries(tables_.blobs.chunks);
    if (!count) return fail(std::move(count.error()));
    if (*count != expected_chunks_) {
      find("table chunks", std::to_string(*count) + " pieces, the binaries have " + std::to_string(expected_chunks_));
    }
    return {};
  }

  // Every row that a session has was read; what is left to find are rows that nobody has.
  Result<void> check_contents() {
    if (!tables_.contents.is_open()) return {};
    auto count = entries(tables_.contents);
    if (!count) return fail(std::move(count.error()));
    if (*count != expected_contents_) {
      find("table contents", std::to_string(*count) + " rows, the sessions have " + std::to_string(expected_contents_));
    }
    return {};
  }

  Result<void> check_dictionaries() {
    if (!tables_.dictionaries.is_open()) return {};
    auto ok = walk(tables_.dictionaries, "dictionaries", [this](const Cursor& cursor) -> Result<void> {
      const std::uint64_t id = IntegerKey::value_of(cursor.key());
      if (id >= catalogue_.packing.next) find("dictionary " + std::to_string(id), "nobody made it");
      auto value = codec::decode_value(ValueKind::dictionary, cursor.key(), cursor.value());
      if (!value) return found_or_failed("dictionary " + std::to_string(id), std::move(value.error()));
      return {};
    });
    if (!ok) return ok;
    for (const std::uint16_t id : {catalogue_.packing.records, catalogue_.packing.contents}) {
      auto dictionary = tables_.packing->get(transaction_, tables_.dictionaries, id);
      if (!dictionary) return found_or_failed("table dictionaries", std::move(dictionary.error()));
    }
    return {};
  }

  Result<void> check_deletions() {
    return walk(tables_.deletions, "deletions", [this](const Cursor& cursor) -> Result<void> {
      const std::string where = "deletion " + std::to_string(IntegerKey::value_of(cursor.key()));
      auto value = codec::decode_value(ValueKind::deletion, cursor.key(), cursor.value());
      if (!value) return found_or_failed(where, std::move(value.error()));
      auto deletion = codec::decode_deletion(value->payload);
      if (!deletion) return found_or_failed(where, std::move(deletion.error()));
      return {};
    });
  }

  Engine& engine_;
  storage::ReadTransaction& transaction_;
  const Tables& tables_;
  const Progress& progress_;
  CheckReport report_{};
  codec::CountersRow counters_{};
  Catalogue catalogue_{};
  std::array<std::uint64_t, index_count> expected_{};
  std::array<std::optional<Cursor>, index_count> cursors_{};
  std::unordered_map<std::uint64_t, BlobUse> uses_{};
  std::uint64_t expected_contents_ = 0;
  std::uint64_t expected_chunks_ = 0;
  std::uint64_t hashed_ = 0;  // binaries that table blob_hashes leads to
  std::string buffer_{};
  std::unique_ptr<XXH3_state_t, decltype(&XXH3_freeState)> hash_{XXH3_createState(), XXH3_freeState};
  bool pages_readable_ = true;
  std::uint64_t done_ = 0;
  std::uint64_t total_ = 0;
};

}  // namespace

Result<CheckReport> check(Engine& engine, const Progress& progress) {
  auto transaction = engine.begin_read();
  if (!transaction) return fail(std::move(transaction.error()));
  return Checker(engine, *transaction, progress).run();
}

}  // namespace flowkeep::store

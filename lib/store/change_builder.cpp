#include "store/change_builder.hpp"

#include <algorithm>
#include <array>
#include <chrono>

#include "codec/record.hpp"
#include "codec/value.hpp"
#include "entity/members.hpp"
#include "storage/cursor.hpp"

namespace flowkeep::store {

namespace {

// A day longer than tokens of changes are good for: snapshots may be old, and clocks be put right.
constexpr std::chrono::hours deletions_kept{8 * 24};
constexpr std::size_t deletions_expired_at_once = 64;
// All names stand in one row, which CSV makes a field of each.
constexpr std::size_t most_extra_columns = 10'000;

tl::unexpected<Error> duplicate(const Guid& id) {
  return fail(Errc::already_exists, "there is a session " + id.str() + " already", DataverseCode::duplicate_record);
}

}  // namespace

ChangeBuilder::ChangeBuilder(const Basis& basis, const Catalogue& catalogue, const Forms& forms,
                             const codec::CountersRow& counters, const Caller& caller, const Viewer* viewer)
    : basis_(basis),
      catalogue_(catalogue),
      caller_(caller),
      viewer_(viewer),
      time_(now()),
      forms_(forms),
      first_blob_(counters.blob + 1) {
  change_.counters = counters;
}

Result<Guid> ChangeBuilder::create(const Session& given) {
  if (auto ok = make_created(session_, given, context()); !ok) return fail(std::move(ok.error()));
  const Guid id = *session_.flowsessionid;
  if (auto ok = need_privileges(id, AccessRight::create); !ok) return fail(std::move(ok.error()));
  if (has(id)) return duplicate(id);
  auto is_taken = this->is_taken(id);
  if (!is_taken) return fail(std::move(is_taken.error()));
  if (*is_taken) return duplicate(id);
  if (auto ok = check_assign(std::nullopt); !ok) return fail(std::move(ok.error()));
  auto version = put(std::nullopt, Written::here);
  if (!version) return fail(std::move(version.error()));
  return id;
}

Result<std::int64_t> ChangeBuilder::update(const Guid& id, const SessionUpdate& update, Precondition precondition) {
  auto row = find(id, AccessRight::write);
  if (!row) return fail(std::move(row.error()));
  const std::optional<std::int64_t> version = *row ? std::optional((*row)->session.versionnumber()) : std::nullopt;
  if (auto ok = check_precondition(id, version, precondition); !ok) return fail(std::move(ok.error()));
  if (!*row) return no_such_session(id);
  auto stored = (*row)->session.copy();
  if (!stored) return fail(std::move(stored.error()));
  session_ = std::move(*stored);
  if (auto ok = make_updated(session_, update, context()); !ok) {
    ok.error().message = "session " + id.str() + ": " + ok.error().message;
    return fail(std::move(ok.error()));
  }
  if (auto ok = check_assign(*row); !ok) return fail(std::move(ok.error()));
  return put(*row, Written::here);
}

Result<UpsertResult> ChangeBuilder::upsert(const Guid& id, const SessionUpdate& change, Precondition precondition) {
  auto present = find(id, AccessRight::read);
  if (!present) return fail(std::move(present.error()));
  if (*present) {
    auto version = update(id, change, precondition);
    if (!version) return fail(std::move(version.error()));
    return UpsertResult{id, Outcome::updated, *version};
  }
  if (auto ok = check_precondition(id, std::nullopt, precondition); !ok) return fail(std::move(ok.error()));
  Session session = change.set;
  if (session.flowsessionid && *session.flowsessionid != id) {
    return fail(Errc::invalid_argument,
                "flowsessionid: " + session.flowsessionid->str() + " is not the session meant, " + id.str());
  }
  session.flowsessionid = id;
  auto made = create(session);
  if (!made) return fail(std::move(made.error()));
  return UpsertResult{id, Outcome::created, change_.counters.version};
}

Result<void> ChangeBuilder::erase(const Guid& id, Precondition precondition) {
  auto row = find(id, AccessRight::erase);
  if (!row) return fail(std::move(row.error()));
  const std::optional<std::int64_t> version = *row ? std::optional((*row)->session.versionnumber()) : std::nullopt;
  if (auto ok = check_precondition(id, version, precondition); !ok) return ok;
  if (!*row) return no_such_session(id);
  auto has_contents = release_binaries((*row)->session);
  if (!has_contents) return fail(std::move(has_contents.error()));
  RowChange gone;
  gone.deletion = codec::DeletionRow{id, time_, caller_.user, {}, {}};
  if (auto ok = erase_side_rows(**row, *gone.deletion); !ok) return ok;
  if (*has_contents) gone.contents = std::string_view();
  gone.id = id;
  gone.old_key = (*row)->key;
  gone.version = ++change_.counters.version;
  positions_.emplace(id, change_.rows.size());
  change_.rows.push_back(std::move(gone));
  ++erased_;
  return {};
}

Result<Outcome> ChangeBuilder::import(const Session& given, OnConflict on_conflict) {
  if (auto ok = make_imported(session_, given, context()); !ok) return fail(std::move(ok.error()));
  const Guid id = *session_.flowsessionid;
  const auto earlier = positions_.find(id);
  // It keeps owners and what is read-only as they are given.
  const AccessRights to_replace = AccessRight::write | AccessRight::assign;
  if (auto ok = need_privileges(id, to_replace | AccessRight::create); !ok) return fail(std::move(ok.error()));
  auto before = find(id, on_conflict == OnConflict::replace ? to_replace : AccessRights(AccessRight::read));
  if (!before) return fail(std::move(before.error()));
  if (viewer_ != nullptr && !*before && earlier == positions_.end()) {
    auto is_hidden = is_taken(id);
    if (!is_hidden) return fail(std::move(is_hidden.error()));
    if (*is_hidden) return duplicate(id);
  }
  if (earlier != positions_.end() || *before) {
    if (on_conflict == OnConflict::error) return duplicate(id);
    if (on_conflict == OnConflict::skip) return Outcome::skipped;
  }
  if (earlier == positions_.end()) {
    auto version = put(*before, Written::elsewhere);
    if (!version) return fail(std::move(version.error()));
    return *before ? Outcome::replaced : Outcome::created;
  }
  // Replaces a row of this very change: that one's content goes, its arrival stays.
  RowChange& row = change_.rows[earlier->second];
  auto pending = show_row(basis_.transaction(), basis_.tables(), row);
  if (!pending) return fail(std::move(pending.error()));
  if (auto ok = release_binaries(pending->session); !ok) return fail(std::move(ok.error()));
  row.new_key = index::RowKey(*session_.createdon, row.new_key->arrival());
  if (forms_.record.is_packed) row.contents = std::string_view();
  if (auto ok = place_binaries(row, std::nullopt); !ok) return fail(std::move(ok.error()));
  row.version = ++change_.counters.version;
  session_.versionnumber = row.version;
  if (auto ok = note_extra_columns(); !ok) return fail(std::move(ok.error()));
  if (auto ok = encode(row, 0); !ok) return fail(std::move(ok.error()));
  if (auto ok = end_run(std::nullopt, Written::elsewhere); !ok) return fail(std::move(ok.error()));
  return Outcome::replaced;
}

Result<std::int64_t> ChangeBuilder::put(const std::optional<StoredRow>& before, Written written) {
  RowChange row;
  row.id = *session_.flowsessionid;
  if (before) row.old_key = before->key;
  row.new_key = index::RowKey(*session_.createdon, before ? before->key.arrival() : ++change_.counters.arrival);
  if (auto ok = place_binaries(row, before); !ok) return fail(std::move(ok.error()));
  session_.versionnumber = ++change_.counters.version;
  row.version = *session_.versionnumber;
  if (auto ok = encode(row, process_after(before, written)); !ok) return fail(std::move(ok.error()));
  if (auto ok = end_run(before, written); !ok) return fail(std::move(ok.error()));
  if (auto ok = note_extra_columns(); !ok) return fail(std::move(ok.error()));
  positions_.emplace(row.id, change_.rows.size());
  change_.rows.push_back(std::move(row));
  return *session_.versionnumber;
}

/// The small contents of the session that is being put.
class ChangeBuilder::SmallContents {
 public:
  explicit SmallContents(const std::optional<StoredRow>& before) noexcept : before_(before) {}

  /// Whether content of so many bytes has a place here.
  [[nodiscard]] bool takes(std::uint64_t size) const noexcept {
    return !blob::is_shared(size) && bytes_ + size <= codec::most_small_bytes;
  }
  [[nodiscard]] Result<void> put(std::uint64_t slot, const blob::PreparedView& content) {
    auto bytes = blob::unpack(content.first, content.size, buffers_[slot]);
    if (!bytes) return fail(std::move(bytes.error()));
    slots_[slot] = *bytes;
    bytes_ += content.size;
    has_any_ = is_changed_ = true;
    return {};
  }
  /// What the slot had stays.
  void keep(std::uint64_t slot, std::uint64_t size) noexcept {
    kept_[slot] = true;
    bytes_ += size;
    has_any_ = true;
  }
  /// What it had goes.
  void drop() noexcept { is_changed_ = true; }

  [[nodiscard]] bool is_changed() const noexcept { return is_changed_; }
  [[nodiscard]] bool has_any() const noexcept { return has_any_; }
  /// All of them, in memory that lives as long as this. Errors: corrupt.
  [[nodiscard]] Result<codec::Slots> slots(const Basis& basis) {
    if (std::find(kept_.begin(), kept_.end(), true) == kept_.end()) return slots_;
    auto old = basis.contents(*before_, kept_buffer_);
    if (!old) return fail(std::move(old.error()));
    for (std::size_t slot = 0; slot < kept_.size(); ++slot) {
      if (kept_[slot]) slots_[slot] = (*old)[slot];
    }
    return slots_;
  }

 private:
  const std::optional<StoredRow>& before_;
  codec::Slots slots_{};
  std::array<std::string, codec::slot_count> buffers_{};
  std::string kept_buffer_{};
  std::array<bool, codec::slot_count> kept_{};
  std::uint64_t bytes_ = 0;
  bool has_any_ = false;
  bool is_changed_ = false;
};

Result<void> ChangeBuilder::place_binaries(RowChange& row, const std::optional<StoredRow>& before) {
  if (before) {
    if (auto ok = before->session.unpack(); !ok) return ok;
  }
  SmallContents small(before);
  std::array<std::optional<StoredContent>, entity::binary_columns.size()> olds{};
  const auto is_kept = [&](std::size_t place) {
    const auto& binary = session_.*entity::binary_member(entity::binary_columns[place]);
    return olds[place] && binary && !binary->content.has_value() && binary->stored;
  };
  // What stays has its place before what comes.
  for (std::size_t place = 0; place < entity::binary_columns.size() && before; ++place) {
    const ValueView shown = before->session.value(entity::binary_columns[place]);
    if (const auto* binary = std::get_if<BinaryView>(&shown)) olds[place] = binary->stored;
    if (is_kept(place) && codec::is_small(*olds[place])) {
      small.keep(codec::slot_of(entity::binary_columns[place]), olds[place]->size);
    }
  }
  for (std::size_t place = 0; place < entity::binary_columns.size(); ++place) {
    if (is_kept(place)) continue;
    const Column column = entity::binary_columns[place];
    const auto& old = olds[place];
    auto& binary = session_.*entity::binary_member(column);
    if (binary && binary->content.has_value()) {
      if (auto ok = place_content(*binary, column, row, small); !ok) return ok;
    }
    if (!old) continue;
    if (codec::is_small(*old)) {
      small.drop();
    } else {
      refer(old->blob_id, -1);
    }
  }
  return small.is_changed() ? write_contents(row, small) : Result<void>();
}

Result<void> ChangeBuilder::place_content(Binary& binary, Column column, const RowChange& row, SmallContents& small) {
  const Content& content = binary.content;
  if (forms_.record.is_packed && small.takes(content.size())) {
    const std::uint64_t slot = codec::slot_of(column);
    binary.stored = StoredContent{content.size(), content.hash(), codec::small_id(row.new_key->arrival(), slot)};
    return small.put(slot, *content.prepared());
  }
  auto blob_id = place_blob(content.prepared());
  if (!blob_id) return fail(std::move(blob_id.error()));
  binary.stored = StoredContent{content.size(), content.hash(), *blob_id};
  refer(*blob_id, 1);
  return {};
}

Result<void> ChangeBuilder::write_contents(RowChange& row, SmallContents& small) {
  row.contents = std::string_view();
  if (!small.has_any()) return {};
  auto slots = small.slots(basis_);
  if (!slots) return fail(std::move(slots.error()));
  const storage::IntegerKey key(row.new_key->arrival());
  codec::encode_contents(value_, key.bytes(), *slots, forms_.contents);
  row.contents = change_.memory.keep(value_);
  return {};
}

Result<std::optional<std::uint64_t>> ChangeBuilder::find_content(const blob::PreparedView& content) const {
  const auto [first, last] = by_hash_.equal_range(content.hash);
  for (auto at = first; at != last; ++at) {
    const BlobChange& blob = change_.blobs[at->second];
    if (blob::equal(blob.content, content)) return blob.id;
  }
  return basis_.find_equal(content);
}

Result<std::uint64_t> ChangeBuilder::place_blob(const std::shared_ptr<const blob::Prepared>& content) {
  if (blob::is_shared(content->size)) {
    auto present = find_content(*content);
    if (!present) return fail(std::move(present.error()));
    if (*present) return **present;
    by_hash_.emplace(content->hash, change_.blobs.size());
  }
  const std::uint64_t id = ++change_.counters.blob;
  change_.add_blob(id, content, 0);
  return id;
}

void ChangeBuilder::refer(std::uint64_t blob_id, std::int64_t difference) {
  if (blob_id >= first_blob_ && blob_id - first_blob_ < change_.blobs.size()) {
    change_.blobs[blob_id - first_blob_].references += difference;
  } else {
    references_[blob_id] += difference;
  }
}

Result<bool> ChangeBuilder::release_binaries(const SessionView& session) {
  if (auto ok = session.unpack(); !ok) return fail(std::move(ok.error()));
  bool has_small = false;
  for (const Column column : entity::binary_columns) {
    const ValueView shown = session.value(column);
    const auto* binary = std::get_if<BinaryView>(&shown);
    if (binary == nullptr || !binary->stored) continue;
    if (codec::is_small(*binary->stored)) {
      has_small = true;
    } else {
      refer(binary->stored->blob_id, -1);
    }
  }
  return has_small;
}

Result<void> ChangeBuilder::note_extra_columns() {
  for (const auto& [name, json] : session_.extra) {
    const auto& known = catalogue_.extra_columns;
    if (std::binary_search(known.begin(), known.end(), name) || !new_extra_columns_.insert(name).second) continue;
    if (known.size() + new_extra_columns_.size() > most_extra_columns) {
      return fail(Errc::invalid_argument, name + ": the store has met " + std::to_string(most_extra_columns) +
                                              " different extra columns already, and takes no further name");
    }
  }
  return {};
}

Result<void> ChangeBuilder::encode(RowChange& row, std::uint32_t process) {
  const std::size_t bytes = codec::encode_record(value_, session_, row.new_key->bytes(), forms_.record, process);
  if (bytes <= codec::max_record_bytes) {
    row.value = change_.memory.keep(value_);
    return {};
  }
  return fail(Errc::invalid_argument, "session " + row.id.str() + ": takes " + std::to_string(bytes) +
                                          " bytes without its File columns, at most " +
                                          std::to_string(codec::max_record_bytes) + " are allowed");
}

Result<void> ChangeBuilder::expire_deletions() {
  if (erased_ == 0) return {};
  const std::size_t most = 2 * erased_ + deletions_expired_at_once;
  auto cursor = storage::Cursor::open(basis_.transaction(), basis_.tables().deletions);
  if (!cursor) return fail(std::move(cursor.error()));
  // Those of changes that are not in the tables yet are on their way out.
  auto found = cursor->seek(storage::IntegerKey(basis_.expired() + 1).bytes());
  for (; found && *found && change_.expired_deletions.size() < most; found = cursor->next()) {
    auto value = codec::decode_value(codec::ValueKind::deletion, cursor->key(), cursor->value());
    if (!value) return fail(std::move(value.error()));
    auto deletion = codec::decode_deletion(value->payload);
    if (!deletion) return fail(std::move(deletion.error()));
    if (deletion->deletedon > time_ - deletions_kept) break;
    change_.expired_deletions.push_back(storage::IntegerKey::value_of(cursor->key()));
    change_.counters.forgotten =
        std::max(change_.counters.forgotten, static_cast<std::int64_t>(change_.expired_deletions.back()));
  }
  if (!found) return fail(std::move(found.error()));
  return {};
}

Result<void> ChangeBuilder::count_references() {
  for (const auto& [blob_id, difference] : references_) {
    if (difference == 0) continue;
    auto present = basis_.references(blob_id);
    if (!present) return fail(std::move(present.error()));
    const std::int64_t references = static_cast<std::int64_t>(*present) + difference;
    if (references < 0) {
      return fail(Errc::corrupt,
                  "binary " + std::to_string(blob_id) + " has fewer references than sessions refer to it");
    }
    change_.references.emplace(blob_id, static_cast<std::uint64_t>(references));
  }
  return {};
}

Result<Change> ChangeBuilder::finish() {
  if (auto ok = count_references(); !ok) return fail(std::move(ok.error()));
  if (auto ok = expire_deletions(); !ok) return fail(std::move(ok.error()));
  if (auto ok = move_shares(); !ok) return fail(std::move(ok.error()));
  if (!new_extra_columns_.empty()) {
    change_.extra_columns = catalogue_.extra_columns;
    change_.extra_columns.insert(change_.extra_columns.end(), new_extra_columns_.begin(), new_extra_columns_.end());
    std::sort(change_.extra_columns.begin(), change_.extra_columns.end());
    ++change_.counters.catalogue;
  }
  return std::move(change_);
}

}  // namespace flowkeep::store
